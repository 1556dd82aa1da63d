"""Expectations follow a listener's drift, cost next to nothing without one, and never look ahead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.testing import assert_allclose

from segue.world import measuring
from segue.world.following import followed, gates, moved, shifted
from segue.world.offsets import load_offsets, save_offsets

RNG = np.random.default_rng(2)
CHANCES = RNG.dirichlet([1, 1, 2, 4], 6000)
SESSION = np.repeat(np.arange(600), 10)
LISTENER = np.arange(600) % 2


def _stages(chances: np.ndarray) -> np.ndarray:
    return (RNG.random(len(chances))[:, None] > np.cumsum(chances, 1)[:, :3]).sum(1)


def _lost(chances: np.ndarray, stage: np.ndarray) -> float:
    return float(-np.log(chances[np.arange(len(stage)), stage]).mean())


def test_gates_are_moved_in_log_odds() -> None:
    assert_allclose(shifted(CHANCES, np.zeros(3)), CHANCES, atol=2e-4)
    offset = np.array([0.5, -1.0, 2.0])
    before, after = gates(CHANCES), gates(shifted(CHANCES, offset))
    far = (before > 1e-3) & (before < 1 - 1e-3) & (after < 1 - 1e-3) & (after > 1e-3)
    found = np.log(after / (1 - after)) - np.log(before / (1 - before))
    assert_allclose(found[far], np.broadcast_to(offset, found.shape)[far], atol=1e-6)
    assert_allclose(shifted(CHANCES, offset).sum(1), 1)


def test_a_session_moves_offsets_by_one_step_of_newton() -> None:
    chances, stage, gain = CHANCES[:8], _stages(CHANCES[:8]), 0.3
    found = moved(np.zeros(3), chances, stage, gain)

    def lost(gate: int, offset: float) -> float:
        move = np.zeros(3)
        move[gate] = offset
        passed = gates(shifted(chances, move))[:, gate]
        reached = stage >= gate
        right = np.where(stage > gate, passed, 1 - passed)
        return float(-np.log(right[reached]).sum() + offset**2 / (2 * gain))

    for gate in range(3):
        step = 1e-3
        slope = (lost(gate, step) - lost(gate, -step)) / (2 * step)
        bend = (lost(gate, step) - 2 * lost(gate, 0) + lost(gate, -step)) / step**2
        assert abs(found[gate] + slope / bend) < 1e-3


def test_a_drift_is_followed_and_calibrated() -> None:
    drift = np.where(SESSION < 100, -0.7, 0.7)
    stage = _stages(np.stack([shifted(c, np.full(3, d)) for c, d in zip(CHANCES, drift, strict=True)]))
    found, offsets = followed(CHANCES, stage, SESSION, LISTENER, 0.02)
    came = (stage == 3).astype(float)
    assert _lost(found, stage) < _lost(CHANCES, stage) - 0.02
    late = SESSION > 300
    errors = [measuring.calibration_error(each[late, 3], came[late]) for each in (found, CHANCES)]
    assert errors[0] < 0.3 * errors[1]
    assert set(offsets) == {0, 1}
    assert (abs(offsets[0] - 0.7) < 0.4).all()


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
    save_offsets(tmp_path, {"ada": np.array([0.5, -1, 2]), "børge": np.zeros(3)})
    found = load_offsets(tmp_path)
    assert list(found) == ["ada", "børge"]
    assert found["ada"].tolist() == [0.5, -1, 2]
