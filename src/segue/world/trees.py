"""Trees of arrays on disk: nested tuples taken apart into their arrays, in order, without pickle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import FormatError

ANEW = "it was learned by another version of Segue: learn it anew"


def to_arrays(name: str, tree: Any) -> dict[str, NDArray[Any]]:
    """The arrays of a tree, by name and number."""
    return {f"{name}.{n}": np.asarray(leaf) for n, leaf in enumerate(_leaves(tree))}


def from_arrays(name: str, like: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """The tree that `to_arrays` took apart; `like` is one of the same form, its numbers of no importance.

    Raises:
        FormatError: the arrays are of another form.
    """
    found = {f"{name}.{n}": leaf for n, leaf in enumerate(_leaves(like))}
    for key, leaf in found.items():
        array = arrays.get(key)
        if array is None or array.shape != leaf.shape:
            came = "nothing" if array is None else str(array.shape)
            raise FormatError(
                f"The stored {name} is of another form", expected=str(leaf.shape), got=came, hint=ANEW
            )
    return _filled(like, (arrays[key] for key in found))


def _leaves(tree: Any) -> Iterator[Any]:
    """The arrays of nested tuples; None holds none."""
    if isinstance(tree, tuple):
        for part in tree:
            yield from _leaves(part)
    elif tree is not None:
        yield tree


def _filled(like: Any, leaves: Iterator[Any]) -> Any:
    """The same nested tuples with other arrays."""
    if isinstance(like, tuple):
        parts = [_filled(part, leaves) for part in like]
        return type(like)(*parts) if hasattr(like, "_fields") else tuple(parts)
    return None if like is None else next(leaves)
