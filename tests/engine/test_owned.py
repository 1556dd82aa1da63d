"""Lists and radios of what there is a file of, and playlist files whose lines are real paths."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from segue.engine import Engine
from segue.engine.named_playlist import weekly_list
from segue.engine.weekly import weekly
from segue.errors import UsageError
from segue.library import Library
from segue.library.collection.owned import File, Owned
from segue.library.tables import FILES
from segue.playlists.formats import m3u8, write_all
from segue.playlists.placed import Places, with_files
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard
from segue.playlists.radio_config import RadioConfig
from segue.playlists.weekly_config import WeeklyConfig

WEEK = "2026-W48"


def own(library: Library, tracks: list[str]) -> None:
    """Files of some tracks, as a scan would have stored them."""
    rows = [{"path": f"/srv/music/{t}.flac", "size": 9, "track_id": t, "mbid": "x"} for t in tracks]
    with library.writing() as writer:
        writer.append(
            "files", pa.Table.from_pylist([{**dict.fromkeys(FILES.names), **r} for r in rows], FILES)
        )


@pytest.fixture
def owning(library: Library) -> Library:
    own(library, [f"t{kind}-{song}" for kind in range(4) for song in range(0, 60, 2)])
    return library


def test_only_what_there_is_a_file_of(owning: Library) -> None:
    config = WeeklyConfig(owned=True, tracks=15, per_artist=4, order="near")
    (made,) = weekly(Engine(owning), WEEK, listeners=["p01"], config=config)
    assert len(made.entries) == 15
    for entry in made.entries:
        assert int(entry.track.track_id[3:]) % 2 == 0
        assert entry.track.location == f"/srv/music/{entry.track.track_id}.flac"
    assert not any("not among your files" in note for note in made.notes)
    station = Engine(owning).radio("p01", config=RadioConfig(owned=True))
    picks = []
    for _ in range(10):
        pick = station.radio.next()
        assert pick is not None
        station.radio.answer(pick.track, skipped=False)
        picks.append(pick)
    assert all(entry.track.location for entry in station.playlist(picks).entries)


def test_without_the_rule_a_list_says_what_is_missing(owning: Library) -> None:
    config = WeeklyConfig(tracks=15, per_artist=4, order="near")
    (made,) = weekly(Engine(owning), WEEK, listeners=["p01"], config=config)
    missing = [entry for entry in made.entries if entry.track.location is None]
    assert missing
    assert any(f"{len(missing)} track" in n and "not among your files" in n for n in made.notes)
    again = weekly_list(owning, WEEK, "p01")
    assert [e.track.location for e in again.entries] == [e.track.location for e in made.entries]


def test_the_rule_is_named_where_it_takes_a_track_out(owning: Library) -> None:
    engine, config = Engine(owning), WeeklyConfig(owned=True, order="near")
    _, said = engine.why_not("p01", "t1-1", WEEK, config=config)
    assert [v.out for v in said.verdicts if v.rule == "not owned"] == [True]
    _, said = engine.why_not("p01", "t1-2", WEEK, config=config)
    assert [v.out for v in said.verdicts if v.rule == "not owned"] == [False]


def test_nothing_owned_is_said(library: Library) -> None:
    config = WeeklyConfig(owned=True, order="near")
    with pytest.raises(UsageError, match="segue files scan"):
        weekly(Engine(library), WEEK, listeners=["p01"], config=config)
    own(library, ["unheard"])
    with pytest.raises(UsageError, match="None of the files"):
        weekly(Engine(library), WEEK, listeners=["p01"], config=config)


def test_a_file_of_one_original_stands_for_the_other(library: Library) -> None:
    table = library.arrow("tracks").to_pylist()
    said = {"t0-0": "original", "t0-1": "original", "t0-2": "live", "t0-3": "remaster", "t0-4": "remaster"}
    rows = [
        row | ({"work_id": "w", "version": said[t]} if (t := row["track_id"]) in said else {})
        for row in table
    ]
    with library.writing() as writer:
        writer.rewrite("tracks", pa.Table.from_pylist(rows, library.arrow("tracks").schema))
    wanted = [*said, "t1-1"]
    own(library, ["t0-0"])
    found = Owned(library).files(wanted)
    assert {track: file.path for track, file in found.items()} == dict.fromkeys(
        ["t0-0", "t0-1", "t0-3", "t0-4"], "/srv/music/t0-0.flac"
    )
    own(library, ["t0-3"])  # of a remaster a remaster is the nearer one
    found = Owned(library).files(wanted)
    assert {track: file.path[-6] for track, file in found.items()} == {
        "t0-0": "0",
        "t0-1": "0",
        "t0-3": "3",
        "t0-4": "3",
    }


@pytest.mark.parametrize(
    ("places", "folder", "line"),
    [
        (Places(), "/srv/music/lists", "/srv/music/a/b.flac"),
        (Places.of("relative"), "/srv/music/lists", "../a/b.flac"),
        (Places.of("absolute", ["/srv/music=/music"]), "/home/lists", "/music/a/b.flac"),
        (Places.of("absolute", ["/srv=/x", "/srv/music/=/"]), "/home", "/a/b.flac"),
        (Places.of("absolute", ["/srv/mus=/x"]), "/home", "/srv/music/a/b.flac"),
        (Places.of("relative", ["/srv/music=/music", "/home=/music/more"]), "/home/lists", "../../a/b.flac"),
        (Places.of("absolute", ["/srv/music=C:\\Music"]), "/home", "C:\\Music/a/b.flac"),
    ],
)
def test_how_a_file_is_named(places: Places, folder: str, line: str) -> None:
    assert places.name("/srv/music/a/b.flac", Path(folder)) == line


def test_words_that_are_no_places() -> None:
    with pytest.raises(UsageError, match="absolute, relative"):
        Places.of("short")
    with pytest.raises(UsageError, match="OURS=THEIRS"):
        Places.of("absolute", ["/srv/music"])


def test_what_only_the_file_knows_is_told() -> None:
    class Files(Owned):
        def __bool__(self) -> bool:
            return True

        def files(self, tracks: Iterable[str]) -> dict[str, File]:
            return {track: File(f"/m/{track}.flac", "Été", 125_400, None, "GBBKS1500214") for track in tracks}

    cards = TrackCard("a", "Ete", ("A",)), TrackCard("b", "B", ("A",), duration_ms=60_000, isrc="X")
    entries = tuple(PlaylistEntry(n, card) for n, card in enumerate(cards, 1))
    made = Playlist("L", "ana", WEEK, datetime(2026, 11, 23, tzinfo=UTC), entries)
    placed = with_files(made, Files(Library.__new__(Library)))
    told = [(e.track.title, e.track.file_title, e.track.duration_ms, e.track.isrc) for e in placed.entries]
    assert told == [("Ete", "Été", 125_400, "GBBKS1500214"), ("B", "Été", 60_000, "X")]
    assert "#EXTINF:125,A - Ete\n/m/a.flac" in m3u8.render(placed).decode()


def test_every_line_is_a_path_or_a_comment(owning: Library, tmp_path: Path) -> None:
    config = WeeklyConfig(tracks=15, per_artist=4, order="near")
    made = weekly(Engine(owning), WEEK, listeners=["p01"], config=config)
    (path,) = write_all(made, tmp_path, "m3u8", Places.of("relative"))
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    assert lines == [
        Path(e.track.location).name
        and f"{'../' * (len(tmp_path.parts) - 1)}srv/music/{e.track.track_id}.flac"
        for e in made[0].entries
        if e.track.location
    ]
