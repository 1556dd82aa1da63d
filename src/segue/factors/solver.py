"""Alternating least squares as functions over arrays: half an epoch, the loss, the whole descent.

Written Y = the fixed side, (m, d), and G = YᵀY = V S Vᵀ, a row of the side to be solved minimises

    xᵀ (a0 G + ridge I + Σ q y yᵀ) x - 2 xᵀ (Σ (t - q o) y - a0 Σ_all o y),

sums over the row's observed pairs unless said otherwise; q, t as in `kernels.solve_rows`, o the offsets (the
fixed side's biases). In the basis V the first term is diagonal, so that a row costs O(d) for each observed
pair and step, and never d² (Takács, Pilászy & Tikk 2011 use conjugate gradient in the plain basis, which has
a d² product in each step). The diagonal is also the preconditioner.

With biases the last column of both sides is the bias, d = f + 1, and the fixed side's is read as 1.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from segue.errors import NumericalError
from segue.factors import kernels
from segue.factors.config import ALSConfig

Floats = NDArray[np.float32]
Map = Callable[..., Iterable]
LANES = 16  # factors are padded to a multiple of this with columns that stay 0
CHUNK_WORK = 1 << 15  # observed pairs (and rows, weighed) that a thread takes at a time
GRAM_ROWS = 1 << 12  # rows whose products are added up in float32
ROW_WORK = 16  # what a row costs besides its pairs, in pairs
HALF_FROM = 100_000  # observed pairs from which precision="auto" reads in bfloat16
EXACT = (1e-13, 4)  # squared shrinkage of the residual that counts as solved; most steps, in d


@dataclass
class Side:
    """One side of the factorisation: its observed pairs by row, and its factors.

    `factors` is (n, d) in a basis of its own; `factors @ turn` is in the common basis.
    """

    observed: csr_matrix
    factors: Floats
    ridge: Floats
    turn: Floats
    chunks: list[slice] = field(default_factory=list)

    @classmethod
    def of(cls, observed: csr_matrix, factors: Floats, config: ALSConfig) -> Side:
        """A side with its regularisation (Rendle et al. 2022, equation 5) and its division into chunks."""
        counts = np.diff(observed.indptr)
        weight = counts + config.unobserved_weight * observed.shape[1]
        ridge = config.regularization * weight**config.frequency_scale
        return cls(
            observed,
            factors,
            ridge.astype(np.float32),
            np.eye(factors.shape[1], dtype=np.float32),
            chunks_of(counts),
        )

    def gram(self) -> NDArray[np.float64]:
        """Σ over rows of x xᵀ in the common basis: (d, d)."""
        return self.turn.T.astype(np.float64) @ gram_of(self.factors) @ self.turn


def gram_of(factors: Floats) -> NDArray[np.float64]:
    """Σ over rows of x xᵀ, added up in float64 over blocks of rows: (d, d)."""
    total = np.zeros((factors.shape[1],) * 2)
    for start in range(0, len(factors), GRAM_ROWS):
        part = factors[start : start + GRAM_ROWS]
        total += part.T @ part
    return total


def chunks_of(counts: NDArray) -> list[slice]:
    """Consecutive rows of about equal work. Depends on the data alone, never on the number of threads."""
    work = np.cumsum(counts + ROW_WORK)
    if not len(work):
        return []
    cuts = np.searchsorted(work, np.arange(CHUNK_WORK, work[-1], CHUNK_WORK))
    edges = np.unique(np.concatenate([[0], cuts, [len(work)]]))
    return [slice(int(a), int(b)) for a, b in pairwise(edges)]


@contextmanager
def threads(count: int) -> Generator[Map]:
    """Yield a `map` over that many threads (0: one a core), with BLAS kept to one thread within each."""
    count = count or (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    with threadpool_limits(1, "blas"):
        if count == 1:
            yield map
            return
        with ThreadPoolExecutor(count) as pool:
            yield pool.map


def padded(d: int) -> int:
    """d up to the next multiple of `LANES`."""
    return -(-d // LANES) * LANES


@dataclass(frozen=True)
class Frame:
    """What the rows of one side need of the whole other side: its Gramian's eigenbasis and its sums."""

    basis: Floats  # (d, d), columns are eigenvectors of the Gramian
    spectrum: Floats  # (d,), a0 times its eigenvalues
    constant: Floats  # (d,), a0 Σ o y in that basis; 0 without biases

    @classmethod
    def of(cls, fixed: Side, config: ALSConfig) -> Frame:
        """The frame of a side whose factors are all there."""
        f, d, a0 = config.factors, fixed.factors.shape[1], config.unobserved_weight
        core = f + config.biases
        gram = fixed.gram()
        constant = np.zeros(d)
        if config.biases:
            sums = fixed.factors.sum(0, dtype=np.float64) @ fixed.turn
            constant = a0 * gram[:, f]
            constant[f] = a0 * sums[f]
            gram[:, f] = gram[f, :] = sums
            gram[f, f] = len(fixed.factors)
        spectrum, basis = np.zeros(d), np.eye(d)
        spectrum[:core], basis[:core, :core] = np.linalg.eigh(gram[:core, :core])
        return cls(
            basis.astype(np.float32),
            (a0 * np.maximum(spectrum, 0)).astype(np.float32),
            (basis.T @ constant).astype(np.float32),
        )


def solve(
    side: Side,
    fixed: Side,
    frame: Frame,
    config: ALSConfig,
    run: Map,
    *,
    steps: int,
    tolerance: float,
    half: bool,
) -> float:
    """Solve every row of `side` against `fixed`; returns Σ over the observed pairs of q s² - 2 t s + t.

    `fixed` may hold only those rows that `side` has observed, as long as `frame` is of all.
    """
    f, d = config.factors, side.factors.shape[1]
    shift = config.unobserved_weight if config.objective == "hu" else 0.0
    turn = fixed.turn
    ones, offsets = None, np.empty(0, np.float32)
    if config.biases:
        offsets = fixed.factors @ turn[:, f]
        ones = frame.basis[f]
        turn = turn.copy()
        turn[:, f] = 0
    rotate, start = turn @ frame.basis, side.turn @ frame.basis
    narrow = np.empty((len(fixed.factors) if half else 0, d), np.uint16)
    wide = np.empty((0 if half else len(fixed.factors), d), np.float32)

    def prepare(chunk: slice) -> None:
        turned = fixed.factors[chunk] @ rotate
        if ones is not None:
            turned += ones
        if half:
            kernels.pack(turned.view(np.uint32), narrow[chunk])
        else:
            wide[chunk] = turned

    def improve(chunk: slice) -> float:
        x = side.factors[chunk] @ start
        part = kernels.solve_rows(
            side.observed.indptr[chunk.start : chunk.stop + 1],
            side.observed.indices,
            side.observed.data,
            x,
            wide,
            narrow,
            frame.spectrum,
            side.ridge[chunk],
            offsets,
            frame.constant,
            shift,
            steps,
            tolerance,
        )
        side.factors[chunk] = x
        return part

    for _ in run(prepare, fixed.chunks):
        pass
    total = sum(run(improve, side.chunks))
    side.turn = np.ascontiguousarray(frame.basis.T)
    return float(total)


def loss(rows: Side, columns: Side, config: ALSConfig, observed: float) -> float:
    """The whole objective, the sum over all pairs by Σ s² = tr(XᵀX YᵀY); `observed` as from `solve`."""
    f = config.factors
    gram_x, gram_y = rows.gram(), columns.gram()
    if config.biases:
        n, m = len(rows.factors), len(columns.factors)
        sum_x = rows.factors.sum(0, dtype=np.float64) @ rows.turn
        sum_y = columns.factors.sum(0, dtype=np.float64) @ columns.turn
        # s = x·y + b_u·1 + 1·b_i: rows read as (x, b_u, 1), columns as (y, 1, b_i).
        gram_x = _bordered(gram_x, sum_x, n)
        gram_y = _bordered(gram_y, sum_y, m)
        gram_y[[f, -1]] = gram_y[[-1, f]]
        gram_y[:, [f, -1]] = gram_y[:, [-1, f]]
    everywhere = config.unobserved_weight * float(np.sum(gram_x * gram_y))
    norms = sum(
        float(np.sum(side.ridge[chunk, None] * side.factors[chunk] ** 2, dtype=np.float64))
        for side in (rows, columns)
        for chunk in side.chunks
    )
    return observed + everywhere + norms


def _bordered(gram: NDArray, sums: NDArray, n: int) -> NDArray:
    return np.block([[gram, sums[:, None]], [sums[None, :], np.array([[float(n)]])]])


def descend(
    rows: Side, columns: Side, config: ALSConfig, run: Map, each: Callable[[int, float], None]
) -> list[float]:
    """Epochs until `iterations` or `tolerance`; `each(epoch, loss)` after every one. Returns the losses.

    Raises:
        NumericalError: the loss or a factor is not finite.
    """
    half = config.precision == "bfloat16" or (config.precision == "auto" and rows.observed.nnz >= HALF_FROM)
    steps, tolerance = (config.cg_steps, 0.0) if config.use_cg else exactly(columns)
    history: list[float] = []
    observed = 0.0
    for epoch in range(config.iterations):
        for side, fixed in ((rows, columns), (columns, rows)):
            frame = Frame.of(fixed, config)
            observed = solve(side, fixed, frame, config, run, steps=steps, tolerance=tolerance, half=half)
        value = loss(rows, columns, config, observed)
        if not np.isfinite(value):
            raise NumericalError(
                f"The factors overflowed in epoch {epoch + 1}",
                expected="a finite loss",
                came=f"{value}",
                do="use smaller values in the matrix (a lower alpha), or more regularization",
            )
        history.append(value)
        each(epoch, value)
        if epoch and history[-2] - value < config.tolerance * abs(history[-2]):
            break
    return history


def exactly(side: Side) -> tuple[int, float]:
    """Steps and tolerance with which conjugate gradient solves a row to float precision."""
    squared, times = EXACT
    return times * side.factors.shape[1], squared
