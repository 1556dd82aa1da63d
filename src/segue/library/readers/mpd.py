"""Spotify's Million Playlist Dataset: slices of 1,000 playlists, and the challenge set.

Chen, Lamere, Schedl, Zamani, "RecSys Challenge 2018: Automatic Music Playlist Continuation". Copies differ in
what they left out: only a playlist's `pid` and what identifies a track are needed. `pid` counts, not the name
of the slice, which proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from segue.errors import FormatError
from segue.library.blocks import Block
from segue.library.readers.base import BlockReader, ReadOptions
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


class MillionPlaylists(BlockReader):
    name = "mpd"
    title = "Million Playlist Dataset (slices or challenge set)"

    def recognises(self, name: str, head: bytes) -> bool:
        found = shape(head)
        return "playlists[].pid" in found or "playlists[].tracks[].track_uri" in found

    def parts(self, entry: Entry, options: ReadOptions) -> Iterator[Row | Block]:
        playlists = json_object(entry).get("playlists")
        if not isinstance(playlists, list):
            raise FormatError(f"{entry.name} has no playlists", expected='{"playlists": [...]}')
        clock, rows = options.clock(), _Slice()
        for index, each in enumerate(playlists):
            try:
                playlist, items = _playlist(each, clock), sequence(each.get("tracks"), "tracks")
            except Malformed as error:
                rows.odd(Reject(f"playlist {index}", str(error)))
            else:
                rows.odd(playlist)
                rows.entries(playlist.playlist, index, items)
        yield rows.block()


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


class _Slice:
    """The rows of a slice."""

    def __init__(self) -> None:
        self._odd: list[tuple[int, Row]] = []
        self._places: list[int] = []  # of the entries, which are all that is not odd
        self._entries: list[tuple[str, int | None]] = []  # playlist, position
        self._tracks: list[TrackRef] = []

    def odd(self, row: Row) -> None:
        self._odd.append((len(self._odd) + len(self._tracks), row))

    def entries(self, playlist: str, index: int, items: list[Any]) -> None:
        """Add the tracks of a playlist."""
        for place, item in enumerate(items):
            try:
                position = item.get("pos", place)
                if position.__class__ is not int or not 0 <= position < 1 << 31:
                    position = integer(position, "pos", most=(1 << 31) - 1)
                track = _track_of(item)
            except Malformed as error:
                self.odd(Reject(f"playlist {index} track {place}", str(error)))
            except AttributeError:
                self.odd(Reject(f"playlist {index} track {place}", f"not an object: {shown(item)}"))
            else:
                self._places.append(len(self._odd) + len(self._tracks))
                self._tracks.append(track)
                self._entries.append((playlist, position))

    def block(self) -> Block:
        """All of them."""
        playlists, positions = zip(*self._entries, strict=True) if self._entries else ((), ())
        columns = {
            "playlist": pa.array(playlists, pa.string()),
            "position": pa.array(positions, pa.int32()),
        }
        size = len(self._odd) + len(self._tracks)
        places, track = np.array(self._places, np.int64), np.arange(len(self._tracks))
        return Block(PlaylistEntry, size, places, self._tracks, track, columns, self._odd)


def _track_of(item: dict[str, Any]) -> TrackRef:
    get = item.get
    told = get("track_name"), get("artist_name"), get("album_name"), get("duration_ms"), get("track_uri")
    try:
        return _track(*told)
    except TypeError:  # what can't be remembered
        return _track.__wrapped__(*told)


@lru_cache(maxsize=65_536, typed=True)  # most tracks are in many playlists
def _track(title: object, artist: object, album: object, duration: object, uri: object) -> TrackRef:
    by = text(artist, "artist_name")
    return identified(
        TrackRef(
            text(title, "track_name"),
            (by,) if by else (),
            None if album is None else text(album, "album_name"),
            None if duration is None else milliseconds(duration, "duration_ms") or None,
            spotify_id(uri),
        )
    )
