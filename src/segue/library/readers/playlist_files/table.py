"""Playlists as tables: Segue's own CSV, and anybody's with a column that says what track is meant."""

from __future__ import annotations

import re

from segue.errors import FormatError
from segue.library.readers.columns import places as columns_of
from segue.library.readers.delimited import layout, table
from segue.library.readers.fields import Malformed, or_none
from segue.library.readers.playlist_files.places import UNKNOWN, Place, PlaylistFile, place
from segue.library.readers.times import Clock
from segue.library.sources import Entry

OURS = {"listener", "week", "position", "title", "artists", "chosen_by", "track_id", "location"}
_GUARD = re.compile(r"'+[=+\-@\t\r]")  # our writer puts an apostrophe in front of what could be a formula


def is_ours(head: bytes) -> bool:
    """Whether a table is one that Segue wrote."""
    return set(layout(head).columns) >= OURS


def parse(entry: Entry, clock: Clock) -> PlaylistFile:
    """Return the playlist of a table.

    Raises:
        FormatError: no column says what track is meant.
    """
    ours = is_ours(entry.head())
    columns, records = table(entry, ragged=True)
    at = columns_of(columns, {})
    if at.keys().isdisjoint({"track", "track_id", "spotify", "mbid", "isrc"}):
        raise FormatError(
            f"{entry.name} is no playlist",
            expected="a column title, track_id or spotify_uri",
            got=str(columns)[:300],
        )
    if "location" in columns:
        at["location"] = columns.index("location")
    found = []
    for _, fields in records:
        if isinstance(fields, Malformed):
            found.append(UNKNOWN)
        else:
            row = {name: _bare(fields[index]) if ours else fields[index] for name, index in at.items()}
            found.append(_place(row, ours, clock))
    return PlaylistFile(None, found)


def _place(row: dict[str, str], ours: bool, clock: Clock) -> Place:
    credit = row.get("artist", "")
    found = place(
        row.get("track"),
        credit.split("; ") if ours else [credit],
        album=row.get("album"),
        length=row.get("duration_ms"),
        addresses=[row.get("location"), row.get("spotify")],
        ids={name: row.get(name) for name in ("spotify", "mbid", "isrc", "track_id")},
    )
    return found._replace(added_at=or_none(clock.time, row.get("added_at")))


def _bare(cell: str) -> str:
    return cell[1:] if _GUARD.match(cell) else cell
