"""Maloja's export: {"scrobbles": [{"time", "track": {"artists", "title", "album", "length"}, "duration"}]}.

`time` is when a play began, `duration` the seconds that were heard, `length` those of the track.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from segue.errors import FormatError
from segue.library.exactness import Times
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.fields import Malformed, identified, mapping, names, or_none, seconds, text
from segue.library.readers.json_stream import items, shape
from segue.library.readers.times import Clock
from segue.library.rows import Listen, Row, TrackRef
from segue.library.sources import Entry


class Maloja(Reader):
    name = "maloja"
    title = "Maloja (JSON export)"
    times: ClassVar = {"maloja": Times(scrobbled=True)}

    def recognises(self, name: str, head: bytes) -> bool:
        return {"scrobbles[].time", "scrobbles[].track.title"} <= shape(head)

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        if not self.recognises(entry.name, entry.head()):
            raise FormatError(
                f"{entry.name} is not from Maloja", expected='{"scrobbles": [...]} with times and tracks'
            )
        clock = options.clock()
        yield from converted(_scrobbles(entry), "scrobble", lambda each: play(each, options.listener, clock))


def _scrobbles(entry: Entry) -> Iterator[tuple[int, Any]]:
    number = 0
    for path, value in items(entry, lambda path: path in ((), ("scrobbles",))):
        if len(path) == 2 or isinstance(value, Malformed):
            number += 1
            yield number, value


def play(item: object, listener: str, clock: Clock) -> Listen:
    """A scrobble."""
    scrobble = mapping(item, "the scrobble")
    track = mapping(scrobble.get("track"), "the track")
    album = track.get("album")
    started_at = clock.time(scrobble.get("time"))
    if started_at is None:
        raise Malformed("the time is missing")
    found = TrackRef(
        text(track.get("title"), "the title"),
        names(track.get("artists"), "the artists"),
        or_none(text, album.get("albumtitle") if isinstance(album, dict) else album),
        or_none(seconds, track.get("length")) or None,
    )
    return Listen(listener, identified(found), started_at, or_none(seconds, scrobble.get("duration")))
