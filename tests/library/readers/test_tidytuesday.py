"""TidyTuesday's table of Spotify songs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

import pytest

from segue.library.readers.tidytuesday import TidyTuesday
from segue.library.rows import Playlist, PlaylistEntry, Reject, TrackFacts, TrackRef
from segue.library.sources import Entry, entries
from segue.testing.reader import OPTIONS, ReaderContract, read

HEADER = (
    "track_id,track_name,track_artist,track_popularity,track_album_id,track_album_name,track_album_release_date,"
    "playlist_name,playlist_id,playlist_genre,playlist_subgenre,danceability,energy,key,loudness,mode,speechiness,"
    "acousticness,instrumentalness,liveness,valence,tempo,duration_ms\n"
)
SOUND = "0.748,0.916,6,-2.634,1,0.0583,0.102,0,0.0653,0.518,122.036,194754.0\n"


def line(id: str, names: str = "A Song,Somebody", playlist: str = "37i9dQZF1DXcZDD7cfEKhW") -> str:
    album = '2oCs0DGTsRO98Gh5ZSl2Cx,"An, Album",2019-06'
    return f"{id},{names},66.0,{album},Pop Remix,{playlist},pop,dance pop,{SOUND}"


ONE, TWO = "6f807x0ima9a1j3VPbc7VN", "0r7CVbZTWZgbTCYdfa2P31"
SONGS = HEADER + line(ONE) + line(ONE, playlist="37i9dQZF1DX0000000000x") + line(TWO)


class TestTidyTuesday(ReaderContract):
    reader = TidyTuesday()
    samples: ClassVar = {"spotify_songs.csv": SONGS.encode()}


def test_tracks_and_playlists_come_once_and_entries_each_time() -> None:
    rows, _ = read(TidyTuesday(), "spotify_songs.csv", SONGS.encode())
    kinds = [TrackFacts, Playlist, PlaylistEntry, Playlist, PlaylistEntry, TrackFacts, PlaylistEntry]
    assert [type(row) for row in rows] == kinds
    facts = rows[0]
    assert isinstance(facts, TrackFacts)
    assert facts.track == TrackRef("A Song", ("Somebody",), "An, Album", 194754, ONE)
    assert (facts.release_date, facts.popularity, (facts.features or {})["tempo"]) == (
        "2019-06",
        0.66,
        122.036,
    )
    assert rows[2] == PlaylistEntry("spotify:37i9dQZF1DXcZDD7cfEKhW", None, facts.track)


def test_na_is_no_name_and_a_track_needs_an_id() -> None:
    rows, _ = read(TidyTuesday(), "x.csv", (HEADER + line(ONE, "NA,NA") + line("short")).encode())
    assert rows[0].track == TrackRef(duration_ms=194754, spotify=ONE)
    assert rows[-1] == Reject("line 3", "track_id is not a Spotify id")


@pytest.mark.slow
def test_the_published_table() -> None:
    if not (folder := os.environ.get("SEGUE_DATA")):
        pytest.skip("SEGUE_DATA is not set")
    counts = dict.fromkeys((TrackFacts, Playlist, PlaylistEntry, Reject), 0)
    for entry in entries(Path(folder) / "spotify_songs.csv.gz"):
        assert isinstance(entry, Entry)
        for row in TidyTuesday().read(entry, OPTIONS):
            counts[type(row)] += 1
    assert list(counts.values()) == [28_356, 471, 32_833, 0]
