"""Jellyfin's Playback Reporting plugin: PlaybackReportingBackup-*.tsv and playback_reporting.db.

Both have DateCreated (when a play began, by the server's clock, in no zone), UserId, ItemId, ItemType,
ItemName (of a track: "Album artists - Title (Album)"), and PlayDuration in seconds; the backup has no names
of columns. Only what has the type Audio is taken. Methods of playing, programs and devices are not looked
at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from segue.errors import FormatError
from segue.library.credits import split_credit
from segue.library.readers.base import Reader, ReadOptions
from segue.library.readers.database import MAGIC, Listeners, opened
from segue.library.readers.delimited import full, records
from segue.library.readers.fields import Malformed, identified, or_none, required, seconds
from segue.library.readers.text_stream import decoded
from segue.library.readers.times import Clock
from segue.library.rows import Listen, Reject, Row, TrackRef
from segue.library.sources import Entry

_COLUMNS = ("DateCreated", "UserId", "ItemId", "ItemType", "ItemName", "PlayDuration")
_LINE = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[^\t]*\t[0-9A-Fa-f-]{32,36}\t[^\t]+\t[A-Za-z]+\t[^\t]*\t[^\t]*\t[^\t]*"
    r"\t[^\t]*\t-?\d+\s*"
)
_WIDTH = 9
_PLACES = (0, 1, 2, 3, 4, 8)  # of our columns in a line
_UNKNOWN = "Not Known"

Play = tuple[Any, ...]  # the values of _COLUMNS


class Jellyfin(Reader):
    name = "jellyfin"
    title = "Jellyfin, Playback Reporting (backup as TSV, playback_reporting.db)"

    def recognises(self, name: str, head: bytes) -> bool:
        if head.startswith(MAGIC):
            return "playback_reporting" in name or b"PlaybackActivity" in head
        start = decoded(head[:8_192]).lstrip("\ufeff").replace("\r", "\n").split("\n")
        return any(_LINE.fullmatch(line) for line in start[:10])

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        if not entry.head().startswith(MAGIC) and not self.recognises(entry.name, entry.head()):
            raise FormatError(
                f"{entry.name} is not from Playback Reporting",
                expected="nine columns by tabs, a time first; or a database with the table PlaybackActivity",
            )
        ids = {play[1] for _, play in _plays(entry) if not isinstance(play, Malformed) and play[3] == "Audio"}
        people, clock, left = (
            Listeners("jellyfin", ids, {}, options.listener),
            options.clock(),
            Counter[str](),
        )
        for place, play in _plays(entry):
            try:
                if isinstance(play, Malformed):
                    raise play
                if play[3] != "Audio":
                    left["films, series and other things"] += 1
                    continue
                yield listen(play, people.of(required(play[1], "UserId")), clock, options.artists)
            except Malformed as error:
                yield Reject(place, str(error))
        for kind, count in left.items():
            yield Reject("plays", f"{count:,} of {kind}")


def _plays(entry: Entry) -> Iterator[tuple[str, Play | Malformed]]:
    """The plays with their places, from either form."""
    if entry.head().startswith(MAGIC):
        with opened(entry) as database:
            if not database.columns("PlaybackActivity") >= {column.lower() for column in _COLUMNS}:
                raise FormatError(f"{entry.name} has no table PlaybackActivity")
            query = f"SELECT {', '.join(_COLUMNS)} FROM PlaybackActivity ORDER BY DateCreated, rowid"
            for number, row in enumerate(database.rows(query), 1):
                yield f"row {number}", tuple(row.values())
    else:
        for line, fields in full(records(entry, "\t", quoted=False), _WIDTH):
            yield (
                f"line {line}",
                fields if isinstance(fields, Malformed) else tuple(fields[i] for i in _PLACES),
            )


def listen(play: Play, listener: str, clock: Clock, known: Collection[str] = ()) -> Listen:
    """A play of a track."""
    at = clock.time(play[0], "DateCreated")
    if at is None:
        raise Malformed("DateCreated is missing")
    played = or_none(seconds, play[5])
    return Listen(listener, identified(track(required(play[4], "ItemName"), known)), at, played)


def track(name: str, known: Collection[str] = ()) -> TrackRef:
    """The track of a name as the plugin makes them; `known` are artists with a comma in their names.

    >>> track("Björk - Jóga (Live) (Homogenic (Deluxe))")[:3]
    ('Jóga (Live)', ('Björk',), 'Homogenic (Deluxe)')
    """
    artist, dash, rest = name.partition(" - ")
    if not dash or artist == _UNKNOWN:
        raise Malformed("ItemName does not say who plays")
    title, album = rest.strip(), None
    if title.endswith(")"):
        depth = 0
        for at in range(len(title) - 1, -1, -1):
            depth += (title[at] == ")") - (title[at] == "(")
            if not depth:
                title, album = title[:at].strip(), title[at + 1 : -1].strip()
                break
    return TrackRef(title or None, split_credit(artist, known), None if album in (_UNKNOWN, "") else album)
