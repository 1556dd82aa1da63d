"""Compiled: choosing reasons for a list, where each track's depend on those before it; a deviation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.compiling import compiled

MATHS = {"reassoc", "contract", "arcp", "nsz"}  # sums may be reordered
OWN = 10.0  # above any rank: a play of the track's own taste goes before others


@compiled(nogil=True)
def two_of_each(rank: NDArray[np.float64], same: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(n, 2) the plays that are told of each track, -1 for none: see `reasons.telling`.

    Args:
        rank: (n, h) how well each play tells of each track, 0 where it does not.
        same: (n, h) whether it is of the track's taste.
    """
    n, h = rank.shape
    found, named = np.full((n, 2), -1, np.int64), np.zeros(h)
    fresh = np.empty(h)
    for i in range(n):
        first, second, best = 0, 0, -1.0
        for j in range(h):
            fresh[j] = rank[i, j] / np.sqrt(1 + named[j])
            value = fresh[j] + (OWN if same[i, j] and fresh[j] > 0 else 0.0)
            if value > best:
                first, best = j, value
        best = 0.0
        for j in range(h):
            if j != first and same[i, j] == same[i, first] and fresh[j] > best:
                second, best = j, fresh[j]
        at = 0
        if fresh[first] > 0:
            found[i, at] = first
            at += 1
        if best > 0:
            found[i, at] = second
        for j in found[i]:
            if j >= 0:
                named[j] += 1
    return found


@compiled(nogil=True, fastmath=MATHS)
def deviation(values: NDArray[np.float32], which: NDArray[np.bool_]) -> float:
    """The standard deviation of those of `values` (n,), 0 where there are none."""
    count, mean, square = 0, 0.0, 0.0
    for i in range(len(values)):
        if which[i]:
            count += 1
            mean += values[i]
    mean /= max(count, 1)
    for i in range(len(values)):
        if which[i]:
            square += (values[i] - mean) ** 2
    return np.sqrt(square / max(count, 1))
