"""CSV (RFC 4180) for spreadsheets: a header, one row per track, lines end in CR LF.

Two things are there for spreadsheets' sake, since programs have the JSON format. The file begins with a byte
order mark, without which Excel takes UTF-8 for the local code page. And text that a spreadsheet would run as
a formula (it begins with = + - @, a tab or a carriage return) gets an apostrophe in front, which spreadsheets
hide or show harmlessly; text that begins with apostrophes followed by one of those gets one more, so that
taking one away gives back the text.
"""

from __future__ import annotations

import csv
import io
import re

from segue.playlists.formats.text import UNWRITABLE, spotify_uri
from segue.playlists.playlist import Playlist, PlaylistEntry

COLUMNS = (
    "listener",
    "week",
    "position",
    "title",
    "artists",
    "album",
    "duration_ms",
    "reason",
    "score",
    "chosen_by",
    "track_id",
    "spotify_uri",
    "mbid",
    "isrc",
    "location",
)
FORMULA = re.compile(r"'*[=+\-@\t\r]")


def render(playlist: Playlist) -> bytes:
    """The playlist as CSV, UTF-8 with a byte order mark; artists are joined by "; "."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(entry, playlist) for entry in playlist.entries)
    return out.getvalue().encode("utf-8-sig")


def guarded(text: str | None) -> str:
    """`text` as a cell that no spreadsheet takes for a formula."""
    text = UNWRITABLE.sub("\ufffd", text or "").replace("\x00", "")
    return f"'{text}" if FORMULA.match(text) else text


def _row(entry: PlaylistEntry, playlist: Playlist) -> list[str | int | float | None]:
    card = entry.track
    return [
        guarded(playlist.listener),
        playlist.week,
        entry.position,
        guarded(card.title),
        guarded("; ".join(card.artists)),
        guarded(card.album),
        card.duration_ms,
        guarded(entry.reason),
        entry.score,
        guarded(entry.chosen_by),
        guarded(card.track_id),
        spotify_uri(card),
        guarded(card.mbid),
        guarded(card.isrc),
        guarded(card.location),
    ]
