"""Voyager, Spotify's HNSW. Its file is read into memory: it has no memory map."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from segue.neighbours.config import IndexConfig, Metric
from segue.neighbours.engines.engine import Engine, Found, Vectors

FILE = "index.voyager"
SPACES: dict[Metric, str] = {"inner_product": "InnerProduct", "cosine": "Cosine", "l2": "Euclidean"}


class Voyager(Engine):
    """Effort is query_ef, the candidates kept while walking the graph."""

    name = "voyager"
    module = "voyager"
    extra = "voyager"
    files = (FILE,)

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    @classmethod
    def build(cls, vectors: Vectors, metric: Metric, config: IndexConfig) -> Self:
        voyager = cls.library()
        inner = voyager.Index(
            getattr(voyager.Space, SPACES[metric]),
            num_dimensions=vectors.shape[1],
            M=config.links,
            ef_construction=config.construction,
            random_seed=config.seed + 1,  # Voyager takes 0 for "not set"
            max_elements=len(vectors),
        )
        inner.add_items(vectors, list(range(len(vectors))), num_threads=config.build_threads or -1)
        return cls(inner)

    def append(self, new: Vectors, vectors: Vectors) -> Self:
        self.inner.add_items(new, list(range(len(vectors) - len(new), len(vectors))), num_threads=1)
        return self

    def search(
        self,
        queries: Vectors,
        k: int,
        *,
        effort: int,
        num_threads: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> Found:
        error = self.library().RecallError
        n = len(self.inner)
        effort = max(effort, k)
        while True:
            try:
                rows, distances = self.inner.query(queries, k, num_threads or -1, effort)
                return rows.astype(np.int64), distances
            except error:  # a query reached fewer than k: look further, and if that is everything, give less
                if effort < n:
                    effort = min(4 * effort, n)
                elif len(queries) > 1:
                    return self._one_by_one(queries, k, effort)
                elif k > 1:
                    rows, distances = self.search(queries, k // 2, effort=effort, num_threads=1)
                    lacking = ((0, 0), (0, k - rows.shape[1]))
                    return (
                        np.pad(rows, lacking, constant_values=-1),
                        np.pad(distances, lacking, constant_values=np.inf),
                    )
                else:
                    return np.full((1, 1), -1), np.full((1, 1), np.inf, np.float32)

    def _one_by_one(self, queries: Vectors, k: int, effort: int) -> Found:
        found = [self.search(query[None], k, effort=effort, num_threads=1) for query in queries]
        return np.concatenate([rows for rows, _ in found]), np.concatenate([far for _, far in found])

    def most_effort(self) -> int:
        return max(16, len(self.inner) // 4)

    def save(self, folder: Path) -> None:
        self.inner.save(str(folder / FILE))

    @classmethod
    def load(cls, folder: Path, vectors: Vectors, metric: Metric, config: IndexConfig, mmap: bool) -> Self:
        return cls(cls.library().Index.load(str(folder / FILE)))
