"""Where a radio is at home: the sides of what a listener chose, and whose turn it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segue.taste.vectors import unit

APART = 0.2  # a track whose cosine to every side's mean is below this begins a side of its own
MOST = 5  # sides at most, the heaviest ones
FADES = 0.93  # how much a choice weighs against the one after it
AFTER_SKIP = 0.5  # what is left of a side's weight when a track of its turn is skipped

Ask = Callable[[NDArray[np.int32]], NDArray[np.float32]]


class Home:
    """The sides of what was chosen, each with its scores of all tracks.

    A listener's tastes are many. Asked as one sequence, two unlike styles would give what lies between them,
    or one alone; so each side is asked by itself, and they take turns in proportion to their weights: always
    the side that is furthest behind its share, the one of the last choice first.

    Args:
        chosen: (n,) track numbers, n >= 1, in the order in which the listener chose them.
        vectors: (n_tracks, d) directions of all tracks.
        ask: scores (n_tracks,) for a sequence of tracks.
        stay: tracks of a turn.
    """

    def __init__(self, chosen: NDArray[np.int32], vectors: NDArray[np.float32], ask: Ask, stay: int) -> None:
        side = sides(vectors[chosen])
        ages = np.arange(len(chosen))[::-1]
        weights = np.bincount(side, FADES**ages)
        kept = np.argsort(-weights, kind="stable")[:MOST]
        if side[-1] not in kept:
            kept[-1] = side[-1]
        self._scores = [ask(chosen[side == one]) for one in kept.tolist()]
        self._share = weights[kept]
        self._served = np.zeros(len(kept))
        self._turn = int(np.flatnonzero(kept == side[-1])[0])
        self._stay = self._left = stay

    @property
    def scores(self) -> NDArray[np.float32]:
        """Scores (n_tracks,) of the side whose turn it is."""
        return self._scores[self._turn]

    def came(self, *, skipped: bool) -> None:
        """A track of this turn has come; a skip ends the turn, and the side comes less often from now on."""
        self._served[self._turn] += 1
        self._left -= 1
        if skipped:
            self._share[self._turn] *= AFTER_SKIP
        if skipped or not self._left:
            due = self._share / self._share.sum() * (self._served.sum() + self._stay)
            self._turn, self._left = int((due - self._served).argmax()), self._stay


def sides(directions: NDArray[np.float32]) -> NDArray[np.intp]:
    """Which side each of `directions` (n, d) belongs to, from 0: the nearest of those begun, or a new one."""
    sums: list[NDArray[np.float32]] = []
    found = np.zeros(len(directions), np.intp)
    for at, direction in enumerate(directions):
        alike = unit(np.array(sums)) @ direction if sums else np.array([-1.0])
        found[at] = alike.argmax() if alike.max() >= APART else len(sums)
        if found[at] == len(sums):
            sums.append(np.zeros_like(direction))
        sums[found[at]] = sums[found[at]] + direction
    return found
