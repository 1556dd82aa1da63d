"""Formulas that stand once for both: JAX where they are learned and played, NumPy where somebody waits.

What answers a person has no time to compile: it evaluates the same functions in NumPy. They take any leading
axes, so that NumPy takes many sessions at once; JAX maps them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any  # numpy.ndarray or jax.Array


def namespace(*arrays: Array) -> Any:
    """`numpy` if all arrays are NumPy's, else `jax.numpy`."""
    if all(isinstance(array, (np.ndarray, np.generic)) for array in arrays):
        return np
    import jax.numpy

    return jax.numpy


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    if namespace(x) is np:
        return 0.5 * np.tanh(0.5 * x) + np.float32(0.5)
    import jax

    return jax.nn.sigmoid(x)


def silu(x: Array) -> Array:
    """x sigmoid(x)."""
    return x * sigmoid(x)
