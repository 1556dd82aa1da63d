"""PLS, as Winamp wrote it: `[playlist]`, then File1, Title1, Length1 and so on."""

from __future__ import annotations

import re

from segue.errors import FormatError
from segue.library.readers.playlist_files.m3u import by_path
from segue.library.readers.playlist_files.places import PlaylistFile, content, named
from segue.library.readers.text_stream import decoded
from segue.library.readers.times import Clock
from segue.library.sources import Entry

_LINE = re.compile(r"(file|title|length)(\d{1,9})\s*=\s*(.*)", re.I)
_MARK = "[playlist]"


def recognises(head: bytes) -> bool:
    """Whether a file that begins so is a PLS playlist."""
    return decoded(head[:256]).lstrip("\ufeff \t\r\n")[: len(_MARK)].lower() == _MARK


def parse(entry: Entry, clock: Clock) -> PlaylistFile:
    """Return the playlist of a PLS file.

    Raises:
        FormatError: its first line is not `[playlist]`.
    """
    data = content(entry)
    if not recognises(data):
        raise FormatError(f"{entry.name} is no PLS playlist", expected=f"a first line {_MARK}")
    said: dict[int, dict[str, str]] = {}
    for line in re.split(r"\r\n|\r|\n", decoded(data)):
        if found := _LINE.fullmatch(line.strip()):
            said.setdefault(int(found[2]), {})[found[1].lower()] = found[3].strip()
    places = []
    for _, each in sorted(said.items()):
        length = None if each.get("length", "-1").startswith("-") else each["length"]
        address, title = each.get("file", ""), each.get("title", "")
        if address or title:
            places.append(
                named(title, length=length, addresses=[address]) if title else by_path(address, length)
            )
    return PlaylistFile(None, places)
