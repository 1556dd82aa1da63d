"""Last.fm: what its exporters and its API give; one function turns each shape's row into a listen.

    csv_listen        a table with a header: uts, utc_time, artist, artist_mbid, album, album_mbid, track, ...
    headerless_listen artist, album, track, "19 Aug 2026, 20:48"
    api_listen        user.getRecentTracks as JSON, a page, a list of pages, or a list of tracks
    api_love          user.getLovedTracks as JSON, likewise

None of them has durations or skips. Times are those at which a play began; `uts` is trusted, and the written
time is used only where there is nothing else. A track's MBID is taken as that of a recording: old ones are of
other things, and then lead nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from segue.errors import FormatError
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.delimited import Table, full, layout, records, table
from segue.library.readers.fields import Malformed, identified, mapping, mbid, required, text
from segue.library.readers.json_stream import items, shape
from segue.library.readers.times import Clock
from segue.library.rows import Feedback, Listen, Row, TrackRef
from segue.library.sources import Entry

CSV_COLUMNS = {"uts", "artist", "track"}
_WRITTEN_TIME = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4},? \d{1,2}:\d{2}")

# Where the tracks are in the JSON that is met, and how deep.
_PAGES = ("recenttracks", "lovedtracks")
_PLACES = {
    **{f"{page}.track[]": 3 for page in _PAGES},
    **{f"{page}.track": 2 for page in _PAGES},  # a page with one track has no list
    **{f"[].{page}.track[]": 4 for page in _PAGES},
    "[][]": 2,
    "[]": 1,
}


class LastFm(Reader):
    name = "lastfm"
    title = "Last.fm (CSV and JSON of exporters and of the API; loved tracks)"

    def recognises(self, name: str, head: bytes) -> bool:
        return _json_depth(head) is not None or _has_header(head) or _is_headerless(head)

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        head, clock, listener = entry.head(), options.clock(), options.listener
        if (depth := _json_depth(head)) is not None:
            loved = "lovedtracks" in "".join(shape(head))
            convert = api_love if loved else api_listen
            yield from converted(
                _api_tracks(entry, depth), "track", lambda each: convert(each, listener, clock)
            )
        elif _has_header(head):
            found = table(entry)
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
    started_at = clock.time(row["uts"], "uts") or clock.time(row.get("utc_time"), "utc_time")
    if started_at is None:
        raise Malformed("the time is missing")
    return Listen(listener, _csv_track(row), started_at)


def csv_love(row: dict[str, str], listener: str, clock: Clock) -> Feedback:
    """A row of a table of loved tracks."""
    return Feedback(listener, _csv_track(row), "love", clock.time(row["uts"], "uts"))


def headerless_listen(fields: list[str], listener: str, clock: Clock) -> Listen:
    """A row of a table without a header: artist, album, track, time."""
    artist, album, title, time = fields
    started_at = clock.time(time)
    if started_at is None:
        raise Malformed("the time is missing")
    track = TrackRef(text(title, "the track"), (required(artist, "the artist"),), text(album, "the album"))
    return Listen(listener, identified(track), started_at)


def api_listen(item: object, listener: str, clock: Clock) -> Listen:
    """A track of user.getRecentTracks."""
    track = mapping(item, "the track")
    if str(mapping(track.get("@attr"), "@attr").get("nowplaying")).lower() == "true":
        raise Malformed("playing now, not a listen yet")
    started_at = _api_time(track, clock)
    if started_at is None:
        raise Malformed("the date is missing")
    return Listen(listener, _api_track(track), started_at)


def api_love(item: object, listener: str, clock: Clock) -> Feedback:
    """A track of user.getLovedTracks."""
    track = mapping(item, "the track")
    return Feedback(listener, _api_track(track), "love", _api_time(track, clock))


def _has_header(head: bytes) -> bool:
    return set(layout(head).columns) >= CSV_COLUMNS


def _is_headerless(head: bytes) -> bool:
    rows = layout(head).first[:5]
    return bool(rows) and all(len(row) == 4 and _WRITTEN_TIME.fullmatch(row[3].strip()) for row in rows)


def _csv_rows(found: Table) -> Iterator[tuple[int, dict[str, str] | Malformed]]:
    if missing := CSV_COLUMNS - set(found.columns):
        raise FormatError(f"Columns are missing: {', '.join(sorted(missing))}")
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
            text(row.get("album"), "the album"),
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
        if len(path) == depth and "@attr" not in path:
            number += 1
            yield number, value


def _api_time(track: dict[str, Any], clock: Clock) -> Any:
    date = mapping(track.get("date"), "the date")
    return clock.time(date.get("uts"), "uts") or clock.time(date.get("#text"), "the date")


def _api_track(track: dict[str, Any]) -> TrackRef:
    artist, album = (_named(track.get(key), f"the {key}") for key in ("artist", "album"))
    name = text(track.get("name"), "the track")
    return identified(TrackRef(name, (artist,) if artist else (), album, mbid=mbid(track.get("mbid"))))


def _named(value: object, what: str) -> str | None:
    """A name as the API writes it: text, or {"#text": ...}, or (extended) {"name": ...}."""
    if isinstance(value, dict):
        return text(value.get("#text"), what) or text(value.get("name"), what)
    return text(value, what)
