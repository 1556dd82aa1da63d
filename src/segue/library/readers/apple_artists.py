"""Who plays a song of Apple's play activity: the files beside it know, the activity itself seldom does."""

from __future__ import annotations

import contextlib
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, cast

from segue.errors import SegueError
from segue.library.readers.fields import Malformed, mapping, milliseconds, names, or_none, required, text
from segue.library.readers.json_stream import items
from segue.library.readers.named_rows import named_rows
from segue.library.rows import TrackRef
from segue.library.sources import Entry
from segue.library.streams import damage

ACTIVITY = "Apple Music Play Activity.csv"
DAILY = "Apple Music - Play History Daily Tracks.csv"
HISTORY = "Apple Music - Track Play History.csv"
LIBRARY = "Apple Music Library Tracks.json"

_WORD = re.compile(r"[a-z_ -]{1,40}")


def credit(described: object) -> TrackRef:
    """The track of a description "Artist - Title", parted at the first dash."""
    artist, dash, title = required(described, "the description").partition(" - ")
    if not dash or not artist.strip() or not title.strip():
        raise Malformed("the description is not of the form Artist - Title")
    return TrackRef(title.strip(), (artist.strip(),))


def library_track(fields: Mapping[str, Any]) -> TrackRef:
    """The track of an item of Library Tracks."""
    length = or_none(milliseconds, fields.get("Track Duration"))
    artists = names(fields.get("Artist"), "Artist") or names(fields.get("Album Artist"), "Album Artist")
    return TrackRef(
        text(fields.get("Title"), "Title"), artists, or_none(text, fields.get("Album")), length or None
    )


def word(kind: str) -> str:
    """One of Apple's words for a kind of thing, for a message."""
    return kind if _WORD.fullmatch(kind) else "of another kind"


class Artists:
    """The artist of a title on an album, or of a title alone where only one artist has such a song."""

    def __init__(self) -> None:
        self._on_album: dict[tuple[str, str], str | None] = {}
        self._of_title: dict[str, str | None] = {}

    def add(self, track: TrackRef) -> None:
        """Learn a credit."""
        if not track.title or not track.artists:
            return
        title, artist = track.title.casefold(), track.artists[0]
        if track.album:
            _learn(self._on_album, (title, track.album.casefold()), artist)
        _learn(self._of_title, title, artist)

    def find(self, title: str, album: str | None) -> str | None:
        """The artist, None where it is not known or could be several."""
        found = self._on_album.get((title.casefold(), album.casefold())) if album else None
        return found or self._of_title.get(title.casefold())


def _learn(known: dict[Any, str | None], key: Any, artist: str) -> None:
    """Remember who it is; None from when a second one is met."""
    before = known.setdefault(key, artist)
    if before is not None and before.casefold() != artist.casefold():
        known[key] = None


def artists_beside(entry: Entry) -> Artists:
    """Read the credits in the files beside a play activity; what is broken there is left out."""
    artists = Artists()
    for found in _credits(entry):
        artists.add(found)
    return artists


def _credits(entry: Entry) -> Iterator[TrackRef]:
    for name, column in ((DAILY, "track description"), (HISTORY, "track name")):
        other = entry.sibling(name)
        if other is None:
            continue
        with contextlib.suppress(SegueError), contextlib.closing(other):
            for _, row in named_rows(other, {column}):
                with contextlib.suppress(Malformed):
                    if not isinstance(row, Malformed):
                        yield credit(row[column])
    plain, zipped = entry.sibling(LIBRARY), entry.sibling(f"{LIBRARY}.zip")
    with contextlib.ExitStack() as opened, contextlib.suppress(SegueError):
        for each in (plain, zipped):
            if each is not None:
                opened.enter_context(contextlib.closing(each))
        other = plain or (_zipped(zipped) if zipped else None)
        if other is not None:
            opened.enter_context(contextlib.closing(other))
            for _, item in items(other):
                with contextlib.suppress(Malformed):
                    yield library_track(mapping(item, "the item"))


def _zipped(outer: Entry) -> Entry | None:
    """The one file of a zip: Apple packs its large JSON once more."""
    with damage(outer.name):
        archive = zipfile.ZipFile(outer.seekable())
    inside = [info for info in archive.infolist() if info.filename.endswith(".json")]
    if len(inside) != 1:
        return None

    def open_stream() -> BinaryIO:
        with damage(outer.name):
            return cast(BinaryIO, archive.open(inside[0]))

    return outer.part(inside[0].filename, open_stream)
