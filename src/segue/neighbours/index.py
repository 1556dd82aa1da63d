"""The index: vectors with ids, and the nearest of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from segue.errors import NotFoundError, NumericalError, UsageError
from segue.files import digest, from_json, reading, refuse_changed, replacing, to_json
from segue.neighbours import filtering
from segue.neighbours.config import EngineName, IndexConfig, Metric
from segue.neighbours.engines import ENGINES, engine_named
from segue.neighbours.engines.engine import Engine, Query, Vectors
from segue.neighbours.engines.exact import nearest, padded
from segue.neighbours.rows import Ids, Rows, allowed_rows, as_ids, excluded_rows, new_ids

FACTS, VECTORS, IDS, ALIVE = "index.json", "vectors.npy", "ids.npy", "alive.npy"
FILES = {VECTORS, IDS, ALIVE, *(name for kind in ENGINES.values() for name in kind.files)}
AGAIN = "build it again"
MOST_GONE = 3  # with more than 1 row in 3 gone, the index is built anew


class Recall(BaseModel):
    """What was measured against exact search when the index was built."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recall: float = Field(description="Share of the true nearest that were found, on the reporting half.")
    at: int = Field(description="Neighbours it is counted over.")
    effort: int = Field(description="Effort it was measured at, and that queries take by default.")
    target: float = Field(description="Recall that was asked for.")
    reached: bool = Field(description="Whether the choosing half of the sample reached the target.")
    queries: int = Field(description="Queries in the reporting half.")
    sampled_from: str = Field(description="given queries, or the index's own vectors without themselves.")


class Index:
    """Vectors (n, d) float32 under ids int64, one engine to search them.

    Signatures follow Voyager's: query(vectors, k) -> (ids, distances), nearest first. Distances are 1 - x·y
    (inner_product), 1 - cos (cosine; the index keeps unit vectors, and a zero vector has distance 1 from all)
    or ‖x - y‖² (l2). Departures from Voyager: ids that are there already are replaced, where fewer than k are
    left the rest is id -1 and distance inf, and queries take filters.

    Attributes:
        config: the settings; engine_name, metric and num_dimensions say what it is.
        effort: how far a query looks by default: efSearch, nprobe, query_ef or search_k of the engine.
        recall_: what was measured when it was built by `build_index`, else None.
    """

    def __init__(self, num_dimensions: int, engine: EngineName = "exact", config: IndexConfig | None = None):
        """An empty index.

        Raises:
            UsageError: an engine that is unknown or not installed, or fewer than one dimension.
        """
        if num_dimensions < 1:
            raise UsageError("Vectors need at least one dimension", got=str(num_dimensions))
        self.num_dimensions = num_dimensions
        self.engine_name = engine
        self._kind = engine_named(engine)
        self.config = (config or IndexConfig()).model_copy(update={"engine": engine})
        self.effort = max(64, self._kind.least_effort)
        self.recall_: Recall | None = None
        self._vectors: Vectors = np.empty((0, num_dimensions), np.float32)
        self._rows = Rows(np.empty(0, np.int64))
        self._engine: Engine | None = None

    @property
    def metric(self) -> Metric:
        """inner_product, cosine or l2."""
        return self.config.metric

    @property
    def ids(self) -> Ids:
        """The ids that are there, (n,), in the order in which masks are read."""
        return self._rows.ids[self._rows.living()]

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, item: int) -> bool:
        return bool(self._rows.find([item])[0] >= 0)

    def vectors(self, ids: ArrayLike) -> Vectors:
        """The vectors of `ids`, (m, d); unit vectors if the metric is cosine.

        Raises:
            NotFoundError: an id that is not there.
        """
        return self._vectors[self._found(ids)]

    def add(self, vectors: ArrayLike, ids: ArrayLike | None = None) -> Ids:
        """Add vectors (m, d), best many at once; return their ids, by default numbers after the largest.

        A vector whose id is there already takes its place. Annoy grows its whole forest anew.

        Raises:
            UsageError: another number of dimensions or ids, ids that are negative or given twice.
            NumericalError: NaN or infinity.
        """
        new = self._checked(vectors, "Vectors")
        added = new_ids(ids, len(new), self._rows)
        if not len(new):
            return added
        old = self._rows.find(added)
        if (old >= 0).any():
            self._rows = self._rows.without(old[old >= 0])
        self._rows = self._rows.followed_by(added)
        self._vectors = np.concatenate([self._vectors, new])
        if self._engine is None:
            self._engine = self._kind.build(self._vectors, self.metric, self.config)
        else:
            self._engine = self._engine.append(new, self._vectors)
        self._tidy()
        return added

    def remove(self, ids: ArrayLike) -> None:
        """Take vectors out.

        Raises:
            NotFoundError: an id that is not there; nothing is removed then.
        """
        self._rows = self._rows.without(self._found(ids))
        self._tidy()

    def query(
        self,
        vectors: ArrayLike,
        k: int = 10,
        *,
        exclude: NDArray | Sequence[int] | Sequence[ArrayLike] | None = None,
        allow: ArrayLike | None = None,
        effort: int | None = None,
        num_threads: int = 0,
    ) -> tuple[Ids, NDArray[np.float32]]:
        """The k nearest of each query.

        Args:
            vectors: (d,), or (q, d).
            exclude: ids that may not come, for all queries; or a list of q such lists, one for each.
            allow: the only ids that may come, or a mask of booleans (n,) in the order of `ids`.
            effort: more finds more and takes longer; default is what `build_index` chose.
            num_threads: 0 is one a core.

        Returns:
            ids int64 and distances float32, (k,) or (q, k), nearest first. Filters never cost places: where
            the engine's first answer leaves fewer than k, it is asked for more, and in the end everything
            allowed is compared. Only where no more are left, the rest is id -1 and distance inf.

        Raises:
            UsageError: another number of dimensions, k below 1, or a filter that does not fit.
            NumericalError: NaN or infinity.
        """
        single = np.ndim(vectors) == 1
        queries = self._checked([vectors] if single else vectors, "Queries")
        if k < 1:
            raise UsageError("At least one neighbour must be asked for", got=f"k = {k}")
        excluded = None if exclude is None else excluded_rows(exclude, len(queries), self._rows)
        allowed = allowed_rows(allow, self._rows)
        n = len(self._rows.ids)
        effort = effort or self.effort
        if self._engine is None or not len(queries):
            rows = np.full((len(queries), k), -1, np.int64)
            distances = np.full((len(queries), k), np.inf, np.float32)
        else:
            rows, distances = filtering.search(
                self._engine,
                self._vectors,
                self.metric,
                Query(queries, min(k, n), allowed, excluded),
                effort=effort,
                num_threads=num_threads,
            )
        rows, distances = padded(rows, distances, k)
        ids = self._rows.ids_of(rows)
        return (ids[0], distances[0]) if single else (ids, distances)

    def exact(
        self, vectors: ArrayLike, k: int = 10, *, num_threads: int = 0
    ) -> tuple[Ids, NDArray[np.float32]]:
        """The true k nearest of queries (q, d), by comparing all, whatever the engine; as from `query`."""
        queries = self._checked(vectors, "Queries")
        query = Query(queries, k, self._rows.alive)
        rows, distances = nearest(self._vectors, self.metric, query, num_threads=num_threads)
        return self._rows.ids_of(rows), distances

    def most_effort(self) -> int:
        """The effort beyond which a query becomes as slow as exact search."""
        return 1 if self._engine is None else self._engine.most_effort()

    def rebuild(self) -> None:
        """Build the engine anew from the vectors that are there."""
        living = self._rows.living()
        self._vectors = np.ascontiguousarray(self._vectors[living])
        self._rows = Rows(self._rows.ids[living])
        self._engine = self._kind.build(self._vectors, self.metric, self.config) if len(living) else None

    def save(self, path: Path | str) -> None:
        """Write the index into a new folder, all or nothing.

        Raises:
            UsageError: `path` is there already (the shelf keeps versions).
        """
        path = Path(path)
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise UsageError(f"{path} is there already", hint="choose a new folder, or publish on a shelf")
        with replacing(path) as aside:
            aside.mkdir()
            self.write(aside)

    def write(self, folder: Path) -> None:
        """Write the index's files into a folder that is there: what `Shelf.publish` calls."""
        np.save(folder / VECTORS, self._vectors, allow_pickle=False)
        np.save(folder / IDS, self._rows.ids, allow_pickle=False)
        if self._rows.alive is not None:
            np.save(folder / ALIVE, self._rows.alive, allow_pickle=False)
        if self._engine is not None:
            self._engine.save(folder)
        paths = [path for path in sorted(folder.iterdir()) if path.name in FILES]
        sizes = {path.name: path.stat().st_size for path in paths}
        facts = self.facts() | {"bytes": sizes, "sha256": {path.name: digest(path) for path in paths}}
        (folder / FACTS).write_text(to_json(facts), encoding="utf-8")

    def facts(self) -> dict[str, Any]:
        """What the index is and how well it finds: index.json, and material for the shelf's manifest."""
        return {
            "format": "segue-index",
            "version": 1,
            "num_dimensions": self.num_dimensions,
            "count": len(self),
            "effort": self.effort,
            "config": self.config.model_dump(),
            "recall": None if self.recall_ is None else self.recall_.model_dump(),
        }

    def manifest(self) -> dict[str, Any]:
        """The publisher's part of the shelf's manifest; add `data` and `made_from`."""
        facts = self.facts()
        return {
            "kind": "Index",
            "config": facts["config"],
            "seed": self.config.seed,
            "metrics": {**(facts["recall"] or {}), "effort": self.effort},
            "shapes": {"vectors": [len(self), self.num_dimensions]},
        }

    @classmethod
    def load(cls, path: Path | str, mmap: bool = True) -> Index:
        """Open a saved index; with `mmap` vectors and FAISS' and Annoy's structures are mapped, not read.

        Raises:
            NotFoundError: nothing is there.
            FormatError: it is not an index, or a file of it is spoilt.
            UsageError: its engine is not installed.
        """
        path = Path(path)
        if not path.is_dir():
            raise NotFoundError(f"No index at {path}")
        facts = from_json(path / FACTS, "an index", AGAIN)
        with reading(path, "a whole index", AGAIN):
            if (facts["format"], facts["version"]) != ("segue-index", 1):
                raise ValueError(f"{facts['format']} {facts['version']}")
            for name, size in facts["bytes"].items():  # engines crash on damaged files
                if name not in FILES or (path / name).stat().st_size != size:
                    raise ValueError(f"{name} does not have its {size} bytes")
            for name, expected in facts.get("sha256", {}).items():  # earlier versions had none
                refuse_changed(path / name, expected, "a part of an index", AGAIN)
            config = IndexConfig.model_validate(facts["config"])
            vectors = np.load(path / VECTORS, mmap_mode="r" if mmap else None, allow_pickle=False)
            vectors = vectors.view(np.ndarray)
            ids = np.load(path / IDS, allow_pickle=False)
            alive = np.load(path / ALIVE, allow_pickle=False) if (path / ALIVE).exists() else None
            if vectors.shape != (len(ids), facts["num_dimensions"]) or vectors.dtype != np.float32:
                raise ValueError(f"vectors of shape {vectors.shape}, {len(ids)} ids")
            index = cls(facts["num_dimensions"], config.engine, config)  # ty: ignore[invalid-argument-type]
            index.effort = int(facts["effort"])
            index.recall_ = None if facts["recall"] is None else Recall.model_validate(facts["recall"])
            index._vectors, index._rows = vectors, Rows(ids, alive)
            if len(ids):
                index._engine = index._kind.load(path, vectors, config.metric, config, mmap)
        return index

    def _found(self, ids: ArrayLike) -> Ids:
        wanted = as_ids(ids)
        rows = self._rows.find(wanted)
        if (rows < 0).any():
            raise NotFoundError("Some ids are not in the index", got=str(wanted[rows < 0][:10].tolist()))
        return rows

    def _tidy(self) -> None:
        if self._rows.gone * MOST_GONE > len(self._rows.ids):
            self.rebuild()

    def _checked(self, vectors: ArrayLike, what: str) -> Vectors:
        array = np.ascontiguousarray(vectors, dtype=np.float32)
        if array.ndim != 2 or array.shape[1] != self.num_dimensions:
            if array.size == 0 and array.ndim <= 2:
                return np.empty((0, self.num_dimensions), np.float32)
            raise UsageError(
                f"{what} of the wrong shape", expected=f"(m, {self.num_dimensions})", got=str(array.shape)
            )
        if not np.isfinite(array).all():
            raise NumericalError(f"{what} with NaN or infinity")
        if self.metric == "cosine":
            norms = np.linalg.norm(array, axis=1, keepdims=True)
            array = array / np.where(norms > 0, norms, 1)
        return array
