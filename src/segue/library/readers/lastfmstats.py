"""lastfmstats.com's export of a Last.fm history, as a table and as JSON; times are milliseconds.

    Artist;Album;AlbumId;Track;Date#someone
    {"username": ..., "scrobbles": [{"track", "artist", "album", "albumId", "date"}]}

The user's name is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from segue.errors import FormatError
from segue.library.exactness import Times
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.fields import Malformed, identified, mapping, names, or_none, required, text
from segue.library.readers.json_stream import items, shape
from segue.library.readers.named_rows import columns, named_rows
from segue.library.readers.times import Clock
from segue.library.rows import Listen, Row, TrackRef
from segue.library.sources import Entry

_JSON = {"scrobbles[].track", "scrobbles[].artist", "scrobbles[].date"}
_TABLE = {"artist", "album", "track"}


class LastFmStats(Reader):
    name = "lastfmstats"
    title = "lastfmstats.com (CSV and JSON)"
    times: ClassVar = {"lastfmstats": Times(scrobbled=True)}

    def recognises(self, name: str, head: bytes) -> bool:
        return shape(head) >= _JSON or _date_column(head) is not None

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        listener, clock, head = options.listener, options.clock(), entry.head()
        date = _date_column(head)
        if shape(head) >= _JSON:
            scrobbles = ((path[-1], value) for path, value in items(entry, _inside) if len(path) == 2)
            numbered = ((int(index) + 1, value) for index, value in scrobbles)
            yield from converted(numbered, "scrobble", lambda each: play(each, "date", listener, clock))
        elif date is not None:
            rows = named_rows(entry, _TABLE | {date})
            yield from converted(rows, "line", lambda row: play(row, date, listener, clock))
        else:
            raise FormatError(
                f"{entry.name} is not from lastfmstats.com",
                expected="columns Artist, Album, AlbumId, Track, Date#...; or JSON with scrobbles",
            )


def play(item: object, date: str, listener: str, clock: Clock) -> Listen:
    """A scrobble, or a row of the table; `date` is where its time is."""
    get = mapping(item, "the scrobble").get
    started_at = clock.time(get(date), "the date")
    if started_at is None:
        raise Malformed("the date is missing")
    artists = names(required(get("artist"), "the artist"), "the artist")
    track = TrackRef(text(get("track"), "the track"), artists, or_none(text, get("album")))
    return Listen(listener, identified(track), started_at)


def _inside(path: tuple[Any, ...]) -> bool:
    return path in ((), ("scrobbles",))


def _date_column(head: bytes) -> str | None:
    """The column of times, "date#" and the user's name, if the file has lastfmstats' columns."""
    found = columns(head)
    return (
        next((name for name in sorted(found) if name.startswith("date#")), None) if found >= _TABLE else None
    )
