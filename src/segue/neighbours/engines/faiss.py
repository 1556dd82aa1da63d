"""FAISS (Douze et al. 2024): HNSW graphs (Malkov & Yashunin 2018) and inverted files over k-means cells."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from segue.neighbours.config import IndexConfig, Metric
from segue.neighbours.engines.engine import Engine, Found, Vectors, cores

FILE = "index.faiss"


class Faiss(Engine):
    """What both kinds share."""

    module = "faiss"
    extra = "neighbours"
    files = (FILE,)
    filters = True
    mapping: ClassVar[str]  # the flag that maps this kind of file into memory

    def __init__(self, inner: Any, metric: Metric, source: Path | None = None) -> None:
        self.inner = inner
        self.metric: Metric = metric
        self.source = source  # the file that `inner` is mapped from

    @abstractmethod
    def parameters(self, effort: int, k: int, selector: Any) -> Any:
        """FAISS' parameters of one search."""

    def append(self, new: Vectors, vectors: Vectors) -> Self:
        faiss = self.library()
        if self.source is not None:  # FAISS aborts the process when a mapped index is added to
            self.inner, self.source = faiss.read_index(str(self.source)), None
        with omp_threads(faiss, 1):
            self.inner.add(np.ascontiguousarray(new))
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
        faiss = self.library()
        bits = None if allowed is None else np.packbits(allowed, bitorder="little")
        selector = None if bits is None else faiss.IDSelectorBitmap(bits)
        with omp_threads(faiss, num_threads):
            distances, rows = self.inner.search(queries, k, params=self.parameters(effort, k, selector))
        if self.metric != "l2":
            np.subtract(1, distances, out=distances)
        if rows.size and rows.min() < 0:
            distances[rows < 0] = np.inf
        return rows, distances

    def save(self, folder: Path) -> None:
        self.library().write_index(self.inner, str(folder / FILE))

    @classmethod
    def load(cls, folder: Path, vectors: Vectors, metric: Metric, config: IndexConfig, mmap: bool) -> Self:
        faiss = cls.library()
        path = folder / FILE
        inner = faiss.read_index(str(path), getattr(faiss, cls.mapping) if mmap else 0)
        return cls(inner, metric, path if mmap else None)


class FaissHnsw(Faiss):
    """A graph of small worlds; effort is efSearch, the candidates kept while walking it."""

    name = "faiss-hnsw"
    mapping = "IO_FLAG_MMAP_IFC"

    @classmethod
    def build(cls, vectors: Vectors, metric: Metric, config: IndexConfig) -> Self:
        faiss = cls.library()
        inner = faiss.IndexHNSWFlat(vectors.shape[1], config.links, _faiss_metric(faiss, metric))
        inner.hnsw.efConstruction = config.construction
        inner.hnsw.rng = faiss.RandomGenerator(config.seed)
        with omp_threads(faiss, config.build_threads):
            inner.add(np.ascontiguousarray(vectors))
        return cls(inner, metric)

    def parameters(self, effort: int, k: int, selector: Any) -> Any:
        return self.library().SearchParametersHNSW(efSearch=max(effort, k), sel=selector)

    def most_effort(self) -> int:
        return max(16, self.inner.ntotal // 4)


class FaissIvf(Faiss):
    """Cells of k-means; effort is nprobe, the cells looked into. At all cells it is exact."""

    name = "faiss-ivf"
    mapping = "IO_FLAG_MMAP"

    @classmethod
    def build(cls, vectors: Vectors, metric: Metric, config: IndexConfig) -> Self:
        faiss = cls.library()
        n, d = vectors.shape
        kind = _faiss_metric(faiss, metric)
        cells = min(config.lists or max(1, round(2 * n**0.5)), n)
        quantizer = faiss.IndexFlatL2(d) if metric == "l2" else faiss.IndexFlatIP(d)
        inner = faiss.IndexIVFFlat(quantizer, d, cells, kind)
        inner.cp.seed = config.seed
        inner.cp.min_points_per_centroid = 1  # small sets are meant; FAISS would print a warning
        with omp_threads(faiss, config.build_threads):
            inner.train(np.ascontiguousarray(vectors))
            inner.add(np.ascontiguousarray(vectors))
        return cls(inner, metric)

    def parameters(self, effort: int, k: int, selector: Any) -> Any:
        return self.library().SearchParametersIVF(nprobe=min(max(effort, 1), self.inner.nlist), sel=selector)

    def most_effort(self) -> int:
        return self.inner.nlist


@contextmanager
def omp_threads(faiss: Any, count: int) -> Generator[None]:
    """Let FAISS use that many threads (0: one a core) for calls from this thread."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count or cores())
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _faiss_metric(faiss: Any, metric: Metric) -> int:
    return faiss.METRIC_L2 if metric == "l2" else faiss.METRIC_INNER_PRODUCT
