"""Which of a listener's tastes a track belongs to: the nearest, if it is as near as what they play of it.

Tastes are narrow or wide: who plays solo piano alone has a narrow one, folk spreads over much. So how near is
near enough, the listener's own songs tell. Of which taste these are, `tastes/likeness.py` says.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.playlists.rules import Context, Listening
from segue.playlists.rules.context import Bools, Floats, Ints
from segue.tastes.changes import NONE, Changes, sides
from segue.tastes.likeness import Credits, Likeness
from segue.tastes.profiles import Profiles
from segue.tastes.space import TasteSpace

# Part of a listener's own songs of a taste that may be further from its middle than what belongs to it, and
# songs below which that can't be told.
FURTHEST, FEWEST = 0.05, 3


class ListenerTastes(NamedTuple):
    """A listener's tastes, heaviest first, as lists need them."""

    centres: Floats  # (k, d) unit vectors
    shares: Floats  # (k,) of the listening, adding up to 1
    names: tuple[str, ...] = ()
    least: Floats | None = None  # (k,) likeness from which a track belongs; the space's resolution where None
    out: Bools | None = None  # (k,) which of them nothing may come from; none where None
    seeds: Ints | None = None  # (k,) the track that is the whole of each; None for tastes of several

    @classmethod
    def of(cls, profiles: Profiles | None, listener: str, d: int, changes: Changes = NONE) -> ListenerTastes:
        """Of a listener, as they have changed them; none where nothing is known.

        Tastes that were merged stay groups of their own, with one name: what lies between two far groups is
        of neither. One that is left out has no share.
        """
        places = profiles.tastes(listener) if profiles is not None else range(0)
        if profiles is None or not len(places):
            return cls(np.empty((0, d), np.float32), np.empty(0, np.float32))
        part = slice(places.start, places.stop)
        plain = cls(profiles.centres[part], profiles.weights[part], profiles.names[part])
        if changes == NONE:
            return plain
        names, out = list(plain.names), np.zeros(len(places), bool)
        for side in sides(profiles, listener, changes):
            for place in side.parts:
                names[place - places.start], out[place - places.start] = side.name, side.left_out
        counted = np.where(out, 0, plain.shares).astype(np.float32)
        shares = counted / counted.sum() if counted.sum() > 0 else plain.shares
        return plain._replace(names=tuple(names), out=out if out.any() else None, shares=shares)


class Belonging:
    """How near tracks are to tastes. Threads may share one.

    Args:
        space: where tastes lie.
        context: the catalogue, for the main artist of each track.
        support: (n_tracks,) listeners and playlists who have each track.

    Attributes:
        near: how like tracks are to tastes, by the same.
    """

    def __init__(self, space: TasteSpace, context: Context, support: NDArray[np.integer]) -> None:
        self.space = space
        self.near = Likeness(space, Credits(context.main_artists(), support))

    def likeness(self, tastes: ListenerTastes, tracks: Ints | None = None) -> Floats:
        """(k, n) cosines of all tracks, or these, to each taste, shrunk to those of the artist's others."""
        return self.near.to(tastes.centres, tracks)

    def with_thresholds(self, tastes: ListenerTastes, listening: Listening) -> ListenerTastes:
        """The tastes with how near a track must be to belong to each, as near as what was played of it."""
        resolution, k = self.space.resolution, len(tastes.shares)
        least = np.full(k, resolution, np.float32)
        played = listening.heard[listening.plays > 0]
        if k and len(played):
            likeness = self.likeness(tastes, played)
            own = self.near.taste_by(likeness)
            for taste in range(k):
                mine = likeness[taste, own == taste]
                if len(mine) >= FEWEST:
                    # The likeness of a song that was played, and not a number between two, so that this song
                    # itself belongs.
                    least[taste] = max(resolution, float(np.quantile(mine, FURTHEST, method="lower")))
        return tastes._replace(least=least)

    def of(self, tastes: ListenerTastes, tracks: Ints) -> Ints:
        """(n,) the taste that each of `tracks` belongs to, -1 for none."""
        if not len(tastes.shares) or not len(tracks):
            return np.full(len(tracks), -1, np.int32)
        likeness = self.likeness(tastes, tracks)
        nearest = likeness.argmax(0)
        near_enough = likeness.max(0) >= self.least(tastes)[nearest]
        return np.where(near_enough, nearest, -1).astype(np.int32)

    def played_for(self, tastes: ListenerTastes, tracks: Ints) -> Ints:
        """(n,) of which taste each of the listener's own `tracks` is, -1 for none."""
        return self.near.taste_of(tastes.centres, tracks)

    def for_rules(self, listening: Listening, tastes: ListenerTastes) -> Listening:
        """The listening as rules need it: the taste of each song, and what is left out."""
        return replace(self.with_unwanted(listening, tastes), tastes=self.played_for(tastes, listening.heard))

    def with_unwanted(self, listening: Listening, tastes: ListenerTastes) -> Listening:
        """The listening with all tracks of tastes that are left out as unwanted.

        Less near ones, too, than those that come for a taste: rather one too few than what was left out.
        """
        if tastes.out is None:
            return listening
        likeness = self.likeness(tastes)
        nearest, near_enough = likeness.argmax(0), likeness.max(0) >= self.space.resolution
        return replace(listening, unwanted=np.flatnonzero(tastes.out[nearest] & near_enough).astype(np.int32))

    def least(self, tastes: ListenerTastes) -> Floats:
        """(k,) likeness from which a track belongs to each taste."""
        if tastes.least is not None:
            return tastes.least
        return np.full(len(tastes.shares), self.space.resolution, np.float32)
