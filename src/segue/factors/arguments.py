"""What callers of a recommender pass, checked: matrices, ids, filters, seeds."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, csr_matrix, issparse

from segue.errors import NumericalError, UsageError


class ArgumentError(UsageError, ValueError):
    """An argument that cannot be taken; a ValueError too, which is what `implicit` raises."""


class ParameterWarning(UserWarning):
    """An argument that is taken, but at a cost that the caller could save."""


def observed(matrix: csr_matrix, what: str, *, strict: bool = False) -> csr_matrix:
    """`matrix` as float32 CSR without duplicates and stored zeros; the caller's is left alone.

    Warns of what is not CSR (`ParameterWarning`, as `implicit`'s).

    Raises:
        ArgumentError: not a sparse matrix, or, if `strict`, not CSR.
        NumericalError: NaN or infinity in it.
    """
    if not issparse(matrix) or (strict and not isinstance(matrix, csr_matrix | csr_array)):
        raise ArgumentError(
            f"{what} can't be taken",
            expected="a scipy.sparse CSR matrix",
            got=f"{getattr(matrix, 'format', '')} {type(matrix).__name__}".strip(),
            hint="call .tocsr() on it",
        )
    if matrix.format != "csr":
        warnings.warn(
            f"{what} came as {matrix.format} and is converted: call .tocsr() on it once",
            ParameterWarning,
            stacklevel=3,
        )
    result = csr_matrix(matrix, dtype=np.float32)
    if not np.isfinite(result.data).all():
        raise NumericalError(f"{what} holds NaN or infinity", hint="remove or repair those entries")
    if not result.has_canonical_format or not result.data.all():
        result = result.copy()
        result.sum_duplicates()
        result.eliminate_zeros()
    return result


def how_many(n: object, what: str = "N") -> int:
    """`n` as a number of results.

    Raises:
        ArgumentError: not a whole number, or below 0.
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0:
        raise ArgumentError(f"{what} can't be taken", expected="a whole number from 0 on", got=repr(n)[:80])
    return int(n)


def ids_in(ids: ArrayLike, size: int, what: str) -> NDArray[np.int64]:
    """`ids` as an array.

    Raises:
        IndexError: one that the model does not have.
    """
    array = np.atleast_1d(np.asarray(ids, dtype=np.int64))
    if array.size and (array.min() < 0 or array.max() >= size):
        raise IndexError(f"{what} must be from 0 to {size - 1}; came {array.min()} to {array.max()}")
    return array


def seed_of(random_state: object) -> int | None:
    """A seed from what `implicit` takes for `random_state`: none, a number, or a generator of NumPy's."""
    if random_state is None or isinstance(random_state, int):
        return random_state
    if isinstance(random_state, np.integer):
        return int(random_state)
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    raise ArgumentError(
        "random_state can't be taken",
        expected="None, an int or a NumPy random generator",
        got=type(random_state).__name__,
    )
