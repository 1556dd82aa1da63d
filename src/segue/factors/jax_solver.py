"""Half an epoch in JAX: the same arithmetic as `kernels.solve_rows`, for processors that XLA compiles for.

Rows of about equal length are solved together, filled up with pairs that weigh nothing: lengths are powers of
four, so that few shapes are compiled. The fixed side is read in float32.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.factors.config import ALSConfig
from segue.factors.solver import Floats, Frame, Pace, Side, Workspace, added, checked_loss

PAIRS = 1 << 17  # observed pairs solved at a time, filled up: 64 MB of gathered factors at 128
SHORTEST = 8


def solve(
    side: Side, fixed: Side, frame: Frame, config: ALSConfig, pace: Pace, workspace: Workspace
) -> float:
    """As `solver.solve`, to rounding.

    Raises:
        NumericalError: a row overflowed.
    """
    import jax.numpy as jnp

    f = config.factors
    shift = config.unobserved_weight if config.objective == "hu" else 0.0
    turn, offsets = fixed.turn, np.zeros(len(fixed.factors), np.float32)
    ones = np.zeros(fixed.factors.shape[1], np.float32)
    if config.biases:
        offsets = fixed.factors @ turn[:, f]
        ones, turn = frame.basis[f], turn.copy()
        turn[:, f] = 0
    y = jnp.asarray(fixed.factors @ (turn @ frame.basis) + ones)
    x = side.factors @ (side.turn @ frame.basis)
    observed = side.observed
    loss, step = 0.0, _compiled()
    for rows, width in _buckets(np.diff(observed.indptr)):
        count = max(1, PAIRS // width)
        for start in range(0, len(rows), count):
            some = rows[start : start + count]
            padded = np.concatenate([some, np.full(count - len(some), -1)])
            indices, values = _filled(observed.indptr, observed.indices, observed.data, padded, width)
            known = np.maximum(padded, 0)
            new, part = step(
                y,
                jnp.asarray(offsets),
                jnp.asarray(indices),
                jnp.asarray(values),
                jnp.asarray(x[known]),
                jnp.asarray(side.ridge[known]),
                jnp.asarray(frame.spectrum),
                jnp.asarray(frame.constant),
                # As arrays: as plain numbers each value would be compiled for anew.
                np.float32(shift),
                np.int32(pace.steps),
                np.float32(pace.tolerance),
                np.float32(pace.relaxation),
            )
            x[some] = np.asarray(new)[: len(some)]
            loss += float(np.asarray(part, np.float64)[: len(some)].sum())
    if not config.biases:
        x[np.diff(observed.indptr) == 0] = 0  # exactly nothing, as rounding has no say
    side.factors[:] = x
    side.turn = np.ascontiguousarray(frame.basis.T)
    sums = added(side.sums_of(x[chunk], chunk) for chunk in side.chunks)
    checked_loss(loss)
    side.sum_up(sums)
    return loss


def _buckets(counts: NDArray[np.integer]) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Rows by length: their numbers, and the length that they are filled up to."""
    widths = SHORTEST * 4 ** np.ceil(np.log2(np.maximum(counts / SHORTEST, 1)) / 2).astype(np.int64)
    for width in np.unique(widths):
        yield np.flatnonzero(widths == width), int(width)


def _filled(
    indptr: NDArray, indices: NDArray, values: NDArray, rows: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int32], Floats]:
    """Columns and values (n, width) of rows; 0 after the end, and all of row -1."""
    known = np.maximum(rows, 0)
    counts = np.where(rows >= 0, indptr[known + 1] - indptr[known], 0)
    there = np.arange(width) < counts[:, None]
    places = np.where(there, indptr[known][:, None] + np.arange(width), 0)
    if not len(values):
        return np.zeros(places.shape, np.int32), np.zeros(places.shape, np.float32)
    return np.where(there, indices[places], 0).astype(np.int32), np.where(there, values[places], 0)


@functools.cache
def _compiled() -> Any:
    """The step for rows of one shape: (x, the loss over their pairs)."""
    import jax
    import jax.numpy as jnp

    def step(
        y: Any,
        offsets: Any,
        indices: Any,
        values: Any,
        x: Any,
        ridge: Any,
        spectrum: Any,
        constant: Any,
        shift: Any,
        steps: Any,
        tolerance: Any,
        relaxation: Any,
    ) -> tuple[Any, Any]:
        there = values != 0
        pairs = y[indices]  # (n, width, d)
        q = jnp.where(there, jnp.abs(values) - shift, 0)
        t = jnp.where(there, jnp.maximum(values, 0), 0)
        o = offsets[indices]
        diagonal = spectrum + ridge[:, None]
        floor = 1e-7 * (jnp.maximum(spectrum.max(), 0) + ridge)[:, None] + 1e-30
        inverse = 1 / jnp.maximum(diagonal, floor)

        def times(rows: Any) -> Any:
            scores = jnp.einsum("nwd,nd->nw", pairs, rows, precision="highest")
            extra = jnp.einsum("nwd,nw->nd", pairs, q * scores, precision="highest")
            return diagonal * rows + extra

        target = jnp.einsum("nwd,nw->nd", pairs, t - q * o, precision="highest") - constant
        r = target - times(x)
        rz = (r * r * inverse).sum(1)
        first = rz

        def going(state: Any) -> Any:
            at, *_, on = state
            return (at < steps) & on.any()

        def once(state: Any) -> Any:
            at, x, r, p, rz, on = state
            ap = times(p)
            curvature = (p * ap).sum(1)
            on = on & (curvature > 0)
            length = jnp.where(on, rz / jnp.where(on, curvature, 1), 0)[:, None]
            x = x + relaxation * length * p
            r = r - length * ap
            new = jnp.where(on, (r * r * inverse).sum(1), rz)
            still = on & (new > tolerance * first) & (new > 1e-30)
            p = jnp.where(on[:, None], r * inverse + (new / jnp.maximum(rz, 1e-30))[:, None] * p, p)
            return at + 1, x, r, p, new, still

        state = (0, x, r, r * inverse, rz, rz > 1e-30)
        x = jax.lax.while_loop(going, once, state)[1]
        s = jnp.einsum("nwd,nd->nw", pairs, x, precision="highest") + o
        return x, (q * s * s - 2 * t * s + t).sum(1)

    return jax.jit(step)
