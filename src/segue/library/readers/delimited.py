"""Delimited text from strangers: any delimiter, quotes that may never close, headers that may repeat."""

from __future__ import annotations

import csv
import functools
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from segue.errors import FormatError
from segue.library.readers.fields import Malformed
from segue.library.readers.text_stream import decoded, lines
from segue.library.sources import Entry

LONGEST_RECORD = 64  # lines that one quoted record may take
DELIMITERS = ",;\t|"
TITLE_LINES = 3  # that may stand before the names of the columns: "Shazam Library"

Line = tuple[int, str | Malformed]
Record = tuple[int, list[str] | Malformed]


class Table(NamedTuple):
    """A delimited file with a header."""

    columns: list[str]  # names in lower case
    records: Iterator[Record]  # (line number, fields), as many fields as columns


def table(entry: Entry, *, comments: bool = False, ragged: bool = False) -> Table:
    """Open a delimited file whose first line names its columns; with `comments`, after lines with #.

    A line `sep=;` and up to three lines of one field, a title, may stand before it. With `ragged`, fields
    that are missing at the end of a line are empty.

    Raises:
        FormatError: there is no header, or two columns have one name.
    """
    delimiter = layout(entry.head(), comments=comments).delimiter
    found = records(entry, delimiter)
    first = next(found, None)
    titles = 0
    while first is not None and isinstance(first[1], list):
        if not (comments and first[1][0].startswith("#")):
            if titles == TITLE_LINES or not _is_title(first[1]):
                break
            titles += 1
        after = next(found, None)
        if after is None:  # a table of one column, or a title alone
            break
        first = after
    if first is None or isinstance(first[1], Malformed):
        raise FormatError(f"{entry.name} has no header", expected="a first line that names the columns")
    columns = _names(first[1])
    if twice := sorted(name for name, count in Counter(columns).items() if name and count > 1):
        raise FormatError(
            f"{entry.name} names a column twice: {', '.join(twice)[:200]}", hint="rename one of the two"
        )
    return Table(columns, full(found, len(columns), ragged=ragged))


def full(found: Iterator[Record], width: int, *, ragged: bool = False) -> Iterator[Record]:
    """Pass on the records with `width` fields (more, if those are empty), and the others as malformed.

    With `ragged`, one with too few is filled up with empty ones.
    """
    for number, fields in found:
        if isinstance(fields, Malformed) or len(fields) == width:
            yield number, fields
        elif len(fields) > width and not any(fields[width:]):
            yield number, fields[:width]
        elif ragged and len(fields) < width:
            yield number, fields + [""] * (width - len(fields))
        else:
            yield number, Malformed(f"{len(fields)} fields, expected {width}")


def _is_title(fields: Sequence[str]) -> bool:
    """Whether a record is no row of a table with several columns; "sep=;" is none either."""
    return not any(fields[1:])


def records(entry: Entry, delimiter: str, *, quoted: bool = True) -> Iterator[Record]:
    """Yield (line number, fields) for each record that is not blank.

    A quote that does not close within 64 lines spoils only the line it opens on: the next is read afresh.
    """
    numbered: Iterator[Line] = enumerate(lines(entry.open()), 1)
    again: deque[Line] = deque()
    source = numbered
    while True:
        for number, line in source:
            if isinstance(line, Malformed):
                yield number, line
            elif not quoted or '"' not in line:
                if line and not line.isspace():
                    yield number, line.split(delimiter)
            else:
                span: list[Line] = [(number, line)]
                fields = _quoted(span, source, delimiter)
                yield number, fields
                if isinstance(fields, Malformed):
                    again.extendleft(reversed(span[1:]))
                    source = chain(_drained(again), numbered)
                    break
        else:
            return


def _drained(again: deque[Line]) -> Iterator[Line]:
    while again:
        yield again.popleft()


def _quoted(span: list[Line], source: Iterator[Line], delimiter: str) -> list[str] | Malformed:
    """Parse a record with quotes; `span` begins with its first line and grows by those it goes on through."""

    def feed() -> Iterator[str]:
        yield f"{span[0][1]}\n"
        for number, line in source:
            span.append((number, line))
            if isinstance(line, Malformed) or len(span) > LONGEST_RECORD:
                break
            yield f"{line}\n"
        raise Malformed("a quote that opens here does not close")

    try:
        return next(csv.reader(feed(), delimiter=delimiter, skipinitialspace=True))
    except Malformed as error:
        return error
    except csv.Error as error:
        return Malformed(str(error))


class Layout(NamedTuple):
    """What the first bytes of a delimited file show."""

    delimiter: str
    columns: tuple[str, ...]  # the first record in lower case: names, if the file has a header
    first: tuple[tuple[str, ...], ...]  # the first records, as they are, without titles


@functools.lru_cache(maxsize=8)
def layout(head: bytes, *, comments: bool = False) -> Layout:
    """Return the delimiter that cuts a file's first lines most evenly, and these lines cut by it.

    With `comments`, lines that begin with # are left out.
    """
    best = Layout(",", (), ())
    if head[:1] in (b"{", b"["):
        return best
    start = decoded(head[: 1 << 14]).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(start) > 1 and len(head) >= 1 << 14:
        start.pop()  # cut in the middle
    start = [line for line in start[:20] if line and not line.isspace() and not (comments and line[0] == "#")]
    said = start[0].strip().lower() if start else ""
    delimiters = said[4:] if said.startswith("sep=") and len(said) == 5 else DELIMITERS
    score = (-1.0, 0)
    for delimiter in delimiters:
        try:
            rows = list(
                csv.reader([f"{line}\n" for line in start], delimiter=delimiter, skipinitialspace=True)
            )
        except (csv.Error, ValueError):
            continue
        lines = len(rows)
        while rows and len(rows) > max(1, lines - TITLE_LINES) and _is_title(rows[0]):
            del rows[0]
        if not rows or not rows[0]:
            continue
        width = len(rows[0])
        even = sum(len(row) == width for row in rows) + 0.5 * sum(1 < len(row) < width for row in rows)
        even = even / lines if width > 1 else 0.0
        if (even, width) > score:
            score = (even, width)
            best = Layout(delimiter, tuple(_names(rows[0])), tuple(tuple(row) for row in rows))
    return best


def _names(fields: list[str]) -> list[str]:
    return [name.strip().lower() for name in fields]
