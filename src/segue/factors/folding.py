"""Rows outside training: folding them in, and how factors are laid out outside and inside the solver.

Outside, with biases, a listener's row is (x, b_u, 1) and a track's (y, 1, b_i), so that a score is their
product. Inside (`solver.py`) both are (factors, bias), padded with zeros to a whole number of lanes.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from segue.factors import kernels
from segue.factors.config import ALSConfig
from segue.factors.solver import Floats, Frame, Pace, Side, Workspace, padded, solve_rows, threads

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
    used, indices = np.unique(rows.indices, return_inverse=True)
    other = 1 - side
    part = inside(fixed[used], other, config)
    there = Side.of(csr_matrix((len(part), 1), dtype=np.float32), part, config)
    here = Side.of(rows, np.zeros((rows.shape[0], part.shape[1]), np.float32), config)
    here.observed = csr_matrix(
        (rows.data, indices.astype(np.int32), rows.indptr), shape=(rows.shape[0], max(1, len(used)))
    )
    kernels.ready()
    room = np.empty_like(part)
    with threads(config.num_threads if len(here.chunks) > 1 else 1) as run:
        solve_rows(here, there, frame, config, Pace.exact(part.shape[1]), Workspace(run, room))
        return outside(here, side, config)
