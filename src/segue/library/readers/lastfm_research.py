"""Last.fm's research files of Òscar Celma (2010): 360K (counts of artists) and 1K (plays with times).

Both are tab-separated without a header and without quotes. Listeners' profiles (sex, age, country) are passed
over: they are no listening, and countries are never stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

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
        return _most(head, _is_count) or self.passes_over(name, head) is not None

    def passes_over(self, name: str, head: bytes) -> str | None:
        return _PROFILE if _most(head, _is_sha1_profile) else None

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
        return _most(head, _is_play) or self.passes_over(name, head) is not None

    def passes_over(self, name: str, head: bytes) -> str | None:
        return _PROFILE if _most(head, _is_profile) else None

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


def _most(head: bytes, is_one: Callable[[tuple[str, ...]], bool]) -> bool:
    """Whether more than half of the first rows are of a kind: a bad one among them is a bad one."""
    found: Layout = layout(head)
    return found.delimiter == "\t" and 2 * sum(map(is_one, found.first)) > len(found.first)


def _is_count(row: tuple[str, ...]) -> bool:
    return len(row) == 4 and bool(_SHA1.fullmatch(row[0])) and row[3].strip().isdecimal()


def _is_sha1_profile(row: tuple[str, ...]) -> bool:
    return len(row) == 5 and bool(_SHA1.fullmatch(row[0]))


def _is_play(row: tuple[str, ...]) -> bool:
    return len(row) == 6 and bool(_USER.fullmatch(row[0])) and bool(_TIME.fullmatch(row[1]))


def _is_profile(row: tuple[str, ...]) -> bool:
    return row == ("#id", "gender", "age", "country", "registered") or (
        len(row) == 5 and bool(_USER.fullmatch(row[0]))
    )
