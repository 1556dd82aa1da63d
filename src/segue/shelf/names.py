"""Names of what lies on a library's shelf, and where that shelf is."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from segue.shelf.shelf import Shelf

FACTORS = "factors"
VECTORS = "vectors"  # song vectors: vectors.npz
NETWORK = "network"  # a SequenceBlend's folder
WORLD = "world"  # user models of a library's listeners
AGENTS = "agents"  # a trained agent and its user models


def factors_of(medium: str) -> str:
    """The name of the factors from which lists of a medium are made: what is no song has its own."""
    return FACTORS if medium in ("song", "artist") else f"{FACTORS}-{medium}"


class _Library(Protocol):
    @property
    def path(self) -> Path:
        """The library's folder."""


def shelf_of(library: _Library | Path) -> Shelf:
    """The shelf that stands in a library's folder."""
    return Shelf((library if isinstance(library, Path) else library.path) / "shelf")
