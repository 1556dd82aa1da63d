"""PanoScrobbler's exports: timeMs, artist, track, album, durationMs, event, as JSON, JSON lines or CSV."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from segue.errors import FormatError
from segue.library.exactness import Times
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.delimited import layout, table
from segue.library.readers.fields import (
    Malformed,
    identified,
    mapping,
    milliseconds,
    names,
    or_none,
    shown,
    text,
)
from segue.library.readers.json_stream import json_list, shape
from segue.library.readers.times import Clock
from segue.library.rows import Feedback, Listen, Row, TrackRef
from segue.library.sources import Entry

# The table's columns in lower case, which are enough to know it by, and the others that count.
COLUMNS = {"timems": "timeMs", "artist": "artist", "track": "track", "event": "event"}
_MORE = {"durationms": "durationMs"}
_FEEDBACK = {"love": "love", "unlove": "unlove", "ban": "ban", "block": "ban"}


class PanoScrobbler(Reader):
    name = "panoscrobbler"
    title = "PanoScrobbler (JSON, JSON lines, CSV)"
    times: ClassVar = {"panoscrobbler": Times(1, scrobbled=True)}

    def recognises(self, name: str, head: bytes) -> bool:
        return _is_json(head) or _is_table(head)

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        head, clock = entry.head(), options.clock()
        if _is_json(head):
            place, items = json_list(entry)
        elif _is_table(head):
            place, items = "line", _table_items(entry)
        else:
            raise FormatError(
                f"{entry.name} is not from PanoScrobbler", expected="lines with timeMs, artist and track"
            )
        yield from converted(
            items, place, lambda item: event(mapping(item, "the item"), options.listener, clock)
        )


def _is_json(head: bytes) -> bool:
    found = shape(head)
    return {"timeMs", "artist", "track"} <= found or {"[].timeMs", "[].artist", "[].track"} <= found


def _is_table(head: bytes) -> bool:
    return COLUMNS.keys() <= set(layout(head).columns)


def _table_items(entry: Entry) -> Iterator[tuple[int, dict[str, str] | Malformed]]:
    columns, rows = table(entry, ragged=True)
    keys = [COLUMNS.get(name, _MORE.get(name, name)) for name in columns]
    for line, fields in rows:
        yield line, fields if isinstance(fields, Malformed) else dict(zip(keys, fields, strict=True))


def event(item: dict[str, Any], listener: str, clock: Clock) -> Row:
    """A line: a play, or a love."""
    time = clock.time(item.get("timeMs"), "timeMs")
    track = identified(
        TrackRef(
            text(item.get("track"), "the track"),
            names(item.get("artist"), "the artist"),
            or_none(text, item.get("album")),
            or_none(milliseconds, item.get("durationMs")) or None,
        )
    )
    kind = (text(item.get("event"), "the event") or "scrobble").lower()
    if kind in _FEEDBACK:
        return Feedback(listener, track, _FEEDBACK[kind], time)
    if kind != "scrobble":
        raise Malformed(f"an event of another kind: {shown(kind)}")
    if time is None:
        raise Malformed("timeMs is missing")
    return Listen(listener, track, time)
