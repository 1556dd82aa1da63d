"""The times of a table: as `Clock` reads them, and as people and spreadsheets write them.

"05/01/2023" is the fifth of January or the first of May. Which it is, the other dates of the column tell: one
that has a number over 12. With points ("05.01.2023") the day comes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

from segue.library.readers.fields import Malformed, number, or_none, shown
from segue.library.readers.times import Clock
from segue.library.readers.written_times import written_time

# So many rows are looked through for a date that tells the day from the month.
MOST = 20_000
Record = tuple[int, Any]  # a row's number, its fields or what is wrong with it
_NUMBERS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?!\d)[,T]?(.*)", re.ASCII | re.S)


def until_dates_tell(
    first: Sequence[Record], records: Iterator[Record], places: Sequence[int]
) -> list[Record]:
    """Rows after `first` up to one whose date tells the day from the month; none if there is no need.

    Args:
        first: the first rows of a table, with their lines.
        records: those that follow.
        places: of the columns with times.
    """
    more: list[Record] = []
    dates = (_dated(value) for value in _values(first, places))
    if any(date and date[2] != "." for date in dates) and day_first(first, places) is None:
        for record in islice(records, MOST):
            more.append(record)
            if day_first([record], places) is not None:
                break
    return more


def day_first(rows: Sequence[Record], places: Sequence[int], otherwise: bool | None = None) -> bool | None:
    """Whether the day stands before the month in dates of numbers; `otherwise` where they do not tell."""
    found = {True: False, False: False}
    for value in _values(rows, places):
        if (date := _dated(value)) and date[2] != ".":
            found[True] |= int(date[1]) > 12
            found[False] |= int(date[3]) > 12
    return found[True] if found[True] != found[False] else otherwise


def _values(rows: Sequence[Record], places: Sequence[int]) -> Iterator[Any]:
    for _, fields in rows:
        if not isinstance(fields, Malformed):
            yield from (fields[place] for place in places)


def _dated(value: Any) -> re.Match[str] | None:
    return _NUMBERS.fullmatch(value.strip()) if isinstance(value, str) else None


def on_day(value: object, of_day: object) -> object:
    """A day and a time of the day as one text; `value` where there is no time of the day."""
    if of_day is None:
        return value
    return f"{value:%Y-%m-%d} {of_day}" if isinstance(value, date) else f"{value} {of_day}"


class TableClock:
    """Reads the times of one column."""

    def __init__(self, clock: Clock, day_first: bool | None) -> None:
        self.clock, self._day_first = clock, day_first

    def time(self, value: object, what: str = "the time", *, of_day: object = None) -> datetime | None:
        """Return the time as `Clock.time` does, or as `written_time`, or of numbers alone.

        Args:
            value: what a file says.
            what: it is, for the message.
            of_day: the time of the day, where `value` is the day.

        Raises:
            Malformed: it is something else, before March 1973, or in the future.
        """
        value = on_day(value, of_day)
        try:
            return self.clock.time(value, what)
        except Malformed as error:
            if not isinstance(value, str) or (plain := value.strip())[:1] == "-":
                raise
            if found := _NUMBERS.fullmatch(plain):
                return self._of_numbers(found, what)
            count = or_none(number, plain)  # "1700000000,25"
            try:
                return written_time(plain, self.clock) if count is None else self.clock.seconds(count)
            except Malformed:
                raise error from None

    def _of_numbers(self, found: re.Match[str], what: str) -> datetime | None:
        first, point, second, year, rest = found.groups()
        is_day_first = point == "." or self._day_first
        if is_day_first is None:
            raise Malformed(
                f"{what} may be day/month or month/day: {shown(found[0])}; write it as 2023-12-31"
            )
        day, month = (first, second) if is_day_first else (second, first)
        iso = f"{year}-{month:0>2}-{day:0>2}"
        return written_time(f"{iso} {rest}", self.clock) if rest.strip() else self.clock.time(iso, what)
