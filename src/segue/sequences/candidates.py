"""Candidates for what comes next, and what a ranker is told of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segue.sequences.blend_parts import BlendParts
from segue.sequences.vectors import best, unit

RECENT = 10
"""Songs of a sequence whose likeness and popularity are compared with a candidate's."""

TOPS = (10, 50)
"""Agreement is the number of parts that have a candidate among so many of their best."""

FLOATS = NDArray[np.float32]


class Candidates:
    """The best songs of the blend after a sequence, each with features.

    Of each part: its log-probability less that of its best candidate, and the candidate's rank (a logarithm).
    Of the blend the same. How many parts have it near their top; its popularity, and that less the recent
    songs'; how alike it is to the last song and to the recent ones by the network's vectors; whether its
    artist is the last song's, in how long a run, with what share of the sequence, how long ago; how many
    songs there were, and how many artists to a song.
    """

    def __init__(self, parts: BlendParts) -> None:
        self._parts = parts
        network = parts.network
        self._log_count = np.log1p(parts.documents.counts).astype(np.float32)
        vectors = network.table().vectors[: parts.documents.n_tracks]
        self._directions = unit(vectors - vectors.mean(axis=0))
        artist_of = np.asarray(network.fixed_.artist_of)
        # Songs whose artist is not known share no artist.
        unknown = artist_of == len(network.artists_)
        self._artist = np.where(unknown, -1 - np.arange(len(artist_of)), artist_of)
        self.names: tuple[str, ...] = (
            *(f"{name}: {what}" for name in (*parts.names, "blend") for what in ("log p", "rank")),
            *(f"parts with it in their {top}" for top in TOPS),
            *(
                "popularity",
                "popularity less the recent songs'",
                "like the last song",
                "like the recent songs",
            ),
            *("most like a recent song", "last song's artist", "artist's run", "artist's share"),
            *("songs since the artist", "songs so far", "artists to a song"),
        )

    def find(self, prefix: NDArray[np.int32], scores: FLOATS, most: int) -> NDArray[np.int32]:
        """The `most` best songs by `scores` `(n_songs,)` that are not in the prefix, best first."""
        open_ = scores[: len(self._log_count)].copy()
        open_[prefix[prefix < len(open_)]] = -np.inf
        return best(open_, most).astype(np.int32)

    def features(
        self,
        prefix: NDArray[np.int32],
        found: NDArray[np.int32],
        said: Mapping[str, FLOATS],
        scores: FLOATS,
    ) -> FLOATS:
        """Features `(n_found, n_features)`.

        Args:
            prefix: (n,) the songs so far, oldest first; n >= 1.
            found: (n_found,) candidates.
            said: of every part, log-probabilities (n_songs,).
            scores: of the blend (n_songs,).
        """
        columns: list[FLOATS] = []
        ranks = []
        for values in (*(said[name] for name in self._parts.names), scores):
            values = values[found]
            rank = _ranks(values)
            ranks.append(rank)
            columns += [values - values.max(initial=-np.inf), np.log(rank)]
        among = np.stack(ranks[:-1])
        columns += [(among <= top).sum(axis=0) for top in TOPS]
        prefix = prefix[prefix < len(self._log_count)]
        recent = prefix[-RECENT:]
        columns += self._likeness(recent, found)
        columns += self._artists(prefix, found)
        return np.stack([column.astype(np.float32) for column in columns], axis=1)

    def _likeness(self, recent: NDArray[np.int32], found: NDArray[np.int32]) -> list[FLOATS]:
        popularity = self._log_count[found]
        if not len(recent):
            nothing = np.zeros(len(found), np.float32)
            return [popularity, nothing, nothing, nothing, nothing]
        alike = self._directions[found] @ self._directions[recent].T
        less = popularity - self._log_count[recent].mean()
        return [popularity, less, alike[:, -1], alike.mean(axis=1), alike.max(axis=1)]

    def _artists(self, prefix: NDArray[np.int32], found: NDArray[np.int32]) -> list[FLOATS]:
        n = len(prefix)
        constant = np.ones(len(found), np.float32)
        if not n:
            return [0 * constant, 0 * constant, 0 * constant, constant, 0 * constant, constant]
        artists = self._artist[prefix]
        same = self._artist[found][:, None] == artists[::-1]  # the last song first
        # `argmin` and `argmax` of true and false are the first false and the first true; where there is none
        # both say 0.
        run = np.where(same.all(axis=1), n, same.argmin(axis=1))
        since = np.where(same.any(axis=1), same.argmax(axis=1), n)
        return [
            same[:, 0],
            run,
            same.mean(axis=1),
            np.log1p(since),
            np.log(n) * constant,
            len(np.unique(artists)) / n * constant,
        ]


def _ranks(values: FLOATS) -> NDArray[np.int64]:
    """From 1, the largest first; equal values by place."""
    ranks = np.empty(len(values), np.int64)
    ranks[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
    return ranks
