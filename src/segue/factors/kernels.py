"""The compiled part of the factor models: all Numba kernels are here, and nothing else is.

They release the GIL and hold no state, so that ordinary threads run them side by side (no threading layer of
Numba's is used, which would not survive forks or concurrent callers). Numba compiles them at first use, for
the user's own processor, and keeps the result on disk: `ready` says so on a terminal.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numba
import numpy as np

from segue.factors.lanes import ROWS, gather, sweep
from segue.progress import progress

# Sums may be reordered and products fused, but NaN and infinity stay what they are, to be caught.
MATHS = {"reassoc", "contract", "arcp", "nsz"}
compiled = functools.partial(numba.njit, cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
TILE = 512  # observed pairs of a row whose factors are kept in cache between steps; a multiple of ROWS


@compiled()
def pack(values: np.ndarray, out: np.ndarray) -> None:
    """Round float32 bits `values` (n, d) uint32 to the nearest bfloat16 `out` (n, d) uint16."""
    for i in range(values.shape[0]):
        for k in range(values.shape[1]):
            out[i, k] = np.uint16((values[i, k] + np.uint32(0x8000)) >> np.uint32(16))


@compiled()
def split(values: np.ndarray, out: np.ndarray) -> None:
    """Store float32 bits `values` (n, d) uint32 as `out` (n, 2 d) uint16: nearest bfloat16, then the rest.

    The halves add up to the value again, as whole numbers: nothing is lost.
    """
    n, d = values.shape
    for i in range(n):
        for k in range(d):
            high = np.uint16((values[i, k] + np.uint32(0x8000)) >> np.uint32(16))
            out[i, k] = high
            out[i, d + k] = np.uint16(values[i, k] - (np.uint32(high) << np.uint32(16)))


@compiled()
def join(halves: np.ndarray, out: np.ndarray) -> None:
    """The inverse of `split`; `out` (n, d) uint32 may be the same memory as `halves`."""
    n, d = out.shape
    row = np.empty(d, np.uint32)
    for i in range(n):
        for k in range(d):
            low = np.uint32(halves[i, d + k])
            below = np.uint32(0x10000) if low >= np.uint32(0x8000) else np.uint32(0)
            row[k] = (np.uint32(halves[i, k]) << np.uint32(16)) + low - below
        for k in range(d):
            out[i, k] = row[k]


@compiled()
def solve_rows(
    indptr: np.ndarray,
    indices: np.ndarray,
    values: np.ndarray,
    x: np.ndarray,
    fixed: np.ndarray,
    fixed16: np.ndarray,
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
    pairs, with y a row of `fixed` (or the first d numbers of one of `fixed16`, bfloat16; whichever is not
    empty), o its offset, q = |v| - shift and t = max(v, 0). The factors are in the eigenbasis of the fixed
    side's Gramian, which is why that is a diagonal here. Conjugate gradient, preconditioned by the diagonal,
    at most `steps` steps or until the residual has shrunk by `tolerance`; then `relaxation` times as far.

    Returns:
        Σ over the observed pairs of q s² - 2 t s + t, with s the new scores; infinity where a row overflowed.
    """
    n, d = x.shape
    longest = 0
    for u in range(n):
        longest = max(longest, indptr[u + 1] - indptr[u])
    longest = (longest + ROWS - 1) // ROWS * ROWS
    kept = np.zeros((max(ROWS, min(longest, TILE)), d), np.float32)
    q = np.zeros(longest, np.float32)
    minus = np.zeros(longest, np.float32)
    t = np.zeros(longest, np.float32)
    none = np.zeros(longest, np.float32)
    offset = np.zeros(longest, np.float32)
    score = np.empty(longest, np.float32)
    before = np.empty(longest, np.float32)
    along = np.empty(longest, np.float32)
    diagonal = np.empty(d, np.float32)
    inverse = np.empty(d, np.float32)
    origin = np.empty(d, np.float32)
    row = np.empty(d, np.float32)
    r = np.empty(d, np.float32)
    p = np.empty(d, np.float32)
    ap = np.empty(d, np.float32)
    biased = offsets.shape[0] > 0
    half = fixed16.shape[0] > 0
    lift, far = np.float32(shift), np.float32(relaxation)
    top = np.float32(0)
    for k in range(d):
        top = max(top, spectrum[k])
    total = 0.0
    for u in range(n):
        start = indptr[u]
        count = indptr[u + 1] - start
        whole = (count + ROWS - 1) // ROWS * ROWS  # filled up with pairs that weigh nothing
        for j in range(count):
            value = values[start + j]
            q[j] = abs(value) - lift
            minus[j] = lift - abs(value)
            t[j] = max(value, np.float32(0))
        q[count:whole] = 0
        minus[count:whole] = 0
        t[count:whole] = 0
        if biased:
            for j in range(count):
                offset[j] = offsets[indices[start + j]]
        floor = np.float32(1e-7) * (top + ridge[u]) + np.float32(1e-30)
        for k in range(d):
            row[k] = origin[k] = x[u, k]
            diagonal[k] = spectrum[k] + ridge[u]
            inverse[k] = np.float32(1) / max(diagonal[k], floor)
            r[k] = -diagonal[k] * row[k] - constant[k]
        rz = first = np.float32(0)
        for step in range(steps + 1):
            # Step 0 finds the residual r of the start, the others A p for a direction p.
            for tile in range(0, whole, TILE):
                width = min(TILE, whole - tile)
                if step == 0 or whole > TILE:
                    filled = min(TILE, count - tile)
                    if half:
                        gather(fixed16, indices, start + tile, filled, kept)
                    else:
                        gather(fixed, indices, start + tile, filled, kept)
                if step == 0:
                    sweep(kept, width, row, tile, t, minus, offset, score, r)
                else:
                    sweep(kept, width, p, tile, none, q, none, along, ap)
            if step == 0:
                before[:count] = score[:count]
                for k in range(d):
                    z = r[k] * inverse[k]
                    p[k] = z
                    ap[k] = diagonal[k] * z
                    rz += r[k] * z
                first = rz
            else:
                curvature = np.float32(0)
                for k in range(d):
                    curvature += p[k] * ap[k]
                if not np.isfinite(curvature):
                    return np.inf
                if curvature <= 0:
                    break
                length = rz / curvature
                for j in range(count):
                    score[j] += length * along[j]
                new = np.float32(0)
                for k in range(d):
                    row[k] += length * p[k]
                    rest = r[k] - length * ap[k]
                    r[k] = rest
                    new += rest * rest * inverse[k]
                turn = new / rz
                rz = new
                if step == steps or rz <= tolerance * first:
                    break
                for k in range(d):
                    z = r[k] * inverse[k] + turn * p[k]
                    p[k] = z
                    ap[k] = diagonal[k] * z
            if rz <= np.float32(1e-30):
                break
        for k in range(d):
            x[u, k] = origin[k] + far * (row[k] - origin[k])
        if far != 1:
            for j in range(count):
                score[j] = before[j] + far * (score[j] - before[j])
        part = 0.0
        for j in range(count):
            part += (q[j] * score[j] - 2 * t[j]) * score[j] + t[j]
        total += float(part)
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


def ready() -> None:
    """Load the kernels from Numba's cache, or compile them, saying so if that has to happen."""
    if solve_rows.signatures:
        return
    folder = Path(solve_rows.stats.cache_path or ".")
    if any(folder.glob("kernels.solve_rows*.nbi")):
        _touch()
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
    one = np.ones(1, np.float32)
    row = x[0].copy()
    ends = np.array([0, 1], np.int32)
    zero = np.zeros(1, np.int32)
    select(x.copy(), 0, ends, zero, 0.0, np.zeros((1, 2), np.int32), np.zeros((1, 2), np.float32))
    solve_rows(ends, zero, one, x.copy(), x, half, row, one, one[:0], row, 1.0, 1, 0.0, 1.0)
