"""How sessions begin: a listener, a pool of candidates, and what is known of them."""

from __future__ import annotations

from typing import NamedTuple

from segue.namespace import Array


class Starts(NamedTuple):
    """Beginnings of n sessions with m candidates each."""

    pool: Array  # (n, m) places of the tracks
    static: Array  # (n, m, len(STATIC)) features that do not change in a session
    known: Array  # (n, m) bool, heard before
    listener: Array  # (n,)
