"""Choosing among all tracks of a catalogue for one listener, compiled: one pass, and nothing is copied."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.compiling import compiled


@compiled(nogil=True)
def over(values: NDArray[np.float32], least: float) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Places of `values` (n,) that are no less than `least`, in order, and these values."""
    count = 0
    for i in range(len(values)):
        count += values[i] >= least
    places, kept = np.empty(count, np.int32), np.empty(count, np.float32)
    count = 0
    for i in range(len(values)):
        if values[i] >= least:
            places[count], kept[count] = i, values[i]
            count += 1
    return places, kept


@compiled(nogil=True)
def best_of(values: NDArray[np.float32], open_: NDArray[np.bool_], n: int) -> NDArray[np.int32]:
    """Places of the n largest open `values` (m,), in no order; of equal ones the first."""
    size = min(n, len(values))
    kept, places = np.empty(size, np.float32), np.empty(size, np.int32)  # a heap, the least on top
    count = 0
    for i in range(len(values)):
        if not open_[i]:
            continue
        value = values[i]
        if count < size:
            at = count
            count += 1
            while at > 0 and kept[(at - 1) // 2] > value:
                kept[at], places[at] = kept[(at - 1) // 2], places[(at - 1) // 2]
                at = (at - 1) // 2
            kept[at], places[at] = value, i
        elif size > 0 and value > kept[0]:
            at = 0
            while True:
                child = 2 * at + 1
                if child >= size:
                    break
                if child + 1 < size and kept[child + 1] < kept[child]:
                    child += 1
                if kept[child] >= value:
                    break
                kept[at], places[at] = kept[child], places[child]
                at = child
            kept[at], places[at] = value, i
    return places[:count]
