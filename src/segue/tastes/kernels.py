"""Grouping of one listener's tracks, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.compiling import compiled


@compiled(nogil=True)
def agglomerate(
    likeness: NDArray[np.float32], weights: NDArray[np.float32], resolution: float
) -> NDArray[np.int32]:
    """(n,) group of each track: groups whose mean likeness is above `resolution` are joined, the most alike
    first.

    Mean likeness between groups is weighted by the tracks' weights (average linkage). This is the greedy
    maximum of the constant Potts model, sum over pairs in one group of w_i w_j (s_ij - resolution): Traag,
    Van Dooren, Nesterov 2011, eq. 5, for a complete weighted graph.

    Args:
        likeness: (n, n), symmetric; used up.
        weights: (n,), above 0.
        resolution: between -1 and 1.
    """
    n = len(weights)
    group = np.arange(n).astype(np.int32)
    weight = weights.copy()
    alive = np.ones(n, np.bool_)
    for i in range(n):
        # Below any cosine: what is gone, and a track itself, is nobody's nearest.
        likeness[i, i] = -2.0
    nearest = np.empty(n, np.int32)
    for i in range(n):
        nearest[i] = np.argmax(likeness[i])
    for _ in range(n - 1):
        best, a = resolution, -1
        for i in range(n):
            if alive[i] and likeness[i, nearest[i]] > best:
                best = likeness[i, nearest[i]]
                a = i
        if a < 0:
            break
        b = nearest[a]
        if b < a:
            a, b = b, a
        share = weight[a] / (weight[a] + weight[b])
        for j in range(n):
            if alive[j] and j != a and j != b:
                mean = share * likeness[a, j] + (1 - share) * likeness[b, j]
                likeness[a, j] = mean
                likeness[j, a] = mean
                likeness[j, b] = -2.0
        weight[a] += weight[b]
        alive[b] = False
        for j in range(n):
            likeness[b, j] = -2.0
            if group[j] == b:
                group[j] = a
        likeness[a, b] = -2.0
        for i in range(n):
            if alive[i] and (i == a or nearest[i] == a or nearest[i] == b):
                nearest[i] = np.argmax(likeness[i])
            elif alive[i] and likeness[i, a] > likeness[i, nearest[i]]:
                nearest[i] = a
    return group


@compiled(nogil=True)
def settle(
    vectors: NDArray[np.float32], weights: NDArray[np.float32], taste: NDArray[np.int32], k: int, rounds: int
) -> NDArray[np.float32]:
    """Give every track to the nearest taste (spherical k-means).

    Args:
        vectors: (n, d) unit vectors.
        weights: (n,).
        taste: (n,) of each track, below `k`; -1 for none yet. Changed in place.
        k: tastes.
        rounds: of the k-means.

    Returns:
        (k, d) unit centres.
    """
    n, d = vectors.shape
    centres = np.zeros((k, d), np.float32)
    for turn in range(rounds + 1):
        centres[:] = 0
        for i in range(n):
            if taste[i] >= 0:
                for c in range(d):
                    centres[taste[i], c] += weights[i] * vectors[i, c]
        for t in range(k):
            norm = np.sqrt((centres[t] ** 2).sum())
            if norm > 0:
                centres[t] /= norm
        if turn == rounds:
            break
        moved = False
        for i in range(n):
            best, at = -2.0, 0
            for t in range(k):
                value = 0.0
                for c in range(d):
                    value += centres[t, c] * vectors[i, c]
                if value > best:
                    best, at = value, t
            if taste[i] != at:
                taste[i] = at
                moved = True
        if not moved:
            break
    return centres


@compiled()
def assign(
    first: NDArray[np.int64],
    first_before: NDArray[np.int64],
    row: NDArray[np.int64],
    ids_before: NDArray[np.int32],
    last: NDArray[np.int32],
    indptr: NDArray[np.int64],
    indices: NDArray[np.int64],
    data: NDArray[np.float32],
    least: float,
) -> NDArray[np.int32]:
    """Numbers for the tastes of now; `last` is counted up for new ones."""
    ids = np.full(first[-1], -1, np.int32)
    for listener in range(len(first) - 1):
        at = row[listener]
        if at >= 0:
            taken = np.zeros(first_before[at + 1] - first_before[at], np.bool_)
            while True:
                best, mine, theirs = least, -1, -1
                for taste in range(first[listener], first[listener + 1]):
                    if ids[taste] < 0:
                        for c in range(indptr[taste], indptr[taste + 1]):
                            if data[c] >= best and not taken[indices[c] - first_before[at]]:
                                best, mine, theirs = data[c], taste, indices[c]
                # The most alike were matched first; none of what is left is near enough.
                if mine < 0:
                    break
                ids[mine] = ids_before[theirs]
                taken[theirs - first_before[at]] = True
        for taste in range(first[listener], first[listener + 1]):
            if ids[taste] < 0:
                last[listener] += 1
                ids[taste] = last[listener]
    return ids


@compiled()
def shrunk(
    likeness: NDArray[np.float32],
    sums: NDArray[np.float32],
    artist: NDArray[np.int32],
    own: NDArray[np.float32],
    others: NDArray[np.float32],
) -> None:
    """Shrink each track's likeness (k, n) to that of its artist's other tracks, in place.

    Args:
        likeness: becomes `own` times itself plus `others` times its artist's sum.
        sums: (k, n_artists) weighed sums of the likeness of each artist's tracks.
        artist: (n,) each track's artist; anything from 0 on where `others` is 0.
        own, others: (n,) from `likeness.Likeness`.
    """
    for t in range(len(likeness)):
        for i in range(len(artist)):
            likeness[t, i] = own[i] * likeness[t, i] + others[i] * sums[t, artist[i]]
