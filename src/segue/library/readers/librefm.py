"""Libre.fm's CSV: comment lines that begin with #, then the columns Artist, Track, Album, Time (seconds).

Some versions have no Album.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from segue.errors import FormatError
from segue.library.exactness import Times
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.delimited import layout, table
from segue.library.readers.fields import Malformed, identified, mbid, names, or_none, text
from segue.library.readers.text_stream import decoded
from segue.library.readers.times import Clock
from segue.library.rows import Listen, Row, TrackRef
from segue.library.sources import Entry

COLUMNS = {"artist", "track", "time"}


class LibreFm(Reader):
    name = "librefm"
    title = "Libre.fm (CSV)"
    times: ClassVar = {"librefm": Times(scrobbled=True)}

    def recognises(self, name: str, head: bytes) -> bool:
        """Without comment lines only the four columns alone: with others it may be anybody's table."""
        columns = set(layout(head, comments=True).columns) - {""}
        return columns >= COLUMNS if decoded(head[:64])[:1] == "#" else columns == COLUMNS | {"album"}

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        columns, rows = table(entry, comments=True, ragged=True)
        if not set(columns) >= COLUMNS:
            raise FormatError(
                f"{entry.name} is not from Libre.fm",
                expected="columns Artist, Track, Time",
                got=", ".join(columns)[:200],
            )
        clock = options.clock()

        def convert(fields: list[str]) -> Listen:
            return play(dict(zip(columns, fields, strict=True)), options.listener, clock)

        yield from converted(rows, "line", convert)


def play(row: dict[str, str], listener: str, clock: Clock) -> Listen:
    """A line of the file."""
    started_at = clock.time(row["time"], "Time")
    if started_at is None:
        raise Malformed("Time is missing")
    track = TrackRef(
        text(row["track"], "Track"),
        names(row["artist"], "Artist"),
        or_none(text, row.get("album")),
        mbid=mbid(row.get("trackmbid")),
    )
    return Listen(listener, identified(track), started_at)
