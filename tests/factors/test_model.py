"""Factors by the library's own ids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest
from scipy.sparse import csr_matrix

from segue.errors import FormatError, NotFoundError, UsageError
from segue.factors.config import ALSConfig
from segue.factors.model import FactorConfig, FactorModel
from segue.factors.observations import ObservationConfig, Observations

GROUPS, EACH = 3, 8


def observations(listeners: list[str] | None = None, values: np.ndarray | None = None) -> Observations:
    """Listeners of three groups, each with seven of its group's eight tracks."""
    if values is None:
        values = np.kron(np.eye(GROUPS), 1.5 - np.eye(EACH) * 1.5).astype(np.float32)
    names = listeners or [f"u{n:02}" for n in range(len(values))]
    tracks = [f"t{n:02}" for n in range(values.shape[1])]
    return Observations(
        csr_matrix(values), np.array(names, object), np.array(tracks, object), ObservationConfig(per=1.0)
    )


@pytest.fixture(scope="module")
def model() -> FactorModel:
    als = ALSConfig(
        factors=4,
        objective="rendle",
        regularization=0.003,
        unobserved_weight=0.1,
        frequency_scale=1.0,
        random_state=0,
    )
    return FactorModel(FactorConfig(als=als)).fit_observations(observations(), show_progress=False)


def test_rows_with_reasons(model: FactorModel) -> None:
    seen = observations()
    rows = list(model.recommend(seen, 3))
    assert len(rows) == 3 * GROUPS * EACH
    for number in range(GROUPS * EACH):
        first, second, third = rows[3 * number : 3 * number + 3]
        assert first.listener == f"u{number:02}"
        assert first.track == f"t{number:02}"  # the one of its group it does not have
        assert [first.rank, second.rank, third.rank] == [1, 2, 3]
        assert first.score >= second.score >= third.score
        assert len(first.reason) == 3
        group = {f"t{n:02}" for n in range(number // EACH * EACH, number // EACH * EACH + EACH)}
        assert {because.track for because in first.reason} <= group - {first.track}
        shares = [because.share for because in first.reason]
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1


def test_listeners_it_never_saw(model: FactorModel) -> None:
    values = np.zeros((2, GROUPS * EACH), np.float32)
    values[0, [8, 9, 10]] = 1.5
    rows = list(model.recommend(observations(["new", "silent"], values), 5))
    assert {row.listener for row in rows} == {"new"}  # nothing is known of the other
    assert {row.track for row in rows} == {"t11", "t12", "t13", "t14", "t15"}


def test_filters(model: FactorModel) -> None:
    seen = observations()
    ids, _ = model.rank(seen, 2, left_out=["t00", "unheard of"])
    assert 0 not in ids
    ids, _ = model.rank(seen, 2, only=["t00", "t01", "t02"], left_out=["t01"], new_only=False)
    assert set(ids.ravel()) <= {0, 2}
    ids, _ = model.rank(seen, 1, new_only=False)
    assert not np.array_equal(ids[:, 0], np.arange(len(ids)))
    ids, scores = model.rank(observations([], np.zeros((0, GROUPS * EACH), np.float32)), 5)
    assert ids.shape == scores.shape == (0, 5)
    with pytest.raises(UsageError, match="model's tracks"):
        model.rank(observations(["x"], np.zeros((1, 3), np.float32)))


def test_candidates_come_from_the_blend(model: FactorModel) -> None:
    seen = observations()
    ids, scores = model.candidates(seen, 3)
    assert ids[:, 0].tolist() == list(range(GROUPS * EACH))  # the one of its group each does not have
    np.testing.assert_array_equal(ids, model.blend_.recommend(np.arange(len(ids)), seen.matrix, N=3)[0])
    assert (np.diff(scores, axis=1) <= 0).all()
    ids, _ = model.candidates(seen, 2, only=["t00", "t01", "t02"], left_out=["t01"], new_only=False)
    assert set(ids.ravel()) <= {0, 2}


def test_similar(model: FactorModel) -> None:
    found = model.similar("t03", 4)
    assert len(found) == 4
    assert {track for track, _ in found} <= {f"t{n:02}" for n in range(EACH)} - {"t03"}
    with pytest.raises(NotFoundError, match="t99"):
        model.similar("t99")


def test_saved_and_loaded(model: FactorModel, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    assert sorted(file.name for file in (tmp_path / "m").iterdir()) == [
        "blend.npz",
        "config.json",
        "factors.npz",
        "ids.json",
    ]
    loaded = FactorModel.load(tmp_path / "m")
    assert loaded.config == model.config
    assert list(loaded.recommend(observations(), 3)) == list(model.recommend(observations(), 3))
    for ours, theirs in zip(loaded.candidates(observations()), model.candidates(observations()), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_does_not_belong_together_is_refused(model: FactorModel, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        FactorModel.load(tmp_path)
    model.save(tmp_path)
    (tmp_path / "ids.json").write_bytes(orjson.dumps({"listeners": ["a"], "tracks": ["b"]}))
    with pytest.raises(FormatError, match="different models"):
        FactorModel.load(tmp_path)
    (tmp_path / "config.json").write_text('{"als": {"factors": -1}}')
    with pytest.raises(FormatError, match="cannot be read as a factor model"):
        FactorModel.load(tmp_path)
    with pytest.raises(UsageError, match="not been trained"):
        FactorModel().similar("t00")


def test_a_setting_that_is_not_named_stays_as_measured() -> None:
    usual = FactorConfig()
    one = FactorConfig.model_validate({"als": {"factors": 16}})
    assert one.als == usual.als.model_copy(update={"factors": 16})
    own = FactorConfig.model_validate({"als": {"regularization": 0.5}})
    assert own.als.noise is None and own.als.regularization == 0.5
    assert own.als.random_state == usual.als.random_state
    lists = one.for_playlists().als
    assert lists == usual.for_playlists().als.model_copy(update={"factors": 16})
