"""Annoy, Spotify's forest of random projections; its file is always memory-mapped."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from segue.neighbours.config import IndexConfig, Metric
from segue.neighbours.engines.engine import Engine, Found, Vectors

FILE = "index.annoy"
KINDS: dict[Metric, str] = {"inner_product": "dot", "cosine": "angular", "l2": "euclidean"}


class Annoy(Engine):
    """Effort is search_k, the nodes looked at. A forest takes no additions: `append` grows a new one."""

    name = "annoy"
    module = "annoy"
    extra = "annoy"
    files = (FILE,)
    least_effort = 100

    def __init__(self, inner: Any, metric: Metric, config: IndexConfig) -> None:
        self.inner = inner
        self.metric: Metric = metric
        self.config = config

    @classmethod
    def build(cls, vectors: Vectors, metric: Metric, config: IndexConfig) -> Self:
        inner = cls.library().AnnoyIndex(vectors.shape[1], KINDS[metric])
        inner.set_seed(config.seed + 1)
        for row, vector in enumerate(vectors):
            inner.add_item(row, vector)
        inner.build(config.trees, n_jobs=config.build_threads or -1)
        return cls(inner, metric, config)

    def append(self, new: Vectors, vectors: Vectors) -> Self:
        return self.build(vectors, self.metric, self.config)

    def search(
        self,
        queries: Vectors,
        k: int,
        *,
        effort: int,
        num_threads: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> Found:
        rows = np.full((len(queries), k), -1, np.int64)
        distances = np.full((len(queries), k), np.inf, np.float32)
        effort = max(effort, k)
        for i, query in enumerate(queries):
            near, far = self.inner.get_nns_by_vector(query, k, effort, include_distances=True)
            rows[i, : len(near)], distances[i, : len(far)] = near, far
        if self.metric == "inner_product":
            distances[rows >= 0] = 1 - distances[rows >= 0]  # Annoy gives the product
        elif self.metric == "cosine":
            distances = distances**2 / 2  # Annoy gives the chord √(2 - 2 cos)
        else:
            distances = distances**2
        return rows, distances

    def most_effort(self) -> int:
        return max(self.least_effort, self.inner.get_n_items() * self.config.trees)

    def save(self, folder: Path) -> None:
        self.inner.save(str(folder / FILE))

    @classmethod
    def load(cls, folder: Path, vectors: Vectors, metric: Metric, config: IndexConfig, mmap: bool) -> Self:
        inner = cls.library().AnnoyIndex(vectors.shape[1], KINDS[metric])
        inner.load(str(folder / FILE))
        return cls(inner, metric, config)
