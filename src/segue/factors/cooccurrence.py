"""What goes together: products of listeners' items, of which each item keeps the largest.

A catalogue's whole product has a number for every two items that one listener has, which is more than memory
holds where items are many. Here a row at a time is made and cut, so that memory is that of what is kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.factors import item_kernels
from segue.factors.solver import chunks_of, threads
from segue.progress import told

MOST_PAIRS = 2e10  # pairs of items of one listener that are looked at: minutes of work
STEPS = 60  # most of conjugate gradient for a neighbourhood; some five are needed
SOLVED = 1e-6  # squared shrinkage of its residual


def largest_products(
    left: csr_matrix,
    right: csr_matrix,
    scales: tuple[NDArray[np.float32], NDArray[np.float32]],
    keep: int,
    shrink: float = 0.0,
) -> csr_matrix:
    """The `keep` entries of each row of `left @ right` that are largest once scaled, as they are unscaled.

    Entry (i, j) is judged by (left right)_ij / (a_i b_j + `shrink`), with a and b the `scales`. What is not
    above 0 and the diagonal are left out; of equal ones the lowest columns stay.

    Args:
        left: (n, listeners).
        right: (listeners, n).
        scales: (n,) and (n,), positive.
        keep: how many of a row.
        shrink: see above.

    Returns:
        (n, n), columns in order.
    """
    left, right = csr_matrix(left, dtype=np.float32), csr_matrix(right, dtype=np.float32)
    a, b = (np.ascontiguousarray(scale, np.float32) for scale in scales)
    n = right.shape[1]
    keep = min(keep, n)
    # Of every item, the pairs that it takes part in.
    # Chunks are cut by this, so that they take about as long as each other: a few tracks take part in most
    # pairs.
    pairs = np.add.reduceat(
        np.append(np.diff(right.indptr)[left.indices], 0), np.minimum(left.indptr[:-1], left.nnz)
    )
    pairs[np.diff(left.indptr) == 0] = 0

    def of(rows: slice) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
        size = rows.stop - rows.start
        ids = np.empty((size, keep), np.int32)
        best = np.empty((size, keep), np.float32)
        found = np.empty(size, np.int64)
        item_kernels.largest_products(
            left.indptr,
            left.indices,
            left.data,
            right.indptr,
            right.indices,
            right.data,
            a,
            b,
            shrink,
            ids,
            best,
            found,
            rows.start,
        )
        kept = np.arange(keep) < found[:, None]
        return ids[kept], best[kept], found

    parts, chunks = [], chunks_of(pairs)
    with threads(0) as run:
        for part in run(of, chunks):
            parts.append(part)
            told(1 / len(chunks))
    columns, values, counts = (np.concatenate(each) for each in zip(*parts, strict=True))
    ends = np.concatenate([[0], np.cumsum(counts)])
    matrix = csr_matrix((values, columns, ends), shape=(n, n))
    matrix.sort_indices()
    return matrix


def regressions(
    products: csr_matrix, diagonal: NDArray[np.float32], neighbourhoods: csr_matrix
) -> csr_matrix:
    """For each item j the b that solves G_SS b = g_S, S being the columns of row j of `neighbourhoods`.

    Args:
        products: (n, n), G off its diagonal. It is symmetric: an entry may stand on one side alone.
        diagonal: (n,) of G, positive.
        neighbourhoods: (n, n), g in each row.

    Returns:
        (n, n), row j holds j's b.
    """
    result = np.zeros(neighbourhoods.nnz, np.float32)

    def solve(rows: slice) -> None:
        item_kernels.regress_neighbourhoods(
            products.indptr,
            products.indices,
            products.data,
            diagonal,
            neighbourhoods.indptr,
            neighbourhoods.indices,
            neighbourhoods.data,
            rows.start,
            rows.stop,
            STEPS,
            SOLVED,
            result,
        )

    # A step of conjugate gradient multiplies by a dense matrix of the neighbourhood, so work grows with its
    # square.
    chunks = chunks_of(np.diff(neighbourhoods.indptr) ** 2)
    with threads(0) as run:
        for _ in run(solve, chunks):
            told(1 / len(chunks))
    return csr_matrix((result, neighbourhoods.indices, neighbourhoods.indptr), shape=neighbourhoods.shape)


def teaching(user_items: csr_matrix, most: float = MOST_PAIRS, seed: int = 0) -> csr_matrix:
    """The same where its listeners have at most so many pairs of items; else the longest rows shortened.

    A listener of n items has n² pairs. Where all are more than `most`, no listener teaches by more items than
    leaves so many; which of them is drawn at random.

    Args:
        user_items: (n_listeners, n_items).
        most: pairs.
        seed: of the draw.
    """
    sizes = np.diff(user_items.indptr).astype(np.float64)
    if (sizes**2).sum() <= most:
        return user_items
    rising = np.sort(sizes)
    below = np.concatenate([[0.0], np.cumsum(rising**2)])[:-1]  # pairs of all who have fewer
    rest = len(rising) - np.arange(len(rising))
    # With everybody from place k on cut to c items there are below_k + rest_k c² pairs.
    cuts = np.sqrt(np.maximum(most - below, 0) / rest)
    longest = max(1, int(cuts[np.flatnonzero(cuts <= rising)[0]]))
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(len(sizes)), np.diff(user_items.indptr))
    place = np.empty(user_items.nnz, np.int64)
    place[np.lexsort((rng.random(user_items.nnz), owner))] = np.arange(user_items.nnz)
    stays = place - user_items.indptr[owner] < longest
    ends = np.concatenate([[0], np.cumsum(np.minimum(np.diff(user_items.indptr), longest))])
    return csr_matrix((user_items.data[stays], user_items.indices[stays], ends), shape=user_items.shape)
