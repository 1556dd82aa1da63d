"""Products of few vectors with many, which is what one listener asks of a whole catalogue.

BLAS packs the many anew for every product of matrices, which takes several times as long as to read them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.factors.kernels import compiled

Floats = NDArray[np.float32]
FEW = 8  # vectors up to which they are multiplied here
BLOCK = 64  # of the many: they stay in the cache until all the few are through with them


def products(few: Floats, many: Floats) -> Floats:
    """The inner products (k, n) of `few` (k, d) with `many` (n, d).

    Few vectors have the same products with a vector to the last bit, whichever others it is among.
    """
    if not 0 < len(few) <= FEW or not (few.flags.c_contiguous and many.flags.c_contiguous):
        return few @ many.T
    found = np.empty((len(few), len(many)), np.float32)
    _multiply(few, many, found)
    return found


@compiled()
def _multiply(few: Floats, many: Floats, found: Floats) -> None:
    k, (n, d) = len(few), many.shape
    for start in range(0, n, BLOCK):
        stop = min(n, start + BLOCK)
        for q in range(0, k - 1, 4):  # four at a time; of less, the last one again
            r, s, t = q + 1, min(q + 2, k - 1), min(q + 3, k - 1)
            for i in range(start, stop):
                a = b = c = e = np.float32(0)
                for j in range(d):
                    x = many[i, j]
                    a += x * few[q, j]
                    b += x * few[r, j]
                    c += x * few[s, j]
                    e += x * few[t, j]
                found[q, i] = a
                found[r, i] = b
                found[s, i] = c
                found[t, i] = e
        # One that is left over goes alone: filled up by itself it would be multiplied four times.
        if k % 4 == 1:
            for i in range(start, stop):
                a = np.float32(0)
                for j in range(d):
                    a += many[i, j] * few[k - 1, j]
                found[k - 1, i] = a
