"""Read one playlist file as a playlist: what other programs wrote, and our own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from segue.errors import FormatError, NotFoundError, UsageError
from segue.library.readers.base import ReadOptions
from segue.library.readers.playlist_files import Place, parse
from segue.library.sources import Entry, entries
from segue.playlists.formats.json import NAME, read_json
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard

KINDS = {
    ".m3u": "m3u",
    ".m3u8": "m3u",
    ".pls": "pls",
    ".xspf": "xspf",
    ".jspf": "jspf",
    ".json": "jspf",
    ".csv": "csv",
}


def read(path: Path) -> Playlist:
    """The playlist in a file, its kind told by the suffix.

    Raises:
        NotFoundError: no such file.
        UsageError: a suffix that no format has.
        FormatError: the file is not what its suffix says, or holds no track.
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise UsageError(f"No playlist format is named like {path}", expected=" ".join(KINDS))
    if not path.is_file():
        raise NotFoundError(f"There is no playlist {path}", hint="check the name")
    for entry in entries(path):
        if isinstance(entry, Entry):
            try:
                return _read(path, entry, kind)
            except FormatError as error:
                hint = error.hint or "export it again, or mend it in an editor"
                raise FormatError(error.what, expected=error.expected, got=error.got, hint=hint) from error
    raise FormatError(f"{path} is no playlist file", hint="export it again")


def _read(path: Path, entry: Entry, kind: str) -> Playlist:
    if kind == "jspf" and NAME.encode() in entry.head()[:200]:
        return read_json(path)
    found = parse(entry, ReadOptions().clock(), kind)
    places = tuple(PlaylistEntry(position, _card(place)) for position, place in enumerate(found.places, 1))
    if not places:
        raise FormatError(f"{path} holds no track", expected="a playlist with tracks")
    return Playlist(found.title or path.stem, "", None, datetime.now(UTC), places)


def _card(place: Place) -> TrackCard:
    track = place.track
    return TrackCard(
        track_id=place.track_id or "",
        title=track.title,
        artists=track.artists,
        album=track.album,
        duration_ms=track.duration_ms,
        spotify=track.spotify,
        mbid=track.mbid,
        isrc=track.isrc,
        location=place.location,
        medium=track.medium,
    )
