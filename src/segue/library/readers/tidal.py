"""Tidal: streaming.csv of the account's data (account, privacy, request my data).

The columns: artist_name, track_title, entry_date (day/month/year and minutes, when a play began, in
`time_zone` if it is there), stream_duration_ms, product_type, and the listener's address and place, which
are not looked at. "null" is written for what is missing. Tidal does not document them; they are known from
exports that people showed. Guests are parted by "Feat.", others by commas.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import ClassVar
from zoneinfo import ZoneInfo

from segue.library.credits import split_credit
from segue.library.exactness import Times
from segue.library.readers.base import Reader, ReadOptions
from segue.library.readers.fields import Malformed, identified, number, or_none, required, text
from segue.library.readers.named_rows import columns, named_rows
from segue.library.readers.times import Clock
from segue.library.rows import Listen, Reject, Row, TrackRef
from segue.library.sources import Entry

_NEEDED = {"artist_name", "track_title", "entry_date"}
_PLAYED = ("track", "video", "")
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d{2})(?::(\d{2}))?")
_GUESTS = re.compile(r"\s+(?:feat|ft)\.\s+", re.I)
_LONGEST_MS = 7 * 24 * 3_600_000


class Tidal(Reader):
    name = "tidal"
    title = "Tidal (streaming.csv of the account's data)"
    times: ClassVar = {"tidal": Times(60_000)}

    def recognises(self, name: str, head: bytes) -> bool:
        return columns(head) >= _NEEDED

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        clock, left = options.clock(), Counter[str]()
        for line, row in named_rows(entry, _NEEDED):
            try:
                if isinstance(row, Malformed):
                    raise row
                kind = _told(row, "product_type").lower()
                if kind not in _PLAYED:
                    left[kind if kind.isalpha() and kind.isascii() else "something else"] += 1
                    continue
                yield play(row, options, clock)
            except Malformed as error:
                yield Reject(f"line {line}", str(error))
        for kind, count in sorted(left.items()):
            yield Reject("product_type", f"{count:,} of the kind {kind[:40]}, no plays of tracks")


def play(row: dict[str, str], options: ReadOptions, clock: Clock) -> Listen:
    """A line of the history."""
    credits = _GUESTS.split(required(_told(row, "artist_name"), "artist_name"))
    artists = tuple(name for credit in credits for name in split_credit(credit, options.artists))
    track = TrackRef(text(_told(row, "track_title"), "track_title"), artists)
    played = or_none(number, _told(row, "stream_duration_ms"))
    played_ms = round(played) if played is not None and 0 <= played <= _LONGEST_MS else None
    return Listen(options.listener, identified(track), _time(row, clock), played_ms)


def _told(row: dict[str, str], name: str) -> str:
    value = (row.get(name) or "").strip()
    return "" if value.lower() == "null" else value


def _time(row: dict[str, str], clock: Clock) -> datetime:
    written = required(_told(row, "entry_date"), "entry_date")
    found = _DATE.fullmatch(written)
    if found is None:
        time = clock.time(written, "entry_date")
    else:
        day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
        try:
            when = datetime(year, month, day, hour, minute, second, tzinfo=_zone(row) or clock.zone)
        except ValueError:
            raise Malformed("entry_date is no date") from None
        time = clock.time(when, "entry_date")
    if time is None:
        raise Malformed("entry_date is missing")
    return time


def _zone(row: dict[str, str]) -> tzinfo | None:
    name = _told(row, "time_zone")
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):
        return None
