"""PanoScrobbler's export, JSON lines: {"timeMs", "artist", "track", "album", "durationMs", "event"}."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segue.errors import FormatError
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.fields import Malformed, identified, milliseconds, names, shown, text
from segue.library.readers.json_stream import json_lines, shape
from segue.library.readers.times import Clock
from segue.library.rows import Feedback, Listen, Row, TrackRef
from segue.library.sources import Entry

_FEEDBACK = {"love": "love", "unlove": "unlove", "ban": "ban", "block": "ban"}


class PanoScrobbler(Reader):
    name = "panoscrobbler"
    title = "PanoScrobbler (JSON lines)"

    def recognises(self, name: str, head: bytes) -> bool:
        return {"timeMs", "artist", "track"} <= shape(head)

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        if not self.recognises(entry.name, entry.head()):
            raise FormatError(
                f"{entry.name} is not from PanoScrobbler", expected="lines with timeMs, artist and track"
            )
        clock = options.clock()
        yield from converted(json_lines(entry), "line", lambda item: event(item, options.listener, clock))


def event(item: dict[str, Any], listener: str, clock: Clock) -> Row:
    """A line: a play, or a love."""
    time = clock.time(item.get("timeMs"), "timeMs")
    track = identified(
        TrackRef(
            text(item.get("track"), "the track"),
            names(item.get("artist"), "the artist"),
            text(item.get("album"), "the album"),
            milliseconds(item.get("durationMs"), "durationMs") or None,
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
