"""Rows outside training: folding them in, and how factors are laid out outside and inside the solver.

Outside, with biases, a listener's row is (x, b_u, 1) and a track's (y, 1, b_i), so that a score is their
product. Inside (`solver.py`) both are (factors, bias), padded with zeros to a whole number of lanes.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from segue.factors import kernels
from segue.factors.config import ALSConfig
from segue.factors.solver import Floats, Frame, Pace, Side, checked_loss, chunks_of, padded, threads

LISTENERS, TRACKS = 0, 1


def width(config: ALSConfig) -> int:
    """Columns of the factors outside."""
    return config.factors + 2 * config.biases


def inside(outer: Floats, side: int, config: ALSConfig) -> Floats:
    """Factors as the solver holds them, (n, d), from those outside, (n, f or f + 2); a copy."""
    f = config.factors
    factors = np.zeros((len(outer), padded(f + config.biases)), np.float32)
    factors[:, :f] = outer[:, :f]
    if config.biases:
        factors[:, f] = outer[:, f + side]
    return factors


def outside(inner: Side, side: int, config: ALSConfig) -> Floats:
    """The inverse of `inside`, in the common basis; works in the side's own memory."""
    for chunk in inner.chunks:
        inner.factors[chunk] = inner.factors[chunk] @ inner.turn
    f = config.factors
    if not config.biases:
        return np.ascontiguousarray(inner.factors[:, :f])
    outer = np.ones((len(inner.factors), f + 2), np.float32)
    outer[:, :f] = inner.factors[:, :f]
    outer[:, f + side] = inner.factors[:, f]
    return outer


def frame_of(outer: Floats, side: int, config: ALSConfig) -> Frame:
    """The frame of a whole side, for `fold`."""
    factors = inside(outer, side, config)
    # A ridge that is one for all rows: sums weighed by it are of no use here, and half of the work.
    plain = config.model_copy(update={"frequency_scale": 0.0})
    return Frame.of(Side.of(csr_matrix((len(factors), 1), dtype=np.float32), factors, plain), config)


def fold(rows: csr_matrix, fixed: Floats, side: int, frame: Frame, config: ALSConfig) -> Floats:
    """The factors that minimise the loss for new rows, the other side being fixed: to float precision.

    Args:
        rows: (n, m), weighted.
        fixed: (m, f or f + 2), the other side's factors, as outside.
        side: which side the rows are of.
        frame: of `fixed`.

    Returns:
        (n, f or f + 2).
    """
    # Rows to fold in name few of the tracks: only those are turned into the frame's basis, not the whole
    # side.
    used, indices = np.unique(rows.indices, return_inverse=True)
    f, d = config.factors, len(frame.basis)
    there = inside(fixed[used], 1 - side, config)
    offsets = np.empty(0, np.float32)
    if config.biases:
        offsets, there[:, f] = there[:, f].copy(), 1
    there = np.ascontiguousarray(there @ frame.basis)
    if not len(there):
        there = np.zeros((1, d), np.float32)
    counts = np.diff(rows.indptr)
    ridge = config.ridge(counts, rows.shape[1]).astype(np.float32)
    shift = config.unobserved_weight if config.objective == "hu" else 0.0
    pace, indices = Pace.exact(d), indices.astype(np.int32)
    found = np.zeros((rows.shape[0], d), np.float32)

    def solve(chunk: slice) -> float:
        return kernels.solve_rows(
            rows.indptr[chunk.start : chunk.stop + 1],
            indices,
            rows.data,
            found[chunk],
            there,
            frame.spectrum,
            ridge[chunk],
            offsets,
            frame.constant,
            shift,
            pace.steps,
            pace.tolerance,
            pace.relaxation,
        )

    kernels.ready()
    chunks = chunks_of(counts)
    # One listener is one chunk, for which starting threads would take longer than solving it.
    if len(chunks) > 1:
        with threads(config.num_threads) as run:
            losses = list(run(solve, chunks))
    else:
        losses = [solve(chunk) for chunk in chunks]
    checked_loss(sum(losses))
    found = found @ frame.basis.T
    outer = np.ones((len(found), width(config)), np.float32)
    outer[:, :f] = found[:, :f]
    if config.biases:
        outer[:, f + side] = found[:, f]
    return outer
