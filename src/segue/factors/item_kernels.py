"""The compiled part of the item models: products of sparse matrices cut to the largest, and small systems.

As those of `kernels.py` they release the GIL and hold no state.
"""

from __future__ import annotations

import numpy as np

from segue.factors.kernels import compiled


@compiled()
def largest_products(
    indptr: np.ndarray,
    indices: np.ndarray,
    values: np.ndarray,
    ends: np.ndarray,
    onward: np.ndarray,
    weights: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    shrink: float,
    ids: np.ndarray,
    best: np.ndarray,
    found: np.ndarray,
    first: int,
) -> None:
    """The largest of each row of (A B)_ij / (left_i right_j + shrink), its own column left out.

    A (rows, listeners) is `indptr`, `indices`, `values`; B (listeners, items) is `ends`, `onward`,
    `weights`. Row k of `ids` int32 and `best` float32 (n, keep) are of row `first` + k of A: columns and
    products (A B)_ij, in no order, `found[k]` of them; of equal ones at the cut those of the lowest columns.
    Quotients that are not above 0 are left out.
    """
    n, keep = ids.shape
    m = len(right)
    total = np.zeros(m, np.float32)
    there = np.zeros(m, np.bool_)
    touched = np.empty(m, np.int32)
    key = np.empty(m, np.float32)
    less = np.float32(shrink)
    for k in range(n):
        row = first + k
        count = 0
        for a in range(indptr[row], indptr[row + 1]):
            listener, value = indices[a], values[a]
            for b in range(ends[listener], ends[listener + 1]):
                item = onward[b]
                if not there[item]:
                    there[item] = True
                    touched[count] = item
                    count += 1
                total[item] += value * weights[b]
        real = 0
        for t in range(count):
            item = touched[t]
            there[item] = False
            worth = total[item] / (left[row] * right[item] + less)
            if item != row and worth > 0:
                touched[real] = item
                key[real] = worth
                real += 1
            else:
                total[item] = 0
        # Below all that is kept, as only what is above 0 is.
        cut = np.float32(-1)
        if real > keep:
            cut = np.partition(key[:real], real - keep)[real - keep]
        place = 0
        for t in range(real):
            if key[t] > cut:
                ids[k, place] = touched[t]
                best[k, place] = total[touched[t]]
                place += 1
        # Items are met in the order of the listeners' rows; of equal ones the lowest columns are taken, which
        # no order changes.
        if place < min(keep, real):  # equal ones at the cut
            level = 0
            for t in range(real):
                if key[t] == cut:
                    there[touched[t]] = True
                    level += 1
            ties = np.empty(level, np.int32)
            level = 0
            for t in range(real):
                if there[touched[t]]:
                    there[touched[t]] = False
                    ties[level] = touched[t]
                    level += 1
            ties.sort()
            for t in range(keep - place):
                ids[k, place] = ties[t]
                best[k, place] = total[ties[t]]
                place += 1
        found[k] = place
        for t in range(real):
            total[touched[t]] = 0


@compiled()
def regress_neighbourhoods(
    ends: np.ndarray,
    others: np.ndarray,
    products: np.ndarray,
    diagonal: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    wanted: np.ndarray,
    first: int,
    last: int,
    steps: int,
    tolerance: float,
    result: np.ndarray,
) -> None:
    """Solve G_SS b = g_S for each item's neighbourhood S, by conjugate gradient with the diagonal.

    Off the `diagonal` (m,) G is `ends`, `others`, `products`, of which an entry may stand on either side of
    the diagonal or on both; what stands on neither is 0. The neighbourhood of item j is
    `indices[indptr[j] : indptr[j + 1]]`, its g likewise in `wanted`, and b is put there in `result`.
    `tolerance` is the squared shrinkage of the residual that counts as solved.
    """
    place = np.full(len(diagonal), -1, np.int32)
    longest = 0
    for j in range(first, last):
        longest = max(longest, indptr[j + 1] - indptr[j])
    whole = np.empty((longest, longest), np.float32)
    inverse = np.empty(longest, np.float32)
    r = np.empty(longest, np.float32)
    p = np.empty(longest, np.float32)
    ap = np.empty(longest, np.float32)
    x = np.empty(longest, np.float32)
    for j in range(first, last):
        start = indptr[j]
        count = indptr[j + 1] - start
        for a in range(count):
            place[indices[start + a]] = a
            for b in range(count):
                whole[a, b] = 0
        for a in range(count):
            item = indices[start + a]
            whole[a, a] = diagonal[item]
            for b in range(ends[item], ends[item + 1]):
                other = place[others[b]]
                if other >= 0:
                    # `products` keeps an item's largest entries alone, so that a pair may be there for one of
                    # the two items only.
                    whole[a, other] = products[b]
                    whole[other, a] = products[b]
        rz = np.float32(0)
        for a in range(count):
            x[a] = 0
            r[a] = wanted[start + a]
            inverse[a] = np.float32(1) / whole[a, a]
            p[a] = r[a] * inverse[a]
            rz += r[a] * p[a]
        enough = np.float32(tolerance) * rz
        for _ in range(steps):
            if rz <= enough:
                break
            curvature = np.float32(0)
            for a in range(count):
                product = np.float32(0)
                for b in range(count):
                    product += whole[a, b] * p[b]
                ap[a] = product
                curvature += product * p[a]
            if curvature <= 0:
                break
            length = rz / curvature
            new = np.float32(0)
            for a in range(count):
                x[a] += length * p[a]
                r[a] -= length * ap[a]
            for a in range(count):
                new += r[a] * r[a] * inverse[a]
            turn = new / rz
            rz = new
            for a in range(count):
                p[a] = r[a] * inverse[a] + turn * p[a]
        for a in range(count):
            result[start + a] = x[a]
            place[indices[start + a]] = -1


@compiled()
def add_standard_products(
    indptr: np.ndarray,
    indices: np.ndarray,
    values: np.ndarray,
    ends: np.ndarray,
    onward: np.ndarray,
    weights: np.ndarray,
    share: float,
    to: np.ndarray,
    shift: np.ndarray,
) -> None:
    """Add `share` times the rows of a sparse product, each brought to mean 0 and deviation 1, to `to` (n, m).

    A (n, k) is `indptr`, `indices`, `values`; B (k, m) is `ends`, `onward`, `weights`. What is alike for a
    whole row is added to `shift` (n,) instead, so that only where the product is not 0 anything is done.
    """
    n, m = to.shape
    total = np.zeros(m, np.float32)
    there = np.zeros(m, np.bool_)
    touched = np.empty(m, np.int32)
    for u in range(n):
        count = 0
        for a in range(indptr[u], indptr[u + 1]):
            k, value = indices[a], values[a]
            for b in range(ends[k], ends[k + 1]):
                item = onward[b]
                if not there[item]:
                    there[item] = True
                    touched[count] = item
                    count += 1
                total[item] += value * weights[b]
        plain, squares = 0.0, 0.0
        for t in range(count):
            plain += total[touched[t]]
        mean = plain / max(m, 1)
        for t in range(count):
            squares += (total[touched[t]] - mean) ** 2
        # All items that the product does not reach have the score 0, which lies `mean` from the mean.
        squares += (m - count) * mean * mean
        deviation = np.sqrt(squares / max(m, 1))
        scale = share / deviation if deviation > 1e-12 else 0.0
        shift[u] -= np.float32(scale * mean)
        for t in range(count):
            item = touched[t]
            to[u, item] += np.float32(scale) * total[item]
            total[item] = 0
            there[item] = False
