"""`.scrobbler.log` (Audioscrobbler's portable player logging, 1.0 and 1.1), as Rockbox and others write it.

Tab-separated: artist, album, title, track number, length in seconds, rating, time, MBID (1.1 only). Rating L
is a track that was heard for at least a half, S one that was skipped; both are kept. Under `#TZ/UNKNOWN`
times count seconds by the player's own clock, which is taken to be in the zone of the options; so they are
in a log whose first lines, which say all this, were lost. A line that begins with # is one of those only if
it is a single field: there are artists whose names begin so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar

from segue.errors import FormatError
from segue.library.exactness import Times
from segue.library.readers.base import Reader, ReadOptions
from segue.library.readers.delimited import layout, records
from segue.library.readers.fields import (
    Malformed,
    identified,
    mbid,
    names,
    number,
    or_none,
    required,
    seconds,
    text,
)
from segue.library.readers.text_stream import decoded
from segue.library.readers.times import Clock
from segue.library.rows import Listen, Reject, Row, TrackRef
from segue.library.sources import Entry

_MARK = "#AUDIOSCROBBLER/"
_SKIPPED = {"L": False, "S": True}


class ScrobblerLog(Reader):
    name = "scrobbler-log"
    title = ".scrobbler.log of portable players (Rockbox and others)"
    # A track that is skipped and then heard after all is written twice with the time at which it began.
    times: ClassVar = {"scrobbler-log": Times(one_each=True)}

    def recognises(self, name: str, head: bytes) -> bool:
        return decoded(head[:256]).lstrip().startswith(_MARK) or _is_headless(head)

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        if not self.recognises(entry.name, entry.head()):
            raise FormatError(f"{entry.name} is not a scrobbler log", expected=f"a first line {_MARK}1.1")
        clock, local = options.clock(), _is_headless(entry.head())
        for line, fields in records(entry, "\t", quoted=False):
            if isinstance(fields, list) and len(fields) == 1 and fields[0].startswith("#"):
                if fields[0].startswith("#TZ/"):
                    local = fields[0].strip().upper() != "#TZ/UTC"
                continue
            try:
                if isinstance(fields, Malformed):
                    raise fields
                yield play(fields, options.listener, clock, local)
            except Malformed as error:
                yield Reject(f"line {line}", str(error))


def _is_headless(head: bytes) -> bool:
    """Whether most of the first lines are plays, and none is the mark of a log."""
    found = layout(head)
    if found.delimiter != "\t" or decoded(head[:256]).lstrip().startswith(_MARK):
        return False
    plays = sum(
        7 <= len(row) <= 8 and row[5].strip().upper() in _SKIPPED and row[6].strip().isdecimal()
        for row in found.first
    )
    return 2 * plays > len(found.first)


def play(fields: list[str], listener: str, clock: Clock, local: bool) -> Listen:
    """A line of the log; `local` if its time is by a clock in the clock's zone."""
    if not 7 <= len(fields) <= 8:
        raise Malformed(f"{len(fields)} fields, expected 7 or 8")
    artist, album, title, _, length, rating, time = fields[:7]
    if artist.strip() == "<Untagged>":
        raise Malformed("the file that was played has no tags")
    skipped = _SKIPPED.get(rating.strip().upper())
    if skipped is None:
        raise Malformed("the rating is neither L nor S")
    track = TrackRef(
        required(title, "the title"),
        names(artist, "the artist"),
        or_none(text, album),
        or_none(seconds, length) or None,
        mbid=mbid(fields[7]) if len(fields) == 8 else None,
    )
    return Listen(listener, identified(track), _time(time, clock, local), skipped=skipped)


def _time(value: str, clock: Clock, local: bool) -> datetime:
    count = number(value, "the time")
    if count is None:
        raise Malformed("the time is missing")
    time = clock.seconds(count)
    if local:  # the count is of seconds on the wall
        time = time.replace(tzinfo=clock.zone).astimezone(UTC)
    return time
