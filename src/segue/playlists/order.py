"""The order of a list: from one track to the one most like it, until something better orders it."""

from __future__ import annotations

import numpy as np

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
    likeness = vectors[tracks] @ vectors[tracks].T
    artists = [set(context.credited(track).tolist()) for track in tracks.tolist()]
    shares_artist = np.array([[bool(a & b) for b in artists] for a in artists])
    cost = likeness - 3.0 * shares_artist  # below any likeness
    at = 0 if np.isnan(scores).all() else int(np.nanargmax(scores))
    order, left = [at], np.ones(n, bool)
    left[at] = False
    while left.any():
        rest = np.flatnonzero(left)
        at = int(rest[np.argmax(cost[at, rest])])
        order.append(at)
        left[at] = False
    return np.array(order, np.int32)
