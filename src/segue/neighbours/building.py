"""Choose an engine, build it, and find out how well it finds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segue.errors import UsageError
from segue.neighbours.config import IndexConfig
from segue.neighbours.engines import ENGINES
from segue.neighbours.engines.engine import Vectors
from segue.neighbours.index import Index, Recall
from segue.progress import progress

# Up to here exact search is the default: docs/measurements/neighbours.md has the measurement.
EXACT_BELOW = 50_000


def build_index(
    vectors: ArrayLike,
    ids: ArrayLike | None = None,
    *,
    queries: ArrayLike | None = None,
    config: IndexConfig | None = None,
    **settings: Any,
) -> Index:
    """An index of `vectors` (n, d), its effort chosen for `config.recall` and its recall measured.

    Args:
        ids: (n,), default 0 to n - 1.
        queries: (q, d) like those that will be asked, to choose the effort with; default are the vectors
            themselves, each without itself. Listeners' factors ask an index of tracks otherwise than tracks
            do: give them.
        config: the settings, or give them by name: engine="faiss-ivf", metric="cosine".

    Raises:
        UsageError: settings that are unknown or out of range, an engine that is not installed, both ways of
            giving settings, or vectors of the wrong shape.
        NumericalError: NaN or infinity.
    """
    config = settled(config, settings)
    array = np.asarray(vectors, dtype=np.float32)
    if array.ndim != 2 or not array.shape[1]:
        raise UsageError("Vectors of the wrong shape", expected="(n, d)", got=str(array.shape))
    engine = config.engine
    if engine == "auto":
        large = len(array) > EXACT_BELOW and ENGINES["faiss-hnsw"].installed()
        engine = "faiss-hnsw" if large else "exact"
    index = Index(array.shape[1], engine, config)
    with progress(f"Building the {engine} index of {len(array):,} vectors"):
        index.add(array, ids)
        if len(index):
            _measure(index, None if queries is None else np.asarray(queries, np.float32))
    return index


def settled(config: IndexConfig | None, settings: dict[str, Any]) -> IndexConfig:
    """The settings from an object or by name.

    Raises:
        UsageError: both, or a setting that cannot be taken.
    """
    if config is not None and settings:
        raise UsageError("Settings were given twice", hint="give config, or settings by name")
    try:
        return config or IndexConfig(**settings)
    except ValueError as error:
        raise UsageError(
            "An index can't be built so", expected=", ".join(IndexConfig.model_fields), got=str(error)
        ) from None


def _measure(index: Index, queries: Vectors | None) -> None:
    """Choose the smallest effort that reaches the recall asked for, on one half; report the other half's."""
    config, own = index.config, queries is None
    chance = np.random.default_rng(config.seed)
    pool = index.ids if queries is None else np.arange(len(queries))
    drawn = chance.permutation(pool)[: config.sample]
    if not len(drawn):
        return
    asked = index.vectors(drawn) if queries is None else queries[drawn]
    own_ids = drawn if own else None
    at = max(1, min(config.recall_at, len(index) - own))
    right = _others(index.exact(asked, at + own)[0], own_ids)[:, :at]
    half = (len(drawn) + 1) // 2
    # The queries that chose the effort would flatter it.
    choosing, reporting = slice(0, half), slice(half if half < len(drawn) else 0, None)

    def recall(effort: int, part: slice) -> float:
        mine = None if own_ids is None else own_ids[part]
        found = index.query(asked[part], at + own, effort=effort)[0]
        return share_found(index, asked[part], _others(found, mine)[:, :at], right[part])

    kind = ENGINES[index.engine_name]
    low, most = kind.least_effort, index.most_effort()
    effort = low
    while not kind.exact and recall(effort, choosing) < config.recall and effort < most:
        low, effort = effort, min(2 * effort, most)
    reached = kind.exact or recall(effort, choosing) >= config.recall
    while reached and effort > low * 1.1 + 1:  # halve the step that was doubled
        middle = (low + effort) // 2
        low, effort = (low, middle) if recall(middle, choosing) >= config.recall else (middle, effort)
    index.effort = effort
    index.recall_ = Recall(
        recall=recall(effort, reporting),
        at=at,
        effort=effort,
        target=config.recall,
        reached=reached,
        queries=len(drawn[reporting]),
        sampled_from="its own vectors without themselves" if own else "given queries",
    )


def _others(ids: NDArray[np.int64], own: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """`ids` (q, k), in each row the query's own id moved to the end."""
    if own is None:
        return ids
    order = np.argsort(ids == own[:, None], axis=1, kind="stable")
    return np.take_along_axis(ids, order, 1)


def share_found(index: Index, queries: Vectors, found: NDArray[np.int64], right: NDArray[np.int64]) -> float:
    """Recall: how many of the ids `found` (q, k) are as near as the true nearest, `right` (q, k).

    Not the ids are compared but the distances, to float precision: tracks that are always played together
    have one vector, and which of them comes among the nearest is chance.
    """
    real = np.count_nonzero(right >= 0, axis=1)
    last = np.where(right >= 0, _distances(index, queries, right), -np.inf).max(axis=1, keepdims=True)
    near = _distances(index, queries, found) <= last + 1e-5 * np.maximum(1, np.abs(last))
    hits = np.minimum(np.count_nonzero(near, axis=1), real)
    return float(hits.sum() / max(1, real.sum()))


def _distances(index: Index, queries: Vectors, ids: NDArray[np.int64]) -> Vectors:
    """Distances (q, k) up to a constant factor for each query, by the definition; inf for id -1."""
    far = np.full(ids.shape, np.inf, np.float32)
    rows, columns = np.nonzero(ids >= 0)
    vectors, asked = index.vectors(ids[rows, columns]), queries[rows]
    if index.metric == "l2":
        far[rows, columns] = np.square(vectors - asked).sum(axis=1)
    else:
        far[rows, columns] = -np.einsum("ij,ij->i", vectors, asked)
    return far
