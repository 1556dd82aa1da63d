"""What accuracy does not see: how novel, varied, fair to the long tail and true to the listener lists are.

Lists are item ids `(n_listeners, k)`, best first, -1 where a list is shorter. `popularity` is how many
listeners each item has in the training data, `(n_items,)`. Per-listener measures return float64
`(n_listeners,)` with NaN for a listener whose list (or history) is empty; measures of all lists together
return a float.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from segue.evaluation.groups import binary

Lists = NDArray[np.integer]
PerListener = NDArray[np.float64]


def novelty(lists: Lists, popularity: ArrayLike, n_listeners: int) -> PerListener:
    """Mean self-information of a list in bits: mean of −log2((n_i + 1) / (n + 1)).

    n_i listeners of the item among n; the 1 keeps an item nobody has heard finite.
    """
    counts = np.asarray(popularity, dtype=np.float64)
    return _mean_over_list(lists, -np.log2((counts + 1) / (n_listeners + 1)))


def coverage(lists: Lists, n_items: int) -> float:
    """Share of the catalogue that is on at least one list: |∪ lists| / n_items."""
    return len(np.unique(lists[lists >= 0])) / n_items


def in_long_tail(popularity: ArrayLike, head: float = 0.8) -> NDArray[np.bool_]:
    """Which items are not among the most popular that together hold `head` of all listening, (n_items,)."""
    counts = np.asarray(popularity, dtype=np.float64)
    order = np.argsort(-counts, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    tail = np.empty(len(counts), dtype=bool)
    tail[order] = before >= head * counts.sum()
    return tail


def long_tail_share(lists: Lists, popularity: ArrayLike, head: float = 0.8) -> PerListener:
    """Share of a list's places held by items of the long tail (`in_long_tail`)."""
    return _mean_over_list(lists, in_long_tail(popularity, head).astype(np.float64))


def intra_list_diversity(lists: Lists, vectors: NDArray[np.floating] | csr_matrix) -> PerListener:
    """Mean of 1 − cos(v_i, v_j) over the pairs i ≠ j of a list (Ziegler et al. 2005, with cosine distance).

    Args:
        lists: (n_listeners, k).
        vectors: (n_items, f), dense or sparse; an item whose vector is zero is at distance 1 from all others.

    Returns:
        (n_listeners,), NaN for lists of fewer than two items.
    """
    if isinstance(vectors, csr_matrix):
        norms = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
    else:
        norms = np.linalg.norm(np.asarray(vectors, dtype=np.float64), axis=1)
    inverse = np.divide(1.0, norms, out=np.zeros_like(norms, dtype=np.float64), where=norms > 0)
    result = np.full(len(lists), np.nan)
    for u, row in enumerate(lists):
        ids = row[row >= 0]
        if len(ids) < 2:
            continue
        # The sum of cosines over all pairs is the squared length of the sum of unit vectors.
        total = np.asarray(inverse[ids] @ vectors[ids]).ravel()
        own = np.count_nonzero(inverse[ids])
        pairs = len(ids) * (len(ids) - 1)
        result[u] = 1.0 - (float(total @ total) - own) / pairs
    return result


def calibration(
    lists: Lists, history: csr_matrix, groups: NDArray[np.floating], *, smoothing: float = 0.01
) -> PerListener:
    """Kullback–Leibler divergence, in nats, of a list's mix of groups from the listener's own (Steck 2018).

    C = Σ_g p(g) log(p(g) / q̃(g)), q̃ = (1 − α) q + α p with α = `smoothing`; 0 is a perfectly calibrated list.

    Args:
        lists: (n_listeners, k).
        history: (n_listeners, n_items), what each listener played, by weight: gives p.
        groups: (n_items, n_groups), how much each item belongs to each group (tastes, regions of the
            catalogue), not negative; rows are scaled to sum to 1 and an all-zero row belongs to none.
    """
    mix = np.asarray(groups, dtype=np.float64)
    total = mix.sum(axis=1, keepdims=True)
    mix = np.divide(mix, total, out=np.zeros_like(mix), where=total > 0)
    p = np.asarray(history @ mix)
    q = np.where((lists >= 0)[..., None], mix[np.maximum(lists, 0)], 0.0).sum(axis=1)
    return divergence(p, q, smoothing=smoothing)


def divergence(p: ArrayLike, q: ArrayLike, *, smoothing: float = 0.01) -> PerListener:
    """Kullback–Leibler divergence, in nats, of the mixes q (n, n_groups) from p, as in `calibration`.

    Rows are scaled to sum to 1; NaN where one of the two is empty.
    """
    p, q = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
    p_total, q_total = p.sum(axis=1, keepdims=True), q.sum(axis=1, keepdims=True)
    p = np.divide(p, p_total, out=np.zeros_like(p), where=p_total > 0)
    q = np.divide(q, q_total, out=np.zeros_like(q), where=q_total > 0)
    smoothed = (1 - smoothing) * q + smoothing * p
    ratio = np.divide(p, smoothed, out=np.ones_like(p), where=p > 0)
    result = (p * np.log(ratio)).sum(axis=1)
    return np.where((p_total[:, 0] > 0) & (q_total[:, 0] > 0), result, np.nan)


def overlap(lists: Lists, earlier: Lists) -> PerListener:
    """Share of a list's items that were on the earlier list of the same listener: |L ∩ L'| / |L|."""
    shared = ((lists[:, :, None] == earlier[:, None, :]) & (lists >= 0)[:, :, None]).any(axis=2).sum(axis=1)
    length = (lists >= 0).sum(axis=1)
    return np.divide(shared, length, out=np.full(len(lists), np.nan), where=length > 0)


def popularity_bias(lists: Lists, history: csr_matrix, popularity: ArrayLike) -> PerListener:
    """Popularity lift: mean popularity of the list / mean popularity of the listener's own items − 1.

    0 is a list as popular as what the listener already plays; 1 is twice as popular (Abdollahpouri et al.
    2020, per listener instead of per group).
    """
    counts = np.asarray(popularity, dtype=np.float64)
    size = np.diff(history.indptr)
    own = np.divide(binary(history) @ counts, size, out=np.full(len(size), np.nan), where=size > 0)
    return _mean_over_list(lists, counts) / own - 1.0


def gini(lists: Lists, n_items: int) -> float:
    """Gini coefficient of how often each item is listed: 0 all alike, towards 1 a few have it all.

    G = Σ_j (2j − n − 1) x_(j) / (n Σ x), x_(j) the j-th smallest count, items never listed included.
    """
    counts = np.sort(np.bincount(lists[lists >= 0], minlength=n_items)).astype(np.float64)
    if not counts.sum():
        return 0.0
    ranks = np.arange(1, n_items + 1)
    return float(((2 * ranks - n_items - 1) * counts).sum() / (n_items * counts.sum()))


def _mean_over_list(lists: Lists, value_of_item: NDArray[np.float64]) -> PerListener:
    listed = lists >= 0
    length = listed.sum(axis=1)
    total = np.where(listed, value_of_item[np.maximum(lists, 0)], 0.0).sum(axis=1)
    return np.divide(total, length, out=np.full(len(lists), np.nan), where=length > 0)
