"""Each playlist file becomes a playlist of the library, the listener's own.

Its id is its path without the suffix, so that the same list in two formats is one. A place that only names a
file is a track of that file; one that names nothing is rejected.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from segue.errors import FormatError
from segue.library.readers.base import Reader, ReadOptions
from segue.library.readers.fields import Malformed, identified, required
from segue.library.readers.playlist_files import Place, kind_of, parse
from segue.library.rows import Playlist, PlaylistEntry, Reject, Row, TrackRef
from segue.library.sources import Entry

_KINDS = ("spotify:", "mbid:", "isrc:", "name:", "podcast:", "audiobook:", "artist:")


class PlaylistFiles(Reader):
    name = "playlist"
    title = "Playlist files: M3U, M3U8, PLS, XSPF, JSPF; Segue's own CSV and JSON"

    def recognises(self, name: str, head: bytes) -> bool:
        return kind_of(name, head) is not None

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        found = parse(entry, options.clock())
        if not found.places:
            raise FormatError(f"{entry.name} holds no track", expected="a playlist with tracks")
        path = PurePosixPath(entry.name)
        name = required(str(path.with_suffix("") if path.suffix else path), "the file's name")
        playlist = f"playlist:{name}"
        yield Playlist(playlist, found.title, options.listener, modified_at=found.modified_at)
        for position, place in enumerate(found.places):
            try:
                yield PlaylistEntry(playlist, position, _identified(place), place.added_at)
            except Malformed as error:
                yield Reject(f"place {position + 1}", str(error))


def _identified(place: Place) -> TrackRef:
    track, own = place.track, place.track_id
    if own and not own.startswith(_KINDS) and ":" in own:
        return track._replace(other=own)
    named = track.artists and track.title
    if not (named or track.spotify or track.mbid or track.isrc) and place.location:
        track = track._replace(other=f"location:{place.location}")
    return identified(track)
