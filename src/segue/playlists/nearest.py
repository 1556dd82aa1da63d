"""What is nearest to single tracks, looked up when it is first asked for, and kept for everybody after.

Every look goes through the whole catalogue, and what many like is asked for again and again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from segue.factors.als import ImplicitALS
from segue.factors.selecting import over
from segue.playlists.belonging import Belonging
from segue.playlists.rules.context import Floats, Ints

NEIGHBOURS = 12  # of each track
KEPT = 1 << 23  # tracks around others that are kept: 64 MB
Around = tuple[Ints, Floats]  # (n,) tracks, rising, and their likeness


class Nearest:
    """Neighbours of tracks, and what is of a taste that a track alone stands for. Threads may share one.

    Args:
        als: whose factors say which tracks are neighbours.
        belonging: how near tracks are to tastes.
    """

    def __init__(self, als: ImplicitALS, belonging: Belonging) -> None:
        self._als, self.belonging = als, belonging
        n = als.shape[1]
        self._near = np.full((n, NEIGHBOURS), -1, np.int32)
        self._looked_up = np.zeros(n, bool)
        self._around: OrderedDict[int, Around] = OrderedDict()
        self._lock, self._count = threading.Lock(), 0

    def neighbours(self, tracks: Ints) -> Ints:
        """(n, `NEIGHBOURS`) the nearest of each of `tracks` by cosine of factors, -1 beyond the last."""
        new = np.unique(tracks[~self._looked_up[tracks]])
        if len(new):
            ids, _ = self._als.similar_items(new, NEIGHBOURS + 1)
            for track, near in zip(new.tolist(), ids, strict=True):
                others = near[near != track][:NEIGHBOURS]
                self._near[track, : len(others)] = others
            self._looked_up[new] = True  # last: other threads read it first
        return self._near[tracks]

    def around(self, tracks: Sequence[int]) -> list[Around]:
        """All tracks that are like each of `tracks` by the space's resolution or more."""
        with self._lock:
            found = {track: self._around[track] for track in tracks if track in self._around}
            for track in found:
                self._around.move_to_end(track)
        if lacking := [track for track in dict.fromkeys(tracks) if track not in found]:
            space = self.belonging.space
            # Without the lock: two threads may work out the same, but nobody waits for another's catalogue.
            alike = self.belonging.near.to(space.vectors[lacking])
            least = float(np.float32(space.resolution))
            new = {track: over(its, least) for track, its in zip(lacking, alike, strict=True)}
            found |= new
            self._keep(new)
        return [found[track] for track in tracks]

    def _keep(self, new: dict[int, Around]) -> None:
        with self._lock:
            for track, its in new.items():
                if track not in self._around:
                    self._around[track] = its
                    self._count += len(its[0])
            while self._count > KEPT:
                _, its = self._around.popitem(last=False)
                self._count -= len(its[0])
