"""XSPF (https://www.xspf.org/spec), version 1, also of writers that forget its namespace."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from segue.errors import FormatError
from segue.library.readers.fields import or_none, text
from segue.library.readers.playlist_files.places import Place, PlaylistFile, content, place
from segue.library.readers.text_stream import decoded
from segue.library.readers.times import Clock
from segue.library.sources import Entry

_ROOT = re.compile(r"<(?:[\w.-]+:)?playlist\b[^>]*>", re.S)
_DECLARED = re.compile(r"^\s*<\?xml[^>]*\?>")
DEEPEST = 100  # elements inside one another; a playlist has six


def recognises(head: bytes) -> bool:
    """Whether a file that begins so is an XSPF playlist."""
    start = decoded(head[: 1 << 14])
    root = _ROOT.search(start)
    return root is not None and ("xspf.org/ns/0" in root[0] or "<trackList" in start)


def parse(entry: Entry, clock: Clock) -> PlaylistFile:
    """Return the playlist of an XSPF file.

    Raises:
        FormatError: it is not well-formed XML, or something else.
    """
    data = content(entry)
    try:
        root = _tree(data)
    except (ET.ParseError, ValueError, LookupError):
        try:  # the encoding that it names is not its own
            root = _tree(_DECLARED.sub("", decoded(data)).encode("utf-8", "replace"))
        except (ET.ParseError, ValueError) as error:
            raise FormatError(f"{entry.name} is no XSPF playlist, or cut short: {error}") from None
    if root.tag != "playlist":
        raise FormatError(f"{entry.name} is no XSPF playlist", got=f"a document of {root.tag[:50]}")
    date = or_none(clock.time, root.findtext("date"))
    return PlaylistFile(
        or_none(text, root.findtext("title")), [_track(each) for each in root.iter("track")], date
    )


def _tree(data: bytes) -> ET.Element:
    """The document, its names without their namespaces."""
    return ET.fromstring(data, ET.XMLParser(target=_Builder()))


class _Builder(ET.TreeBuilder):
    """Builds a tree that is no deeper than a playlist can be: a deep one would end on the stack."""

    depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ValueError("elements are nested too deeply")
        return super().start(tag.rpartition("}")[2], attrs)

    def end(self, tag: str, /) -> ET.Element:
        self.depth -= 1
        return super().end(tag.rpartition("}")[2])


def _track(track: ET.Element) -> Place:
    return place(
        track.findtext("title"),
        [track.findtext("creator")],
        album=track.findtext("album"),
        length=track.findtext("duration"),
        addresses=[each.text for name in ("location", "identifier") for each in track.findall(name)],
    )
