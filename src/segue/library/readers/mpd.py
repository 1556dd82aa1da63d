"""Spotify's Million Playlist Dataset: slices of 1,000 playlists, and the challenge set.

Chen, Lamere, Schedl, Zamani, "RecSys Challenge 2018: Automatic Music Playlist Continuation". Copies differ in
what they left out: only a playlist's `pid` and what identifies a track are needed. `pid` counts, not the name
of the slice, which proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segue.errors import FormatError
from segue.library.readers.base import Reader, ReadOptions
from segue.library.readers.fields import (
    Malformed,
    identified,
    integer,
    mapping,
    milliseconds,
    sequence,
    shown,
    spotify_id,
    text,
)
from segue.library.readers.json_stream import json_object, shape
from segue.library.readers.times import Clock
from segue.library.rows import Playlist, PlaylistEntry, Reject, Row, TrackRef
from segue.library.sources import Entry


class MillionPlaylists(Reader):
    name = "mpd"
    title = "Million Playlist Dataset (slices or challenge set)"

    def recognises(self, name: str, head: bytes) -> bool:
        found = shape(head)
        return "playlists[].pid" in found or "playlists[].tracks[].track_uri" in found

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        playlists = json_object(entry).get("playlists")
        if not isinstance(playlists, list):
            raise FormatError(f"{entry.name} has no playlists", expected='{"playlists": [...]}')
        clock = options.clock()
        for index, each in enumerate(playlists):
            try:
                playlist, items = _playlist(each, clock), sequence(each.get("tracks"), "tracks")
            except Malformed as error:
                yield Reject(f"playlist {index}", str(error))
            else:
                yield playlist
                yield from _entries(playlist.playlist, index, items)


def _playlist(each: object, clock: Clock) -> Playlist:
    fields = mapping(each, "the playlist")
    pid = integer(fields.get("pid"), "pid")
    if pid is None:
        raise Malformed("pid is missing")
    return Playlist(
        f"mpd:{pid}",
        title=text(fields.get("name"), "name"),
        followers=integer(fields.get("num_followers"), "num_followers"),
        modified_at=clock.time(fields.get("modified_at"), "modified_at"),
    )


def _entries(playlist: str, index: int, items: list[Any]) -> Iterator[Row]:
    for place, item in enumerate(items):
        try:
            position = item.get("pos", place)
            if position.__class__ is not int or not 0 <= position < 1 << 31:
                position = integer(position, "pos", most=1 << 31)
            yield _make(PlaylistEntry, (playlist, position, _track(item), None))
        except Malformed as error:
            yield Reject(f"playlist {index} track {place}", str(error))
        except AttributeError:
            yield Reject(f"playlist {index} track {place}", f"not an object: {shown(item)}")


# Half the time of PlaylistEntry(...) and TrackRef(...), which matters with 66 million entries.
_make = tuple.__new__


def _track(item: dict[str, Any]) -> TrackRef:
    get = item.get
    title = text(get("track_name"), "track_name")
    artist = text(get("artist_name"), "artist_name")
    album, duration = get("album_name"), get("duration_ms")
    if album is not None:
        album = text(album, "album_name")
    if duration is not None:
        duration = milliseconds(duration, "duration_ms") or None
    spotify = spotify_id(get("track_uri"))
    artists = (artist,) if artist else ()
    track = _make(TrackRef, (title, artists, album, duration, spotify, None, None, None, "song"))
    return track if spotify else identified(track)
