"""Estimates from logs of a world whose truth is known; tests that may be looked at any time."""

from __future__ import annotations

import numpy as np
import pytest

from segue.errors import UsageError
from segue.evaluation.sequential import LEAST, always_valid
from segue.evaluation.served import (
    Choice,
    Floats,
    anything,
    best,
    estimate,
    estimates,
    greedy,
    served,
    trials,
)

EXPLORE, POOL = 0.4, 8


def log(seed: int, sessions: int = 60, steps: int = 8) -> tuple[list[Choice], dict[str, float]]:
    """Sessions whose tracks are heard whole with known chances, of which score and expectation know a part.

    Returns the log, and what each policy would have earned at the same moments.
    """
    rng = np.random.default_rng(seed)
    choices, truth = [], {"best": 0.0, "greedy": 0.0, "anything": 0.0}
    for session in range(sessions):
        mood = rng.normal()
        for _ in range(steps):
            chance = 1 / (1 + np.exp(-(mood + rng.normal(size=POOL))))
            scores = chance + 0.3 * rng.normal(size=POOL)
            order = np.argsort(-scores)
            chance, scores = chance[order], scores[order]
            expected = np.clip(chance + 0.2 * rng.normal(size=POOL), 0, 1)
            place = int(rng.integers(POOL)) if rng.random() < EXPLORE else 0
            logged = (1 - EXPLORE) * (place == 0) + EXPLORE / POOL
            stage = 3 if rng.random() < chance[place] else 1
            tracks = [f"t{n}" for n in range(POOL)]
            row = Choice(
                f"s{session}", f"l{session}", "", "agents/1", tracks, scores, expected, place, logged, stage
            )
            choices.append(row)
            for name, policy in (("best", best), ("greedy", greedy), ("anything", anything)):
                truth[name] += float(policy(row) @ chance) / (sessions * steps)
    return choices, truth


def test_the_truth_lies_in_the_intervals() -> None:
    missed: dict[tuple[str, str], int] = {}
    runs = 24
    for seed in range(runs):
        choices, truth = log(seed, sessions=40, steps=6)
        for name, policy in (("best", best), ("greedy", greedy), ("anything", anything)):
            found = estimate(name, policy, choices)
            assert found is not None
            for kind in ("snips", "doubly_robust"):
                interval = getattr(found, kind)
                key = (name, kind)
                missed[key] = missed.get(key, 0) + (not interval.low <= truth[name] <= interval.high)
    assert max(missed.values()) <= 4, missed  # 5 % are promised


def test_what_the_log_says_nothing_of_is_left_out() -> None:
    choices, _ = log(1, sessions=5)
    names = [each.policy for each in estimates(choices)]
    assert names == ["the best always", "greed on the user model", "any of the pool"]
    sure = [each._replace(chosen=0, chance=1.0, expected=None) for each in choices]
    (only,) = estimates(sure)
    assert only.snips.mean == pytest.approx(served(sure).mean)
    assert only.doubly_robust.mean == pytest.approx(served(sure).mean)
    never: Floats = np.eye(POOL)[1]
    assert estimate("the second", lambda choice: never, sure) is None
    with pytest.raises(UsageError):
        estimates([])


def looks(rng: np.random.Generator, effect: float, listeners: int = 1500) -> int | None:
    """How many listeners there were when one who looks after every tenth first saw a difference."""
    arm = rng.random(listeners) < 0.5
    share = rng.binomial(10, np.clip(rng.beta(4, 4, listeners) + effect * arm, 0, 1)) / 10
    for n in range(40, listeners + 1, 10):
        if always_valid(share[:n][~arm[:n]], share[:n][arm[:n]]).decided:
            return n
    return None


def test_who_looks_all_the_time_is_seldom_misled() -> None:
    rng = np.random.default_rng(5)
    wrong = sum(looks(rng, 0.0, 800) is not None for _ in range(60))
    assert wrong <= 6
    found = [looks(rng, 0.15) for _ in range(20)]
    assert None not in found
    assert np.median([each or 0 for each in found]) < 500


def test_few_say_nothing() -> None:
    few = always_valid(np.zeros(LEAST - 1), np.ones(500))
    assert not few.decided
    rng = np.random.default_rng(1)
    values = rng.random(400)
    again = always_valid(values[:200], values[200:])
    one_look = 1.96 * np.sqrt(values[:200].var() / 200 + values[200:].var() / 200)
    assert again.high - again.mean > one_look


def test_a_trial_counts_each_listener_once() -> None:
    rng, choices = np.random.default_rng(3), []
    for n in range(240):
        arm, often = ("new/b", 3) if n % 2 else ("new/a", 30)
        for _ in range(often):
            stage = 3 if rng.random() < (0.8 if n % 2 else 0.4) else 0
            choices.append(Choice(f"s{n}", f"l{n}", arm, "m", ["x"], np.zeros(1), None, 0, 1.0, stage))
    (found,) = trials(choices)
    assert (found.trial, found.listeners) == ("new", (120, 120))
    assert found.difference.decided
    assert found.difference.mean == pytest.approx(0.4, abs=0.1)
