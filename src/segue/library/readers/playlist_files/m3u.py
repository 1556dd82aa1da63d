"""M3U and M3U8: one path or address a line; `#EXTINF:seconds attributes,artist - title` before it.

The encoding is told by the text: a mark, the zeros of UTF-16, else UTF-8, and Windows-1252 where it is none.
A path's name gives artist and title where no #EXTINF does. A number in front of it is taken for a track's
only if it is written like one ("07 - ", "3. ", "01 "): "99 Luftballons" and "50 Cent" begin with numbers.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import unquote

from segue.library.readers.playlist_files.places import Place, PlaylistFile, content, named, place
from segue.library.readers.text_stream import decoded
from segue.library.readers.times import Clock
from segue.library.sources import Entry

_INFO = re.compile(r'\s*(-?[\d.]+)?((?:\s+[\w.-]+=(?:"[^"]*"|[^\s,"]*))*)\s*,(.*)', re.S)
_STREAM = re.compile(
    r"^#EXT-X-(TARGETDURATION|STREAM-INF|MEDIA-SEQUENCE)", re.M
)  # pieces of a film or station
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # two letters at least: "C:\\Music" is a path
_DISC = re.compile(r"^\d{1,2}-(?=\d\d\b)")
_NUMBER = re.compile(
    r"^(?:\d{1,2}|0\d\d)(?:\s+-\s+|\.\s+|[._-]\s*(?=[^\d\s._-]))|^0\d{1,2}\s+(?=[^\s-])",
)
_MIDDLE = re.compile(r"^(.+?) - (?:(.+?) - )?\d{1,3}(?: - |\. )(.+)$")
_OURS = ("# no file: ", "# no file or Spotify id: ")  # for a track that has no place


def recognises(name: str, head: bytes) -> bool:
    """Whether a file of this name that begins so is an M3U or M3U8 playlist."""
    start = decoded(head[: 1 << 14])
    if _STREAM.search(start) or "\0" in start:
        return False
    if start.lstrip("\ufeff \t\r\n")[:7].upper() == "#EXTM3U":
        return True
    return PurePosixPath(name).suffix.lower() in (".m3u", ".m3u8") and bool(start.strip())


def parse(entry: Entry, clock: Clock) -> PlaylistFile:
    """Return the playlist of an M3U file, in any encoding."""
    title, shown, places = None, None, []
    said: dict[str, str] = {}
    for line in (line.strip() for line in re.split(r"\r\n|\r|\n", decoded(content(entry)))):
        tag, colon, value = line.partition(":")
        if line.startswith(_OURS):
            places.append(named(line.partition(": ")[2]))
        elif colon and tag.upper() in ("#PLAYLIST", "#EXTINF", "#EXTALB", "#EXTART"):
            if tag.upper() == "#PLAYLIST":
                title = value.strip()
            elif tag.upper() == "#EXTINF":
                shown = value
            else:
                said[tag.upper()] = value.strip()
        elif line and not line.startswith("#"):
            places.append(_place(line, shown, said))
            shown, said = None, {}
    return PlaylistFile(title, places)


def _place(address: str, shown: str | None, said: dict[str, str]) -> Place:
    length: str | None = None
    name = ""
    if shown is not None:
        info = _INFO.fullmatch(shown)
        length, name = (info[1], info[3].strip()) if info else ("", shown.partition(",")[2].strip())
    length = None if not length or length.startswith("-") else length
    found = named(name, length=length, addresses=[address]) if name else by_path(address, length)
    track = found.track
    if "#EXTALB" in said:
        track = track._replace(album=place(album=said["#EXTALB"]).track.album)
    if not track.artists and "#EXTART" in said:
        track = track._replace(artists=place(artists=[said["#EXTART"]]).track.artists)
    return found._replace(track=track)


def by_path(address: str, length: str | None) -> Place:
    """What the path of an audio file says of the track, and its length in seconds as it was written."""
    path = unquote(address.partition("?")[0]) if _ADDRESS.match(address) else address
    stem = _SUFFIX.sub("", PurePosixPath(path.replace("\\", "/")).name)
    stem = _DISC.sub("", stem)
    stem = _NUMBER.sub("", stem) or stem
    if middle := _MIDDLE.match(stem):  # "Artist - Album - 03 - Title"
        seconds = named("", length=length).track.duration_ms
        return place(middle[3], [middle[1]], album=middle[2], length=seconds, addresses=[address])
    return named(stem, length=length, addresses=[address])
