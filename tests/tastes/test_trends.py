"""What is told of a taste's share over the months: rising, fading, steady, or nothing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import linregress

from segue.tastes.trends import trends

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
