"""A simulated music town: listeners whose true tastes are known, and who respond to music by a known law.

`build("ordinary", seed=1).write(library)` fills a library as an import would. What is true of the town
(tastes, versions, the chance of every response) stays in the `Town`, or in a folder of its own, and nothing
that trains may read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segue.town.config import TownConfig as TownConfig
    from segue.town.town import Town as Town
    from segue.town.town import build as build

_HOMES = {"TownConfig": "config", "Town": "town", "build": "town"}
__all__ = ["Town", "TownConfig", "build"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"segue.town.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'segue.town' has no attribute {name!r}")
