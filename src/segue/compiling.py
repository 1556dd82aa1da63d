"""Functions compiled by Numba, and kept compiled on disk where that can be written to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def compiled(**options: Any) -> Callable[[Callable], Any]:
    """`numba.njit` with `options` and with its cache: beside the package, or the user's own.

    Where neither can be written to, as in a container that only reads, each process compiles anew. A folder
    for temporary files would not do: what lies in the cache is run.
    """

    def compile_(function: Callable) -> Any:
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # "no locator available"
            return numba.njit(**options)(function)

    return compile_
