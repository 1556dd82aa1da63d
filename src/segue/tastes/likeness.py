"""How like tracks are to tastes, and of which of their tastes each of a listener's own songs is.

A track that few people have may have come into their playlists by chance: its likeness is shrunk to that of
its artist's other tracks, the more the fewer have it. So a song goes by the taste of its artist, unless many
say otherwise. What a taste shows, what its share is of, and what lists say of a song, all ask here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.factors.products import products
from segue.tastes.kernels import shrunk
from segue.tastes.space import Floats, Ints, TasteSpace

# Listeners and playlists whose word on the artist's other tracks counts as much as each one's on the track.
OTHERS = 10.0


class Credits(NamedTuple):
    """Whose tracks are, and how many have them.

    Attributes:
        artists: (n_tracks,) the main artist of each, -1 for none.
        support: (n_tracks,) listeners and playlists who have each.
    """

    artists: Ints
    support: NDArray[np.integer]


class Likeness:
    """How like tracks are to tastes. Threads may share one.

    Args:
        space: where tastes lie.
        credits: None where no artists are known: each track stands for itself.
    """

    def __init__(self, space: TasteSpace, credits: Credits | None = None) -> None:
        self.space = space
        n = len(space.vectors)
        if credits is None:
            credits = Credits(np.full(n, -1, np.int32), np.ones(n, np.int64))
        artist = credits.artists
        weight = np.where(space.known, np.maximum(credits.support, 1), 0).astype(np.float32)
        places = np.flatnonzero((artist >= 0) & (weight > 0))
        shape = (int(artist.max(initial=0)) + 1, n)
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

    def to(self, centres: Floats, tracks: Ints | None = None) -> Floats:
        """(k, n) cosines of all tracks, or these, to `centres` (k, d), shrunk to the artists' others."""
        vectors, artist, sums = self.space.vectors, self._artist, self._sums
        own, others = self._own, self._others
        if tracks is not None:
            vectors, own, others = vectors[tracks], own[tracks], others[tracks]
            sums, artist = sums[artist[tracks]], np.arange(len(tracks), dtype=np.int32)
        likeness = np.ascontiguousarray(products(centres, vectors), np.float32)
        of_artists = np.ascontiguousarray(products(centres, sums), np.float32)
        shrunk(likeness, of_artists, artist, own, others)
        return likeness

    def taste_of(self, centres: Floats, tracks: Ints) -> Ints:
        """(n,) of which of a listener's tastes (k, d) each of their own `tracks` is, -1 for none."""
        if not len(centres) or not len(tracks):
            return np.full(len(tracks), -1, np.int32)
        return self.taste_by(self.to(centres, tracks))

    def taste_by(self, likeness: Floats) -> Ints:
        """The same from the likeness (k, n) of these tracks, k and n above 0."""
        alike = likeness.max(0) >= self.space.resolution
        return np.where(alike, likeness.argmax(0), -1).astype(np.int32)
