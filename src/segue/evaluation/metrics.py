"""Accuracy of ranked lists, as pure functions of where in each list the targets stand.

All metrics read the same two arrays, made once by `find_hits`:

* `hits`, bool `(n_listeners, depth)`: whether place r of listener u's list, counted from 0, holds a target;
* `n_targets`, int `(n_listeners,)`: how many tracks u was to be recommended, at least one.

Each returns float64 `(n_listeners,)`, one value per listener in [0, 1]; average them, or compare two systems
listener by listener (`intervals.py`). Below, T is the number of targets and hit(r) is 1 if the place r,
counted from 1, holds one of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Hits = NDArray[np.bool_]
Counts = NDArray[np.integer]
PerListener = NDArray[np.float64]

ROWS_AT_ONCE = 512  # bounds memory: this many rows of the catalogue's width are dense at a time


def membership(ids: NDArray[np.integer], rows: csr_matrix) -> Hits:
    """Whether each listed id is among the stored entries of the same row of `rows`.

    Args:
        ids: (n_listeners, depth) item ids; negative ids are padding and belong to nobody.
        rows: (n_listeners, n_items).

    Returns:
        (n_listeners, depth).
    """
    found = np.zeros(ids.shape, dtype=bool)
    lookup = np.zeros((min(ROWS_AT_ONCE, max(len(ids), 1)), rows.shape[1]), dtype=bool)
    for start in range(0, len(ids), ROWS_AT_ONCE):
        part = rows[start : start + ROWS_AT_ONCE]
        row_of_entry = np.repeat(np.arange(part.shape[0]), np.diff(part.indptr))
        lookup[row_of_entry, part.indices] = True
        chunk = ids[start : start + ROWS_AT_ONCE]
        found[start : start + ROWS_AT_ONCE] = lookup[np.arange(len(chunk))[:, None], np.maximum(chunk, 0)] & (
            chunk >= 0
        )
        # Only what was set is taken back: clearing the whole would cost more than the look-ups.
        lookup[row_of_entry, part.indices] = False
    return found


def find_hits(ids: NDArray[np.integer], scores: NDArray[np.floating], targets: csr_matrix) -> Hits:
    """Where the targets stand in each list, ties counting against the model.

    Among equal scores every other track is placed before a target, so a model that gives one score to
    everything gains nothing by the order it lists them in. A target that shares the score of the last place
    is not counted at all (the tie may go on below the end of the list) unless the list ends in padding, which
    says that nothing follows: ask for lists deeper than the deepest cut-off.

    Args:
        ids: (n_listeners, depth) recommended items, best first; -1 is padding.
        scores: (n_listeners, depth), falling along each row.
        targets: (n_listeners, n_items), the stored entries of a row are its targets.

    Returns:
        hits, (n_listeners, depth).
    """
    member = membership(ids, targets)
    real = ids >= 0
    key = np.where(real, scores, -np.inf)
    rows = np.arange(len(ids))[:, None]
    # Of equal scores those that are no targets come first.
    order = np.lexsort((member, -key), axis=1)
    hits = member[rows, order]
    if ids.shape[1]:
        goes_on = real.all(axis=1, keepdims=True)
        hits &= ~(goes_on & (key[rows, order] == key[:, -1:]))
    return hits


def count_targets(targets: csr_matrix) -> NDArray[np.int64]:
    """How many targets each listener has, (n_listeners,).

    Raises:
        ValueError: a listener has none: no metric is defined for it; leave it out.
    """
    counts = np.diff(targets.indptr).astype(np.int64)
    if (counts == 0).any():
        raise ValueError(f"{int((counts == 0).sum())} listeners have no targets; leave them out")
    return counts


def recall(hits: Hits, n_targets: Counts, k: int, *, truncated: bool = True) -> PerListener:
    """Recall@k = Σ_{r<=k} hit(r) / min(k, T), so that 1 can be reached (Liang et al. 2018, eq. 7).

    With `truncated=False` the denominator is T, the plain recall.
    """
    found = hits[:, :k].sum(axis=1)
    return found / (np.minimum(n_targets, k) if truncated else n_targets)


def ndcg(hits: Hits, n_targets: Counts, k: int) -> PerListener:
    """NDCG@k = DCG / ideal DCG, DCG = Σ_{r<=k} hit(r) / log2(r + 1), the ideal one of min(k, T) places.

    This is the truncated ideal of Liang et al. (2018).
    """
    k_found = min(k, hits.shape[1])
    discount = 1.0 / np.log2(np.arange(2, max(k, 1) + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])
    return hits[:, :k_found] @ discount[:k_found] / ideal[np.minimum(n_targets, k)]


def r_precision(hits: Hits, n_targets: Counts) -> PerListener:
    """R-precision = Σ_{r<=T} hit(r) / T, track hits only (RecSys Challenge 2018 without its artist credit).

    A list shorter than T counts as if misses followed.
    """
    places = np.arange(hits.shape[1])
    return (hits & (places[None, :] < n_targets[:, None])).sum(axis=1) / n_targets


def hit_rate(hits: Hits, k: int) -> PerListener:
    """HR@k = 1 if any of the first k places holds a target, else 0."""
    return np.where(hits[:, :k].any(axis=1), 1.0, 0.0)


def reciprocal_rank(hits: Hits, k: int) -> PerListener:
    """RR@k = 1 / r of the first hit, 0 if there is none in the first k places; its mean is MRR@k."""
    top = hits[:, :k]
    if not top.shape[1]:
        return np.zeros(len(hits))
    return np.where(top.any(axis=1), 1.0 / (top.argmax(axis=1) + 1), 0.0)


def average_precision(hits: Hits, n_targets: Counts, k: int) -> PerListener:
    """AP@k = Σ_{r<=k} hit(r) · precision@r / min(k, T); its mean is MAP@k."""
    top = hits[:, :k]
    precision = np.cumsum(top, axis=1) / np.arange(1, top.shape[1] + 1)
    return (top * precision).sum(axis=1) / np.minimum(n_targets, k)
