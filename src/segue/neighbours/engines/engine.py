"""What an engine can do."""

from __future__ import annotations

import importlib
import importlib.util
import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError, install
from segue.neighbours.config import IndexConfig, Metric

Vectors = NDArray[np.float32]
Found = tuple[NDArray[np.int64], NDArray[np.float32]]  # rows, -1 where none was found; distances, inf there


@dataclass(frozen=True)
class Query:
    """What is looked for among the rows of an index."""

    vectors: Vectors  # (q, d)
    k: int  # how many of each
    allowed: NDArray[np.bool_] | None = None  # (n,) what any of them may find; None for all
    excluded: Sequence[NDArray[np.int64]] | None = None  # for each of them, sorted rows that it may not find


class Engine(ABC):
    """Finds rows near a query. Rows are numbered as vectors came; cosine engines get unit vectors.

    Distances are the index's: 1 - x·y for inner product and cosine, the squared distance for L2.
    """

    name: ClassVar[str]
    module: ClassVar[str | None] = None  # what must be installed
    extra: ClassVar[str | None] = None  # the extra of Segue that brings it
    exact: ClassVar[bool] = False
    files: ClassVar[tuple[str, ...]] = ()  # what `save` writes
    filters: ClassVar[bool] = False  # whether `search` takes `allowed`
    least_effort: ClassVar[int] = 1

    @classmethod
    @abstractmethod
    def build(cls, vectors: Vectors, metric: Metric, config: IndexConfig) -> Self:
        """An engine that knows `vectors` (n, d), n >= 1."""

    @abstractmethod
    def append(self, new: Vectors, vectors: Vectors) -> Self:
        """Add `new` (m, d) after the others; `vectors` (n + m, d) is all of them. May return a new engine."""

    @abstractmethod
    def search(
        self,
        queries: Vectors,
        k: int,
        *,
        effort: int,
        num_threads: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> Found:
        """The k rows nearest each query (q, d), nearest first, as far as the engine finds them.

        `effort` is the engine's own knob between speed and recall; `allowed` (n,) is what may be found, given
        only to engines whose `filters` is true. 1 <= k <= n.
        """

    @abstractmethod
    def most_effort(self) -> int:
        """The effort beyond which nothing more can be found, or at which a query becomes as slow as exact."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write what `load` needs beside the vectors."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, vectors: Vectors, metric: Metric, config: IndexConfig, mmap: bool) -> Self:
        """An engine from what `save` wrote; with `mmap` the files are mapped where the engine can."""

    @classmethod
    def installed(cls) -> bool:
        """Whether the engine's library can be imported."""
        return cls.module is None or importlib.util.find_spec(cls.module) is not None

    @classmethod
    def require(cls) -> None:
        """Raise UsageError, with the extra to install, unless the engine's library is there."""
        if not cls.installed():
            raise UsageError(
                f"The neighbour engine {cls.name} needs {cls.module}, which is not installed",
                hint=f'{install(str(cls.extra))}; or use the engine "exact"',
            )

    @classmethod
    def library(cls) -> Any:
        """The engine's library, imported now."""
        cls.require()
        return _imported(cls.module or "")


def _imported(module: str) -> ModuleType:
    with warnings.catch_warnings():  # SWIG's types warn on Python 3.12 and later
        warnings.simplefilter("ignore", DeprecationWarning)
        return importlib.import_module(module)


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
