"""The published factor model of a library."""

from __future__ import annotations

from segue.factors.model import FactorModel
from segue.library import Library
from segue.shelf.names import FACTORS, shelf_of


def load_factors(
    library: Library, version: str | None = None, *, name: str = FACTORS
) -> tuple[FactorModel, str]:
    """The current factor model of a library's shelf (or one of its versions), and its version.

    `name` is that of another medium's factors, `factors_of`.

    Raises:
        NotFoundError: nothing was trained yet.
    """
    return shelf_of(library).load(name, FactorModel.load, version)
