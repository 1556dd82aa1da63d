"""Delimited text from strangers: any delimiter, quotes that may never close, headers that may repeat."""

from __future__ import annotations

import csv
import functools
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple, TypeVar

from segue.errors import FormatError
from segue.library.readers.fields import Malformed
from segue.library.readers.pieces import Piece, of_text, rows_of
from segue.library.readers.text_stream import decoded, split, texts
from segue.library.sources import Entry

LONGEST_RECORD = 64  # lines that one quoted record may take
DELIMITERS = ",;\t|"
TITLE_LINES = 3  # that may stand before the names of the columns: "Shazam Library"

BLOCK = 16_384  # records

Item = TypeVar("Item")
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
    columns, pieces = _opened(_Lines(entry), comments=comments, ragged=ragged)
    return Table(columns, chain.from_iterable(map(rows_of, pieces)))


def table_in_pieces(entry: Entry) -> tuple[list[str], Iterator[Piece | list[Record]]]:
    """Open a file as `table` does, `ragged`; rows come in columns where they are plain.

    Raises:
        FormatError: as `table`.
    """
    lines = _Lines(entry)
    columns, pieces = _opened(lines, ragged=True)
    lines.width = len(columns)
    return columns, pieces


def _opened(
    lines: _Lines, *, comments: bool = False, ragged: bool = False
) -> tuple[list[str], Iterator[Piece | list[Record]]]:
    name = lines.entry.name
    blocks = _blocks(lines, layout(lines.entry.head(), comments=comments).delimiter, True)
    begun: list[Record] = []
    columns, taken = _header(name, _kept(blocks, begun), comments)
    if twice := sorted(name for name, count in Counter(columns).items() if name and count > 1):
        raise FormatError(
            f"{name} names a column twice: {', '.join(twice)[:200]}", hint="rename one of the two"
        )
    rest = chain([begun[taken:]], blocks)
    width = len(columns)
    return columns, (each if isinstance(each, Piece) else _full(each, width, ragged) for each in rest)


def _kept(blocks: Iterator[Piece | list[Record]], begun: list[Record]) -> Iterator[Record]:
    for block in blocks:
        begun.extend(rows_of(block))
        yield from begun[-len(block) :] if isinstance(block, list) and block else ()


def _header(name: str, found: Iterator[Record], comments: bool) -> tuple[list[str], int]:
    """The names of the columns, and how many records they and what goes before them are."""
    first, taken = next(found, None), 1
    titles = 0
    while first is not None and isinstance(first[1], list):
        if not (comments and first[1][0].startswith("#")):
            if titles == TITLE_LINES or not _is_title(first[1]):
                break
            titles += 1
        after = next(found, None)
        if after is None:  # a table of one column, or a title alone
            break
        first, taken = after, taken + 1
    if first is None or isinstance(first[1], Malformed):
        raise FormatError(f"{name} has no header", expected="a first line that names the columns")
    return _names(first[1]), taken


def full(found: Iterator[Record], width: int, *, ragged: bool = False) -> Iterator[Record]:
    """Pass on the records with `width` fields (more, if those are empty), and the others as malformed.

    With `ragged`, one with too few is filled up with empty ones.
    """
    return chain.from_iterable(_full(block, width, ragged) for block in batches(found, BLOCK))


def _full(block: list[Record], width: int, ragged: bool) -> list[Record]:
    return [
        (number, fields)
        if fields.__class__ is list and len(fields) == width
        else (number, _filled(fields, width, ragged))
        for number, fields in block
    ]


def _filled(fields: list[str] | Malformed, width: int, ragged: bool) -> list[str] | Malformed:
    if isinstance(fields, Malformed):
        return fields
    if len(fields) > width and not any(fields[width:]):
        return fields[:width]
    if ragged and len(fields) < width:
        return fields + [""] * (width - len(fields))
    return Malformed(f"{len(fields)} fields, expected {width}")


def batches(found: Iterator[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of `size`, the last one shorter."""
    while block := list(islice(found, size)):
        yield block


def _is_title(fields: Sequence[str]) -> bool:
    """Whether a record is no row of a table with several columns; "sep=;" is none either."""
    return not any(fields[1:])


def records(entry: Entry, delimiter: str, *, quoted: bool = True) -> Iterator[Record]:
    """Yield (line number, fields) for each record that is not blank.

    A quote that does not close within 64 lines spoils only the line it opens on: the next is read afresh.
    """
    return chain.from_iterable(map(rows_of, _blocks(_Lines(entry), delimiter, quoted)))


class _Lines:
    """The numbered lines of a file: those at hand, and those after them."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.width = 0  # of the table, once it is known
        self._texts, self._next = texts(entry.open()), 1
        self._text: str | Malformed | None = None  # the next piece, if it was looked at
        self.at_hand: deque[Line] = deque()

    def fill(self) -> bool:
        """Have lines at hand, if the file has any left."""
        if not self.at_hand:
            text = next(self._texts, None) if self._text is None else self._text
            if text is None:
                return False
            self._text = None
            self.at_hand.extend(enumerate(split(text), self._next))
            self._next += len(self.at_hand)
        return True

    def in_columns(self, delimiter: str) -> Piece | None:
        """The next lines as columns, taken; None if they are not plain, or some are at hand already."""
        if self.at_hand or not self.width:
            return None
        self._text = text = next(self._texts, None) if self._text is None else self._text
        if not isinstance(text, str):
            return None
        piece = of_text(text, delimiter, self.width, self._next)
        if piece is not None:
            self._text = None
            self._next += len(piece)
        return piece

    def __iter__(self) -> Iterator[Line]:
        while self.fill():
            yield self.at_hand.popleft()


def _blocks(lines: _Lines, delimiter: str, quoted: bool) -> Iterator[Piece | list[Record]]:
    while True:
        if (piece := lines.in_columns(delimiter)) is not None:
            yield piece
            continue
        if not lines.fill():
            return
        block = list(lines.at_hand)
        found = _each_a_line(block, delimiter, quoted)
        if found is None:
            yield list(_some_of_lines(lines, delimiter, len(block)))
        else:
            lines.at_hand.clear()
            yield found


def _each_a_line(block: list[Line], delimiter: str, quoted: bool) -> list[Record] | None:
    """The records of lines if each is a record of its own, else None."""
    with_quotes = []
    if quoted:
        with_quotes = [at for at, (_, line) in enumerate(block) if isinstance(line, str) and '"' in line]
    read: list[Any] = []
    if with_quotes:
        # A last line of our own tells whether all quotes before it have closed.
        text = [f"{block[at][1]}\n" for at in with_quotes]
        try:
            read = list(csv.reader([*text, "end\n"], delimiter=delimiter, skipinitialspace=True))
        except csv.Error:
            return None
        if len(read) != len(text) + 1 or read.pop() != ["end"]:
            return None
    if len(read) == len(block):
        return [(number, fields) for (number, _), fields in zip(block, read, strict=True)]
    for at, fields in zip(with_quotes, read, strict=True):
        # Lines with quotes are few in most tables: only these went through the CSV reader, the others are cut
        # at once below.
        block[at] = (block[at][0], fields)
    return [
        (number, line.split(delimiter) if isinstance(line, str) else line)
        for number, line in block
        if not isinstance(line, str) or (line and not line.isspace())
    ]


def _some_of_lines(lines: _Lines, delimiter: str, count: int) -> Iterator[Record]:
    """The records that begin on the next `count` lines, read line by line."""
    last = lines.at_hand[0][0] + count - 1
    while lines.at_hand and lines.at_hand[0][0] <= last:
        number, line = lines.at_hand.popleft()
        if isinstance(line, Malformed):
            yield number, line
        elif '"' not in line:
            if line and not line.isspace():
                yield number, line.split(delimiter)
        else:
            span: list[Line] = [(number, line)]
            fields = _quoted(span, iter(lines), delimiter)
            yield number, fields
            if isinstance(fields, Malformed):
                # The lines after a quote that never closes are read afresh: it costs its own line alone.
                lines.at_hand.extendleft(reversed(span[1:]))


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
