"""Filtered search that still returns k: ask the engine for more, then more still, then search exactly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segue.neighbours.config import Metric
from segue.neighbours.engines.engine import Engine, Found, Query, Vectors
from segue.neighbours.engines.exact import nearest
from segue.neighbours.rows import Ids

FEW = 8192  # so many allowed rows are compared one by one as fast as any engine walks past the others
SHARE = 32  # as is a smaller share of all rows than 1 in this
GROWTH = 4  # how much more is asked for when too few were left


def search(
    engine: Engine, vectors: Vectors, metric: Metric, query: Query, *, effort: int, num_threads: int
) -> Found:
    """The k nearest rows that are allowed and not excluded; fewer only if there are no more.

    Args:
        engine: which is asked first.
        vectors: (n, d), for the exact search.
        metric: of the exact search.
        query: what is looked for.
        effort: of the engine's search.
        num_threads: 0 is one a core.
    """
    queries, k, allowed, excluded = query.vectors, query.k, query.allowed, query.excluded

    def exactly(which: Ids) -> Found:
        mine = None if excluded is None else [excluded[i] for i in which]
        part = Query(queries[which], k, allowed, mine)
        return nearest(vectors, metric, part, num_threads=num_threads)

    n = len(vectors)
    count = n if allowed is None else int(np.count_nonzero(allowed))
    everyone = np.arange(len(queries))
    unfiltered = allowed is None and excluded is None
    if engine.exact or k * SHARE > n or (not unfiltered and count <= max(FEW, n // SHARE)):
        return exactly(everyone)
    if unfiltered:
        rows, distances = engine.search(queries, k, effort=effort, num_threads=num_threads)
        lacking = np.flatnonzero(rows[:, -1] < 0)  # parts of a graph can be out of reach
        if len(lacking):
            rows[lacking], distances[lacking] = exactly(lacking)
        return rows, distances

    rows = np.full((len(queries), k), -1, np.int64)
    distances = np.full((len(queries), k), np.inf, np.float32)
    longest = max((len(each) for each in excluded), default=0) if excluded else 0
    scarcity = n / count  # of every so many rows one is allowed
    ask = k + min(longest, GROWTH * k)
    if not engine.filters:
        ask = int(np.ceil(ask * scarcity))
    todo = everyone
    while len(todo) and ask * SHARE <= n:
        found, far = engine.search(
            queries[todo],
            ask,
            effort=int(effort * scarcity),
            num_threads=num_threads,
            allowed=allowed if engine.filters else None,
        )
        keep = found >= 0
        if allowed is not None and not engine.filters:
            keep &= allowed[found]
        if excluded is not None:
            keep &= ~_member(found, [excluded[i] for i in todo], n)
        first = np.argsort(~keep, axis=1, kind="stable")[:, :k]
        enough = np.count_nonzero(keep, axis=1) >= k
        done = todo[enough]
        rows[done] = np.take_along_axis(found, first, 1)[enough]
        distances[done] = np.take_along_axis(far, first, 1)[enough]
        todo = todo[~enough]
        ask, effort = ask * GROWTH, effort * GROWTH
    if len(todo):
        rows[todo], distances[todo] = exactly(todo)
    return rows, distances


def _member(found: Ids, excluded: Sequence[Ids], n: int) -> NDArray[np.bool_]:
    """Whether each of `found` (q, w) is among its query's excluded rows."""
    lengths = [len(each) for each in excluded]
    if not sum(lengths):
        return np.zeros(found.shape, bool)
    # One sorted list of pairs for all queries: those of query i lie between i n and (i + 1) n.
    pairs = np.concatenate(excluded) + np.repeat(np.arange(len(excluded)), lengths) * n
    mine = np.maximum(found, 0) + np.arange(len(found))[:, None] * n
    at = np.minimum(np.searchsorted(pairs, mine), len(pairs) - 1)
    return (pairs[at] == mine) & (found >= 0)
