"""The compiled part of the factorisation and of top-N; `item_kernels.py` has that of the item models.

They release the GIL and hold no state, so that ordinary threads run them side by side (no threading layer of
Numba's is used, which would not survive forks or concurrent callers). Numba compiles them at first use, for
the user's own processor, and keeps the result on disk: `ready` says so on a terminal.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from segue import compiling
from segue.factors.lanes import LANES, PAIR, ROWS
from segue.factors.sweeps import add, dot, meet, weigh
from segue.progress import progress

# Sums may be reordered and products fused, but NaN and infinity stay what they are, to be caught.
MATHS = {"reassoc", "contract", "arcp", "nsz"}
compiled = functools.partial(compiling.compiled, nogil=True, fastmath=MATHS, error_model="numpy")
TILE = 512  # observed pairs of a row whose factors are kept in cache between steps; a multiple of LANES


@compiled()
def pack(values: np.ndarray, out: np.ndarray) -> None:
    """Round float32 bits `values` (n, d) uint32 to the nearest bfloat16, in `out` (n, d or more) uint16.

    Of every 32 columns k and k + 16 lie side by side, of a last 16 k and k + 8: see `lanes.py`.
    """
    n, d = values.shape
    for i in range(n):
        for first in range(0, d, PAIR):
            half = min(LANES, (d - first) // 2)
            for k in range(half):
                low, high = values[i, first + k], values[i, first + half + k]
                # Half of the last place that stays is added before the cut, which rounds to nearest. A carry
                # into the exponent is right: the bits of floats of one sign are in the order of their values.
                out[i, first + 2 * k] = np.uint16((low + np.uint32(0x8000)) >> np.uint32(16))
                out[i, first + 2 * k + 1] = np.uint16((high + np.uint32(0x8000)) >> np.uint32(16))


@compiled()
def split(values: np.ndarray, out: np.ndarray) -> None:
    """Store float32 bits `values` (n, d) uint32 as `out` (n, 2 d) uint16: `pack`'s bfloat16, then the rest.

    The halves add up to the value again, as whole numbers: nothing is lost.
    """
    n, d = values.shape
    pack(values, out)
    for i in range(n):
        for k in range(d):
            out[i, d + k] = np.uint16(values[i, k] & np.uint32(0xFFFF))


@compiled()
def join(halves: np.ndarray, out: np.ndarray) -> None:
    """The inverse of `split`; `out` (n, d) uint32 may be the same memory as `halves`."""
    n, d = out.shape
    # A row is put together aside, because `out` may be the memory that is still being read.
    row = np.empty(d, np.uint32)
    for i in range(n):
        for first in range(0, d, PAIR):
            half = min(LANES, (d - first) // 2)
            for k in range(half):
                row[first + k] = np.uint32(halves[i, first + 2 * k])
                row[first + half + k] = np.uint32(halves[i, first + 2 * k + 1])
        for k in range(d):
            low = np.uint32(halves[i, d + k])
            # Where `pack` rounded up, the upper half is one too large, which is taken back here.
            below = np.uint32(0x10000) if low >= np.uint32(0x8000) else np.uint32(0)
            row[k] = (row[k] << np.uint32(16)) + low - below
        for k in range(d):
            out[i, k] = row[k]


@compiled()
def solve_rows(
    indptr: np.ndarray,
    indices: np.ndarray,
    values: np.ndarray,
    x: np.ndarray,
    fixed: np.ndarray,
    spectrum: np.ndarray,
    ridge: np.ndarray,
    offsets: np.ndarray,
    constant: np.ndarray,
    shift: float,
    steps: int,
    tolerance: float,
    relaxation: float,
) -> float:
    """Improve rows `x` (n, d) in place, each towards the minimiser of its quadratic; see `solver.py`.

    Row u has the system (diag(spectrum) + ridge_u + Σ q y yᵀ) x = Σ (t - q o) y - constant over its observed
    pairs, with y a row of `fixed` (float32, or uint16: bfloat16 by `pack` or `split`, of which the first d
    numbers count), o its offset, q = |v| - shift and t = max(v, 0). The factors are in the eigenbasis of the
    fixed side's Gramian, which is why that is a diagonal here. Conjugate gradient, preconditioned by the
    diagonal, at most `steps` steps or until the residual has shrunk by `tolerance`; x goes `relaxation` times
    as far.

    What a row's quadratic is worth is known at the start, and every step k lowers it by length_k rz_k
    (2 relaxation - relaxation²), the directions being conjugate: no pass over the pairs is needed at the end.

    Returns:
        Σ over the observed pairs of q s² - 2 t s + t, with s the new scores; infinity where a row overflowed.
    """
    n, d = x.shape
    longest = 0
    for u in range(n):
        longest = max(longest, indptr[u + 1] - indptr[u])
    longest = (longest + LANES - 1) // LANES * LANES
    kept = np.zeros((max(ROWS, min(longest, TILE)), d), fixed.dtype)
    q = np.zeros(longest, np.float32)
    t = np.zeros(longest, np.float32)
    rest = np.zeros(longest, np.float32)
    inverse = np.empty(d, np.float32)
    row = np.empty(d, np.float32)
    r = np.empty(d, np.float32)
    p = np.empty(d, np.float32)
    ap = np.empty(d, np.float32)
    lift, far, two = np.float32(shift), np.float32(relaxation), np.float32(2)
    gain = far * (two - far)
    top = np.float32(0)
    for k in range(d):
        top = max(top, spectrum[k])
    total = 0.0
    for u in range(n):
        start = indptr[u]
        count = indptr[u + 1] - start
        if count == 0 and len(offsets) == 0:  # exactly nothing: what rounding leaves would have a direction
            for k in range(d):
                x[u, k] = 0
            continue
        own = ridge[u]
        # Directions in which there is neither Gramian nor ridge have a diagonal of rounding errors, which
        # must not be divided by.
        floor = np.float32(1e-7) * (top + own) + np.float32(1e-30)
        value = weigh(values, start, count, lift, q, t)
        # Loops write one array and read few, as LLVM gives up on vectors where too many might overlap; and
        # those that sum write none, so that the order of a sum does not depend on where arrays lie.
        for k in range(d):
            inverse[k] = np.float32(1) / max(spectrum[k] + own, floor)
        for k in range(d):
            row[k] = x[u, k]
        for k in range(d):
            r[k] = -(spectrum[k] + own) * row[k] - constant[k]
        for k in range(d):
            # The whole quadratic at the start: this, and (q s - 2 t) s from `meet`. What is not of the pairs
            # is taken off again at the end, at the new row.
            value += row[k] * ((spectrum[k] + own) * row[k] + two * constant[k])
        for tile in range(0, count, TILE):
            width = min(TILE, count - tile)
            value -= meet(fixed, indices, start + tile, width, kept, row, offsets, t, q, rest, tile)
            add(kept, width, rest, tile, r)
        rz = np.float32(0)
        for k in range(d):
            rz += r[k] * r[k] * inverse[k]
        for k in range(d):
            p[k] = r[k] * inverse[k]
        first = rz
        for step in range(steps):
            if rz <= np.float32(1e-30):
                break
            curvature = np.float32(0)
            for k in range(d):
                curvature += (spectrum[k] + own) * p[k] * p[k]
            for k in range(d):
                ap[k] = (spectrum[k] + own) * p[k]
            for tile in range(0, count, TILE):
                width = min(TILE, count - tile)
                if count > TILE:  # t and rest are not needed any more
                    meet(fixed, indices, start + tile, width, kept, p, offsets, t, q, rest, tile)
                curvature += dot(kept, width, p, q, rest, tile)
                # The length of a step needs only pᵀ A p. A p itself is for a next step, so the last one saves
                # half of its pass.
                if step < steps - 1:
                    add(kept, width, rest, tile, ap)
            if not np.isfinite(curvature):
                return np.inf
            # The system is positive definite, so that this is rounding: the row is as good as it gets.
            if curvature <= 0:
                break
            length = rz / curvature
            value -= gain * length * rz
            way = far * length
            for k in range(d):
                row[k] += way * p[k]
            if step == steps - 1:
                break
            new = np.float32(0)
            for k in range(d):
                r[k] -= length * ap[k]
            for k in range(d):
                new += r[k] * r[k] * inverse[k]
            if new <= tolerance * first:
                break
            turn = new / rz
            rz = new
            for k in range(d):
                p[k] = r[k] * inverse[k] + turn * p[k]
        for k in range(d):
            value -= row[k] * ((spectrum[k] + own) * row[k] + two * constant[k])
        for k in range(d):
            x[u, k] = row[k]
        total += np.float64(value)
    return total


@compiled()
def select(
    scores: np.ndarray,
    first: int,
    indptr: np.ndarray,
    indices: np.ndarray,
    left_out: float,
    ids: np.ndarray,
    best: np.ndarray,
) -> None:
    """Merge the scores (n, w) of items `first` .. first + w - 1 into each row's heap of the best so far.

    Items `indices[indptr[u] : indptr[u + 1]]`, sorted, get the score `left_out` for row u beforehand.
    `best` (n, N) float32 and `ids` (n, N) int32 are heaps with the worst on top, where of equal scores the
    higher id is the worse; an empty place has the score -inf and an id above all others.
    """
    n, width = scores.shape
    depth = best.shape[1]
    for u in range(n):
        at, end = indptr[u], indptr[u + 1]
        while at < end:  # to the first of its items that is among these
            middle = (at + end) // 2
            if indices[middle] < first:
                at = middle + 1
            else:
                end = middle
        while at < indptr[u + 1] and indices[at] < first + width:
            scores[u, indices[at] - first] = left_out
            at += 1
        least = best[u, 0]
        for i in range(width):
            s = scores[u, i]
            if s > least:  # an equal score has the higher id here, so it stays out
                item = np.int32(first + i)
                at = 0
                while True:  # sift down from the top
                    child = 2 * at + 1
                    if child >= depth:
                        break
                    other = child + 1
                    if other < depth and (
                        best[u, other] < best[u, child]
                        or (best[u, other] == best[u, child] and ids[u, other] > ids[u, child])
                    ):
                        child = other
                    if best[u, child] > s or (best[u, child] == s and ids[u, child] < item):
                        break
                    best[u, at] = best[u, child]
                    ids[u, at] = ids[u, child]
                    at = child
                best[u, at] = s
                ids[u, at] = item
                least = best[u, 0]


@compiled()
def standardise(scores: np.ndarray) -> None:
    """Shift and scale every row of float32 `scores` (n, m) to mean 0 and deviation 1, in place."""
    n, m = scores.shape
    for i in range(n):
        total = 0.0
        for k in range(m):
            total += scores[i, k]
        mean = total / max(m, 1)
        squares = 0.0
        for k in range(m):
            squares += (scores[i, k] - mean) ** 2
        deviation = np.sqrt(squares / max(m, 1))
        scale = np.float32(1 / deviation) if deviation > 1e-12 else np.float32(0)
        for k in range(m):
            scores[i, k] = (scores[i, k] - np.float32(mean)) * scale


def ready() -> None:
    """Compile the kernels and say so, unless the cache has them, from which each comes when it is used."""
    if solve_rows.signatures or any(Path(solve_rows.stats.cache_path or ".").glob("kernels.solve_rows*.nbi")):
        return
    with progress("Compiling the factor kernels (once for this machine)"):
        _touch()


def _touch() -> None:
    """Run every kernel on next to nothing."""
    x = np.ones((1, 16), np.float32)
    half = np.empty((1, 16), np.uint16)
    pack(x.view(np.uint32), half)
    both = np.empty((1, 32), np.uint16)
    split(x.view(np.uint32), both)
    join(both, x.view(np.uint32))
    standardise(x.copy())
    one = np.ones(1, np.float32)
    row = x[0].copy()
    ends = np.array([0, 1], np.int32)
    zero = np.zeros(1, np.int32)
    select(x.copy(), 0, ends, zero, 0.0, np.zeros((1, 2), np.int32), np.zeros((1, 2), np.float32))
    for fixed in (x, half):
        solve_rows(ends, zero, one, x.copy(), fixed, row, one, one[:0], row, 1.0, 1, 0.0, 1.0)
