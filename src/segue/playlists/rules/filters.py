"""Rules that look at a track by itself: each says which of the given tracks it takes out.

A rule is a pure function of context, listening, tracks and configuration; it returns a mask, true where the
track is taken out. Rules do not know of each other, and their order matters only for which one is named
first.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import numpy as np

from segue.playlists.rules.config import RulesConfig
from segue.playlists.rules.context import MEDIA, Bools, Context, Floats, Ints, Listening
from segue.playlists.rules.seasons import open_on


class Asked(NamedTuple):
    """What a rule is asked about."""

    context: Context
    listening: Listening
    config: RulesConfig
    tracks: Ints
    day: date  # of the list
    standing: Floats  # of each track among the listener's candidates: `hubs.standing`


class Rule(NamedTuple):
    """A named rule, and what it says to a listener of a track that it took out."""

    name: str
    mask: Callable[[Asked], Bools]
    because: str


def banned_track(asked: Asked) -> Bools:
    """The track, or another version of it, was banned."""
    context = asked.context
    return context.work_marks.among(context.work[asked.tracks], context.work[asked.listening.banned_tracks])


def banned_artist(asked: Asked) -> Bools:
    """An artist credited on it was banned: guests count."""
    banned = asked.listening.banned_artists
    if not len(banned):
        return np.zeros(len(asked.tracks), bool)
    told = np.zeros(asked.context.n_artists, bool)
    told[banned] = True
    return asked.context.any_artist(asked.tracks, told)


def left_out(asked: Asked) -> Bools:
    """It is of a taste that the listener leaves out of their lists."""
    return asked.context.track_marks.among(asked.tracks, asked.listening.unwanted)


def medium(asked: Asked) -> Bools:
    """It is no song, where songs are asked for; and so on."""
    return asked.context.medium[asked.tracks] != MEDIA.index(asked.config.medium)


def explicit(asked: Asked) -> Bools:
    """It is explicit, and the listener does not want that."""
    allowed = asked.listening.explicit
    if asked.config.explicit if allowed is None else allowed:
        return np.zeros(len(asked.tracks), bool)
    return asked.context.explicit[asked.tracks]


def plays_children(context: Context, listening: Listening, config: RulesConfig) -> bool:
    """Whether the listener plays children's music."""
    count = int(context.children[listening.heard].sum())
    return count >= config.children_tracks and count >= config.children_share * len(listening.heard)


def children(asked: Asked) -> Bools:
    """It is children's music, and the listener plays none."""
    if plays_children(asked.context, asked.listening, asked.config):
        return np.zeros(len(asked.tracks), bool)
    return asked.context.children[asked.tracks]


def out_of_season(asked: Asked) -> Bools:
    """It is music of a season, Christmas for one, that it is not now, or of which the listener plays none."""
    if asked.config.out_of_season:
        return np.zeros(len(asked.tracks), bool)
    season, allowed = asked.context.season, open_on(asked.day)
    played = np.zeros(len(allowed), bool)
    played[season[asked.listening.heard]] = True  # -1, for no season, is the last
    allowed[:-1] &= played[:-1]
    return ~allowed[season[asked.tracks]]


def not_owned(asked: Asked) -> Bools:
    """There is no file of it, where only what there is a file of is asked for."""
    owned = asked.context.owned
    if not asked.config.owned or owned is None:
        return np.zeros(len(asked.tracks), bool)
    return ~owned[asked.tracks]


def heard(asked: Asked) -> Bools:
    """The track, or another version of it, was heard."""
    context = asked.context
    return context.work_marks.among(context.work[asked.tracks], context.work[asked.listening.heard])


def earlier_weeks(asked: Asked) -> Bools:
    """The track, or another version of it, was on a list of the weeks before."""
    context = asked.context
    return context.work_marks.among(context.work[asked.tracks], context.work[asked.listening.earlier])


def hub_artists(asked: Asked) -> Bools:
    """An artist on it would be on everybody's list, and this listener is not among those it suits best."""
    if not asked.context.has_hubs:
        return np.zeros(len(asked.tracks), bool)
    return asked.standing < asked.context.any_artist(asked.tracks, asked.context.hub_floor)


BANNED_TRACK = Rule("banned track", banned_track, "it, or another version of it, was banned")
BANNED_ARTIST = Rule("banned artist", banned_artist, "an artist credited on it was banned")
LEFT_OUT = Rule("taste left out", left_out, "it is of a taste that was left out of the lists")
MEDIUM = Rule("medium", medium, "the list holds another medium")
EXPLICIT = Rule("explicit", explicit, "it is explicit")
CHILDREN = Rule("children's music", children, "it is children's music, and this listener plays none")
SEASON = Rule(
    "out of season",
    out_of_season,
    "it is music of a season, such as Christmas, that it is not now or of which this listener plays none",
)
OWNED = Rule("not owned", not_owned, "there is no file of it, and only owned tracks are asked for")
HEARD = Rule("already heard", heard, "it, or another version of it, was heard before")
EARLIER = Rule(
    "earlier weeks", earlier_weeks, "it, or another version of it, was on a list of the weeks before"
)
HUBS = Rule(
    "hub artist", hub_artists, "its artist would be on everybody's list, and others are closer to them"
)

# In this order. Those of `ALWAYS` hold for familiar tracks too, and are never relaxed.
ALWAYS = (BANNED_TRACK, BANNED_ARTIST, LEFT_OUT, MEDIUM, EXPLICIT, CHILDREN, SEASON, OWNED)
FILTERS = (*ALWAYS, HEARD, EARLIER, HUBS)
