"""Exact search: blocked products by BLAS, and the best of each block kept. Vectors may be memory-mapped."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from segue.factors.solver import threads
from segue.neighbours.config import IndexConfig, Metric
from segue.neighbours.engines.engine import Engine, Found, Query, Vectors
from segue.neighbours.engines.kernel import keep_best

QUERIES = 64  # queries a thread takes at a time
COLUMNS = 4096  # vectors compared with them at a time: a block of products is 1 MB and stays in cache
NONE = np.iinfo(np.int32).max


class Exact(Engine):
    """Compares every vector. Nothing to build, and always right."""

    name = "exact"
    exact = True
    filters = True

    def __init__(self, vectors: Vectors, metric: Metric) -> None:
        self.vectors = vectors
        self.metric: Metric = metric

    @classmethod
    def build(cls, vectors: Vectors, metric: Metric, config: IndexConfig) -> Self:
        return cls(vectors, metric)

    def append(self, new: Vectors, vectors: Vectors) -> Self:
        return type(self)(vectors, self.metric)

    def search(
        self,
        queries: Vectors,
        k: int,
        *,
        effort: int = 0,
        num_threads: int = 0,
        allowed: NDArray[np.bool_] | None = None,
    ) -> Found:
        return nearest(self.vectors, self.metric, Query(queries, k, allowed), num_threads=num_threads)

    def most_effort(self) -> int:
        return 1

    def save(self, folder: Path) -> None:
        """The vectors are all there is."""

    @classmethod
    def load(cls, folder: Path, vectors: Vectors, metric: Metric, config: IndexConfig, mmap: bool) -> Self:
        return cls(vectors, metric)


def nearest(vectors: Vectors, metric: Metric, query: Query, *, num_threads: int = 0) -> Found:
    """The k rows of `vectors` (n, d) nearest each query; equal distances by lower row.

    Returns:
        rows int64 (q, k), -1 where fewer are left, and distances float32 (q, k), inf there.
    """
    queries, k, allowed, excluded = query.vectors, query.k, query.allowed, query.excluded
    rows_allowed = None
    if allowed is not None and np.count_nonzero(allowed) * 4 < len(vectors):
        rows_allowed = np.flatnonzero(allowed)  # few: copying them costs less than comparing all
        vectors = np.asarray(vectors[rows_allowed])
        if excluded is not None:
            excluded = [_places(rows, rows_allowed) for rows in excluded]
        allowed = None
    n, width = len(vectors), min(k, len(vectors))
    found = np.full((len(queries), width), NONE, np.int32)
    scores = np.full((len(queries), width), -np.inf, np.float32)
    offset = np.zeros(n, np.float32) if allowed is None else np.where(allowed, 0, -np.inf).astype(np.float32)

    def work(start: int) -> None:
        part = slice(start, min(start + QUERIES, len(queries)))
        for first in range(0, n, COLUMNS):
            columns = slice(first, min(first + COLUMNS, n))
            some = vectors[columns]
            block = queries[part] @ some.T
            if metric == "l2":  # ‖x - y‖² = ‖x‖² - 2 (x·y - ‖y‖²/2): the largest bracket is the nearest
                block -= 0.5 * np.einsum("ij,ij->i", some, some)
            if excluded is not None:
                for u, mine in enumerate(excluded[part]):
                    a, b = np.searchsorted(mine, (columns.start, columns.stop))
                    block[u, mine[a:b] - first] = -np.inf
            keep_best(block, offset[columns], first, found[part], scores[part])

    if width and len(queries):
        with threads(num_threads if len(queries) > QUERIES else 1) as run:
            for _ in run(work, range(0, len(queries), QUERIES)):
                pass
    missing = found == NONE
    rows = np.where(missing, 0, found).astype(np.int64)
    if metric == "l2":  # from the differences, since the bracket loses digits far from the origin
        distances = np.empty(rows.shape, np.float32)
        for i in range(len(rows)):
            difference = vectors[rows[i]] - queries[i]
            distances[i] = np.einsum("ij,ij->i", difference, difference)
    else:
        distances = 1 - scores
    distances[missing] = np.inf
    rows[missing] = NONE
    order = np.lexsort((rows, distances), axis=1)
    rows, distances = np.take_along_axis(rows, order, 1), np.take_along_axis(distances, order, 1)
    lost = rows == NONE
    rows = np.where(lost, 0, rows) if rows_allowed is None else rows_allowed[np.where(lost, 0, rows)]
    return padded(np.where(lost, -1, rows), distances, k)


def padded(rows: NDArray[np.int64], distances: NDArray[np.float32], k: int) -> Found:
    """Widen results to k columns with row -1 and distance inf."""
    lacking = k - rows.shape[1]
    if lacking <= 0:
        return rows, distances
    return (
        np.pad(rows, ((0, 0), (0, lacking)), constant_values=-1),
        np.pad(distances, ((0, 0), (0, lacking)), constant_values=np.inf),
    )


def _places(rows: NDArray[np.int64], among: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where those of `rows` that are `among` (sorted) stand in it."""
    at = np.searchsorted(among, rows)
    at[at == len(among)] = 0
    return at[among[at] == rows] if len(among) else at[:0]
