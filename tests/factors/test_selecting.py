"""Choosing among all tracks: what a sort would choose."""

from __future__ import annotations

import numpy as np
import pytest

from segue.factors.selecting import best_of, over


@pytest.mark.parametrize("n", [0, 1, 7, 400])
def test_the_best_are_those_of_a_sort(n: int) -> None:
    rng = np.random.default_rng(n)
    values, open_ = rng.normal(size=300).astype(np.float32), rng.random(300) < 0.6
    places = best_of(values, open_, n)
    expected = np.sort(values[open_])[::-1][:n]
    assert open_[places].all() and len(set(places.tolist())) == len(places)
    np.testing.assert_array_equal(np.sort(values[places])[::-1], expected)


def test_of_equal_ones_the_first_are_kept_and_thresholds_are_kept_to() -> None:
    values, open_ = np.ones(9, np.float32), np.ones(9, bool)
    open_[0] = False
    assert sorted(best_of(values, open_, 3).tolist()) == [1, 2, 3]
    values[4] = 0.5
    places, kept = over(values, 1.0)
    assert places.tolist() == [0, 1, 2, 3, 5, 6, 7, 8] and kept.tolist() == [1.0] * 8
