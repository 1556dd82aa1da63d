"""Policies are judged by the truth: who knows it wins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segue.library import Library
from segue.town import TownConfig, build
from segue.town.judging import JUDGED, greedy, random, sparing, value
from segue.town.truth import Truth
from segue.world.pools import SessionDraw


@pytest.fixture(scope="module")
def truth() -> Truth:
    return build(TownConfig.named("tiring", listeners=80, tracks=1000, months=0.5), seed=5).truth()


def test_who_knows_the_truth_earns_more_than_chance(truth: Truth) -> None:
    chance, best = (value(truth, policy, JUDGED._replace(seed=2)) for policy in (random, greedy))
    gain = best.whole - chance.whole  # paired: same listeners, pools and chance
    assert gain.mean() > 5 * gain.std() / np.sqrt(len(gain))


def test_in_a_tiring_town_planning_pays(truth: Truth) -> None:
    now, ahead = (value(truth, policy, JUDGED._replace(seed=2)).whole for policy in (greedy, sparing(0.3)))
    gain = ahead - now
    assert gain.mean() > 0.05 * now.mean() + 2 * gain.std() / np.sqrt(len(gain))


def test_sparing_at_no_price_is_greedy(truth: Truth) -> None:
    first, second = (value(truth, policy, SessionDraw(50, seed=3)) for policy in (greedy, sparing(0.0)))
    np.testing.assert_array_equal(first.whole, second.whole)


def test_the_same_policy_and_seed_have_the_same_value(truth: Truth) -> None:
    first, second = (value(truth, greedy, SessionDraw(50, seed=3)) for _ in range(2))
    np.testing.assert_array_equal(first.whole, second.whole)


def test_what_was_heard_in_the_town_is_remembered(tmp_path: Path) -> None:
    town = build(TownConfig.named("ordinary", listeners=30, tracks=600, months=0.5), seed=4)
    library = Library.open(tmp_path / "library", create=True)
    town.write(library)
    truth = town.truth()
    memory = truth.last_memory(library.arrow("listens"))
    assert (memory.plays >= truth.first_memory().plays - 1e-6).all()
    assert memory.plays.sum() > truth.first_memory().plays.sum()
    assert value(truth, greedy, SessionDraw(50), memory=memory).length.min() >= 1
