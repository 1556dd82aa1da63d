"""Half an epoch on Spark: chunks of rows are solved by the kernels where the chunks are.

The driver holds both sides' factors. The side that is fixed is broadcast, in bfloat16 where the solver here
would read it so; chunks of the matrix stay with the executors, and the factors of their rows travel to them
and back. Results go to a folder that all machines reach before they are read, so that what was solved is not
solved again when a machine is lost later; Gramians are added up as a tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from segue.factors import kernels
from segue.factors.config import ALSConfig
from segue.factors.solver import Frame, Pace, Side, Sums, Workspace, checked_loss

SOLVED = "chunk long, factors binary, gram binary, weighted binary, sums binary, loss double"
DEPTH = 2  # of the tree that sums are added up in
AT_ONCE = 64  # chunks of the matrix that travel at a time


class Task(NamedTuple):
    """What every chunk of a half epoch needs."""

    read: np.ndarray  # (m, d) the fixed side: float32, or bfloat16 by `kernels.pack`
    frame: Frame
    offsets: np.ndarray
    start: np.ndarray  # (d, d), from the factors' basis to the frame's
    shift: float
    pace: Pace
    alike: bool  # whether all rows weigh alike


@dataclass
class SparkSolver:
    """`solver.solve`, on Spark.

    Attributes:
        session: Spark.
        folder: that all machines reach by the same name; results of half epochs are kept there, the last two
            of each side.
        improve: solves chunks; replaced in tests.
    """

    session: Any  # pyspark.sql.SparkSession
    folder: str
    improve: Callable[[Iterator[pa.RecordBatch], Any], Iterator[pa.RecordBatch]] | None = None

    def __post_init__(self) -> None:
        self._blocks: dict[int, tuple[Side, Any]] = {}
        self._halves = 0

    def __call__(
        self, side: Side, fixed: Side, frame: Frame, config: ALSConfig, pace: Pace, workspace: Workspace
    ) -> float:
        """Improve every row of `side` against `fixed`; returns what `solver.solve` does, to rounding.

        Raises:
            NumericalError: a row overflowed.
        """
        task = self._task(side, fixed, frame, config, pace, workspace)
        told = self.session.sparkContext.broadcast(task)
        improve = self.improve or solve_chunks
        rows = [(k, side.factors[chunk].tobytes()) for k, chunk in enumerate(side.chunks)]
        now = self.session.createDataFrame(
            pa.table({"chunk": [k for k, _ in rows], "x": pa.array([x for _, x in rows], pa.large_binary())})
        )
        solved = self._of(side).join(now.hint("shuffle_hash"), "chunk")
        solved = solved.mapInArrow(lambda batches: improve(batches, told), SOLVED)
        place = f"{self.folder}/half-{self._halves % 4}"
        self._halves += 1
        # Written before it is read: otherwise Spark would solve everything again for each of the two things
        # asked of it below.
        solved.write.mode("overwrite").parquet(place)
        # The broadcast is as large as the fixed side, and every executor holds a copy of it.
        told.destroy()
        found = self.session.read.parquet(place)
        sums = found.select("gram", "weighted", "sums", "loss").rdd.map(_sums).treeReduce(_plus, DEPTH)
        for batch in found.select("chunk", "factors").toArrow().to_batches():
            for k, factors in zip(batch["chunk"].to_pylist(), batch["factors"], strict=True):
                x = np.frombuffer(factors.as_buffer(), np.float32)
                side.factors[side.chunks[k]] = x.reshape(-1, side.factors.shape[1])
        side.turn = np.ascontiguousarray(frame.basis.T)
        d = side.factors.shape[1]
        total = Sums(sums.gram.reshape(d, d), sums.weighted.reshape(d, d), sums.rows, sums.loss)
        checked_loss(total.loss)
        side.sum_up(total)
        return total.loss

    def close(self) -> None:
        """Let the executors forget the matrix."""
        for _, blocks in self._blocks.values():
            blocks.unpersist()
        self._blocks.clear()

    def _task(
        self, side: Side, fixed: Side, frame: Frame, config: ALSConfig, pace: Pace, workspace: Workspace
    ) -> Task:
        f, turn = config.factors, fixed.turn
        offsets = np.empty(0, np.float32)
        if config.biases:
            offsets = fixed.factors @ turn[:, f]
            turn = turn.copy()
            turn[:, f] = 0
        read = fixed.factors @ (turn @ frame.basis)
        if config.biases:
            read += frame.basis[f]
        if workspace.room is None or workspace.room.dtype == np.uint16:
            half = np.empty(read.shape, np.uint16)
            kernels.pack(read.view(np.uint32), half)
            read = half
        shift = config.unobserved_weight if config.objective == "hu" else 0.0
        start = side.turn @ frame.basis
        return Task(read, frame, offsets, start, shift, pace, side.alike is not None)

    def _of(self, side: Side) -> Any:
        """The chunks of a side's matrix, where they stay."""
        if id(side) not in self._blocks:
            place = f"{self.folder}/matrix-{len(self._blocks)}"
            for first in range(0, len(side.chunks), AT_ONCE):
                table = _blocks(side, range(first, min(first + AT_ONCE, len(side.chunks))))
                mode = "append" if first else "overwrite"
                self.session.createDataFrame(table).write.mode(mode).parquet(place)
            count = max(1, min(len(side.chunks), 2 * self.session.sparkContext.defaultParallelism))
            blocks = self.session.read.parquet(place).repartition(count, "chunk").persist()
            self._blocks[id(side)] = side, blocks
        return self._blocks[id(side)][1]


def _blocks(side: Side, places: range) -> pa.Table:
    """Some chunks of a matrix, each as the bytes of its arrays."""
    observed, parts = side.observed, []
    for k in places:
        chunk = side.chunks[k]
        first, last = observed.indptr[chunk.start], observed.indptr[chunk.stop]
        parts.append(
            {
                "chunk": k,
                "indptr": (observed.indptr[chunk.start : chunk.stop + 1] - first).astype(np.int64).tobytes(),
                "indices": observed.indices[first:last].astype(np.int32).tobytes(),
                "values": observed.data[first:last].tobytes(),
                "ridge": side.ridge[chunk].tobytes(),
            }
        )
    schema = [("chunk", pa.int64())]
    schema += [(name, pa.large_binary()) for name in ("indptr", "indices", "values", "ridge")]
    return pa.Table.from_pylist(parts, pa.schema(schema))


def solve_chunks(batches: Iterator[pa.RecordBatch], told: Any) -> Iterator[pa.RecordBatch]:
    """On an executor: solve the rows of each chunk; `told` is a broadcast `Task`."""
    task: Task = told.value
    d = task.read.shape[1]
    for batch in batches:
        columns = {name: batch[name] for name in ("indptr", "indices", "values", "ridge", "x")}
        for k in range(batch.num_rows):
            raw = {name: column[k].as_buffer() for name, column in columns.items()}
            x = np.frombuffer(raw["x"], np.float32).reshape(-1, d) @ task.start
            ridge = np.frombuffer(raw["ridge"], np.float32)
            loss = kernels.solve_rows(
                np.frombuffer(raw["indptr"], np.int64),
                np.frombuffer(raw["indices"], np.int32),
                np.frombuffer(raw["values"], np.float32),
                x,
                task.read,
                task.frame.spectrum,
                ridge,
                task.offsets,
                task.frame.constant,
                task.shift,
                task.pace.steps,
                task.pace.tolerance,
                task.pace.relaxation,
            )
            scaled = x[:0] if task.alike else x * np.sqrt(ridge)[:, None]
            sums = {
                "gram": (x.T @ x).astype(np.float64),
                "weighted": (scaled.T @ scaled).astype(np.float64),
                "sums": x.sum(0, np.float64),
            }
            solved = {"chunk": [batch["chunk"][k].as_py()], "factors": [x.tobytes()]}
            solved |= {name: [array.tobytes()] for name, array in sums.items()}
            yield pa.RecordBatch.from_pydict(solved | {"loss": [float(loss)]})


def _sums(row: Any) -> Sums:
    arrays = (np.frombuffer(bytes(row[name]), np.float64) for name in ("gram", "weighted", "sums"))
    return Sums(*arrays, row["loss"])


def _plus(one: Sums, other: Sums) -> Sums:
    return one.plus(other)
