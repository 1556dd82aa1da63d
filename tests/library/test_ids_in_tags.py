"""Ids in the tags of audio files of every kind: right ones, wrong ones, one id in several files."""

from __future__ import annotations

import shutil
from pathlib import Path

import mutagen
import pytest
from mutagen.mp4 import MP4FreeForm
from tests import audio
from tests.library.conftest import Store

from segue.library import Library
from segue.library.collection.matching import MISLED, OTHER
from segue.library.collection.owned import Owned
from segue.library.collection.scanning import scan
from segue.library.collection.tags import read_tags
from segue.library.rows import Listen, PlaylistEntry, TrackRef

MBIDS = [f"{n:08x}-7e6a-48da-86a9-c1c07a0f47ae" for n in range(10)]
ISRCS = [f"GBBKS15{n:05d}" for n in range(10)]
SILENCE = Path(__file__).parent


def _flac(path: Path, seconds: float = 1, **tags: str) -> Path:
    return audio.flac(path, seconds, **_vorbis(tags))


def _mp3(path: Path, **tags: str) -> Path:
    return audio.mp3(path, **tags)


def _copied(path: Path, **tags: object) -> Path:
    """Half a second of Ogg Vorbis or MP4 with these tags alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(SILENCE / f"silence{path.suffix}", path)
    mutagen.File(path).delete()
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    for name, value in tags.items():
        file[name] = value
    file.save()
    return path


def _ogg(path: Path, **tags: str) -> Path:
    return _copied(path, **_vorbis(tags))


def _m4a(path: Path, **tags: str) -> Path:
    plain = {"title": "\xa9nam", "artist": "\xa9ART"}
    free = {"mbid": "MusicBrainz Track Id", "isrc": "ISRC"}
    found = {plain[name]: [value] for name, value in tags.items() if name in plain}
    return _copied(
        path,
        **found,
        **{
            f"----:com.apple.iTunes:{free[name]}": [MP4FreeForm(value.encode())]
            for name, value in tags.items()
            if name in free
        },
    )


def _vorbis(tags: dict[str, str]) -> dict[str, str]:
    return {{"mbid": "musicbrainz_trackid"}.get(name, name): value for name, value in tags.items()}


KINDS = {"flac": _flac, "mp3": _mp3, "ogg": _ogg, "m4a": _m4a}


@pytest.fixture
def known(library: Library, store: Store) -> Library:
    """Songs of an archive by Spotify's ids, 100, 110, ... seconds long, and songs played by MBID or ISRC."""
    listed = [
        PlaylistEntry(
            "mpd:1", n, TrackRef(f"Song {n}", ("The Band",), None, 100_000 + 10_000 * n, spotify=f"{n:022d}")
        )
        for n in range(6)
    ]
    played = [Listen("ana", TrackRef(f"Heard {n}", ("Singer",), None, None, mbid=MBIDS[n])) for n in range(6)]
    played += [
        Listen("ana", TrackRef(f"Coded {n}", ("Singer",), None, 200_000, isrc=ISRCS[n])) for n in range(4)
    ]
    store(library, listed, "mpd")
    store(library, played, "table")
    return library


def _matched(library: Library, music: Path) -> dict[str, str | None]:
    scan(library, [music])
    library.refresh()
    return {
        Path(row["path"]).name: row["track_id"] or row["unmatched"]
        for row in library.arrow("files").to_pylist()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_decides_whatever_the_names(known: Library, tmp_path: Path, kind: str) -> None:
    music, write = tmp_path / "music", KINDS[kind]
    path = write(music / f"a.{kind}", title="Gehört", artist="Sängerin", mbid=MBIDS[0].upper())
    write(music / f"b.{kind}", mbid=MBIDS[1], isrc=ISRCS[0])
    write(music / f"c.{kind}", isrc="gb-bks-15-00001")
    write(music / f"d.{kind}", isrc=f"{ISRCS[2]}; {ISRCS[9]}")
    assert read_tags(path)[:2] == ("Gehört", ("Sängerin",))
    assert _matched(known, music) == {
        f"a.{kind}": f"mbid:{MBIDS[0]}",
        f"b.{kind}": f"mbid:{MBIDS[1]}",
        f"c.{kind}": f"isrc:{ISRCS[1]}",
        f"d.{kind}": f"isrc:{ISRCS[2]}",
    }


def test_an_id_that_all_else_speaks_against_is_left_out(known: Library, tmp_path: Path) -> None:
    music = tmp_path / "music"
    # The id of a song that is played, on a file that names another one; the right file has an id of its own.
    _flac(music / "other name.flac", 102, title="SONG 0", artist="The Band", mbid=MBIDS[3])
    _flac(music / "right.flac", 90, title="Heard 3", artist="Singer", mbid=MBIDS[8])
    # Of other length and name than the song of the id; the same length, and the same title.
    _flac(music / "unheard.flac", 120, title="Unheard", artist="Of", isrc=ISRCS[0])
    _flac(music / "translated.flac", 201, title="Verschlüsselt", artist="Sängerin", isrc=ISRCS[1])
    _flac(music / "longer.flac", 240, title="Coded 2 (Remastered)", artist="Various", isrc=ISRCS[2])
    assert _matched(known, music) == {
        "other name.flac": f"spotify:{0:022d}",
        "right.flac": f"mbid:{MBIDS[3]}",
        "unheard.flac": MISLED,
        "translated.flac": f"isrc:{ISRCS[1]}",
        "longer.flac": f"isrc:{ISRCS[2]}",
    }
    # What is handed on to players has no wrong id.
    files = Owned(known).files([f"spotify:{0:022d}", f"isrc:{ISRCS[1]}"])
    assert {Path(file.path).name: (file.mbid, file.isrc) for file in files.values()} == {
        "other name.flac": (None, None),
        "translated.flac": (None, ISRCS[1]),
    }


def test_one_id_in_all_files_of_an_album(known: Library, tmp_path: Path) -> None:
    music = tmp_path / "music"
    for n in range(6):
        _flac(music / f"{n}.flac", 100 + 10 * n, title=f"Song {n}", artist="The Band", isrc=ISRCS[8])
    _flac(music / "bonus.flac", 110, title="Bonus", artist="The Band", isrc=ISRCS[8])
    found = _matched(known, music)
    assert found.pop("bonus.flac") == MISLED
    assert found == {f"{n}.flac": f"spotify:{n:022d}" for n in range(6)}
    assert {file.isrc for file in Owned(known).files(found.values()).values()} == {None}
    assert _matched(known, music)["bonus.flac"] == MISLED


def test_one_id_on_two_files_and_two_ids_of_one_name(known: Library, tmp_path: Path) -> None:
    music = tmp_path / "music"
    _flac(music / "a.flac", 100, title="Song 0", artist="The Band", mbid=MBIDS[7])
    _flac(music / "b.flac", 101, title="Song 0", artist="The Band", mbid=MBIDS[7])
    _flac(music / "c.flac", 110, title="Song 1", artist="The Band", mbid=MBIDS[8])
    _flac(music / "d.flac", 112, title="Song 1", artist="The Band", mbid=MBIDS[9])
    assert _matched(known, music) == {
        "a.flac": f"spotify:{0:022d}",
        "b.flac": f"spotify:{0:022d}",
        "c.flac": f"spotify:{1:022d}",
        "d.flac": OTHER,  # two recordings, as the files' own ids say
    }


def test_accents_make_no_other_song(known: Library, tmp_path: Path, store: Store) -> None:
    names = [("Halo", "Beyoncé"), ("Déjà", "Ánn"), ("Еще", "Ноль")]
    store(known, [Listen("ana", TrackRef(title, (artist,))) for title, artist in names], "other")
    music = tmp_path / "music"
    for n, (title, artist) in enumerate((("HÁLO", "BEYONCE"), ("Deja\u0301", "Ann"), ("Ещё", "Ноль"))):
        _flac(music / f"{n}.flac", 1, title=title, artist=artist)
    assert list(_matched(known, music).values()) == [
        "name:beyonce|halo",
        "name:ann|deja",
        "name:ноль|еще",
    ]
