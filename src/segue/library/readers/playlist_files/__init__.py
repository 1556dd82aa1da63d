"""Playlist files of players and services: M3U and M3U8, PLS, XSPF, JSPF, and Segue's own CSV and JSON.

What identifies a track is kept (ids, artist and title, place); everything else is passed over. A track
without any of these is still a place, so that positions stay those of the file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from segue.errors import FormatError
from segue.library.readers.fields import or_none, text
from segue.library.readers.playlist_files import jspf, m3u, pls, table, xspf
from segue.library.readers.playlist_files.places import Place, PlaylistFile
from segue.library.readers.times import Clock
from segue.library.sources import Entry

__all__ = ["Place", "PlaylistFile", "kind_of", "parse"]

_PARSERS: dict[str, Callable[[Entry, Clock], PlaylistFile]] = {
    "m3u": m3u.parse,
    "pls": pls.parse,
    "xspf": xspf.parse,
    "jspf": jspf.parse,
    "csv": table.parse,
}


def kind_of(name: str, head: bytes) -> str | None:
    """Which kind of playlist a file is by its first bytes (M3U without a first line: by its name), if any.

    Tables of others are not looked for: they may be anything.
    """
    if m3u.recognises(name, head):
        return "m3u"
    if pls.recognises(head):
        return "pls"
    if xspf.recognises(head):
        return "xspf"
    if jspf.recognises(head):
        return "jspf"
    return "csv" if table.is_ours(head) else None


def parse(entry: Entry, clock: Clock, kind: str | None = None) -> PlaylistFile:
    """Return the playlist in a file; `kind` is one of m3u, pls, xspf, jspf, csv, else told by the content.

    Raises:
        FormatError: it is no playlist of this kind.
    """
    kind = kind or kind_of(entry.name, entry.head())
    if kind is None:
        raise FormatError(
            f"{entry.name} is no playlist", expected="M3U, M3U8, PLS, XSPF, JSPF, or Segue's own CSV or JSON"
        )
    found = _PARSERS[kind](entry, clock)
    title = or_none(text, found.title) or or_none(text, PurePosixPath(entry.name).stem)
    return found._replace(title=title)
