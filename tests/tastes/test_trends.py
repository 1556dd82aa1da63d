"""What is told of a taste's share over the months: rising, fading, steady, or nothing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import linregress

from segue.tastes.profiles import STEADY, Profiles
from segue.tastes.trends import Trends, trends

MONTHS = 26


def listening(shares: NDArray[np.floating], days: float, seed: int) -> NDArray[np.float64]:
    """(2, n) days of months, each mostly of one taste, the first by these `shares` (n,)."""
    rng, found = np.random.default_rng(seed), np.zeros((2, len(shares)))
    for month, share in enumerate(shares):
        for _ in range(rng.poisson(days)):
            first = (rng.random() < share) * rng.uniform(0.7, 1)
            found[:, month] += first, 1 - first
    return found


def test_the_line_is_that_of_least_squares() -> None:
    for seed in range(20):
        days = listening(np.linspace(0.5, 0.3, 12), 12, seed)
        days *= 12 / days.sum(axis=0)  # as many in each month, so that weights are equal
        told, line = trends(days), linregress(-np.arange(12.0), days[0] / 12)
        ends = np.clip(line.intercept + line.slope * np.array([0, -11]), 1 / 146, 1)
        assert told.change[0] == pytest.approx(np.log2(ends[0] / ends[1]), abs=1e-4)
        assert bool(told.sure[0]) == bool(told.sure[1]) == (line.pvalue < 0.05)


def test_a_share_that_drifts_is_told_and_one_that_does_not_is_steady() -> None:
    drifting = [trends(listening(np.linspace(0.35, 0.05, MONTHS), 12, seed)) for seed in range(100)]
    assert sum(bool(told.sure[0] and told.change[0] > 0) for told in drifting) >= 90
    steady = [trends(listening(np.full(MONTHS, 0.3), 12, seed)) for seed in range(200)]
    assert sum(bool(told.sure[0]) for told in steady) <= 20  # by chance one in twenty


def test_nothing_is_told_of_a_history_that_is_too_short() -> None:
    days = np.full((2, MONTHS), 10.0)
    for few in (days[:, :4], days * (np.arange(MONTHS) < 4), days[:, :0], days * 0, days / 20):
        assert np.isnan(trends(few).change).all() and not trends(few).sure.any()
    assert not np.isnan(trends(days[:, :5]).change).any()
    assert not trends(days).sure.any()  # the same in each month


def test_one_taste_alone_has_no_trend() -> None:
    told = trends(np.full((1, MONTHS), 20.0))
    assert told.change == pytest.approx([0], abs=1e-6) and not told.sure.any()


def test_a_large_change_that_may_be_chance_is_not_called_steady() -> None:
    """.5 to .3 in a short history: it is not sure, and it is not steady."""
    said = {"steady": 0, "": 0, "fading": 0, "rising": 0}
    for seed in range(60):
        told = trends(listening(np.linspace(0.5, 0.3, 8), 5, seed))
        if abs(told.change[0]) > STEADY:
            profiles = _told(told)
            said[profiles.trend(0)] += 1
    assert said["steady"] == 0 and said[""] > 0 and said["fading"] > 0
    assert _told(Trends(np.array([0.1, -0.1], np.float32), np.zeros(2, bool))).trend(0) == "steady"


def _told(told: Trends) -> Profiles:
    """Two tastes of somebody with these trends."""
    nobody = np.empty(0, np.int32)
    return Profiles(
        listeners=np.array(["me"], object),
        tracks=np.empty(0, object),
        first=np.array([0, 2]),
        ids=np.array([0, 1], np.int32),
        weights=np.array([0.5, 0.5], np.float32),
        trends=told.change,
        sure=told.sure,
        centres=np.zeros((2, 2), np.float32),
        member_first=np.array([0, 0, 0]),
        members=nobody,
        member_weights=nobody.astype(np.float32),
        last_ids=np.array([1], np.int32),
    )
