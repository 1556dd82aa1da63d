"""Pytrees of arrays on disk: their leaves, in order, without pickle."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from segue.errors import FormatError

ANEW = "it was learned by another version of Segue: learn it anew"


def to_arrays(name: str, tree: Any) -> dict[str, NDArray[Any]]:
    """The leaves of a tree, by name and number."""
    return {f"{name}.{n}": np.asarray(leaf) for n, leaf in enumerate(jax.tree.leaves(tree))}


def from_arrays(name: str, like: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """The tree that `to_arrays` took apart; `like` is one of the same form, its numbers of no importance.

    Raises:
        FormatError: the arrays are of another form.
    """
    leaves, form = jax.tree.flatten(like)
    found = [arrays.get(f"{name}.{n}") for n in range(len(leaves))]
    for leaf, array in zip(leaves, found, strict=True):
        if array is None or array.shape != leaf.shape:
            came = "nothing" if array is None else str(array.shape)
            raise FormatError(
                f"The stored {name} is of another form", expected=str(leaf.shape), got=came, hint=ANEW
            )
    return jax.tree.unflatten(form, [jnp.asarray(array) for array in found])
