"""The plays of a plain table: row by row where something is odd, else as columns of thousands of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from segue.library.blocks import Block
from segue.library.readers.base import converted
from segue.library.readers.columnar import Column, Converted, Mask, Moments, Numbers
from segue.library.readers.fields import (
    LONGEST_MS,
    Malformed,
    integer,
    milliseconds,
    or_none,
    required,
    seconds,
    text,
    truth,
)
from segue.library.readers.pieces import Piece, Record, rows_of, values_of
from segue.library.readers.table_times import TableClock, on_day
from segue.library.readers.table_tracks import Fields, Tracks
from segue.library.rows import Listen, Row


def listeners(place: int | None, default: str) -> Callable[[Fields], str]:
    """What reads a row's listener, who is `default` where there is no such column."""
    if place is None:
        return lambda fields: default
    return lambda fields: required(fields[place], "listener")


def _count(value: object, what: str) -> int | None:
    count = integer(value, what)
    if count == 0:
        raise Malformed(f"{what} is 0")
    return count


def _session_position(value: object, what: str) -> int | None:
    return integer(value, what, 1, (1 << 31) - 1)


# The columns for the fields of Listen from the fourth on, with what reads them; of the first two, one.
_FIELDS: tuple[tuple[str, str, Callable[[object, str], Any], pa.DataType], ...] = (
    ("played_ms", "played_ms", milliseconds, pa.int64()),
    ("played_ms", "played", seconds, pa.int64()),
    ("plays", "plays", _count, pa.int64()),
    ("skipped", "skipped", truth, pa.bool_()),
    ("stage", "stage", integer, pa.int8()),
    ("shuffle", "shuffle", truth, pa.bool_()),
    ("start_reason", "start_reason", text, pa.string()),
    ("end_reason", "end_reason", text, pa.string()),
    ("context", "context", text, pa.string()),
    ("session_id", "session", text, pa.string()),
    ("session_position", "session_position", _session_position, pa.int32()),
)


class Plays:
    """Turns the rows of a table into plays."""

    def __init__(self, at: dict[str, int], clock: TableClock, track: Tracks, listener: str) -> None:
        """`at` says where each of our columns is; `listener` is whose plays they are if none of them says."""
        self._at, self._track, self._clock = at, track, clock
        self._time, self._hour = at.get("time"), at.get("time_of_day")
        self._may_lack_time = self._time is None or "plays" in at
        self._default, self._listener = listener, listeners(at.get("listener"), listener)
        self._there = [each for each in _FIELDS if each[1] in at]
        if "played_ms" in at:
            self._there = [each for each in self._there if each[1] != "played"]
        self._moments = Moments(clock.time, clock.clock)
        self._listeners = Column(lambda value: required(value, "listener"), pa.string())
        self._read = {name: _column(name, convert, kind) for _, name, convert, kind in self._there}

    def row(self, fields: Fields) -> Listen:
        """The play of one row. Fields other than the track, the time and the count may be malformed.

        Raises:
            Malformed: one of these is, or is missing.
        """
        told: dict[str, Any] = {}
        for field, name, convert, _ in self._there:
            value = fields[self._at[name]]
            told[field] = convert(value, name) if name == "plays" else or_none(convert, value, name)
        of_day = None if self._hour is None else fields[self._hour]
        started_at = None if self._time is None else self._clock.time(fields[self._time], of_day=of_day)
        if started_at is None and not self._may_lack_time:
            raise Malformed("the time is missing")
        if "plays" in told and told["plays"] is None:
            if started_at is None:
                raise Malformed("plays is missing")
            told["plays"] = 1
        return Listen(self._listener(fields), self._track(fields), started_at, **told)

    def parts(self, pieces: Iterable[Piece | list[Record]], place: str) -> Iterator[Row | Block]:
        """The plays of a table, and a Reject at "`place` number" for each row that cannot be taken."""
        for piece in pieces:
            block = self._block(piece, place) if isinstance(piece, Piece) else None
            if block is None:
                yield from converted(rows_of(piece), place, self.row)
            else:
                yield block

    def _block(self, piece: Piece, place: str) -> Block | None:
        """The plays of a piece; None if it has values that can only be looked at one by one."""
        try:
            tracks, track = self._track.of_columns(piece.columns)
            told = self._columns(piece.columns)
        except (pa.ArrowException, OverflowError):
            return None
        kept = track >= 0
        for column in told.values():
            kept &= ~column.malformed
        if not self._may_lack_time:
            kept &= ~_missing(told["started_at"])
        columns = {name: column.values for name, column in told.items()}
        if "plays" in told:
            timed = ~_missing(told["started_at"]) if self._time is not None else False
            kept &= ~_missing(told["plays"]) | timed
            columns["plays"] = columns["plays"].fill_null(1)
        places, others = np.flatnonzero(kept), np.flatnonzero(~kept).tolist()
        if others:
            columns = {name: values.take(pa.array(places)) for name, values in columns.items()}
        odd = converted(map(piece.record, others), place, self.row)
        rows = list(zip(others, odd, strict=True))
        return Block(Listen, len(kept), places, tracks, track[places], columns, rows)

    def _columns(self, columns: Sequence[pa.Array]) -> dict[str, Converted]:
        """The fields of plays, but for the track, that are in the table."""
        told = {field: self._read[name](columns[self._at[name]]) for field, name, _, _ in self._there}
        count = len(columns[0])
        if "listener" in self._at:
            told["listener"] = self._listeners(columns[self._at["listener"]])
        else:
            told["listener"] = Converted(pa.repeat(self._default, count), np.zeros(count, np.bool_))
        if self._time is not None:
            times = columns[self._time]
            if self._hour is not None:
                times = pa.array(map(on_day, values_of(times), values_of(columns[self._hour])))
            told["started_at"] = self._moments(times)
        return told


def _missing(column: Converted) -> Mask:
    return column.values.is_null().to_numpy(zero_copy_only=False)


def _column(name: str, convert: Callable[[object, str], Any], kind: pa.DataType) -> Column | Numbers:
    if name == "played_ms":
        return Numbers(lambda value: convert(value, name), LONGEST_MS)
    return Column(lambda value: convert(value, name), kind)
