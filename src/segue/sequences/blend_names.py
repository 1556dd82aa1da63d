"""Whose documents a saved `SequenceBlend` keeps, without loading the rest of it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from segue.sequences.blend_config import KIND
from segue.shelf.arrays import load_arrays, unpack_strings


def named_in(folder: Path) -> list[str]:
    """Whose documents a saved blend keeps, without loading the rest.

    Raises:
        NotFoundError, FormatError: the files are not there, or are something else.
    """
    _, arrays = load_arrays(folder / "blend.npz", KIND)
    return list(dict.fromkeys(name for name in unpack_strings(arrays["names"]) if name is not None))


def outlives(folder: Path, names: Collection[str]) -> bool:
    """Whether a saved blend keeps documents of anybody but `names`: without any it is nothing.

    Raises:
        NotFoundError, FormatError: the files are not there, or are something else.
    """
    _, arrays = load_arrays(folder / "blend.npz", KIND)
    return any(name is None or name not in names for name in unpack_strings(arrays["names"]))
