"""Deezer: the spreadsheet of personal data (deezer-data_*.xlsx), its sheet 10_listeningHistory.

The columns: Song Title, Artist, ISRC, Album Title, Listening Time (seconds; -1 is met, and means unknown),
Date, and the listener's address and devices, which are not looked at. Deezer does not document them; they
are known from public readers. It does not say of which zone the dates are (`--timezone`; UTC), nor whether
they are of a play's start or end.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from segue.errors import FormatError
from segue.library.credits import split_credit
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.fields import Malformed, identified, isrc, number, or_none, text
from segue.library.readers.times import Clock
from segue.library.readers.xlsx import is_spreadsheet, sheet
from segue.library.rows import Listen, Row, TrackRef
from segue.library.sources import Entry

_SHEET = "listeninghistory"
_NAMES = {
    "title": ("song title", "titre", "titre du morceau", "titre de la chanson"),
    "artist": ("artist", "artists", "artiste", "artistes"),
    "album": ("album title", "album", "titre de l'album"),
    "isrc": ("isrc",),
    "played": ("listening time", "temps d'écoute", "durée d'écoute", "écoute"),
    "date": ("date", "date d'écoute", "date de l'écoute"),
}
_LONGEST_S = 7 * 24 * 3_600
_EXCEL = datetime(1899, 12, 30)
_DAYS = (20_000, 80_000)  # Excel's numbers for the days from 1954 to 2119


class Deezer(Reader):
    name = "deezer"
    title = "Deezer (deezer-data_*.xlsx of the account's data)"

    def recognises(self, name: str, head: bytes) -> bool:
        return is_spreadsheet(head)

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        if not is_spreadsheet(entry.head()):
            raise FormatError(f"{entry.name} is not Deezer's spreadsheet", expected="an .xlsx file")
        clock = options.clock()
        yield from converted(_rows(entry), "row", lambda row: play(row, options, clock))


def _rows(entry: Entry) -> Iterator[tuple[int, dict[str, str] | Malformed]]:
    at: dict[str, int] | None = None
    for number_, cells in sheet(entry, lambda name: name.lower().replace(" ", "").endswith(_SHEET)):
        if at is None:
            at = _places(cells)
            if not at.keys() >= {"title", "artist", "date"}:
                raise FormatError(
                    f"{entry.name} has no columns Song Title, Artist, Date in its sheet of plays",
                    got=", ".join(ascii(cell)[1:-1] for cell in cells)[:300],
                )
        elif any(cells):
            row = {name: cells[place] for name, place in at.items() if place < len(cells)}
            yield number_, row


def _places(cells: list[str]) -> dict[str, int]:
    plain = [" ".join(cell.split()).lower() for cell in cells]
    return {
        ours: next(plain.index(name) for name in theirs if name in plain)
        for ours, theirs in _NAMES.items()
        if any(name in plain for name in theirs)
    }


def play(row: dict[str, str], options: ReadOptions, clock: Clock) -> Listen:
    """A row of the history."""
    track = TrackRef(
        text(row.get("title"), "Song Title"),
        split_credit(text(row.get("artist"), "Artist") or "", options.artists),
        or_none(text, row.get("album")),
        isrc=isrc(row.get("isrc")),
    )
    return Listen(
        options.listener, identified(track), _time(row.get("date", ""), clock), _played(row.get("played"))
    )


def _time(value: str, clock: Clock) -> datetime:
    try:
        days = float(value)
    except ValueError:
        days = 0.0
    if _DAYS[0] < days < _DAYS[1]:
        time = clock.time(_EXCEL + timedelta(seconds=round(days * 86_400)), "Date")
    else:
        time = clock.time(value, "Date")
    if time is None:
        raise Malformed("Date is missing")
    return time


def _played(value: str | None) -> int | None:
    """Milliseconds heard; None where there are none, or none that make sense."""
    found = or_none(number, (value or "").replace(",", "."))
    return round(found * 1000) if found is not None and 0 <= found <= _LONGEST_S else None
