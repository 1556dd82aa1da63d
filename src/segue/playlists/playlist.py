"""A playlist as every maker of playlists hands it over and every writer takes it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import NamedTuple

FURTHER = "Further afield"  # what a list has that is of none of the listener's tastes
WEEK = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True, slots=True)
class TrackCard:
    """What a person or a player needs to know of a track; None where it is not known."""

    track_id: str  # the library's own id
    title: str | None = None
    artists: tuple[str, ...] = ()  # as credited, main artist first
    album: str | None = None
    duration_ms: int | None = None
    spotify: str | None = None  # base-62 id, without "spotify:track:"
    mbid: str | None = None  # MusicBrainz recording id, lower case
    isrc: str | None = None  # twelve characters, upper case
    location: str | None = None  # a file's path or a URI in the user's own collection
    file_title: str | None = None  # as the file's own tags spell it
    medium: str = "song"  # song, podcast or audiobook

    @property
    def credit(self) -> str:
        """The artists in one line, empty where none is known."""
        return ", ".join(self.artists)


@dataclass(frozen=True, slots=True)
class PlaylistEntry:
    """One place of a playlist: the track, and why it is there.

    Raises:
        ValueError: a position below 1, or a score that is NaN or infinite.
    """

    position: int  # from 1
    track: TrackCard
    score: float | None = None  # of whoever chose it; comparable within one playlist only
    reason: str | None = None  # one sentence for the listener: the plays that led here
    chosen_by: str | None = None  # "factors", "taste", "agent", ...
    taste: str | None = None  # name of the listener's taste it belongs to, where there are several

    def __post_init__(self) -> None:
        if self.position < 1:
            raise ValueError(f"positions count from 1, came: {self.position}")
        if self.score is not None:
            if not math.isfinite(self.score):
                raise ValueError(f"a score must be finite, came: {self.score}")
            object.__setattr__(self, "score", float(self.score))  # NumPy's scalars are no JSON


class Offered(NamedTuple):
    """A track that might have come."""

    track_id: str
    chance: float  # with which it comes


@dataclass(frozen=True, slots=True)
class Drawn:
    """How chance had a part in a list, for who estimates what other choices would have earned.

    Attributes:
        chances: of each entry, with which it comes onto the list; None where nobody measured them.
        sure: of each entry, whether it comes without chance, too; None likewise.
        pool: what else might have come, the likeliest first.
        familiar: the share for favourites that was asked for.
        familiar_chance: with which that share was drawn; 1 if it was not.
        arm: of a trial, "NAME/a" or "NAME/b"; empty for none.
    """

    chances: tuple[float, ...] | None = None
    sure: tuple[bool, ...] | None = None
    pool: tuple[Offered, ...] = ()
    familiar: float | None = None
    familiar_chance: float = 1.0
    arm: str = ""


@dataclass(frozen=True, slots=True)
class Playlist:
    """A listener's playlist in order, with what is needed to make the same one again.

    Raises:
        ValueError: entries out of order, a week that is no ISO week, or a time without a zone.
    """

    title: str
    listener: str
    week: str | None  # ISO 8601 week, "2026-W48"; None for lists that belong to no week
    created_at: datetime  # timezone-aware; kept as UTC
    entries: tuple[PlaylistEntry, ...] = ()
    notes: tuple[str, ...] = ()  # what the listener should know, "only 24 tracks were new to you"
    seed: int | None = None
    models: tuple[str, ...] = ()  # the shelf's versions it was made with, "factors/20261123T060000Z-1a2b3c4d"
    drawn: Drawn = field(default_factory=Drawn, compare=False)  # remembered, and in no file for players

    def __post_init__(self) -> None:
        if self.created_at.tzinfo is None:
            raise ValueError("created_at needs a timezone")
        object.__setattr__(self, "created_at", self.created_at.astimezone(UTC))
        object.__setattr__(self, "entries", tuple(self.entries))
        if [entry.position for entry in self.entries] != list(range(1, len(self.entries) + 1)):
            raise ValueError("entries must stand in order, with positions 1, 2, 3, ...")
        if self.week is not None:
            monday(self.week)

    @property
    def duration_ms(self) -> int:
        """The length of the list, of the tracks whose length is known."""
        return sum(entry.track.duration_ms or 0 for entry in self.entries)

    def by_taste(self) -> list[tuple[str, list[PlaylistEntry]]]:
        """The entries of each taste under its name, the taste of the first track first.

        What is of none comes last, as FURTHER, or as "" where it is all that there is.
        """
        groups: dict[str, list[PlaylistEntry]] = {}
        for entry in self.entries:
            groups.setdefault(entry.taste or "", []).append(entry)
        none = groups.pop("", [])
        return [*groups.items(), *([(FURTHER if groups else "", none)] if none else [])]


def monday(week: str) -> date:
    """The day on which the ISO week "2026-W48" begins.

    Raises:
        ValueError: there is no such week.
    """
    match = WEEK.fullmatch(week)
    if match is None:
        raise ValueError(f"a week is written like 2026-W48, came: {week!r}")
    return date.fromisocalendar(int(match[1]), int(match[2]), 1)


def week_of(moment: datetime) -> str:
    """The ISO week of a moment, in UTC: "2026-W48".

    Raises:
        ValueError: the moment has no timezone.
    """
    if moment.tzinfo is None:
        raise ValueError("the moment needs a timezone")
    year, week, _ = moment.astimezone(UTC).isocalendar()
    return f"{year:04}-W{week:02}"
