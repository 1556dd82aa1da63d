"""Vectors rounded to bytes: a quarter of what is read from memory for every product of one vector with all.

What rounding may have changed is bounded, so that the largest products are found for sure: those that may be
among them are worked out again from the vectors themselves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.factors.kernels import compiled
from segue.factors.scored import batches

Floats = NDArray[np.float32]
LARGEST = 127
LANES = 64  # numbers multiplied at a time; vectors are padded to a multiple of it
SLACK = np.float32(1e-5)  # of a vector's length: what sums of float32 may be off


class Quantised:
    """Vectors (n, d), each rounded to whole multiples of a scale of its own."""

    def __init__(self, vectors: Floats) -> None:
        n, d = vectors.shape
        self.rounded = np.zeros((n, -(-d // LANES) * LANES), np.int8)
        self.scale, self.rest = np.empty(n, np.float32), np.empty(n, np.float32)
        for part in batches(n, d):
            some = vectors[part]
            scale = np.maximum(np.abs(some).max(axis=1), np.float32(1e-30)) / LARGEST
            rounded = np.rint(some / scale[:, None])
            self.rounded[part, :d], self.scale[part] = rounded, scale
            # By Cauchy-Schwarz a product is off by at most the length of what rounding lost, times the length
            # of the other vector.
            lost = np.linalg.norm(some - rounded * scale[:, None], axis=1)
            self.rest[part] = lost + SLACK * np.linalg.norm(some, axis=1)

    def products(self, vector: Floats) -> Floats:
        """(n,) the products with `vector` (d,), as near as rounding leaves them."""
        found = np.empty(len(self.scale), np.float32)
        _multiply(self.rounded, self.scale, self._padded(vector), found)
        return found

    def bound(self, vector: Floats, least: Floats, most: Floats) -> None:
        """Add to `least` and `most` (n,) between what the products with `vector` (d,) are."""
        length = np.float32(np.linalg.norm(vector) * (1 + 1e-5))
        _bound(self.rounded, self.scale, self.rest, self._padded(vector), length, least, most)

    def _padded(self, vector: Floats) -> Floats:
        padded = np.zeros(self.rounded.shape[1], np.float32)
        padded[: len(vector)] = vector
        return padded


@compiled()
def _multiply(rounded: NDArray[np.int8], scale: Floats, vector: Floats, found: Floats) -> None:
    n, d = rounded.shape
    for i in range(n):
        total = np.float32(0)
        for j in range(d):
            total += np.float32(rounded[i, j]) * vector[j]
        found[i] = total * scale[i]


@compiled()
def _bound(
    rounded: NDArray[np.int8],
    scale: Floats,
    rest: Floats,
    vector: Floats,
    length: float,
    least: Floats,
    most: Floats,
) -> None:
    n, d = rounded.shape
    for i in range(n):
        total = np.float32(0)
        for j in range(d):
            total += np.float32(rounded[i, j]) * vector[j]
        value, off = total * scale[i], rest[i] * length
        least[i] += value - off
        most[i] += value + off


@compiled()
def products_of(vectors: Floats, places: NDArray[np.int32], vector: Floats, to: Floats) -> None:
    """Add the products of those of `vectors` (n, d) at `places` (p,) with `vector` (d,) to `to` (p,)."""
    d = vectors.shape[1]
    for at in range(len(places)):
        i = places[at]
        total = np.float32(0)
        for j in range(d):
            total += vectors[i, j] * vector[j]
        to[at] += total
