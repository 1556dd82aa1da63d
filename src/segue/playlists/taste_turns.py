"""The tastes a radio plays in turn: clusters of what a listener chose, and whose turn it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from segue.sequences.vectors import unit

APART = 0.2  # a track whose cosine to every taste's mean is below this begins a taste of its own
MOST = 5  # tastes at most, the heaviest ones
FADES = 0.93  # how much a choice weighs against the one after it
# Factors on a taste's weight when a track of its turn is skipped, or played, until all of it is back. Three
# in ten tracks are skipped by chance: with a larger step chance, and not taste, would say what comes.
AFTER_SKIP, AFTER_PLAY = 0.7, 1.5

Ask = Callable[[NDArray[np.int32]], NDArray[np.float32]]


class TasteTurns:
    """The tastes of what was chosen, each with its scores of all tracks.

    A listener's tastes are many. Asked as one sequence, two unlike styles would give what lies between them,
    or one alone; so each taste is asked by itself, and they take turns in proportion to their weights: always
    the taste that is furthest behind its share, the one of the last choice first.

    Args:
        chosen: tracks of each taste, each (n,) numbers, n >= 1.
        shares: (n_tastes,) part of what comes that each taste should have.
        ask: scores (n_tracks,) for a sequence of tracks.
        stay: most tracks of a turn.
        first: the taste that begins; None for the one with the largest share.
    """

    def __init__(
        self,
        chosen: Sequence[NDArray[np.int32]],
        shares: NDArray[np.floating],
        ask: Ask,
        stay: int,
        first: int | None = None,
    ) -> None:
        self.chosen = chosen
        self._scores = [ask(tracks) for tracks in chosen]
        self._share = np.asarray(shares, np.float64) / np.sum(shares)
        self._served = np.zeros(len(chosen))
        self._left_of = np.ones(len(chosen))  # of each taste's weight, after skips
        self._stay = stay
        self._begin(int(self._share.argmax()) if first is None else first)

    @classmethod
    def from_tracks(
        cls, chosen: NDArray[np.int32], vectors: NDArray[np.float32], ask: Ask, stay: int
    ) -> TasteTurns:
        """The tastes of tracks (n,) in the order in which the listener chose them; the last one's begins.

        Args:
            chosen: numbers, n >= 1.
            vectors: (n_tracks, d) directions of all tracks.
            ask, stay: as above.
        """
        taste = cluster_directions(vectors[chosen])
        ages = np.arange(len(chosen))[::-1]
        weights = np.bincount(taste, FADES**ages)
        kept = np.argsort(-weights, kind="stable")[:MOST]
        # What was chosen last begins, however light it is.
        if taste[-1] not in kept:
            kept[-1] = taste[-1]
        first = int(np.flatnonzero(kept == taste[-1])[0])
        shares = weights[kept].astype(np.float64)
        return cls([chosen[taste == one] for one in kept.tolist()], shares, ask, stay, first)

    @property
    def turn(self) -> int:
        """The taste whose turn it is."""
        return self._turn

    @property
    def scores(self) -> NDArray[np.float32]:
        """Scores (n_tracks,) of the taste whose turn it is."""
        return self._scores[self._turn]

    def record(self, *, skipped: bool) -> None:
        """A track of this turn was answered; a skip ends the turn and makes the taste rarer."""
        self._served[self._turn] += 1
        change = AFTER_SKIP if skipped else AFTER_PLAY
        self._left_of[self._turn] = min(1.0, self._left_of[self._turn] * change)
        self._left -= 1
        if skipped or not self._left:
            self._begin(int(self._due().argmax()))

    def _due(self) -> NDArray[np.float64]:
        """(n_tastes,) how many tracks each is behind its share."""
        share = self._share * self._left_of
        return share / share.sum() * (self._served.sum() + self._stay) - self._served

    def _begin(self, taste: int) -> None:
        self._turn = taste
        self._left = int(np.clip(np.round(self._due()[taste]), 1, self._stay))


def cluster_directions(directions: NDArray[np.float32]) -> NDArray[np.intp]:
    """Which cluster each of `directions` (n, d) belongs to, from 0: the nearest one, or a new one."""
    sums: list[NDArray[np.float32]] = []
    found = np.zeros(len(directions), np.intp)
    for at, direction in enumerate(directions):
        alike = unit(np.array(sums)) @ direction if sums else np.array([-1.0])
        found[at] = alike.argmax() if alike.max() >= APART else len(sums)
        if found[at] == len(sums):
            sums.append(np.zeros_like(direction))
        sums[found[at]] = sums[found[at]] + direction
    return found
