"""Which of a listener's tastes a track belongs to: the nearest, if it is as near as what they play of it.

A track that few people have may have come into their playlists by chance: its likeness is shrunk to that of
its artist's other tracks, the more the fewer have it. And tastes are narrow or wide: who plays solo piano
alone has a narrow one, folk spreads over much. So how near is near enough, the listener's own songs tell.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.playlists.kernels import shrunk
from segue.playlists.rules import Context, Listening
from segue.playlists.rules.context import Floats, Ints
from segue.tastes.profiles import Profiles
from segue.tastes.space import TasteSpace

# Listeners and playlists whose word on the artist's other tracks counts as much as each one's on the track.
OTHERS = 10.0
# Part of a listener's own songs of a taste that may be further from its middle than what belongs to it, and
# songs below which that can't be told.
FURTHEST, FEWEST = 0.05, 3


class ListenerTastes(NamedTuple):
    """A listener's tastes, heaviest first, as lists need them."""

    centres: Floats  # (k, d) unit vectors
    shares: Floats  # (k,) of the listening, adding up to 1
    names: tuple[str, ...] = ()
    least: Floats | None = None  # (k,) likeness from which a track belongs; the space's resolution where None

    @classmethod
    def of(cls, profiles: Profiles | None, listener: str, d: int) -> ListenerTastes:
        """Of a listener; none where nothing is known."""
        places = profiles.tastes(listener) if profiles is not None else range(0)
        if profiles is None or not len(places):
            return cls(np.empty((0, d), np.float32), np.empty(0, np.float32))
        part = slice(places.start, places.stop)
        return cls(profiles.centres[part], profiles.weights[part], profiles.names[part])


class Belonging:
    """How near tracks are to tastes. Threads may share one.

    Args:
        space: where tastes lie.
        context: the catalogue, for the main artist of each track.
        support: (n_tracks,) listeners and playlists who have each track.
    """

    def __init__(self, space: TasteSpace, context: Context, support: NDArray[np.integer]) -> None:
        self.space = space
        n = len(space.vectors)
        artist = context.main_artists()
        weight = np.where(space.known, np.maximum(support, 1), 0).astype(np.float32)
        places = np.flatnonzero((artist >= 0) & (weight > 0))
        shape = (max(1, context.n_artists), n)
        of = csr_matrix((weight[places], (artist[places], places)), shape=shape)
        self._sums = np.asarray(of @ space.vectors, np.float32)  # (n_artists, d)
        # Likeness l and the sum s of the artist's own give (w l + p (s − w l) / r) / (w + p), with w the
        # track's weight, r that of the artist's other tracks, and p no more than `OTHERS` of it.
        rest = np.asarray(of.sum(axis=1), np.float32).ravel()[np.maximum(artist, 0)] - weight
        alone = (artist < 0) | (rest <= 0)
        rest = np.where(alone, 1, rest)
        part = np.minimum(OTHERS, rest)
        both = weight + part
        self._artist = np.maximum(artist, 0).astype(np.int32)
        self._own = np.where(alone, 1, weight * (1 - part / rest) / both).astype(np.float32)
        self._others = np.where(alone, 0, part / rest / both).astype(np.float32)

    def likeness(self, tastes: ListenerTastes, tracks: Ints | None = None) -> Floats:
        """(k, n) cosines of all tracks, or these, to each taste, shrunk to those of the artist's others."""
        vectors, artist, sums = self.space.vectors, self._artist, self._sums
        own, others = self._own, self._others
        if tracks is not None:
            vectors, own, others = vectors[tracks], own[tracks], others[tracks]
            sums, artist = sums[artist[tracks]], np.arange(len(tracks), dtype=np.int32)
        likeness = np.ascontiguousarray(tastes.centres @ vectors.T, np.float32)
        of_artists = np.ascontiguousarray(tastes.centres @ sums.T, np.float32)
        shrunk(likeness, of_artists, artist, own, others)
        return likeness

    def with_thresholds(self, tastes: ListenerTastes, listening: Listening) -> ListenerTastes:
        """The tastes with how near a track must be to belong to each, as near as what was played of it."""
        resolution, k = self.space.resolution, len(tastes.shares)
        least = np.full(k, resolution, np.float32)
        played = listening.heard[listening.plays > 0]
        if k and len(played):
            nearest, own = nearest_taste(self.space, tastes, played)
            likeness = self.likeness(tastes, played)
            for taste in range(k):
                mine = likeness[taste, (nearest == taste) & (own >= resolution)]
                if len(mine) >= FEWEST:
                    least[taste] = max(resolution, float(np.quantile(mine, FURTHEST, method="lower")))
        return tastes._replace(least=least)

    def of(self, tastes: ListenerTastes, tracks: Ints) -> Ints:
        """(n,) the taste that each of `tracks` belongs to, -1 for none."""
        if not len(tastes.shares) or not len(tracks):
            return np.full(len(tracks), -1, np.int32)
        likeness = self.likeness(tastes, tracks)
        nearest = likeness.argmax(0)
        near_enough = likeness.max(0) >= self.least(tastes)[nearest]
        return np.where(near_enough, nearest, -1).astype(np.int32)

    def played_for(self, tastes: ListenerTastes, tracks: Ints) -> Ints:
        """(n,) the taste that each of the listener's own `tracks` was played for, -1 for none."""
        if not len(tastes.shares) or not len(tracks):
            return np.full(len(tracks), -1, np.int32)
        likeness = self.likeness(tastes, tracks)
        return np.where(likeness.max(0) >= self.space.resolution, likeness.argmax(0), -1).astype(np.int32)

    def least(self, tastes: ListenerTastes) -> Floats:
        """(k,) likeness from which a track belongs to each taste."""
        if tastes.least is not None:
            return tastes.least
        return np.full(len(tastes.shares), self.space.resolution, np.float32)


def nearest_taste(space: TasteSpace, tastes: ListenerTastes, tracks: Ints) -> tuple[Ints, Floats]:
    """For each of `tracks` the nearest taste, and its likeness (cosine) to the centre; -1 where none is."""
    if not len(tastes.shares) or not len(tracks):
        return np.full(len(tracks), -1, np.int32), np.full(len(tracks), -1, np.float32)
    likeness = space.vectors[tracks] @ tastes.centres.T
    return likeness.argmax(1).astype(np.int32), likeness.max(1)
