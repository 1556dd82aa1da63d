"""Bootstrap intervals against theory and against their own promise."""

from __future__ import annotations

import numpy as np
import pytest

from segue.evaluation.intervals import mean_interval


def test_the_interval_is_that_of_the_normal_law_for_many_values():
    values = np.random.default_rng(0).normal(0.3, 2.0, size=4000)
    found = mean_interval(values, draws=4000)
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.1 * half)
    assert found.decided


def test_it_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for seed in range(200):
        found = mean_interval(rng.exponential(1.0, size=60), draws=400, seed=seed)
        covered += found.low <= 1.0 <= found.high
    assert 0.87 <= covered / 200 <= 0.99


def test_a_listener_tested_twice_is_one_listener():
    values = np.random.default_rng(2).normal(size=300)
    once = mean_interval(values)
    twice = mean_interval(np.tile(values, 5), np.tile(np.arange(300), 5))
    assert (twice.low, twice.high) == pytest.approx((once.low, once.high))


def test_no_difference_is_a_tie_and_nan_is_left_out():
    assert not mean_interval(np.zeros(50)).decided
    assert mean_interval([1.0, np.nan, 3.0]).mean == 2.0
    with pytest.raises(ValueError, match="no value"):
        mean_interval([np.nan])
