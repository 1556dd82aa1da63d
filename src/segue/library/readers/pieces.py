"""Tables in pieces of thousands of rows, as columns where that is what the rows say, else row by row."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

import pyarrow as pa

from segue.library.readers.text_stream import decoded

Record = tuple[int, Any]  # a row's number, its fields or what is wrong with it

_EPOCH = datetime(1970, 1, 1)
LONGEST_FIELD = 100_000  # bytes; the `csv` module takes no longer ones


class Piece:
    """Rows of a table that follow one another, as columns of one length."""

    def __init__(self, columns: Sequence[pa.Array], first: int) -> None:
        """`first` is the number of the first row."""
        self.columns, self.first = columns, first

    def __len__(self) -> int:
        return len(self.columns[0])

    def record(self, at: int) -> Record:
        """A row as it is read alone."""
        return self.first + at, tuple(values_of(column.slice(at, 1))[0] for column in self.columns)

    def records(self) -> Iterator[Record]:
        """All rows."""
        return enumerate(zip(*map(values_of, self.columns), strict=True), self.first)

    def check(self) -> None:
        """Look whether all values can be had as Python's.

        Raises:
            ArrowException, ValueError, OverflowError: they cannot.
        """
        for column in self.columns:
            column.validate(full=True)
            if not (pa.types.is_string(column.type) or pa.types.is_primitive(column.type)):
                values_of(column)


class _Lines(Piece):
    """Lines of delimited text."""

    def __init__(self, columns: Sequence[pa.Array], first: int, text: str, delimiter: str) -> None:
        super().__init__(columns, first)
        self._text, self._delimiter = text, delimiter

    @cached_property
    def _lines(self) -> list[str]:
        return self._text.split("\n")

    def record(self, at: int) -> Record:
        return self.first + at, fields(self._lines[at], self._delimiter)

    def records(self) -> Iterator[Record]:
        return map(self.record, range(len(self)))


def fields(line: str, delimiter: str) -> list[str]:
    """The fields of a line whose quotes all close on it.

    Raises:
        csv.Error: a field is too long.
    """
    if '"' not in line:
        return line.split(delimiter)
    return next(csv.reader([f"{line}\n"], delimiter=delimiter, skipinitialspace=True))


def rows_of(piece: Piece | list[Record]) -> Iterator[Record]:
    """The rows of a piece, whichever way it came."""
    return piece.records() if isinstance(piece, Piece) else iter(piece)


def values_of(column: Any) -> list[Any]:
    """The values of an Arrow column as readers take them."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind):
        whole = column.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.int64()).to_pylist()
        return [None if count is None else _moment(count, kind.tz is not None) for count in whole]
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [None if value is None else decoded(value) for value in column.to_pylist()]
    return column.to_pylist()


def _moment(microseconds: int, aware: bool) -> datetime | int:
    """The time; the bare count where it is outside of Python's calendar, to be refused as a time."""
    try:
        time = _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return microseconds
    return time.replace(tzinfo=UTC) if aware else time


def of_text(text: str, delimiter: str, width: int, first: int) -> Piece | None:
    """Lines of delimited text as columns, or None if any is more than a record of `width` plain fields.

    Fields may be in quotes, if these open and close on the line and stand at the field's ends.
    """
    if width < 2 or not _has_plain_quotes(text, delimiter):
        return None
    if delimiter == "\t" and re.search(r"^\s*$", text, re.M):
        return None  # a blank line, to be passed over, and not a row of empty fields
    from pyarrow import csv as arrow

    names = [str(place) for place in range(width)]
    try:
        data = text.encode()
        table = arrow.read_csv(
            pa.py_buffer(data),
            arrow.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            arrow.ParseOptions(
                delimiter=delimiter, quote_char='"' if '"' in text else False, ignore_empty_lines=False
            ),
            arrow.ConvertOptions(check_utf8=False, column_types=dict.fromkeys(names, pa.string())),
        )
    except (pa.ArrowException, UnicodeEncodeError):
        return None
    if len(table) != text.count("\n") + 1:
        return None
    return _Lines([column.combine_chunks() for column in table.columns], first, text, delimiter)


def _has_plain_quotes(text: str, delimiter: str) -> bool:
    quotes = text.count('"')
    if not quotes:
        return True
    found = _quoted(delimiter).findall(text)
    return quotes == sum(each.count('"') for each in found) and max(map(len, found)) < LONGEST_FIELD


@lru_cache
def _quoted(delimiter: str) -> re.Pattern[str]:
    other = re.escape(delimiter)
    return re.compile(rf'(?:^|(?<={other}))"(?:[^"\n]|"")*"(?={other}|$)', re.M)
