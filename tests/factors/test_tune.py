"""Tuning: what it finds, that it goes on where it stopped, and its metric."""

from __future__ import annotations

import math
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

from segue.errors import UsageError
from segue.factors.model import FactorConfig
from segue.factors.tune import TuneConfig, ndcg, tune
from segue.library import Library
from segue.library.tables import LISTENS

pytest.importorskip("optuna")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Three groups of listeners who come to know their group's tracks one by one."""
    rng = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    start = datetime(2025, 1, 1, tzinfo=UTC)
    for listener in range(60):
        for day, track in enumerate(rng.permutation(20)[:15]):
            rows.append(
                {
                    "listener_id": f"u{listener}",
                    "track_id": f"t{listener % 3 * 20 + track}",
                    "started_at": start + timedelta(days=day * 10),
                    "plays": int(rng.integers(1, 5)),
                }
            )
    library = Library.open(tmp_path_factory.mktemp("tune") / "library", create=True)
    with library.writing() as writer:
        whole = [{name: row.get(name) for name in LISTENS.names} for row in rows]
        writer.append("listens", pa.Table.from_pylist(whole, schema=LISTENS))
    return library


SMALL = TuneConfig(trials=2, factors=(4, 8), iterations=4)


def test_it_goes_on_where_it_stopped(library: Library, tmp_path: Path) -> None:
    heard = []
    first = tune(library, tmp_path / "study.db", SMALL, each=heard.append)
    assert first.split == "time"
    assert len(first.trials) == len(heard) == 2
    usual = FactorConfig()
    begun = first.trials[0].settings  # the defaults, as near as they are searched
    assert begun["confidence"] == usual.observations.confidence
    assert begun["gain"] == usual.observations.gain
    assert (begun["factors"], begun["half_life"]) == (8, "120.0")
    assert begun["unobserved_weight"] == usual.als.unobserved_weight
    assert first.ndcg == max(trial.ndcg for trial in first.trials) > 0.2
    again = tune(library, tmp_path / "study.db", SMALL, each=heard.append)
    assert len(heard) == 2  # nothing was left to do
    assert again.config == first.config
    more = tune(library, tmp_path / "study.db", SMALL.model_copy(update={"trials": 3}), each=heard.append)
    assert len(heard) == len(more.trials) == 3
    assert more.ndcg >= first.ndcg


def test_the_winner_is_written(library: Library, tmp_path: Path) -> None:
    found = tune(library, tmp_path / "study.db", SMALL.model_copy(update={"split": "listeners"}))
    found.write(tmp_path / "segue.toml")
    written = tomllib.loads((tmp_path / "segue.toml").read_text())["factors"]
    assert written["als"]["factors"] == found.config.als.factors
    assert written["observations"]["confidence"] == found.config.observations.confidence
    assert "half_life" not in found.trials[0].settings  # only time can judge it
    for chart in found.charts().values():
        assert chart.to_dict()


def test_ndcg_by_hand() -> None:
    targets = csr_matrix(np.array([[1, 0, 1, 0], [0, 1, 0, 0], [1, 1, 1, 1]], np.float32))
    ids = np.array([[0, 1, 2], [0, 2, 3], [3, 2, 1]])
    expected = (1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3))
    np.testing.assert_allclose(ndcg(ids, targets), [expected, 0, 1])


def test_too_little_is_said(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "library", create=True)
    with library.writing() as writer:
        rows = [dict.fromkeys(LISTENS.names) | {"listener_id": "u", "track_id": "t", "plays": 1}]
        writer.append("listens", pa.Table.from_pylist(rows, schema=LISTENS))
    with pytest.raises(UsageError, match="too little listening"):
        tune(library, tmp_path / "study.db", SMALL)
