"""Offsets of listeners (`following.py`), kept beside published user models by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from segue.shelf.arrays import load_arrays, pack_strings, save_arrays, unpack_strings
from segue.world.following import OFFSET
from segue.world.known import Floats

FILE, KIND = "offsets.npz", "offsets of listeners"


def save_offsets(folder: Path, offsets: Mapping[str, Floats]) -> None:
    """Write them; each (3, 2), by listener."""
    rows = np.array([*offsets.values()], np.float32).reshape(-1, *OFFSET)
    save_arrays(folder / FILE, KIND, {}, {"listeners": pack_strings(offsets), "offsets": rows})


def load_offsets(folder: Path) -> dict[str, Floats]:
    """What `save_offsets` wrote; nothing where there is no such file.

    Raises:
        FormatError: it is damaged.
    """
    if not (folder / FILE).exists():
        return {}
    _, arrays = load_arrays(folder / FILE, KIND)
    rows = arrays["offsets"]
    if rows.ndim == 2:  # from before there were slopes: levels alone
        rows = np.stack([rows, np.zeros_like(rows)], -1)
    return dict(zip(unpack_strings(arrays["listeners"]).tolist(), rows, strict=True))
