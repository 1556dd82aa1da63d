"""Offsets of listeners (`following.py`), kept beside published user models by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from segue.shelf.arrays import load_arrays, pack_strings, save_arrays, unpack_strings
from segue.world.known import Floats

FILE, KIND = "offsets.npz", "offsets of listeners"


def save_offsets(folder: Path, offsets: Mapping[str, Floats]) -> None:
    """Write them; each (3,), by listener."""
    rows = np.array([*offsets.values()], np.float32).reshape(-1, 3)
    save_arrays(folder / FILE, KIND, {}, {"listeners": pack_strings(offsets), "offsets": rows})


def load_offsets(folder: Path) -> dict[str, Floats]:
    """What `save_offsets` wrote; nothing where there is no such file.

    Raises:
        FormatError: it is damaged.
    """
    if not (folder / FILE).exists():
        return {}
    _, arrays = load_arrays(folder / FILE, KIND)
    return dict(zip(unpack_strings(arrays["listeners"]).tolist(), arrays["offsets"], strict=True))
