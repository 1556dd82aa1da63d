"""What a reader yields: one row for each thing a source says. Times are UTC, durations milliseconds.

A reader never decides what a song's identity is (`identity.py`) or what counts as a skip (`listening.py`):
it says what the source says, and the importer does the rest, once, for every format.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class TrackRef(NamedTuple):
    """What a source says of a track. At least one id, or artists and a title, must be there."""

    title: str | None = None
    artists: tuple[str, ...] = ()
    album: str | None = None
    duration_ms: int | None = None
    spotify: str | None = None  # base-62 id without "spotify:track:"; an episode's or chapter's likewise
    mbid: str | None = None  # MusicBrainz recording id, lower case
    isrc: str | None = None  # twelve characters, upper case, no dashes
    other: str | None = None  # the source's own id, "mssd:t_0a1b..." or "hetrec:51"
    medium: str = "song"  # song, podcast, audiobook, or artist where a data set only counts artists


class Listen(NamedTuple):
    """A play, or a count of plays where the source keeps no times."""

    listener: str
    track: TrackRef
    started_at: datetime | None = None  # timezone-aware UTC; None for plain counts
    played_ms: int | None = None
    plays: int = 1
    skipped: bool | None = None  # only where the source says so itself
    stage: int | None = None  # 0 very brief, 1 brief, 2 most, 3 whole; only where the source says so
    shuffle: bool | None = None
    start_reason: str | None = None
    end_reason: str | None = None
    context: str | None = None  # where it was played from: "album", "radio", "user_collection", ...
    session_id: str | None = None
    session_position: int | None = None  # from 1


class Feedback(NamedTuple):
    """An explicit word of a listener on a track."""

    listener: str
    track: TrackRef
    kind: str  # save, love, ban, hate, unlove
    given_at: datetime | None = None


class Playlist(NamedTuple):
    """A playlist's own facts; its entries follow as PlaylistEntry rows."""

    playlist: str  # "mpd:123"
    title: str | None = None
    owner: str | None = None
    followers: int | None = None
    modified_at: datetime | None = None


class PlaylistEntry(NamedTuple):
    """One place of a playlist."""

    playlist: str
    position: int | None  # from 0; None where the source does not know the order
    track: TrackRef
    added_at: datetime | None = None


class TrackFacts(NamedTuple):
    """What a catalogue says of a track beyond its identity."""

    track: TrackRef
    release_date: str | None = None  # ISO 8601, "1999", "1999-05" or "1999-05-31"
    explicit: bool | None = None
    popularity: float | None = None  # 0 to 1
    features: dict[str, float] | None = None  # sound features by name, in the source's own units


class Reject(NamedTuple):
    """A row that could not be taken: its place in the source (line, item or row number) and why."""

    place: str
    reason: str


Row = Listen | Feedback | Playlist | PlaylistEntry | TrackFacts | Reject
