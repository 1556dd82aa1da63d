"""Who likes what: the matrix of observations, implicit matrix factorisation, folding in, explanations."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segue.factors.als import ImplicitALS
    from segue.factors.model import FactorModel

_HOME = {"ImplicitALS": "als", "FactorModel": "model"}
__all__ = ["FactorModel", "ImplicitALS"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"segue.factors.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
