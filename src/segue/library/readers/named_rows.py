"""Delimited files whose columns have names: each row as a dictionary, with the names of other languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from segue.errors import FormatError
from segue.library.readers.delimited import layout, table
from segue.library.readers.fields import Malformed
from segue.library.sources import Entry

Row = dict[str, str]


def columns(head: bytes, others: Mapping[str, str] | None = None) -> frozenset[str]:
    """The names of a file's columns in lower case; `others` are names in other languages -> ours."""
    return frozenset(_ours(name, others or {}) for name in layout(head).columns)


def named_rows(
    entry: Entry, needed: Set[str], others: Mapping[str, str] | None = None
) -> Iterator[tuple[int, Row | Malformed]]:
    """Yield (line, row by names of columns in lower case).

    Raises:
        FormatError: a column of `needed` is missing, or two have one name.
    """
    found = table(entry)
    names = [_ours(name, others or {}) for name in found.columns]
    if missing := needed - set(names):
        raise FormatError(
            f"{entry.name} lacks columns",
            expected=", ".join(sorted(missing)),
            got=", ".join(found.columns)[:300],
        )
    for number, fields in found.records:
        if isinstance(fields, Malformed):
            yield number, fields
        else:
            yield number, dict(zip(names, fields, strict=True))


def _ours(name: str, others: Mapping[str, str]) -> str:
    plain = name.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return others.get(plain, plain)
