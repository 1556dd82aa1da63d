"""Last.fm's research files of Òscar Celma (2010): 360K (counts of artists) and 1K (plays with times).

Both are tab-separated without a header and without quotes. Listeners' profiles (sex, age, country) are passed
over: they are no listening, and countries are never stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from segue.errors import FormatError
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.delimited import Layout, full, layout, records
from segue.library.readers.fields import Malformed, identified, integer, mbid, names, required, text
from segue.library.readers.times import Clock
from segue.library.rows import Listen, Row, TrackRef
from segue.library.sources import Entry

_SHA1 = re.compile(r"[0-9a-f]{40}")
_USER = re.compile(r"user_\d{6}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_PROFILE = "profiles of listeners are not listening"


class LastFm360K(Reader):
    name = "lastfm-360k"
    title = "Last.fm 360K (usersha1-artmbid-artname-plays.tsv)"

    def recognises(self, name: str, head: bytes) -> bool:
        first = _first(head)
        if first is None or not _SHA1.fullmatch(first[0]):
            return False
        return (len(first) == 4 and first[3].strip().isdecimal()) or len(first) == 5

    def passes_over(self, name: str, head: bytes) -> str | None:
        first = _first(head)
        return _PROFILE if first is not None and len(first) == 5 else None

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        head = entry.head()
        if not self.recognises(entry.name, head):
            raise FormatError(
                f"{entry.name} is not of Last.fm 360K", expected="lines of SHA-1, artist MBID, artist, plays"
            )
        if not self.passes_over(entry.name, head):
            rows = full(records(entry, "\t", quoted=False), 4)
            yield from converted(rows, "line", artist_plays)


def artist_plays(fields: list[str]) -> Listen:
    """A line of 360K: how often a listener played an artist."""
    user, artist_mbid, artist, plays = fields
    if not _SHA1.fullmatch(user.strip()):
        raise Malformed("the listener is not a SHA-1")
    count = integer(plays, "plays")
    if not count:
        raise Malformed("plays is missing or 0")
    id = mbid(artist_mbid)
    track = TrackRef(
        artists=(required(artist, "the artist"),), other=f"artist-mbid:{id}" if id else None, medium="artist"
    )
    return Listen(f"lastfm-360k:{user.strip()}", track, plays=count)


class LastFm1K(Reader):
    name = "lastfm-1k"
    title = "Last.fm 1K (userid-timestamp-artid-artname-traid-traname.tsv)"

    def recognises(self, name: str, head: bytes) -> bool:
        first = _first(head)
        if first is None:
            return False
        play = len(first) == 6 and _USER.fullmatch(first[0]) and _TIME.fullmatch(first[1])
        return bool(play) or _is_profile(first)

    def passes_over(self, name: str, head: bytes) -> str | None:
        first = _first(head)
        return _PROFILE if first is not None and _is_profile(first) else None

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        head, clock = entry.head(), options.clock()
        if not self.recognises(entry.name, head):
            raise FormatError(
                f"{entry.name} is not of Last.fm 1K",
                expected="lines of user, time, artist MBID, artist, track MBID, track",
            )
        if not self.passes_over(entry.name, head):
            rows = full(records(entry, "\t", quoted=False), 6)
            yield from converted(rows, "line", lambda fields: timed_play(fields, clock))


def timed_play(fields: list[str], clock: Clock) -> Listen:
    """A line of 1K: a play with its time."""
    user, time, _, artist, track_mbid, title = fields
    if not _USER.fullmatch(user.strip()):
        raise Malformed("the listener is not user_ and six digits")
    started_at = clock.time(time)
    if started_at is None:
        raise Malformed("the time is missing")
    track = TrackRef(text(title, "the track"), names(artist, "the artist"), mbid=mbid(track_mbid))
    return Listen(f"lastfm-1k:{user.strip()}", identified(track), started_at)


def _first(head: bytes) -> tuple[str, ...] | None:
    found: Layout = layout(head)
    return found.first[0] if found.first and found.delimiter == "\t" else None


def _is_profile(first: tuple[str, ...]) -> bool:
    return first in {("#id", "gender", "age", "country", "registered")} or (
        len(first) == 5 and bool(_USER.fullmatch(first[0]))
    )
