"""Where the heavy part of a training runs: here, or on a cluster that was asked for."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from segue.errors import UsageError
from segue.library.spark import library_on_spark, refuse_unknown_master, spark_session
from segue.library.store import Library

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from segue.factors.spark_solver import SparkSolver


LEAST = 1_000_000  # pairs below which a cluster only costs: a half epoch here is less than starting a job


@dataclass(frozen=True)
class Cluster:
    """Spark, and a folder that all its machines reach by the same name.

    Matrices of fewer than `least` pairs are factorised here all the same.
    """

    session: SparkSession
    folder: str
    least: int = LEAST
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def tables(self, library: Library) -> Library:
        """The same library, read by Spark."""
        return library_on_spark(library.path, self.session)

    @contextmanager
    def solver(self) -> Generator[SparkSolver]:
        """What solves half epochs of one factorisation."""
        from segue.factors.spark_solver import SparkSolver

        solver = SparkSolver(self.session, f"{self.folder}/factors-{next(self._numbers)}")
        try:
            yield solver
        finally:
            solver.close()


_cluster: ContextVar[Cluster | None] = ContextVar("cluster", default=None)


def cluster() -> Cluster | None:
    """The cluster that trainings run on now; None for this machine."""
    return _cluster.get()


@contextmanager
def training_on(
    master: str | None, checkpoints: str | None = None, least: int = LEAST
) -> Generator[Cluster | None]:
    """Within it, trainings read and count listening on Spark and factorise there; with no master, here.

    Args:
        master: of Spark, as `library.spark.spark_session` takes it.
        checkpoints: a folder that all machines reach by the same name; a temporary one where all is local.
        least: pairs of a matrix from which it is factorised there.

    Raises:
        UsageError: Spark does not start, or there is no folder for a cluster.
    """
    if master is None:
        yield None
        return
    refuse_unknown_master(master)
    if checkpoints is None and not master.startswith("local"):
        raise UsageError(
            "A cluster needs a folder for what it works out",
            expected="one that all its machines reach by the same name, such as hdfs:///segue",
            hint="name it with --checkpoints",
        )
    with spark_session(master) as session, tempfile.TemporaryDirectory(prefix="segue-spark-") as here:
        found = Cluster(session, checkpoints or here, least)
        token = _cluster.set(found)
        try:
            yield found
        finally:
            _cluster.reset(token)
