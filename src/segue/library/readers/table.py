"""Plain tables, CSV in any of its kinds or Parquet, for everybody who has no other format.

Columns are found by their names (`columns.py`), which `ReadOptions.columns` overrides. What a row is follows
from the columns that are there:

| columns | rows |
| --- | --- |
| feedback | Feedback, of the kind that is in the column (save, love, ban, hate, unlove) |
| time, plays, or milliseconds played | Listen |
| playlist, or added_at | Playlist, then its PlaylistEntry rows (without a playlist column the file is one) |
| listener | Listen, one each |
| none of these | TrackFacts |

A track needs an id, or artist and track; with plays an artist alone will do (medium "artist"). A table whose
rows would be facts, or plays without a time, although one of its columns holds times, is refused: its plays
would be lost. Fields other than the track, the time, the count and the kind of feedback may be malformed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import PurePosixPath
from typing import Any

from segue.errors import FormatError
from segue.library.blocks import Block
from segue.library.readers.base import BlockReader, Reader, ReadOptions, converted
from segue.library.readers.columns import (
    FEATURES,
    JOINT_CREDITS,
    in_another_language,
    places,
    plain,
    says_utc,
    unknown_times,
)
from segue.library.readers.delimited import layout, table_in_pieces
from segue.library.readers.fields import (
    Malformed,
    integer,
    number,
    or_none,
    release_date,
    required,
    text,
    truth,
)
from segue.library.readers.parquet import MAGIC, parquet
from segue.library.readers.pieces import Piece, Record, rows_of
from segue.library.readers.table_plays import Plays, listeners
from segue.library.readers.table_times import TableClock, day_first, until_dates_tell
from segue.library.readers.table_tracks import Fields, Tracks
from segue.library.rows import Feedback, Playlist, PlaylistEntry, Reject, Row, TrackFacts
from segue.library.sources import Entry

SAMPLE = 50  # rows that show what is in a column
TIMES = ("time", "added_at")
KINDS = ("save", "love", "ban", "hate", "unlove")

_make = tuple.__new__  # half the time of Listen(...)


class Table(BlockReader):
    name = "table"
    title = "A plain table: CSV or Parquet with named columns"

    def __init__(self, others: Sequence[Reader] = ()) -> None:
        """`others` are the readers whose formats are tables too, and go before."""
        self._others = others

    def recognises(self, name: str, head: bytes) -> bool:
        if any(other.recognises(name, head) for other in self._others):
            return False
        if head.startswith(MAGIC):
            return True
        return _kind(places(layout(head).columns, {})) is not None

    def has_columns(self, head: bytes, columns: Mapping[str, str]) -> bool:
        """Whether a delimited file has all the columns that a mapping (ours -> theirs) names, and any."""
        there = {plain(name) for name in layout(head).columns}
        named = {plain(name) for name in columns.values() if name}
        return bool(named) and named <= there

    def parts(self, entry: Entry, options: ReadOptions) -> Iterator[Row | Block]:
        is_parquet = entry.head().startswith(MAGIC)
        columns, pieces = parquet(entry) if is_parquet else table_in_pieces(entry)
        begun: list[Piece | list[Record]] = []
        records = _kept(pieces, begun)
        first = list(islice(records, SAMPLE))
        sample = [fields for _, fields in first if not isinstance(fields, Malformed)]
        at = places(columns, options.columns, sample)
        kind = _kind(at)
        if kind is None:
            raise FormatError(
                f"No column of {entry.name} says what track is meant",
                expected="columns such as user, artist, track, timestamp",
                got=", ".join(columns)[:500],
                hint="name the columns, such as --column track=song --column artist=band",
            )
        _refuse_lost_times(entry.name, columns, at, options.columns, sample)
        times = [at[each] for each in TIMES if each in at]
        first += until_dates_tell(first, records, times)
        context = _Context(entry, options, at, columns, first)
        place = "row" if is_parquet else "line"
        # What was looked at to know the columns comes again, as the rows of the file.
        pieces = chain(begun, pieces)
        if kind == "listens":
            plays = Plays(at, context.clock, context.track, options.listener)
            yield from plays.parts(pieces, place)
            return
        every = chain.from_iterable(map(rows_of, pieces))
        if kind == "playlists":
            yield from _playlists(context, every, place)
        else:
            yield from converted(every, place, _CONVERTERS[kind](context))


def _kept(pieces: Iterator[Piece | list[Record]], begun: list[Piece | list[Record]]) -> Iterator[Record]:
    """The rows, while what they came from is put into `begun`."""
    for piece in pieces:
        begun.append(piece)
        yield from rows_of(piece)


def _refuse_lost_times(
    name: str,
    columns: Sequence[str],
    at: dict[str, int],
    mapping: Mapping[str, str],
    sample: Sequence[Sequence[Any]],
) -> None:
    if "time" in mapping or not at.keys().isdisjoint({"time", "plays", "feedback", "playlist", "added_at"}):
        return
    if lost := unknown_times(columns, at, sample):
        raise FormatError(
            f"{name} looks like plays, but none of its columns is known to be the time of a play",
            expected="a column such as timestamp, played_at or date",
            got=", ".join(columns)[:500],
            hint=f'say which it is: --column "time={lost[0]}"; or "--column time=" if there is none',
        )


class _Context:
    """What converting a table's rows needs."""

    def __init__(
        self,
        entry: Entry,
        options: ReadOptions,
        at: dict[str, int],
        columns: Sequence[str],
        first: Sequence[tuple[int, Any]],
    ) -> None:
        self.options, self.at, self.columns = options, at, columns
        clock, time = options.clock(), at.get("time")
        clock = clock.utc if time is not None and says_utc(columns[time]) else clock
        times = [at[each] for each in TIMES if each in at]
        # Of those who write dates in numbers, the speakers of English alone may begin with the month.
        told = any(in_another_language(columns[each]) for each in times) or None
        self.clock = TableClock(clock, day_first(first, times, otherwise=told))
        self.file = PurePosixPath(entry.name).stem
        joint = "artist" in at and plain(columns[at["artist"]]) in JOINT_CREDITS
        self.track = Tracks(at, options.catalogue, options.artists if joint else None)
        self.listener = listeners(at.get("listener"), options.listener)

    def get(self, name: str, convert: Callable[[object, str], Any]) -> Callable[[Fields], Any]:
        """A function that reads a column of ours from a row; None if the table has no such column."""
        place = self.at.get(name)
        if place is None:
            return lambda fields: None
        return lambda fields: convert(fields[place], name)

    def optional(self, name: str, convert: Callable[[object, str], Any]) -> Callable[[Fields], Any]:
        """The same of a column that a row can do without: None if it is malformed."""
        return self.get(name, lambda value, what: or_none(convert, value, what))


Convert = Callable[[Fields], Row]


def _kind(at: dict[str, int]) -> str | None:
    """What the rows of a table with these columns are; None if no track can be made out."""
    named = "artist" in at and ("track" in at or "plays" in at)
    if not named and at.keys().isdisjoint({"spotify", "mbid", "isrc", "track_id"}):
        return None
    if "feedback" in at:
        return "feedback"
    if not at.keys().isdisjoint({"time", "plays", "played_ms", "played"}):
        return "listens"
    if not at.keys().isdisjoint({"playlist", "added_at"}):
        return "playlists"
    return "listens" if "listener" in at else "facts"


def _feedback(context: _Context) -> Convert:
    kind, given_at = context.get("feedback", required), context.optional("time", context.clock.time)

    def convert(fields: Fields) -> Row:
        word = kind(fields).lower()
        if word not in KINDS:
            raise Malformed(f"feedback is none of {', '.join(KINDS)}")
        return Feedback(context.listener(fields), context.track(fields), word, given_at(fields))

    return convert


def _playlists(context: _Context, records: Iterator[tuple[int, Any]], place: str) -> Iterator[Row]:
    """Playlists, each before its first entry. Without positions, the order of the rows counts."""
    at = context.at
    name, title = context.get("playlist", required), context.optional("playlist_title", text)
    position = context.optional("position", _position)
    added_at = context.optional("added_at", context.clock.time)
    reached: dict[str, int] = {}
    for line, fields in records:
        try:
            if isinstance(fields, Malformed):
                raise fields
            own = name(fields) if "playlist" in at else context.file
            playlist = f"{context.options.catalogue}:{own}"
            where = position(fields) if "position" in at else reached.get(playlist, 0)
            entry = PlaylistEntry(playlist, where, context.track(fields), added_at(fields))
            owner = context.listener(fields) if "listener" in at else None
            shown = title(fields) or (None if "playlist" in at else own)
        except Malformed as error:
            yield Reject(f"{place} {line}", str(error))
            continue
        if playlist not in reached:
            yield Playlist(playlist, shown, owner)
        reached[playlist] = reached.get(playlist, 0) + 1
        yield entry


def _facts(context: _Context) -> Convert:
    features = [
        (name, index) for index, each in enumerate(context.columns) if (name := plain(each)) in FEATURES
    ]
    date = context.optional("release_date", lambda value, what: release_date(value))
    explicit = context.optional("explicit", truth)
    popularity = context.optional("popularity", _popularity)

    def convert(fields: Fields) -> Row:
        sound = {
            name: value
            for name, place in features
            if (value := or_none(number, fields[place], name)) is not None
        }
        facts = (date(fields), explicit(fields), popularity(fields), sound or None)
        return TrackFacts(context.track(fields), *facts)

    return convert


_CONVERTERS: dict[str, Callable[[_Context], Convert]] = {
    "feedback": _feedback,
    "facts": _facts,
}


def _position(value: object, what: str) -> int | None:
    return integer(value, what, 0, (1 << 31) - 1)


def _popularity(value: object, what: str) -> float | None:
    """From 0 to 1, or from 0 to 100 as Spotify has it."""
    found = number(value, what)
    if found is None or 0 <= found <= 1:
        return found
    if not 0 <= found <= 100:
        raise Malformed(f"{what} is out of range")
    return found / 100
