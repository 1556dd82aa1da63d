"""The best N of a catalogue for many listeners at once: blocked products and selection in bounded memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from segue.factors import kernels
from segue.factors.arguments import ArgumentError, how_many, ids_in
from segue.factors.products import FEW, products
from segue.factors.solver import threads

LEFT_OUT = float(np.finfo(np.float32).min)  # the score of what may not be recommended, as `implicit` has it
ROWS = 256  # listeners a thread takes at a time
COLUMNS = 2048  # items scored for them at a time: a block of scores is 2 MB and stays in cache


@dataclass(frozen=True)
class Filter:
    """Which items may be recommended; by default all."""

    seen: csr_matrix | None = None  # (q, m) left out for each query: every stored entry
    left_out: ArrayLike | None = None  # item numbers left out for all
    only: ArrayLike | None = None  # the only item numbers that may come; not together with `left_out`


ALL = Filter()


def best(
    queries: NDArray[np.float32],
    items: NDArray[np.float32],
    n: int,
    among: Filter = ALL,
    *,
    scale: NDArray[np.float32] | None = None,
    num_threads: int = 0,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The n highest inner products of each query with the items.

    Args:
        queries: (q, f).
        items: (m, f).
        n: how many; at most m are returned.
        among: which items may come.
        scale: (m,), multiplies the products, for cosines.
        num_threads: 0 is one a core.

    Returns:
        ids int32 and scores float32, (q, min(n, m)), best first, equal scores by lower id. Where fewer are
        left, the rest are left-out items with the score `LEFT_OUT`.

    Raises:
        ArgumentError: both `left_out` and `only`, or an `n` that is no number of results.
        IndexError: an id that is not among the items.
    """
    n = how_many(n)
    if among.only is None:
        return _all(queries, items, n, among, scale, num_threads)
    if among.left_out is not None:
        raise ArgumentError("Ids to rank and ids to leave out were both given", hint="pass one of them")
    chosen = np.unique(ids_in(among.only, len(items), "Ids to rank"))
    seen = among.seen
    if seen is not None:
        # Brought to the width of the items first: rows may be narrower, and a column beyond their end could
        # not be chosen.
        seen = csr_matrix((seen.data, seen.indices, seen.indptr), shape=(seen.shape[0], len(items)))[
            :, chosen
        ]
    scale = None if scale is None else scale[chosen]
    ids, scores = _all(queries, items[chosen], n, Filter(seen), scale, num_threads)
    return chosen[ids].astype(np.int32), scores


def _all(
    queries: NDArray[np.float32],
    items: NDArray[np.float32],
    n: int,
    among: Filter,
    scale: NDArray[np.float32] | None,
    num_threads: int,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """`best` where nothing is said of the only items that may come."""
    q, m = len(queries), len(items)
    n = min(n, m)
    ids = np.full((q, n), np.iinfo(np.int32).max, np.int32)
    scores = np.full((q, n), -np.inf, np.float32)
    banned, seen = np.empty(0, np.int64), among.seen
    if among.left_out is not None:
        banned = np.unique(ids_in(among.left_out, m, "Ids to leave out"))
    if seen is not None and not seen.has_sorted_indices:
        seen = seen.sorted_indices()
    if seen is None:
        seen = csr_matrix((q, m), dtype=np.float32)
    kernels.ready()
    # A block of scores for each thread, used again for every block of the catalogue: memory does not grow
    # with either side.
    own = threading.local()
    # Fewer queries than a whole block of rows get wider blocks of columns, of the same size.
    wide = COLUMNS * (ROWS // min(max(q, 1), ROWS))

    def work(start: int) -> None:
        rows = slice(start, min(start + ROWS, q))
        if not hasattr(own, "room"):
            own.room = np.empty(ROWS * COLUMNS, np.float32)
        for column in range(0, m, wide):
            columns = slice(column, min(column + wide, m))
            shape = (rows.stop - rows.start, columns.stop - columns.start)
            block = own.room[: shape[0] * shape[1]].reshape(shape)
            if q <= FEW:
                block[:] = products(queries, items[columns])
            else:
                np.matmul(queries[rows], items[columns].T, out=block)
            if scale is not None:
                block *= scale[columns]
            if len(banned):
                a, b = np.searchsorted(banned, (columns.start, columns.stop))
                block[:, banned[a:b] - column] = LEFT_OUT
            mine = seen.indptr[rows.start : rows.stop + 1]
            kernels.select(block, column, mine, seen.indices, LEFT_OUT, ids[rows], scores[rows])

    if n:
        with threads(num_threads if q > ROWS else 1) as run:
            for _ in run(work, range(0, q, ROWS)):
                pass
    order = np.lexsort((ids, -scores), axis=1)
    return np.take_along_axis(ids, order, axis=1), np.take_along_axis(scores, order, axis=1)
