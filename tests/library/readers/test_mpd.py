"""The Million Playlist Dataset: whole slices, lean copies, the challenge set."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from segue.library.readers.mpd import MillionPlaylists
from segue.library.rows import Playlist, PlaylistEntry, Reject, TrackRef
from segue.library.sources import Entry, entries
from segue.testing.reader import OPTIONS, ReaderContract, read

WHOLE = {
    "pos": 0,
    "artist_name": "Missy Elliott",
    "track_uri": "spotify:track:0UaMYEvWZi0ZqiDOoHU3YI",
    "artist_uri": "spotify:artist:2wIVse2owClT7go1WT98tk",
    "track_name": "Lose Control (feat. Ciara & Fat Man Scoop)",
    "album_uri": "spotify:album:6vV5UrXcfyQD1wu4Qo2I9K",
    "duration_ms": 226863,
    "album_name": "The Cookbook",
}
LEAN = {
    "artist_name": "Elton John",
    "track_uri": "spotify:track:5Wj1rJnCLpMHdLaxsFtJLs",
    "track_name": "Bennie ",
}


def playlist(*tracks: Any, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Throwbacks",
        "collaborative": "false",
        "pid": 0,
        "modified_at": 1493424000,
        "num_tracks": len(tracks),
        "num_albums": 47,
        "num_followers": 1,
        "tracks": list(tracks),
        "num_edits": 6,
        "duration_ms": 11532414,
        "num_artists": 37,
    } | changes


def encoded(*playlists: Any, **around: Any) -> bytes:
    info = {"generated_on": "2017-12-03 08:41:42.057563", "slice": "0-999", "version": "v1"}
    return json.dumps({"info": info, "playlists": list(playlists)} | around).encode()


class TestMpd(ReaderContract):
    reader = MillionPlaylists()
    document = True
    samples: ClassVar = {
        "mpd.slice.0-999.json": encoded(playlist(WHOLE, WHOLE | {"pos": 1}), playlist(pid=1)),
        "mpd.slice.1000-1999.json": encoded({"name": "x", "pid": 7, "tracks": [LEAN, LEAN]}),
        "challenge_set.json": json.dumps(
            {
                "date": "2018-01-16 08:47:28.198015",
                "version": "v1",
                "playlists": [
                    {
                        "name": "Party",
                        "num_holdouts": 48,
                        "pid": 1000002,
                        "num_tracks": 48,
                        "tracks": [],
                        "num_samples": 0,
                    },
                    {"num_holdouts": 8, "pid": 1000003, "num_tracks": 9, "tracks": [WHOLE], "num_samples": 1},
                ],
            }
        ).encode(),
    }


def taken(*playlists: Any) -> list[Any]:
    rows, error = read(MillionPlaylists(), "slice.json", encoded(*playlists))
    assert error is None
    return rows


def test_a_playlist_and_its_entries() -> None:
    assert taken(playlist(WHOLE)) == [
        Playlist("mpd:0", "Throwbacks", None, 1, datetime(2017, 4, 29, tzinfo=UTC)),
        PlaylistEntry(
            "mpd:0",
            0,
            TrackRef(
                "Lose Control (feat. Ciara & Fat Man Scoop)",
                ("Missy Elliott",),
                "The Cookbook",
                226863,
                "0UaMYEvWZi0ZqiDOoHU3YI",
            ),
        ),
    ]


def test_without_positions_the_order_counts() -> None:
    rows = taken(playlist(LEAN, {"broken": 1}, LEAN, LEAN))
    assert [row.position for row in rows if isinstance(row, PlaylistEntry)] == [0, 2, 3]


def test_malformed_tracks_and_playlists_are_rejected_where_they_stand() -> None:
    rows = taken(
        playlist(LEAN, None, [], LEAN | {"track_uri": 5, "track_name": None}, WHOLE | {"pos": -1}),
        playlist(pid=None),
        playlist(pid=2, tracks="none"),
        "text",
    )
    assert [row.place for row in rows if isinstance(row, Reject)] == [
        "playlist 0 track 1",
        "playlist 0 track 2",
        "playlist 0 track 3",
        "playlist 0 track 4",
        "playlist 1",
        "playlist 2",
        "playlist 3",
    ]
    assert [row.playlist for row in rows if isinstance(row, Playlist)] == ["mpd:0"]


def test_local_files_are_known_by_their_names() -> None:
    rows = taken(playlist(LEAN | {"track_uri": "spotify:local:Elton+John::Bennie:100"}))
    assert rows[1].track == TrackRef("Bennie", ("Elton John",))


@pytest.mark.slow
def test_the_subset() -> None:
    if not (folder := os.environ.get("SEGUE_DATA")):
        pytest.skip("SEGUE_DATA is not set")
    counts = dict.fromkeys((Playlist, PlaylistEntry, Reject), 0)
    for entry in entries(Path(folder) / "mpd-subset.zip"):
        assert isinstance(entry, Entry)
        for row in MillionPlaylists().read(entry, OPTIONS):
            counts[type(row)] += 1
    assert list(counts.values()) == [6_069, 597_196, 0]
