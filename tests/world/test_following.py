"""Expectations follow a listener's drift, cost next to nothing without one, and never look ahead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.testing import assert_allclose

from segue.shelf.arrays import pack_strings, save_arrays
from segue.world import measuring
from segue.world.following import OFFSET, SLOPE, followed, gates, moved, shifted
from segue.world.offsets import FILE, KIND, load_offsets, save_offsets

RNG = np.random.default_rng(2)
CHANCES = RNG.dirichlet([1, 1, 2, 4], 6000)
SESSION = np.repeat(np.arange(600), 10)
LISTENER = np.arange(600) % 2


def _stages(chances: np.ndarray) -> np.ndarray:
    return (RNG.random(len(chances))[:, None] > np.cumsum(chances, 1)[:, :3]).sum(1)


def _lost(chances: np.ndarray, stage: np.ndarray) -> float:
    return float(-np.log(chances[np.arange(len(stage)), stage]).mean())


def test_gates_are_moved_and_stretched_in_log_odds() -> None:
    assert_allclose(shifted(CHANCES, np.zeros(OFFSET)), CHANCES, atol=2e-4)
    offset = np.array([[0.5, 0.2], [-1.0, 0.0], [0.7, -0.3]])
    before, after = gates(CHANCES), gates(shifted(CHANCES, offset))
    far = (before > 1e-3) & (before < 1 - 1e-3) & (after < 1 - 1e-3) & (after > 1e-3)
    odds, found = (np.log(gate / (1 - gate)) for gate in (before, after))
    assert_allclose(found[far], (offset[:, 0] + (1 + offset[:, 1]) * odds)[far], atol=1e-6)
    assert_allclose(shifted(CHANCES, offset).sum(1), 1)


def test_a_session_moves_offsets_by_one_step_of_newton() -> None:
    chances, stage, gain = CHANCES[:8], _stages(CHANCES[:8]), 0.3
    before = np.array([[0.4, 0.1], [0.0, 0.0], [-0.5, -0.2]])
    found = moved(before, chances, stage, gain)
    assert_allclose(moved(before, chances, stage, 0.0), before)

    def lost(gate: int, move: np.ndarray) -> float:
        offset = before.copy()
        offset[gate] += move
        passed = gates(shifted(chances, offset))[:, gate]
        reached = stage >= gate
        right = np.where(stage > gate, passed, 1 - passed)
        return float(-np.log(right[reached]).sum() + (move**2 / [2 * gain, 2 * SLOPE * gain]).sum())

    one = 1e-3 * np.eye(2)
    for gate in range(3):
        at = np.array([[lost(gate, a * one[0] + b * one[1]) for b in (-1, 0, 1)] for a in (-1, 0, 1)])
        slope = np.array([at[2, 1] - at[0, 1], at[1, 2] - at[1, 0]]) / 2e-3
        mixed = (at[2, 2] - at[2, 0] - at[0, 2] + at[0, 0]) / 4e-6
        own = np.array([at[2, 1] + at[0, 1], at[1, 2] + at[1, 0]]) / 1e-6 - 2 * at[1, 1] / 1e-6
        bend = np.diag(own) + mixed * (1 - np.eye(2))
        assert_allclose(found[gate] - before[gate], -np.linalg.solve(bend, slope), atol=1e-3)


def test_a_model_that_is_too_sure_is_calibrated() -> None:
    sure = shifted(CHANCES, np.array([[0.0, 1.0]] * 3))
    stage = _stages(CHANCES)
    found, offsets = followed(sure, stage, SESSION, LISTENER, 0.02)
    assert _lost(found, stage) < _lost(sure, stage) - 0.05
    assert (offsets[0][:, 1] < -0.25).all()  # half would be right


def test_a_drift_is_followed_and_calibrated() -> None:
    drift = np.where(SESSION < 100, -0.7, 0.7)
    stage = _stages(shifted(CHANCES, np.stack([drift, 0 * drift], -1)[:, None]))
    found, offsets = followed(CHANCES, stage, SESSION, LISTENER, 0.02)
    came = (stage == 3).astype(float)
    assert _lost(found, stage) < _lost(CHANCES, stage) - 0.02
    late = SESSION > 300
    errors = [measuring.calibration_error(each[late, 3], came[late]) for each in (found, CHANCES)]
    assert errors[0] < 0.3 * errors[1]
    assert set(offsets) == {0, 1}
    assert (abs(offsets[0] - [0.7, 0.0]) < 0.4).all()


def test_without_a_drift_it_costs_next_to_nothing() -> None:
    stage = _stages(CHANCES)
    found, _ = followed(CHANCES, stage, SESSION, LISTENER, 0.02)
    assert _lost(found, stage) < _lost(CHANCES, stage) + 0.006
    same, _ = followed(CHANCES, stage, SESSION, LISTENER, 0.0)
    assert_allclose(same, CHANCES, atol=2e-4)


def test_nothing_is_expected_from_what_has_not_come_yet() -> None:
    stage = _stages(CHANCES)
    other = np.where(SESSION < 400, stage, 3 - stage)
    one, two = (followed(CHANCES, each, SESSION, LISTENER, 0.02)[0] for each in (stage, other))
    assert_allclose(one[SESSION < 402], two[SESSION < 402])  # the first of each listener that differ, too
    assert not np.allclose(one[SESSION >= 402], two[SESSION >= 402])


def test_offsets_are_kept(tmp_path: Path) -> None:
    assert load_offsets(tmp_path) == {}
    ada = np.array([[0.5, 0.1], [-1, 0], [2, -0.2]], np.float32)
    save_offsets(tmp_path, {"ada": ada, "børge": np.zeros(OFFSET)})
    found = load_offsets(tmp_path)
    assert list(found) == ["ada", "børge"]
    assert_allclose(found["ada"], ada)


def test_offsets_from_before_slopes_are_levels(tmp_path: Path) -> None:
    arrays = {"listeners": pack_strings(["ada"]), "offsets": np.array([[0.5, -1, 2]], np.float32)}
    save_arrays(tmp_path / FILE, KIND, {}, arrays)
    assert load_offsets(tmp_path)["ada"].tolist() == [[0.5, 0], [-1, 0], [2, 0]]
