"""The order of a list: from one track to the one most like it, until something better orders it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.compiling import compiled
from segue.playlists.rules import Context
from segue.playlists.rules.context import Floats, Ints


def in_order(tracks: Ints, scores: Floats, vectors: Floats, context: Context) -> Ints:
    """Places of `tracks` in the order they are to be heard.

    The best scored comes first; then always the one most like the last (cosine), if possible by none of its
    artists. So the list goes from one taste over into the next, and never plays an artist twice running
    where that can be helped.

    Args:
        tracks: (n,) track numbers, the first not a familiar one.
        scores: (n,) NaN for tracks that cannot come first.
        vectors: (n_tracks, d) unit vectors.
        context: the catalogue, for the artists.
    """
    n = len(tracks)
    if n < 2:
        return np.arange(n, dtype=np.int32)
    first = 0 if np.isnan(scores).all() else int(np.nanargmax(scores))
    return _chain(first, tracks, vectors[tracks] @ vectors[tracks].T, context.first, context.artists)


@compiled()
def _chain(at: int, tracks: Ints, likeness: Floats, first: NDArray[np.int64], artists: Ints) -> Ints:
    n = len(tracks)
    order, left = np.empty(n, np.int32), np.ones(n, np.bool_)
    for place in range(n):
        order[place] = at
        left[at] = False
        best, highest = -1, -np.inf
        for i in range(n):
            if left[i]:
                value = likeness[at, i]
                for a in artists[first[tracks[at]] : first[tracks[at] + 1]]:
                    for b in artists[first[tracks[i]] : first[tracks[i] + 1]]:
                        if a == b:
                            value = min(value, likeness[at, i] - 3.0)  # below any likeness
                if value > highest:
                    best, highest = i, value
        at = best
    return order
