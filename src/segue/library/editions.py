"""Editions of one recording: "Let It Be" and "Let It Be - Remastered 2011", guests named here or there.

`identity` takes them for two tracks, as catalogues do. Whoever looks for something that plays (`collection`,
the players) takes one for the other where there is nothing nearer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from segue.library.identity import credit_key, name_key
from segue.library.rows import TrackRef
from segue.library.versions.text import plain
from segue.library.versions.titles import artist_names, without_notes


class Edition(NamedTuple):
    """What all editions of a recording have in common."""

    keys: frozenset[str]  # of main artist, and of all as one, with the title without its notes
    credited: frozenset[str]  # artist keys of everybody, guests in the title among them
    noted: bool = False  # whether the title has notes: of a remaster another remaster is the nearer one

    def is_of(self, other: Edition) -> bool:
        """Whether both are editions of one recording, by their names; of lengths nothing is known here.

        Two that name different guests are two recordings.
        """
        if self.keys.isdisjoint(other.keys):
            return False
        return self.credited <= other.credited or other.credited <= self.credited


def edition(title: str | None, artists: Sequence[str]) -> Edition:
    """The edition that a title and its artists, main artist first, name; one without keys names none.

    >>> edition("Let It Be", ("The Beatles",)).is_of(edition("Let It Be - Remastered 2011", ("The Beatles",)))
    True
    """
    if not title or not artists:
        return Edition(frozenset(), frozenset())
    text, guests = without_notes(title)
    ref = TrackRef(text, tuple(artists))
    keys = frozenset(key for key in (name_key(ref), credit_key(ref)) if key is not None)
    return Edition(keys, frozenset(guests).union(*map(artist_names, artists)), text != plain(title))
