"""From files to the tables: counts that add up, nothing twice, nothing half."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from segue.errors import FormatError, NotFoundError, UsageError
from segue.library import Library
from segue.library.importing import ImportReport, import_path
from segue.library.readers.base import ReadOptions
from segue.library.rows import Feedback, Listen, Playlist, PlaylistEntry, Reject, Row, TrackFacts, TrackRef

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SONG = TrackRef("Hello", ("Adele",), spotify="A")
OTHER = TrackRef("Skyfall", ("Adele",), spotify="B")


def _adds_up(report: ImportReport) -> None:
    for count in report.counts.values():
        assert count.read == count.stored + count.already_there + count.rejected
        assert min(count) >= 0


def _slice(folder: Path, *pids: int, name: str = "mpd.slice.0-999.json") -> Path:
    playlists = [
        {
            "name": f"list {pid}",
            "pid": pid,
            "num_followers": 1,
            "tracks": [
                {
                    "artist_name": f"Artist {n % 5}",
                    "track_name": f"Song {n}",
                    "track_uri": f"spotify:track:{n:022}",
                }
                for n in range(pid % 7, pid % 7 + 12)
            ],
        }
        for pid in pids
    ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(json.dumps({"info": {"version": "v1"}, "playlists": playlists}))
    return path


def test_a_file_is_stored_once(library: Library, tmp_path: Path) -> None:
    path = _slice(tmp_path / "in", 1, 2)
    first = import_path(library, path)
    _adds_up(first)
    assert first.formats == ["mpd"]
    assert first.total == (26, 26, 0, 0)
    prints = library.fingerprint()
    again = import_path(library, path)
    _adds_up(again)
    assert again.total == (26, 0, 26, 0)
    assert library.fingerprint() == prints
    assert library.count("playlist_entries") == 24


def test_workers_give_what_one_process_gives(tmp_path: Path) -> None:
    archive = tmp_path / "many.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for number in range(48):
            path = _slice(tmp_path / "in", number, name=f"mpd.slice.{number}.json")
            out.write(path, path.name)
    libraries = []
    for workers in (1, 2):
        library = Library.open(tmp_path / str(workers), create=True)
        report = import_path(library, archive, workers=workers)
        _adds_up(report)
        libraries.append(library)
    assert libraries[0].fingerprint() == libraries[1].fingerprint()


def test_a_playlist_that_comes_again_changed_takes_the_place_of_the_old(library: Library, store) -> None:
    def rows(*tracks: TrackRef) -> list:
        return [Playlist("p", "Mine"), *(PlaylistEntry("p", n, track) for n, track in enumerate(tracks))]

    store(library, [*rows(SONG, OTHER), Playlist("q"), PlaylistEntry("q", 0, SONG)])
    report = store(library, rows(OTHER))
    _adds_up(report)
    assert report.counts["playlist_entries"] == (1, 1, 0, 0)
    entries = library.arrow("playlist_entries").to_pylist()
    assert sorted((e["playlist_id"], e["track_id"]) for e in entries) == [
        ("p", "spotify:B"),
        ("q", "spotify:A"),
    ]


def test_a_later_count_takes_the_place_of_an_earlier_one_of_its_source(library: Library, store) -> None:
    report = store(library, [Listen("me", SONG, plays=3), Listen("me", SONG, plays=4), Listen("me", OTHER)])
    _adds_up(report)
    assert report.counts["listens"] == (3, 3, 0, 0)
    plays = {row["track_id"]: row["plays"] for row in library.arrow("listens").to_pylist()}
    assert plays == {"spotify:A": 7, "spotify:B": 1}
    again = store(library, [Listen("me", SONG, plays=9), Listen("me", OTHER)])
    _adds_up(again)
    assert again.counts["listens"] == (2, 1, 1, 0)
    plays = {row["track_id"]: row["plays"] for row in library.arrow("listens").to_pylist()}
    assert plays == {"spotify:A": 9, "spotify:B": 1}
    # an older export that comes after: its counts are smaller
    older = store(library, [Listen("me", SONG, plays=7)])
    _adds_up(older)
    assert older.counts["listens"] == (1, 0, 1, 0)
    assert sorted(library.arrow("listens")["plays"].to_pylist()) == [1, 9]
    assert store(library, [Listen("me", SONG, plays=2)], "another").counts["listens"] == (1, 1, 0, 0)


@pytest.mark.parametrize("order", [("a.csv", "b.csv"), ("b.csv", "a.csv"), (".",)])
def test_of_two_files_of_counts_the_larger_is_the_later(
    library: Library, tmp_path: Path, order: tuple[str, ...]
) -> None:
    (tmp_path / "in").mkdir()
    for name, plays in (("a.csv", 5), ("b.csv", 8)):
        (tmp_path / "in" / name).write_text(f"artist,track,plays\nA,T,{plays}\n")
    for path in order:
        _adds_up(import_path(library, tmp_path / "in" / path))
    assert library.arrow("listens")["plays"].to_pylist() == [8]


def test_places_in_a_session_tell_plays_of_one_hour_apart(library: Library, store) -> None:
    rows = [
        Listen("s", SONG, NOON, stage=0, session_id="s", session_position=1),
        Listen("s", SONG, NOON, stage=3, session_id="s", session_position=2),
    ]
    assert store(library, rows).counts["listens"] == (2, 2, 0, 0)
    assert store(library, rows).counts["listens"] == (2, 0, 2, 0)


def test_facts_of_a_catalogue_fill_in_tracks_that_were_there(library: Library, store) -> None:
    store(library, [Listen("me", TrackRef("Hello", ("Adele",)))])
    facts = TrackFacts(SONG, "2015-10-23", False, 0.9, {"tempo": 79.0})
    assert store(library, [facts]).counts["track_facts"] == (1, 1, 0, 0)
    assert store(library, [facts]).counts["track_facts"] == (1, 0, 1, 0)
    (track,) = library.arrow("tracks").to_pylist()
    assert (track["track_id"], track["spotify"]) == ("name:adele|hello", "A")
    assert dict(track["features"]) == {"tempo": 79.0}
    newer = facts._replace(popularity=0.5)
    assert store(library, [newer]).counts["track_facts"] == (1, 1, 0, 0)
    assert library.arrow("tracks").to_pylist()[0]["popularity"] == pytest.approx(0.5)


@pytest.mark.parametrize("turned", [False, True])
def test_guests_are_known_whoever_tells_of_them(library: Library, store, turned: bool) -> None:
    alone = Listen("me", TrackRef("Tusa", ("KAROL G",)), NOON)
    joint = PlaylistEntry("p", 0, TrackRef("Tusa", ("KAROL G", "Nicki Minaj"), spotify="T"))
    for row in (joint, alone) if turned else (alone, joint):
        store(library, [row])
    assert library.arrow("tracks")["artists"].to_pylist() == [["KAROL G", "Nicki Minaj"]]


def test_feedback_and_rejects_are_kept_once(library: Library, store) -> None:
    rows = [Feedback("me", SONG, "love", NOON), Reject("line 3", "no title")]
    for stored in (1, 0):
        report = store(library, rows)
        _adds_up(report)
        assert report.counts["feedback"].stored == stored
        assert report.counts["rejects"] == (1, 0, 0, 1)
    assert library.count("rejects") == 1


def test_values_that_no_column_takes_are_rejected_and_the_rest_is_stored(library: Library, store) -> None:
    report = store(library, [Listen("me", SONG, NOON, played_ms=10**30), Listen("me", OTHER, NOON)])
    assert report.counts["listens"] == (1, 1, 0, 0)
    assert report.counts["rejects"].rejected == 1


def test_a_broken_file_stops_the_import_or_is_left_out_whole(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    _slice(folder, 1, name="a.json")
    whole = _slice(folder, 2, name="b.json").read_text()
    (folder / "b.json").write_text(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match=r"b\.json"):
        import_path(library, folder)
    assert library.count("tracks") == 0
    report = import_path(library, folder, keep_going=True)
    assert [name for name, _ in report.refused] == ["b.json"]
    assert report.total.stored == 13


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 100, b"PK\x03\x04 not really", b"{}", b"[[]]"])
def test_what_is_of_no_format_is_refused(library: Library, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "thing.dat"
    path.write_bytes(content)
    with pytest.raises(FormatError):
        import_path(library, path)
    assert library.count("imports") == 0


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"[]", b"{ }", b"[{}]"])
def test_a_file_with_nothing_in_it_is_said_to_be_empty(
    library: Library, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "plays.json"
    file.write_bytes(content)
    with pytest.raises(FormatError, match=r"there is nothing in it\. Try: export it again"):
        import_path(library, file)


def test_a_path_that_is_not_there_and_a_format_that_is_not(library: Library, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        import_path(library, tmp_path / "none.zip")
    with pytest.raises(UsageError, match="mpd"):
        import_path(library, tmp_path, format="mp4")


_PLACE = PlaylistEntry("p", 0, TrackRef("x", ("A",)))
_LONG = Listen("a", TrackRef("x", ("A",), spotify="1", duration_ms=200_000))
_SHORT = Listen("a", TrackRef("x", ("A",), duration_ms=1_000))
TRACKS = st.builds(
    TrackRef,
    st.sampled_from(["x", "y", None]),
    st.sampled_from([("A",), ("B", "A")]),
    spotify=st.sampled_from([None, None, "1", "2"]),
    mbid=st.sampled_from([None, None, None, "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"]),
    duration_ms=st.sampled_from([None, 1000, 200_000]),
    medium=st.just("song"),
).filter(lambda track: track.title or track.spotify)
LISTENS = st.builds(
    Listen,
    st.sampled_from(["a", "b"]),
    TRACKS,
    st.sampled_from([None, NOON, NOON + timedelta(seconds=10), NOON + timedelta(hours=1)]),
    st.sampled_from([None, 0, 20_000]),
    st.integers(1, 3),
    session_position=st.sampled_from([None, None, 1, 2]),
)
LOVED = st.builds(Feedback, st.sampled_from(["a", "b"]), TRACKS, st.just("love"), st.just(NOON))
PLACES = st.builds(PlaylistEntry, st.sampled_from(["p", "q"]), st.integers(0, 3), TRACKS)
ROWS = st.lists(st.one_of(LISTENS, LISTENS, LOVED, PLACES), max_size=8)


@settings(
    max_examples=8,
    deadline=None,  # a busy machine is slow, and that is no failure
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(told=st.dictionaries(st.sampled_from(["one", "two", "three"]), ROWS))
# What comes later in an import is no reason to find another track the next time.
@example(told={"one": [_PLACE], "two": [_LONG, _SHORT]})
def test_whatever_comes_adds_up_and_comes_in_once(
    told: dict[str, list[Row]], store, tmp_path_factory
) -> None:
    library = Library.open(tmp_path_factory.mktemp("library") / "l", create=True)
    first = store(library, told)
    _adds_up(first)
    known = set(library.arrow("tracks").column("track_id").to_pylist())
    assert set(library.arrow("listens").column("track_id").to_pylist()) <= known
    second = store(library, told)
    _adds_up(second)
    assert second.total.stored == 0
    assert set(library.arrow("tracks").column("track_id").to_pylist()) == known


_IMPORT = """
import sys
from segue.library import Library
from segue.library.importing import import_path
library = Library.open(sys.argv[1])
print("ready", flush=True)
import_path(library, sys.argv[2])
"""


def test_a_kill_during_an_import_leaves_the_old_library_or_the_new(library: Library, tmp_path: Path) -> None:
    path = _slice(tmp_path / "in", *range(600))
    for attempt in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", _IMPORT, str(library.path), str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.1 + 0.15 * attempt)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        opened = Library.open(library.path)
        assert opened.count("playlists") in (0, 600)
        assert opened.count("playlist_entries") == 12 * opened.count("playlists")
    import_path(library, path)
    assert library.count("playlists") == 600
    assert not list(library.path.glob(".tmp-*"))


def test_a_library_is_no_export(library: Library, tmp_path: Path) -> None:
    (tmp_path / "plays.csv").write_text("artist,track,time\nA,T,2024-01-01T00:00:00Z\n")
    import_path(library, tmp_path / "plays.csv")
    with pytest.raises(UsageError, match="is a library of Segue itself"):
        import_path(Library.open(tmp_path / "other", create=True), library.path)


@pytest.mark.slow
def test_five_million_rows_stay_under_a_gigabyte(tmp_path: Path) -> None:
    path = tmp_path / "plays.csv"
    with path.open("w") as out:
        out.write("user,artist,track,timestamp\n")
        for n in range(5_000_000):
            out.write(f"u{n % 5000},Artist {n % 997},Song {n % 40009},{1_600_000_000 + n * 7}\n")
    code = (
        "import sys, resource\nfrom segue.library import Library\n"
        "from segue.library.importing import import_path\n"
        "report = import_path(Library.open(sys.argv[1], create=True), sys.argv[2])\n"
        "print(report.total.stored, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "library"), str(path)], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    stored, kilobytes = map(int, result.stdout.split())
    assert stored == 5_000_000
    assert kilobytes < 1_000_000


@pytest.mark.slow
def test_the_playlist_archive_comes_in_whole(library: Library) -> None:
    data = os.environ.get("SEGUE_DATA")
    if not data:
        pytest.skip("SEGUE_DATA is not set: the real archives are not here")
    report = import_path(library, Path(data) / "mpd-subset.zip", workers=2)
    _adds_up(report)
    assert report.counts["playlists"].stored == 6069
    assert report.total.rejected == 0
    assert pa.compute.min(library.arrow("playlist_entries")["position"]).as_py() == 0


def test_a_damaged_archive_among_files_is_left_out_alone(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "a.zip").write_bytes(b"PK\x03\x04 and nothing more of an archive")
    (folder / "b.csv.gz").write_bytes(b"\x1f\x8b\x08 cut short")
    (folder / "c.csv").write_text("listener,artist,track,time\nme,Nico,These Days,1760000000\n")
    library = Library.open(tmp_path / "library", create=True)
    with pytest.raises(FormatError, match=r"a\.zip"):
        import_path(library, folder)
    assert library.count("listens") == 0
    report = import_path(library, folder, keep_going=True)
    assert [name for name, _ in report.refused] == ["a.zip", "b.csv"]
    assert report.total.stored == library.count("listens") == 1


def test_what_is_no_listening_data_is_passed_over_and_named(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "ReadMeFirst.pdf").write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    (folder / "plays.csv").write_text("artist,title,time\nAdele,Hello,2026-01-02T03:04:05Z\n")
    report = import_path(library, folder, options=ReadOptions(listener="ana"))
    assert report.total.stored == 1
    assert [why for _, why in report.passed_over] == ["a document, picture or sound, without listening data"]


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
def test_files_whose_names_are_no_text_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9"
    folder.mkdir()
    (folder / "old\udcff.csv").write_text("artist,track,timestamp\nA,T,1700000000\nA,T,never\n")
    library = Library.open(tmp_path / "library", create=True)
    for path in (folder, folder / "old\udcff.csv"):
        assert import_path(library, path).counts["listens"].read == 1
    assert library.count("listens") == 1 and library.count("rejects") == 1
    assert library.arrow("imports")["path"].to_pylist()[0] == "caf\N{REPLACEMENT CHARACTER}"
