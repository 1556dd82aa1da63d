"""Chance by counting: a draw depends only on the seed, its purpose and its keys (listener, session, step...).

So a listener's life is the same whatever the number of listeners, and whether drawn alone or in a batch. The
mixing is splitmix64's finaliser (Steele, Lea and Flood 2014) over the keys in turn.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.array(0x9E3779B97F4A7C15, dtype=np.uint64)
_FIRST = np.array(0xBF58476D1CE4E5B9, dtype=np.uint64)
_SECOND = np.array(0x94D049BB133111EB, dtype=np.uint64)
_S30, _S27, _S31, _S11 = (np.array(s, dtype=np.uint64) for s in (30, 27, 31, 11))
_UNIT = 2.0**-53

Keys = NDArray[np.integer[Any]] | int


def generator(seed: int, part: str) -> np.random.Generator:
    """A generator of its own for each part of a town, so that one part's size does not move another."""
    return np.random.default_rng([seed, zlib.crc32(part.encode())])


class Draws:
    """Draws for one purpose. Keys broadcast against each other; put the smallest arrays first."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._start = np.random.SeedSequence([seed, zlib.crc32(purpose.encode())]).generate_state(
            1, np.uint64
        )

    def bits(self, *keys: Keys) -> NDArray[np.uint64]:
        """Sixty-four random bits for each combination of keys."""
        state = self._start
        for key in keys:
            key = np.atleast_1d(np.asarray(key)).astype(np.uint64)
            state = state ^ (key * _GOLDEN + _GOLDEN)
            state = (state ^ (state >> _S30)) * _FIRST
            state = (state ^ (state >> _S27)) * _SECOND
            state = state ^ (state >> _S31)
        return np.asarray(state, dtype=np.uint64)

    def uniforms(self, count: int, *keys: Keys) -> list[NDArray[np.float64]]:
        """`count` independent uniform numbers for each combination of keys; cheaper than so many calls."""
        state, found = self.bits(*keys), []
        for _ in range(count):
            state = state + _GOLDEN
            mixed = (state ^ (state >> _S30)) * _FIRST
            mixed = (mixed ^ (mixed >> _S27)) * _SECOND
            found.append(((mixed ^ (mixed >> _S31)) >> _S11) * _UNIT)
        return found

    def uniform(self, *keys: Keys) -> NDArray[np.float64]:
        """Uniform on [0, 1)."""
        return np.asarray((self.bits(*keys) >> _S11) * _UNIT, dtype=np.float64)

    def normal(self, *keys: Keys) -> NDArray[np.float64]:
        """Standard normal."""
        return normal(*self.uniforms(2, *keys))

    def gumbel(self, *keys: Keys) -> NDArray[np.float32]:
        """Standard Gumbel: the k largest of log weights plus this are a sample of k without replacement."""
        chance = np.maximum(self.uniform(*keys).astype(np.float32), np.float32(1e-7))
        return -np.log(np.maximum(-np.log(chance), np.float32(1e-7)))


def normal(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """A standard normal number from two uniform ones (Box and Muller 1958)."""
    return np.sqrt(-2 * np.log1p(-first)) * np.cos(2 * np.pi * second)
