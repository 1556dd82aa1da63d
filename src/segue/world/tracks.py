"""Tracks as a world sees them."""

from __future__ import annotations

from typing import Any, NamedTuple

from segue.namespace import Array


class Track(NamedTuple):
    """Tracks, n of them or one."""

    vector: Array  # (..., d) unit vectors
    energy: Array  # (...) 0 to 1
    loud: Array  # (...) 0 to 1
    artist: Array  # (...) int32
    minutes: Array  # (...)


def take(tree: Any, rows: Array) -> Any:
    """The `rows` of every array in a NamedTuple."""
    return type(tree)(*(value[rows] for value in tree))
