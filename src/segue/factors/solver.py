"""Alternating least squares as functions over arrays: half an epoch, balancing, the loss, the whole descent.

Written Y = the fixed side, (m, d), and G = YᵀY = V S Vᵀ, a row of the side to be solved minimises

    xᵀ (a0 G + ridge I + Σ q y yᵀ) x - 2 xᵀ (Σ (t - q o) y - a0 Σ_all o y),

sums over the row's observed pairs unless said otherwise; q, t as in `kernels.solve_rows`, o the offsets (the
fixed side's biases). With biases the last column of both sides is the bias, d = f + 1, and the fixed side's
is read as 1.

What makes it fast, besides the kernels:

- In the basis V the first term is diagonal, so that a row costs O(d) for each observed pair and step, and
  never d² (Takács, Pilászy & Tikk 2011 use conjugate gradient in the plain basis, which has a d² product in
  each step). The diagonal is also the preconditioner.
- `balance`: for any invertible A, (X A, Y A⁻ᵀ) gives the same scores. The first epochs begin by taking the A
  with the smallest norms. Without that, alternation moves the scale from one side to the other very slowly,
  and they are lost to it.
- Over-relaxation: a row goes `relaxation` times as far as its solution. Every such step with a factor below 2
  still lowers the loss, as in successive over-relaxation of linear systems, and the epochs needed are halved.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import ThreadpoolController

from segue.errors import NumericalError
from segue.factors import kernels
from segue.factors.config import ALSConfig

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Map = Callable[..., Iterable]
Solve = Callable[["Side", "Side", "Frame", ALSConfig, "Pace", "Workspace"], float]
LANES = 16  # factors are padded to a multiple of this with columns that stay 0
CHUNK_WORK = 1 << 15  # fewest observed pairs (and rows, weighed) that a thread takes at a time
MOST_CHUNKS = 64  # of a side, of which each has a Gramian to be added up
ROW_WORK = 16  # what a row costs besides its pairs, in pairs
HALF_FROM = 100_000  # observed pairs from which precision="auto" reads in bfloat16
BALANCED = 4  # first epochs that begin with `balance`; later ones no longer gain by it
EXACT = (1e-13, 4)  # squared shrinkage of the residual that counts as solved; most steps, in d


@dataclass
class Side:
    """One side of the factorisation: its observed pairs by row, and its factors.

    `factors` is (n, d) in a basis of its own; `factors @ turn` is in the common basis, and so are the sums.
    """

    observed: csr_matrix
    factors: Floats
    ridge: Floats  # (n,), weight of each row's squared norm
    chunks: list[slice]
    turn: Floats  # (d, d)
    gram: Doubles  # (d, d), Σ x xᵀ
    weighted: Doubles  # (d, d), Σ ridge x xᵀ
    sums: Doubles  # (d,), Σ x
    alike: float | None  # the ridge, where it is one for all rows: then `weighted` is that times `gram`

    @classmethod
    def of(cls, observed: csr_matrix, factors: Floats, config: ALSConfig) -> Side:
        """A side with its regularisation (Rendle et al. 2022, equation 5) and its division into chunks."""
        counts = np.diff(observed.indptr)
        ridge = config.ridge(counts, observed.shape[1]).astype(np.float32)
        d = factors.shape[1]
        zero, eye = np.zeros((d, d)), np.eye(d, dtype=np.float32)
        # With no regularisation, or with ν = 0, the ridge is one number, and a Gramian weighted by it is the
        # plain one times that number.
        alike = None if config.frequency_scale and config.regularization else config.regularization
        side = cls(observed, factors, ridge, chunks_of(counts), eye, zero, zero, zero[0], alike)
        sums = added(side.sums_of(factors[chunk], chunk) for chunk in side.chunks)
        if sums is not None:  # in the common basis already
            side.gram, side.sums = sums.gram, sums.rows
            side.weighted = sums.weighted if alike is None else alike * sums.gram
        return side

    def sums_of(self, x: Floats, rows: slice, loss: float = 0.0) -> Sums:
        """The sums over some rows, given as they are now."""
        scaled = x * np.sqrt(self.ridge[rows])[:, None] if self.alike is None else x[:0]
        # A chunk's sums are float32 products, at the speed of BLAS; only the adding up of chunks is float64.
        return Sums(
            (x.T @ x).astype(np.float64), (scaled.T @ scaled).astype(np.float64), x.sum(0, np.float64), loss
        )

    def sum_up(self, sums: Sums | None) -> None:
        """Take the sums over the rows, which come in the basis of `factors`."""
        if sums is not None:
            self._take(sums.gram, sums.weighted, sums.rows, self.turn.astype(np.float64))

    def change(self, whole: Doubles) -> None:
        """Change the common basis."""
        self.turn = (self.turn @ whole).astype(np.float32)
        self._take(self.gram, self.weighted, self.sums, whole)

    def _take(self, gram: Doubles, weighted: Doubles, rows: Doubles, turn: Doubles) -> None:
        self.gram = turn.T @ gram @ turn
        self.weighted = turn.T @ weighted @ turn if self.alike is None else self.alike * self.gram
        self.sums = rows @ turn


class Sums(NamedTuple):
    """What is added up over the rows of a side, in the basis of its factors."""

    gram: Doubles
    weighted: Doubles  # 0 where all rows weigh alike
    rows: Doubles
    loss: float = 0.0

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        return Sums(
            self.gram + other.gram,
            self.weighted + other.weighted,
            self.rows + other.rows,
            self.loss + other.loss,
        )


def added(parts: Iterable[Sums]) -> Sums | None:
    """The sum, always in the order of the parts, so that it does not depend on which thread was first."""
    total: Sums | None = None
    for part in parts:
        total = part if total is None else total.plus(part)
    return total


def chunks_of(counts: NDArray) -> list[slice]:
    """Consecutive rows of about equal work. Depends on the data alone, never on the number of threads."""
    work = np.cumsum(counts + ROW_WORK)
    if not len(work):
        return []
    size = max(CHUNK_WORK, int(work[-1]) // MOST_CHUNKS)
    cuts = np.searchsorted(work, np.arange(size, work[-1], size))
    edges = np.unique(np.concatenate([[0], cuts, [len(work)]]))
    return [slice(int(a), int(b)) for a, b in pairwise(edges)]


_most = 0


def limit_threads(count: int) -> None:
    """No more than so many threads from now on in this process, whatever is asked for; 0 takes it back."""
    global _most
    _most = count


@contextmanager
def threads(count: int) -> Generator[Map]:
    """Yield a `map` over that many threads (0: one a core), with BLAS kept to one thread within each."""
    # The cores that this process may use: in a container, or under taskset, they are fewer than the machine
    # has.
    if not count:
        count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = min(count, _most or count)
    # Chunks already keep every core busy; threads of BLAS within them would only compete for the same cores.
    with _libraries().limit(limits=1, user_api="blas"):
        if count == 1:
            yield map
            return
        with ThreadPoolExecutor(count) as pool:
            yield pool.map


@cache
def _libraries() -> ThreadpoolController:
    """NumPy's and SciPy's BLAS. Looking for them takes 2 ms, more than one query of an index."""
    return ThreadpoolController()


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
        gram = fixed.gram.copy()
        constant = np.zeros(d)
        if config.biases:
            constant = a0 * gram[:, f]
            constant[f] = a0 * fixed.sums[f]
            # The bias column of the fixed side is read as 1: its products with the factors are their sums,
            # with itself the number of rows.
            gram[:, f] = gram[f, :] = fixed.sums
            gram[f, f] = len(fixed.factors)
        # The padding is left out of the eigenproblem, so that its columns stay exactly 0 in every basis.
        spectrum, basis = np.zeros(d), np.eye(d)
        spectrum[:core], basis[:core, :core] = _eigen(gram[:core, :core])
        return cls(
            basis.astype(np.float32),
            # A Gramian has no negative eigenvalues, but a rounded one may, and the diagonal is divided by.
            (a0 * np.maximum(spectrum, 0)).astype(np.float32),
            (basis.T @ constant).astype(np.float32),
        )


@dataclass(frozen=True)
class Pace:
    """How far each row goes: conjugate gradient steps, where to stop before, and how far beyond."""

    steps: int
    tolerance: float = 0.0
    relaxation: float = 1.0

    @classmethod
    def exact(cls, d: int) -> Pace:
        """As far as float32 goes."""
        squared, times = EXACT
        return cls(times * d, squared)


@dataclass(frozen=True)
class Workspace:
    """With what rows are solved.

    `room` is memory for the fixed side in the frame's basis, at least as long as it: uint16 (bfloat16) or
    float32. Without it (and without biases) the fixed side's own memory is used, and it is left in that
    basis.
    """

    run: Map
    room: NDArray | None


def solve(
    side: Side, fixed: Side, frame: Frame, config: ALSConfig, pace: Pace, workspace: Workspace
) -> float:
    """Improve every row of `side` against `fixed`; returns Σ over the observed pairs of q s² - 2 t s + t.

    Raises:
        NumericalError: a row overflowed.
    """
    sums = solve_rows(side, fixed, frame, config, pace, workspace)
    side.sum_up(sums)
    return sums.loss if sums else 0.0


def solve_rows(
    side: Side, fixed: Side, frame: Frame, config: ALSConfig, pace: Pace, workspace: Workspace
) -> Sums | None:
    """As `solve`, but `side` does not learn of its sums, which takes longest where rows are few.

    `fixed` may hold only those rows that `side` has observed, as long as `frame` is of all.

    Raises:
        NumericalError: a row overflowed.
    """
    f, run, room = config.factors, workspace.run, workspace.room
    # The Gramian counts every pair with a0, observed ones too. For "hu" those weigh |v| alone, so a0 is taken
    # off again.
    shift = config.unobserved_weight if config.objective == "hu" else 0.0
    turn = fixed.turn
    ones, offsets = None, np.empty(0, np.float32)
    if config.biases:
        offsets = fixed.factors @ turn[:, f]
        ones = frame.basis[f]
        turn = turn.copy()
        # Rotated by a turn without the bias column, plus row f of the basis, the fixed side has 1 where its
        # bias was.
        turn[:, f] = 0
    rotate, start = turn @ frame.basis, side.turn @ frame.basis
    bits, halves = fixed.factors.view(np.uint32), fixed.factors.view(np.uint16)
    read = halves if room is None else room

    def prepare(chunk: slice) -> None:
        turned = fixed.factors[chunk] @ rotate
        if ones is not None:
            turned += ones
        if room is None:
            # The row's own memory: bfloat16 in its first half, what rounding took off in the second. `join`
            # undoes it below.
            kernels.split(turned.view(np.uint32), halves[chunk])
        elif read.dtype == np.uint16:
            kernels.pack(turned.view(np.uint32), read[chunk])
        else:
            read[chunk] = turned

    def improve(chunk: slice) -> Sums:
        x = side.factors[chunk] @ start
        ridge = side.ridge[chunk]
        loss = kernels.solve_rows(
            side.observed.indptr[chunk.start : chunk.stop + 1],
            side.observed.indices,
            side.observed.data,
            x,
            read,
            frame.spectrum,
            ridge,
            offsets,
            frame.constant,
            shift,
            pace.steps,
            pace.tolerance,
            pace.relaxation,
        )
        side.factors[chunk] = x
        return side.sums_of(x, chunk, loss)

    # All of the fixed side has to be ready before any row is solved, as a row may read any of it. `map` works
    # only as its results are taken.
    for _ in run(prepare, fixed.chunks):
        pass
    sums = added(run(improve, side.chunks))
    # The rows are left in the basis that they were solved in, which is orthogonal: its transpose leads back.
    side.turn = np.ascontiguousarray(frame.basis.T)
    if room is None:
        for _ in run(lambda chunk: kernels.join(halves[chunk], bits[chunk]), fixed.chunks):
            pass
        fixed.turn = side.turn.copy()
    checked_loss(sums.loss if sums else 0.0)
    return sums


def checked_loss(value: float) -> None:
    """Refuse a loss that is not finite.

    Raises:
        NumericalError: it is not.
    """
    if not np.isfinite(value):
        raise NumericalError(
            "The factors overflowed",
            expected="a finite loss",
            got=str(value),
            hint="use smaller values in the matrix (a lower alpha), or more regularization",
        )


def balance(rows: Side, columns: Side, config: ALSConfig) -> None:
    """Change the common basis, leaving every score, to where the regularisation is smallest.

    min over A of tr(Aᵀ P A) + tr(A⁻¹ Q A⁻ᵀ), P and Q being the sides' weighted Gramians: with P = L Lᵀ and
    Lᵀ Q L = U S² Uᵀ it is A = L⁻ᵀ U S^½, and both become S. Where there is no regularisation the plain
    Gramians are made equal, which is the limit of a regularisation that vanishes.
    """
    from scipy.linalg import solve_triangular  # takes long to load, and only training comes here

    f = config.factors
    weighted = config.regularization > 0
    p, q = ((side.weighted if weighted else side.gram)[:f, :f] for side in (rows, columns))
    if not p.any() or not q.any():
        return
    # The sums are float32 and may be singular. What is added makes A a little less than the best, no more.
    tiny = 1e-5 * np.eye(f)
    lower = np.linalg.cholesky(p + np.trace(p) * tiny)
    squares, u = _eigen(lower.T @ (q + np.trace(q) * tiny) @ lower)
    # The eigenvalues are S², so that S^½ is their fourth root.
    root = np.maximum(squares, 1e-12 * squares[-1]) ** 0.25
    here = solve_triangular(lower.T, u * root, lower=False)
    there = lower @ (u / root)
    for side, change in ((rows, here), (columns, there)):
        whole = np.eye(side.factors.shape[1])
        whole[:f, :f] = change
        side.change(whole)


def _eigen(gram: Doubles) -> tuple[Doubles, Doubles]:
    """Eigenvalues, rising, and eigenvectors (columns) of a symmetric matrix, by divide and conquer."""
    return np.linalg.eigh(gram)


def loss(rows: Side, columns: Side, config: ALSConfig, observed: float) -> float:
    """The whole objective, the sum over all pairs by Σ s² = tr(XᵀX YᵀY); `observed` as from `solve`."""
    f = config.factors
    gram_x, gram_y = rows.gram, columns.gram
    if config.biases:
        # s = x·y + b_u·1 + 1·b_i: rows read as (x, b_u, 1), columns as (y, 1, b_i).
        gram_x = _bordered(gram_x, rows.sums, len(rows.factors))
        gram_y = _bordered(gram_y, columns.sums, len(columns.factors))
        # Both were bordered as (factors, bias, 1); columns change places so that each bias meets the other
        # side's 1.
        gram_y[[f, -1]] = gram_y[[-1, f]]
        gram_y[:, [f, -1]] = gram_y[:, [-1, f]]
    everywhere = config.unobserved_weight * float(np.sum(gram_x * gram_y))
    return observed + everywhere + float(np.trace(rows.weighted) + np.trace(columns.weighted))


def _bordered(gram: Doubles, sums: Doubles, n: int) -> Doubles:
    return np.block([[gram, sums[:, None]], [sums[None, :], np.array([[float(n)]])]])


def descend(
    rows: Side,
    columns: Side,
    config: ALSConfig,
    run: Map,
    each: Callable[[int, float], None],
    solve: Solve = solve,
) -> list[float]:
    """Epochs until `iterations` or `tolerance`; `each(epoch, loss)` after every one. Returns the losses.

    `solve` is half an epoch: the function here, or another with the same arithmetic.

    Raises:
        NumericalError: the loss is not finite.
    """
    half = config.precision == "bfloat16" or (config.precision == "auto" and rows.observed.nnz >= HALF_FROM)
    d = columns.factors.shape[1]
    room = None
    # Without biases bfloat16 fits into the factors' own memory. A room of its own for it was a tenth faster
    # and took half as much memory again (docs/measurements/factors.md).
    if config.biases or not half:
        longest = max(len(rows.factors), len(columns.factors))
        room = np.empty((longest, d), np.uint16 if half else np.float32)
    history: list[float] = []
    for epoch in range(config.iterations):
        if epoch < BALANCED:
            balance(rows, columns, config)
        observed = 0.0
        for side, fixed in ((rows, columns), (columns, rows)):
            pace = _pace(epoch, side is columns, config, d)
            # What the second half returns is of both sides as they now are; the first half's is out of date
            # by then.
            observed = solve(side, fixed, Frame.of(fixed, config), config, pace, Workspace(run, room))
        value = loss(rows, columns, config, observed)
        checked_loss(value)
        history.append(value)
        each(epoch, value)
        if epoch and history[-2] - value < config.tolerance * abs(history[-2]):
            break
    return history


def _pace(epoch: int, second: bool, config: ALSConfig, d: int) -> Pace:
    """The first epoch, from a random start, is not relaxed; nor is the last half of the last."""
    final = second and epoch == config.iterations - 1
    beyond = 1.0 if epoch == 0 or final else config.relaxation
    pace = Pace(config.cg_steps) if config.use_cg else Pace.exact(d)
    return Pace(pace.steps, pace.tolerance, beyond)
