"""Spark in local mode beside this machine alone: factors, observations, lists; and a worker that dies."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse import random as random_matrix

from segue.engine.batch import BatchConfig, make_all
from segue.errors import UsageError
from segue.factors import solver
from segue.factors.als import ImplicitALS
from segue.factors.cluster import training_on
from segue.factors.config import ALSConfig
from segue.factors.model import FactorConfig
from segue.factors.observations import observe
from segue.factors.spark_solver import SparkSolver, solve_chunks
from segue.library import Library
from segue.library.spark import library_on_spark, spark_session
from segue.playlists.memory import Weeks
from segue.playlists.training import train

WEEK = "2026-W30"
there = importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None
spark = pytest.mark.skipif(not there, reason="Spark needs the extra spark, and Java 17")
# What PySpark leaves open when its session stops, and what it says of itself.
quiet = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"
)


@pytest.fixture
def plays(monkeypatch: pytest.MonkeyPatch) -> csr_matrix:
    monkeypatch.setattr(solver, "CHUNK_WORK", 1 << 11)  # several chunks of few rows
    matrix = random_matrix(600, 200, 0.05, format="csr", random_state=0, dtype=np.float32)
    matrix.data[:] = np.where(np.arange(matrix.nnz) % 11, 1 + matrix.data, -1)
    return csr_matrix(matrix)


@contextmanager
def solving_by(solve: Any, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    @contextmanager
    def chosen(self: ImplicitALS, pairs: int) -> Generator[Any]:
        yield solve

    with monkeypatch.context() as patched:
        patched.setattr(ImplicitALS, "_half_epoch", chosen)
        yield


@spark
@quiet
@pytest.mark.slow
def test_factors_are_those_of_one_machine_though_a_worker_dies(
    plays: csr_matrix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = tmp_path / "killed"

    def dies_once(batches: Iterator[Any], told: Any) -> Iterator[Any]:
        if not killed.exists():
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        yield from solve_chunks(batches, told)

    config = ALSConfig(factors=8, iterations=3, random_state=0, frequency_scale=0.9)
    alone = ImplicitALS.of(config).fit(plays, show_progress=False)
    with spark_session("local[2]") as session:
        solve = SparkSolver(session, str(tmp_path / "checkpoints"), dies_once)
        with solving_by(solve, monkeypatch):
            ours = ImplicitALS.of(config).fit(plays, show_progress=False)
        solve.close()
        for update in ({"biases": True}, {"precision": "bfloat16", "objective": "rendle"}):
            other = config.model_copy(update=update | {"iterations": 2})
            with solving_by(SparkSolver(session, str(tmp_path / "others")), monkeypatch):
                theirs = ImplicitALS.of(other).fit(plays, show_progress=False)
            expected = ImplicitALS.of(other).fit(plays, show_progress=False)
            np.testing.assert_allclose(theirs.history_, expected.history_, rtol=1e-5)
    assert killed.exists()
    np.testing.assert_allclose(ours.history_, alone.history_, rtol=1e-6)
    np.testing.assert_allclose(ours.user_factors, alone.user_factors, atol=1e-4)
    np.testing.assert_allclose(ours.item_factors, alone.item_factors, atol=1e-4)


@spark
@quiet
@pytest.mark.slow
def test_observations_and_lists_are_those_of_one_machine(library: Library, tmp_path: Path) -> None:
    config = FactorConfig().observations
    here = observe(library, config)
    with spark_session("local[2]") as session:
        there = observe(library_on_spark(library.path, session), config)
    assert (
        there.listeners.tolist() == here.listeners.tolist() and there.tracks.tolist() == here.tracks.tolist()
    )
    assert there.config.now == here.config.now and there.config.per == pytest.approx(here.config.per)
    np.testing.assert_allclose(there.matrix.toarray(), here.matrix.toarray(), rtol=1e-6)

    done = make_all(library, WEEK, BatchConfig(workers=1))
    lists = _lists(library)
    shutil.rmtree(library.path / "weeks")
    again = make_all(library, WEEK, BatchConfig(workers=2, engine="local[2]"))
    assert again.made == done.made == len(lists)
    assert _lists(library) == lists


@spark
@quiet
@pytest.mark.slow
def test_a_library_is_trained_on_spark(library: Library) -> None:
    als = ALSConfig(factors=8, iterations=3, random_state=0, objective="rendle", unobserved_weight=0.1)
    config = FactorConfig(als=als).model_copy(
        update={
            "blend": FactorConfig().blend.model_copy(
                update={"second": None, "weights": {"factors": 1.0, "ease": 1.0}}
            )
        }
    )
    here = train(library, config)
    with training_on("local[2]", least=0):
        there = train(library, config)
    np.testing.assert_allclose(there.losses, here.losses, rtol=1e-5)
    assert there.version != here.version and there.model.tracks_.tolist() == here.model.tracks_.tolist()


def _lists(library: Library) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in Weeks(library.path / "weeks").read(WEEK).to_pylist():
        found.setdefault(row["listener_id"], []).append(row["track_id"])
    return found


def test_what_is_no_master_is_told() -> None:
    for master in ("locl[2]", "http://host", ""):
        with pytest.raises(UsageError, match="local\\[2\\]"), spark_session(master):
            pass
    with pytest.raises(UsageError, match="no address"), training_on("lokal"):
        pass
    with pytest.raises(UsageError, match="--checkpoints"), training_on("spark://host:7077"):
        pass
    with training_on(None) as cluster:
        assert cluster is None
