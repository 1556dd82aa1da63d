"""Last.fm: what its exporters and its API give; one function turns each shape's row into a listen.

    csv_listen        a table with a header: uts, utc_time, artist, artist_mbid, album, album_mbid, track, ...
    headerless_listen artist, album, track, "19 Aug 2026, 20:48"
    api_listen        user.getRecentTracks as JSON, a page, a list of pages (also without their outer name, as
                      ghan's exporter has them), or a list of tracks
    api_love          user.getLovedTracks as JSON, likewise

None of them has durations or skips. Times are those at which a play began; `uts` is trusted, and the written
time, which Last.fm gives in UTC, is used only where there is nothing else. A track's MBID is taken as that of
a recording: old ones are of other things, and then lead nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from segue.errors import FormatError
from segue.library.exactness import Times
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.columns import places
from segue.library.readers.delimited import Table, full, layout, records, table
from segue.library.readers.fields import Malformed, identified, mapping, mbid, or_none, required, text
from segue.library.readers.json_stream import items, shape
from segue.library.readers.times import Clock
from segue.library.rows import Feedback, Listen, Row, TrackRef
from segue.library.sources import Entry

CSV_COLUMNS = {"uts", "artist", "track"}
_WRITTEN_TIME = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4},? \d{1,2}:\d{2}(:\d{2})?")

# Where the tracks are in the JSON that is met, and how deep.
_PAGES = ("recenttracks", "lovedtracks")
_PLACES = {
    **{f"{page}.track[]": 3 for page in _PAGES},
    **{f"{page}.track": 2 for page in _PAGES},  # a page with one track has no list
    **{f"[].{page}.track[]": 4 for page in _PAGES},
    "[].track[]": 3,
    "[].track": 2,
    "track[]": 2,
    "[][]": 2,
    "[]": 1,
}


class LastFm(Reader):
    name = "lastfm"
    title = "Last.fm (CSV and JSON of exporters and of the API; loved tracks)"
    times: ClassVar = {"lastfm": Times(scrobbled=True)}

    def source(self, name: str, head: bytes) -> str:
        return "lastfm-minutes" if _json_depth(head) is None and not _has_header(head) else self.name

    def recognises(self, name: str, head: bytes) -> bool:
        return _json_depth(head) is not None or _has_header(head) or _is_headerless(head)

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        head, clock, listener = entry.head(), options.clock().utc, options.listener
        if (depth := _json_depth(head)) is not None:
            loved = "lovedtracks" in "".join(shape(head)) or "loved" in entry.name.lower()
            convert = api_love if loved else api_listen
            yield from converted(
                _api_tracks(entry, depth), "track", lambda each: convert(each, listener, clock)
            )
        elif _has_header(head):
            found = table(entry, ragged=True)
            convert = csv_love if "loved" in entry.name.lower() else csv_listen
            yield from converted(_csv_rows(found), "line", lambda row: convert(row, listener, clock))
        elif _is_headerless(head):
            rows = full(records(entry, layout(head).delimiter), 4)
            yield from converted(rows, "line", lambda fields: headerless_listen(fields, listener, clock))
        else:
            raise FormatError(
                f"{entry.name} is not from Last.fm",
                expected="columns uts, artist, track; or artist, album, track, date; or JSON of the API",
            )


def csv_listen(row: dict[str, str], listener: str, clock: Clock) -> Listen:
    """A row of a table with a header."""
    return Listen(listener, _csv_track(row), _when(clock, row["uts"], row.get("utc_time")))


def csv_love(row: dict[str, str], listener: str, clock: Clock) -> Feedback:
    """A row of a table of loved tracks."""
    return Feedback(listener, _csv_track(row), "love", or_none(clock.time, row["uts"]))


def headerless_listen(fields: list[str], listener: str, clock: Clock) -> Listen:
    """A row of a table without a header: artist, album, track, time."""
    artist, album, title, time = fields
    started_at = clock.time(time)
    if started_at is None:
        raise Malformed("the time is missing")
    track = TrackRef(text(title, "the track"), (required(artist, "the artist"),), or_none(text, album))
    return Listen(listener, identified(track), started_at)


def api_listen(item: object, listener: str, clock: Clock) -> Listen:
    """A track of user.getRecentTracks."""
    track = mapping(item, "the track")
    if str((or_none(mapping, track.get("@attr")) or {}).get("nowplaying")).lower() == "true":
        raise Malformed("playing now, not a listen yet")
    date = mapping(track.get("date"), "the date")
    return Listen(listener, _api_track(track), _when(clock, date.get("uts"), date.get("#text")))


def api_love(item: object, listener: str, clock: Clock) -> Feedback:
    """A track of user.getLovedTracks."""
    track = mapping(item, "the track")
    date = or_none(mapping, track.get("date")) or {}
    given_at = or_none(clock.time, date.get("uts")) or or_none(clock.time, date.get("#text"))
    return Feedback(listener, _api_track(track), "love", given_at)


def _when(clock: Clock, uts: object, written: object) -> datetime:
    """The time of a play: the count if there is a sound one, else as it is written."""
    try:
        found = clock.time(uts, "the time") or clock.time(written, "the time")
    except Malformed:
        found = or_none(clock.time, written)
        if found is None:
            raise
    if found is None:
        raise Malformed("the time is missing")
    return found


def _has_header(head: bytes) -> bool:
    return set(layout(head).columns) >= CSV_COLUMNS


def _is_headerless(head: bytes) -> bool:
    """Whether half of the first rows end in a written time, and the first does not name columns."""
    rows = layout(head).first
    if not rows or "track" in places(rows[0], {}):
        return False
    plays = sum(len(row) == 4 and bool(_WRITTEN_TIME.fullmatch(row[3].strip())) for row in rows)
    return 2 * plays >= len(rows)


def _csv_rows(found: Table) -> Iterator[tuple[int, dict[str, str] | Malformed]]:
    for number, fields in found.records:
        if isinstance(fields, Malformed):
            yield number, fields
        else:
            yield number, dict(zip(found.columns, fields, strict=True))


def _csv_track(row: dict[str, str]) -> TrackRef:
    return identified(
        TrackRef(
            text(row["track"], "the track"),
            (required(row["artist"], "the artist"),),
            or_none(text, row.get("album")),
            mbid=mbid(row.get("track_mbid")),
        )
    )


def _json_depth(head: bytes) -> int | None:
    """How deep the tracks are in JSON of the API; None for anything else."""
    found = shape(head)
    for place, depth in _PLACES.items():
        named = f"{place}.name" in found
        if named and (f"{place}.artist.#text" in found or f"{place}.artist.name" in found):
            return depth
    return None


def _api_tracks(entry: Entry, depth: int) -> Iterator[tuple[int, Any]]:
    def enter(path: tuple[str | int, ...]) -> bool:
        return len(path) < depth and (not path or isinstance(path[-1], int) or path[-1] in (*_PAGES, "track"))

    number = 0
    for path, value in items(entry, enter):
        if isinstance(value, Malformed) or (len(path) == depth and "@attr" not in path):
            number += 1
            yield number, value


def _api_track(track: dict[str, Any]) -> TrackRef:
    artist, album = _named(track.get("artist"), "the artist"), or_none(_named, track.get("album"))
    name = text(track.get("name"), "the track")
    return identified(TrackRef(name, (artist,) if artist else (), album, mbid=mbid(track.get("mbid"))))


def _named(value: object, what: str) -> str | None:
    """A name as the API writes it: text, or {"#text": ...}, or (extended) {"name": ...}."""
    if isinstance(value, dict):
        return text(value.get("#text"), what) or text(value.get("name"), what)
    return text(value, what)
