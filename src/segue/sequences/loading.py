"""The published song vectors of a library, and the network that its radio asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segue.errors import NotFoundError
from segue.library import Library
from segue.shelf.names import NETWORK, VECTORS, shelf_of

if TYPE_CHECKING:
    from segue.sequences.blend import SequenceBlend
    from segue.sequences.vectors import SongVectors


def load_vectors(library: Library) -> tuple[SongVectors, str]:
    """The current song vectors of a library's shelf, and their version.

    Raises:
        NotFoundError: none were trained yet.
    """
    shelf = shelf_of(library)
    if VECTORS not in shelf.names():
        raise NotFoundError("This library has no song vectors yet", hint="segue train vectors")
    from segue.sequences.vectors import SongVectors

    return shelf.load(VECTORS, lambda folder: SongVectors.load(folder / f"{VECTORS}.npz"))


def load_network(library: Library) -> tuple[SequenceBlend, str]:
    """What the radio asks, and its version.

    Raises:
        NotFoundError: it was not trained yet.
    """
    shelf = shelf_of(library)
    if NETWORK not in shelf.names():
        raise NotFoundError("This library has no trained network yet", hint="segue train network")
    from segue.sequences.blend import SequenceBlend

    return shelf.load(NETWORK, SequenceBlend.load)
