"""Small helpers over rows of candidates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def by_weight(log_weights: NDArray[np.floating], chance: NDArray[np.floating]) -> NDArray[np.int64]:
    """Places drawn in proportion to exp(log_weights) (n, K), for uniform numbers (n,) or (n, m)."""
    ladder = np.cumsum(np.exp(log_weights), axis=-1)
    if chance.ndim > 1:
        ladder = ladder[:, None, :]
    places = (ladder < chance[..., None] * ladder[..., -1:]).sum(-1)
    # Rounding may leave the last step of the ladder below a number that is all but 1.
    return np.minimum(places, log_weights.shape[-1] - 1)


def first_of(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a value stands for the first time in its row; shape of `values` (n, m)."""
    order = np.argsort(values, axis=1, kind="stable")
    ranked = np.take_along_axis(values, order, 1)
    fresh = np.ones(values.shape, dtype=bool)
    fresh[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    result = np.empty(values.shape, dtype=bool)
    np.put_along_axis(result, order, fresh, 1)
    return result


def count_before(values: NDArray[Any], counted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How often a row has the same value at earlier places that are `counted`; shape of `values` (n, m)."""
    order = np.argsort(values, axis=1, kind="stable")
    ranked = np.take_along_axis(values, order, 1)
    ticks = np.take_along_axis(counted, order, 1).astype(np.int64)
    before = np.cumsum(ticks, axis=1) - ticks
    begins = np.ones(values.shape, dtype=bool)
    begins[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    # The count at the first of each run of equal values, carried on: counts only grow, so that a running
    # maximum does it.
    base = np.maximum.accumulate(np.where(begins, before, -1), axis=1)
    result = np.empty(values.shape, dtype=np.int64)
    np.put_along_axis(result, order, before - base, 1)
    return result
