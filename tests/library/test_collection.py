"""Audio files at home: what their tags say, which are new, changed, moved or gone, which track each is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests import audio
from tests.library.conftest import Store

from segue.cli.files import _print
from segue.errors import NotFoundError, UsageError
from segue.library import Library
from segue.library.collection import scanning
from segue.library.collection.listing import listed, played_without_file
from segue.library.collection.matching import LONGER, OTHER, UNKNOWN, UNNAMED
from segue.library.collection.owned import Owned
from segue.library.collection.scanning import ScanReport, folders, forget_folder, scan
from segue.library.collection.tags import read_tags
from segue.library.rows import Listen, PlaylistEntry, TrackRef

MBID, ANOTHER = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae", "11111111-7e6a-48da-86a9-c1c07a0f47ae"
ISRC = "GBBKS1500214"
FIXTURES = Path(__file__).parent


@pytest.fixture
def music(tmp_path: Path) -> Path:
    return tmp_path / "music"


@pytest.fixture
def known(library: Library, store: Store) -> Library:
    """A library with a track by Spotify's id, one by MBID, one by ISRC, and one by name alone."""
    rows = [
        PlaylistEntry("mpd:1", 0, TrackRef("Hello", ("Adele",), "25", 100_000, spotify="a" * 22)),
        PlaylistEntry("mpd:1", 1, TrackRef("Roads", ("Portishead",), "Dummy", 5_000, spotify="b" * 22)),
        Listen("ana", TrackRef("Glory Box", ("Portishead",), None, mbid=MBID), plays=3),
        Listen("ana", TrackRef("Someone", ("Adele",), None, isrc=ISRC), plays=2),
        Listen("ana", TrackRef("Rolling in the Deep", ("Adele",)), plays=1),
    ]
    store(library, rows[:2], "mpd")
    store(library, rows[2:], "table")
    return library


def _files(library: Library) -> dict[str, dict]:
    library.refresh()
    return {Path(row["path"]).name: row for row in library.arrow("files").to_pylist()}


def test_every_kind_of_file_says_what_it_is(music: Path) -> None:
    said = {"title": "Hello", "artist": "Adele; X", "album": "25", "isrc": "gb-bks-15-00214"}
    music.mkdir()
    made = [
        audio.flac(music / "a.flac", **said, musicbrainz_trackid=MBID, replaygain_track_gain="-2,00 dB"),
        audio.mp3(music / "b.mp3", **said, mbid=MBID.upper()),
        audio.wav(music / "c.wav", **said, mbid=MBID),
        audio.aiff(music / "d.aiff", **said, mbid=MBID),
        *(FIXTURES / f"silence.{suffix}" for suffix in ("ogg", "opus", "m4a")),
    ]
    for path in made:
        tags = read_tags(path)
        assert tags[:3] == ("Hello", ("Adele", "X"), "25"), path
        assert (tags.mbid, tags.isrc, tags.problem) == (MBID, ISRC, None), path
        assert tags.duration_ms and 90 <= tags.duration_ms <= 1100, path
    assert read_tags(made[0]).gain_db == -2
    guest = audio.flac(music / "e.flac", title="Payphone", artist="Maroon 5 feat. Wiz Khalifa")
    assert read_tags(guest).artists == ("Maroon 5", "Wiz Khalifa")
    assert read_tags(FIXTURES / "silence.opus").gain_db == pytest.approx(3)  # -2 dB to -23 LUFS


def test_a_name_that_lies_and_a_file_that_is_damaged(music: Path) -> None:
    good = audio.flac(music / "a.flac", title="Hello", artist="Adele")
    assert read_tags(shutil.copy(good, music / "a.mp3")).title == "Hello"
    (music / "b.flac").write_bytes(good.read_bytes()[:40])
    (music / "c.mp3").write_bytes(b"no audio\n" * 50)
    (music / "d.m4a").touch()
    for name in ("b.flac", "c.mp3", "d.m4a", "gone.wav"):
        said = read_tags(music / name)
        assert said.problem
        assert said.track() is None


def test_files_are_matched_by_the_rule_of_identity(known: Library, music: Path) -> None:
    audio.flac(music / "name.flac", 100, title="HELLO (feat. Someone)", artist="adele")
    audio.flac(music / "length.flac", 20, title="Roads", artist="Portishead")
    audio.flac(music / "mbid.flac", title="?", artist="?", musicbrainz_trackid=MBID)
    audio.mp3(music / "isrc.mp3", isrc=ISRC)
    audio.flac(music / "guest.flac", title="Rolling In The Deep", artist="Adele feat. Somebody")
    audio.flac(music / "strange.flac", title="Unheard", artist="Of")
    audio.flac(music / "bare.flac")
    audio.flac(music / "other.flac", title="Glory Box", artist="Portishead", musicbrainz_trackid=ANOTHER)
    (music / "broken.mp3").write_bytes(b"x" * 300)
    tracks = known.count("tracks"), known.count("track_keys"), known.fingerprint()
    report = scan(known, [music])
    found = _files(known)
    assert found["name.flac"]["track_id"] == "spotify:" + "a" * 22
    assert found["mbid.flac"]["track_id"] == f"mbid:{MBID}"
    assert found["isrc.mp3"]["track_id"] == f"isrc:{ISRC}"
    assert found["guest.flac"]["track_id"] == "name:adele|rolling in the deep"
    reasons = {name: row["unmatched"] for name, row in found.items() if row["track_id"] is None}
    assert reasons.pop("broken.mp3").startswith("it cannot be read as audio")
    assert reasons == {
        "length.flac": LONGER,
        "strange.flac": UNKNOWN,
        "bare.flac": UNNAMED,
        "other.flac": OTHER,
    }
    assert (report.files, report.new, report.matched, report.tracks) == (9, 9, 4, 4)
    assert sum(report.unmatched.values()) == 5
    assert tracks == (known.count("tracks"), known.count("track_keys"), known.fingerprint())
    ids = {row["track_id"] for row in found.values()} - {None}
    assert set(Owned(known).files(known.arrow("tracks")["track_id"].to_pylist())) == ids


def test_what_the_library_learns_later_is_found_at_the_next_scan(
    library: Library, store: Store, music: Path
) -> None:
    audio.flac(music / "a.flac", title="Unheard", artist="Of")
    assert scan(library, [music]).matched == 0
    store(library, [Listen("ana", TrackRef("Unheard", ("Of",)))])
    report = scan(library)
    assert (report.read, report.matched) == (0, 1)


def test_a_rescan_reads_only_what_is_new_or_changed(known: Library, music: Path) -> None:
    for number in range(4):
        audio.flac(music / f"{number}.flac", title=f"T{number}", artist="A")
    scan(known, [music])
    assert scan(known, [music]).read == 0
    (music / "0.flac").unlink()
    audio.flac(music / "1.flac", title="Rolling in the Deep", artist="Adele")
    (music / "deep").mkdir()
    (music / "2.flac").rename(music / "deep" / "moved.flac")
    audio.flac(music / "new.flac", title="New", artist="A")
    report = scan(known)
    assert (report.read, report.new, report.changed, report.moved, report.gone) == (2, 1, 1, 1, 1)
    found = _files(known)
    assert sorted(found) == ["1.flac", "3.flac", "moved.flac", "new.flac"]
    assert found["moved.flac"]["title"] == "T2"
    assert found["1.flac"]["track_id"] == "name:adele|rolling in the deep"


def test_two_files_that_change_places(known: Library, music: Path) -> None:
    audio.flac(music / "a.flac", 1, title="One", artist="A")
    audio.flac(music / "b.flac", 9, title="Two", artist="A")
    scan(known, [music])
    (music / "a.flac").rename(music / "c")
    (music / "b.flac").rename(music / "a.flac")
    (music / "c").rename(music / "b.flac")
    scan(known)
    assert {name: row["title"] for name, row in _files(known).items()} == {"a.flac": "Two", "b.flac": "One"}


def test_a_folder_that_is_gone_or_empty_loses_nothing(known: Library, music: Path, tmp_path: Path) -> None:
    audio.flac(music / "a.flac", title="Hello", artist="Adele")
    scan(known, [music])
    music.rename(tmp_path / "elsewhere")
    with pytest.raises(NotFoundError, match="mount it"):
        scan(known)
    music.mkdir()
    with pytest.raises(UsageError, match="holds no audio file any more"):
        scan(known)
    assert _files(known)
    assert forget_folder(known, music) == 1
    assert not folders(known)
    with pytest.raises(UsageError, match="No folder was scanned yet"):
        scan(known)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_keeps_its_files(known: Library, music: Path) -> None:
    audio.flac(music / "a" / "a.flac", title="Hello", artist="Adele")
    audio.flac(music / "b.flac", title="Roads", artist="Portishead")
    scan(known, [music])
    (music / "a").chmod(0)
    try:
        report = scan(known)
    finally:
        (music / "a").chmod(0o700)
    assert (report.gone, report.files) == (0, 2)
    assert list(report.unreadable) == [str(music / "a")]


def test_folders_in_folders_and_links(known: Library, music: Path) -> None:
    audio.flac(music / "rock" / "a.flac", title="Hello", artist="Adele")
    audio.flac(music / "b.flac", title="Roads", artist="Portishead")
    (music / "rock" / "loop").symlink_to(music)
    audio.flac(music / ".trash" / "c.flac", title="Thrown away", artist="A")
    scan(known, [music / "rock"])
    scan(known, [music])
    report = scan(known, [music / "rock"])
    assert folders(known) == [str(music)]
    assert report.files == 2


def test_a_scan_that_was_stopped_goes_on(
    known: Library, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        audio.flac(music / f"{number}.flac", title=f"T{number}", artist="A")
    monkeypatch.setattr(scanning, "AT_ONCE", 3)
    real, calls = scanning._some_tags, []

    def stopped(paths: list[str], commas: frozenset[str]) -> list:
        calls.append(paths)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(paths, commas)

    monkeypatch.setattr(scanning, "_some_tags", stopped)
    with pytest.raises(KeyboardInterrupt):
        scan(known, [music])
    monkeypatch.setattr(scanning, "_some_tags", real)
    report = scan(known, [music])
    assert (report.read, report.files) == (4, 10)


def test_processes_read_the_same(known: Library, music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        audio.flac(music / f"{number}.flac", title=f"T{number}", artist="A")
    monkeypatch.setattr(scanning, "ALONE", 1)
    monkeypatch.setattr(scanning, "A_TASK", 2)
    assert scan(known, [music], workers=2).read == 6
    assert {row["title"] for row in _files(known).values()} == {f"T{n}" for n in range(6)}


def test_the_largest_file_of_a_track_is_played(known: Library, music: Path) -> None:
    audio.flac(music / "small.flac", 98, title="Hello", artist="Adele")
    audio.flac(music / "large.flac", 100, title="Hello", artist="Adele", comment="x" * 20_000)
    scan(known, [music])
    (file,) = Owned(known).files(["spotify:" + "a" * 22, "nothing"]).values()
    assert Path(file.path).name == "large.flac"


def test_what_is_played_and_not_there(known: Library, music: Path) -> None:
    audio.flac(music / "a.flac", title="Glory Box", artist="PORTISHEAD")
    audio.flac(music / "b.flac", title="Unheard", artist="Of")
    scan(known, [music])
    rows, total = played_without_file(known, "ana", 1)
    assert (rows[0]["title"], rows[0]["plays"], total) == ("Someone", 2, 2)
    rows, total = listed(known, ["unheard"], unmatched=True, most=5)
    assert (total, rows[0]["unmatched"]) == (1, UNKNOWN)
    assert listed(known, ["glory", "portishead"], unmatched=True, most=5) == ([], 0)


def test_editions_of_one_recording_are_found_both_ways(library: Library, store: Store, music: Path) -> None:
    def track(title: str, number: int, *artists: str, seconds: float = 100) -> PlaylistEntry:
        ref = TrackRef(title, artists or ("The Band",), None, round(1000 * seconds), spotify=f"{number:022d}")
        return PlaylistEntry("mpd:1", number, ref)

    titles = (
        "Let It Be - Remastered 2011",
        "Something",
        "Drive - Live at Wembley",
        "Twice",
        "Twice - 2009 Remaster",
        "Party - Radio Edit",
        "Dance - Remix",
        "Café - Deluxe Edition",
    )
    rows = [track(title, n) for n, title in enumerate(titles)]
    rows += [
        track("Night - Radio Edit", 20, "The Band", "Guest"),
        track("Again", 21, seconds=180),
        track("Again - Remastered", 22, seconds=201),
        track("Again - 2015 Remaster", 23, seconds=199),
    ]
    store(library, rows, "mpd")
    store(library, [Listen("ana", TrackRef("Unmeasured", ("The Band",)))], "table")
    told = {
        "Let It Be": 0,
        "SOMETHING (Remastered)": 1,
        "Twice [Remastered 2009]": 4,
        "Party - Radio Edit (with Somebody)": 5,
        "Dance (Remix) feat. Somebody": 6,
        "cafe": 7,
        "Night (feat. Guest) - Radio Edit": 20,
        "Night - Radio Edit (with Guest)": 20,
        "Night - Radio Edit (with Another)": None,
        "Drive": None,
        "Drive - Remastered": None,
        "Something - Live": None,
        "Something (Instrumental)": None,
        "Dance": None,
    }
    for number, title in enumerate(told):
        audio.flac(music / f"{number:02d}.flac", 101, title=title, artist="The Band")
    audio.flac(music / "long.flac", 120, title="Something - 2011 Remaster", artist="The Band")
    audio.flac(music / "near.flac", 199.2, title="Again", artist="The Band")
    audio.flac(
        music / "id.flac", 100, title="Let It Be", artist="The Band", isrc=ISRC, musicbrainz_trackid=MBID
    )
    scan(library, [music])
    found = _files(library)
    got = {title: found[f"{n:02d}.flac"]["track_id"] for n, title in enumerate(told)}
    assert got == {title: None if n is None else f"spotify:{n:022d}" for title, n in told.items()}
    assert found["long.flac"]["unmatched"] == LONGER
    assert found["near.flac"]["track_id"] == f"spotify:{23:022d}"
    assert found["id.flac"]["track_id"] == f"spotify:{0:022d}"


def test_each_file_of_a_name_is_a_file_of_the_track(library: Library, store: Store, music: Path) -> None:
    ref = TrackRef("Measured", ("The Band",), None, 100_000, spotify="a" * 22)
    store(library, [PlaylistEntry("mpd:1", 0, ref)], "mpd")
    store(library, [Listen("ana", TrackRef("Unmeasured", ("The Band",)))], "table")
    for title, lengths in (("Measured", (98, 102.5, 110)), ("Unmeasured", (60, 100))):
        for seconds in lengths:
            audio.flac(music / f"{title} {seconds}.flac", seconds, title=title, artist="The Band")
    scan(library, [music])
    found = {name: (row["track_id"], row["unmatched"]) for name, row in _files(library).items()}
    track = "spotify:" + "a" * 22
    assert found == {
        "Measured 98.flac": (track, None),
        "Measured 102.5.flac": (track, None),
        "Measured 110.flac": (None, LONGER),
        "Unmeasured 60.flac": ("name:the band|unmeasured", None),
        "Unmeasured 100.flac": ("name:the band|unmeasured", None),
    }


def test_reasons_beyond_those_printed_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    reasons = {f"reason {n}": 20 - n for n in range(11)}
    _print(ScanReport(files=200, unmatched=reasons, strange=[f"s{n}" for n in range(7)]))
    said = capsys.readouterr().out
    assert "reason 7" in said and "reason 8" not in said
    assert "... and 33 files for 3 more reasons." in said
    assert "segue files list --unmatched -n 165" in said
    assert "s4" in said and "... and 2 more" in said
