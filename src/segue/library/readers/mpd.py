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
        self._playlists: list[str] = []
        self._positions: list[int | None] = []
        self._tracks: list[TrackRef] = []

    def odd(self, row: Row) -> None:
        self._odd.append((len(self._odd) + len(self._tracks), row))

    def entries(self, playlist: str, index: int, items: list[Any]) -> None:
        """Add the tracks of a playlist."""
        try:  # all at once, as nearly all playlists are sound
            self._add(playlist, _positions(items, 0), _tracks(items))
        except (Malformed, AttributeError, TypeError):
            for place, item in enumerate(items):
                self._entry(playlist, f"playlist {index} track {place}", place, item)

    def _entry(self, playlist: str, where: str, place: int, item: Any) -> None:
        try:
            positions = _positions([item], place)
            try:
                tracks = _tracks([item])
            except TypeError:  # what can't be remembered
                tracks = [_track.__wrapped__(*map(item.get, _KEYS))]
        except Malformed as error:
            self.odd(Reject(where, str(error)))
        except AttributeError:
            self.odd(Reject(where, f"not an object: {shown(item)}"))
        else:
            self._add(playlist, positions, tracks)

    def _add(self, playlist: str, positions: list[int | None], tracks: list[TrackRef]) -> None:
        first = len(self._odd) + len(self._tracks)
        self._places += range(first, first + len(tracks))
        self._playlists += [playlist] * len(tracks)
        self._positions += positions
        self._tracks += tracks

    def block(self) -> Block:
        """All of them."""
        columns = {
            "playlist": pa.array(self._playlists, pa.string()),
            "position": pa.array(self._positions, pa.int32()),
        }
        size = len(self._odd) + len(self._tracks)
        places, track = np.array(self._places, np.int64), np.arange(len(self._tracks))
        return Block(PlaylistEntry, size, places, self._tracks, track, columns, self._odd)


_KEYS = ("track_name", "artist_name", "album_name", "duration_ms", "track_uri")


def _positions(items: list[Any], first: int) -> list[int | None]:
    found = [item.get("pos", place) for place, item in enumerate(items, first)]
    if set(map(type, found)) <= {int} and (not found or (min(found) >= 0 and max(found) < 1 << 31)):
        return found
    return [integer(each, "pos", most=(1 << 31) - 1) for each in found]


def _tracks(items: list[Any]) -> list[TrackRef]:
    return list(map(_track, *([item.get(key) for item in items] for key in _KEYS)))


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
