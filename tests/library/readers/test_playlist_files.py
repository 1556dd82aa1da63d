"""Playlist files: M3U in every encoding, PLS, XSPF, JSPF, Segue's own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from segue.errors import FormatError
from segue.library import Library
from segue.library.importing import import_path
from segue.library.readers import by_name
from segue.library.readers.playlist_files import Place, kind_of, parse
from segue.library.rows import Playlist, PlaylistEntry, Reject, TrackRef
from segue.playlists.formats import FORMATS
from segue.testing.exporter import sample
from segue.testing.reader import OPTIONS, ReaderContract, entry_of, read

READER = by_name("playlist")
MBID = "47b02a82-c3bf-4647-b894-dd1c8f608e7e"
JSPF = {
    "playlist": {
        "title": "LB",
        "date": "2024-01-02T03:04:05+00:00",
        "track": [
            {
                "title": "X",
                "creator": "Y",
                "duration": 200_000,
                "identifier": [f"https://musicbrainz.org/recording/{MBID}"],
                "extension": {
                    "https://musicbrainz.org/doc/jspf#track": {"added_at": "2024-01-01T00:00:00+00:00"}
                },
            },
            {"title": "Z", "creator": "Y", "extension": None, "identifier": None},
        ],
    }
}
M3U = "#EXTM3U\n#PLAYLIST:Mix\n#EXTINF:217,Björk - Jóga\n/music/01.flac\n\n/music/Pixies - Debaser.mp3\n"
PLS = "[playlist]\nFile1=/m/a.mp3\nTitle1=Björk - Jóga\nLength1=217\nFile2=/m/Pixies - Hey.mp3\nLength2=-1\n"
XSPF = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<playlist version="1" xmlns="http://xspf.org/ns/0/">\n'
    "<title>Mix</title><trackList>\n<track><location>file:///a.mp3</location><title>Jóga</title>"
    "<creator>Björk</creator><album>Homogenic</album><duration>305000</duration></track>\n"
    f"<track><identifier>https://musicbrainz.org/recording/{MBID}</identifier></track>\n"
    "</trackList></playlist>\n"
)


class TestPlaylistFiles(ReaderContract):
    reader = READER
    samples: ClassVar = {
        "mix.m3u8": M3U.encode(),
        "winamp.pls": PLS.encode(),
        "lb.jspf": json.dumps(JSPF).encode(),
        **{f"segue{FORMATS[name].suffixes[0]}": FORMATS[name].render(sample()) for name in ("json", "csv")},
    }

    def test_reads_other_encodings_and_line_ends(self) -> None:
        """The CSV begins with a mark of its own, so it is tried without."""
        kept, type(self).samples = (
            self.samples,
            {k: v.removeprefix(b"\xef\xbb\xbf") for k, v in self.samples.items()},
        )
        try:
            super().test_reads_other_encodings_and_line_ends()
        finally:
            type(self).samples = kept


class TestXspf(ReaderContract):
    reader = READER
    text = False  # it names its encoding itself
    document = True
    samples: ClassVar = {"mix.xspf": XSPF.encode()}


def places(data: str | bytes, name: str = "list.m3u") -> list[Place]:
    entry = entry_of(name, data.encode() if isinstance(data, str) else data)
    try:
        return parse(entry, OPTIONS.clock()).places
    finally:
        entry.close()


def tracks(data: str | bytes, name: str = "list.m3u") -> list[tuple[str | None, tuple[str, ...]]]:
    return [(each.track.title, each.track.artists) for each in places(data, name)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"]
)
def test_m3u_in_every_encoding(coding: str, end: str) -> None:
    text = end.join(["#EXTM3U", "#EXTINF:200,Guns N’ Roses – Don’t Cry…", r"C:\M\Ünter.mp3", ""])
    (found,) = places(text.encode(coding))
    assert found == Place(TrackRef("Don’t Cry…", ("Guns N’ Roses",), None, 200_000), r"C:\M\Ünter.mp3")


@pytest.mark.parametrize(
    ("path", "title", "artist"),
    [
        ("/m/99 Luftballons.mp3", "99 Luftballons", None),
        ("/m/50 Cent - In Da Club.mp3", "In Da Club", "50 Cent"),
        ("/m/07 - Debaser.mp3", "Debaser", None),
        ("/m/07 - 99 Luftballons.mp3", "99 Luftballons", None),
        ("/m/3. Hey.flac", "Hey", None),
        ("/m/03 Hey.ogg", "Hey", None),
        ("/m/1-03 Hey.mp3", "Hey", None),
        ("/m/311 - Down.mp3", "Down", "311"),
        ("/m/12-Pixies - Hey.mp3", "Hey", "Pixies"),
        ("/m/3.14 Pi.mp3", "3.14 Pi", None),
        ("/m/1979.mp3", "1979", None),
        ("/m/7 Rings.mp3", "7 Rings", None),
        ("/m/Pixies - Doolittle - 13 - Hey.mp3", "Hey", "Pixies"),
        ("/m/Mr. Brightside", "Mr. Brightside", None),
        ("/m/100%25.mp3", "100%25", None),
        ("file:///m/Pixies%20-%20Hey.mp3", "Hey", "Pixies"),
        ("C:\\M\\Pixies - Hey.mp3", "Hey", "Pixies"),
    ],
)
def test_names_of_files(path: str, title: str, artist: str | None) -> None:
    assert tracks(f"{path}\n") == [(title, (artist,) if artist else ())]


@pytest.mark.parametrize(
    ("info", "title", "artist", "length"),
    [
        (
            '-1 tvg-name="A, B",Tyler, The Creator - See You Again',
            "See You Again",
            "Tyler, The Creator",
            None,
        ),
        ('200 a="1,2" b=c,99 Luftballons', "99 Luftballons", None, 200_000),
        ("217.5,Nena - 99 Luftballons", "99 Luftballons", "Nena", 217_500),
        ("0,U2 - One", "One", "U2", None),
        (",U2 - One", "One", "U2", None),
        ("x=y,U2 - One", "One", "U2", None),
        ("99999999999,U2 - One", "One", "U2", None),
        ("200,AC/DC - T.N.T.", "T.N.T.", "AC/DC", 200_000),
    ],
)
def test_what_stands_before_a_path(info: str, title: str, artist: str | None, length: int | None) -> None:
    (found,) = places(f"#EXTM3U\n#EXTINF:{info}\nx.mp3\n")
    assert found.track == TrackRef(title, (artist,) if artist else (), None, length)


def test_albums_and_artists_of_m3u() -> None:
    (found,) = places("#EXTM3U\n#EXTINF:1,Hey\n#EXTALB:Doolittle\n#EXTART:Pixies\nx.mp3\n")
    assert found.track == TrackRef("Hey", ("Pixies",), "Doolittle", 1_000)


def test_streams_are_no_playlists() -> None:
    assert kind_of("x.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9.0,\nsegment1.ts\n") is None
    assert kind_of("x.m3u", b"\x89PNG\0\0") is None
    assert kind_of("x.txt", b"just text\n") is None


def test_jspf_and_its_holes() -> None:
    first, second = places(json.dumps(JSPF), "x.jspf")
    assert first.track == TrackRef("X", ("Y",), None, 200_000, mbid=MBID)
    assert first.added_at == datetime(2024, 1, 1, tzinfo=UTC)
    assert second.track == TrackRef("Z", ("Y",))
    strange: list[Any] = [None, 5, [], {"title": 99, "creator": ["A"], "duration": "x", "extension": []}]
    found = places(json.dumps({"playlist": {"title": None, "track": strange}}), "x.jspf")
    assert [each.track.title for each in found] == [None, None, None, "99"]


def test_xspf_without_its_namespace_or_encoding() -> None:
    expected = places(XSPF, "x.xspf")
    assert expected[0].track == TrackRef("Jóga", ("Björk",), "Homogenic", 305_000)
    assert expected[1].track.mbid == MBID
    assert places(XSPF.replace(' xmlns="http://xspf.org/ns/0/"', ""), "x.xspf") == expected
    assert places(XSPF.encode("cp1252"), "x.xspf") == expected
    assert places(XSPF.encode("utf-16"), "x.xspf") == expected
    deep = XSPF.replace("<trackList>", "<trackList>" + "<a>" * 100_000)
    with pytest.raises(FormatError, match="XSPF"):
        places(deep, "x.xspf")
    bomb = '<!DOCTYPE p [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1 if n else str()};" * 10}">' for n in range(12)
    )
    with pytest.raises(FormatError, match="XSPF"):
        places(bomb + "]>" + XSPF.partition("\n")[2].replace("Mix", "&a11;"), "x.xspf")


def test_what_segue_writes_is_a_playlist_when_imported() -> None:
    expected = [(entry.track.title, entry.track.artists) for entry in sample().entries]
    for name, form in FORMATS.items():
        rows, error = read(READER, f"weekly{form.suffixes[0]}", form.render(sample()))
        assert error is None
        assert isinstance(rows[0], Playlist)
        assert (rows[0].playlist, rows[0].owner) == ("playlist:weekly", "me")
        found = [row for row in rows[1:] if isinstance(row, PlaylistEntry)]
        rejected = [int(row.place.removeprefix("place ")) - 1 for row in rows if isinstance(row, Reject)]
        assert sorted([*(row.position for row in found), *rejected]) == list(range(len(expected))), name
        assert not rejected or name == "m3u8"  # which keeps no ids
        if name in ("csv", "json"):
            assert [(row.track.title, row.track.artists) for row in found] == expected


def test_a_place_that_names_nothing_is_rejected_and_a_file_alone_is_itself() -> None:
    rows, error = read(
        READER, "x.jspf", b'{"playlist": {"title": "T", "track": [{"title": "Hey"}, {}, null]}}'
    )
    assert error is None
    assert [type(row) for row in rows] == [Playlist, Reject, Reject, Reject]
    rows, _ = read(READER, "x.m3u", b"/m/99 Luftballons.mp3\n")
    assert rows[1].track == TrackRef("99 Luftballons", other="location:/m/99 Luftballons.mp3")


def test_an_empty_list_is_refused() -> None:
    for name, data in (
        ("x.m3u8", b"#EXTM3U\n"),
        ("x.pls", b"[playlist]\n"),
        ("x.jspf", b'{"playlist": {"track": []}}'),
    ):
        rows, error = read(READER, name, data)
        assert not rows
        assert error is not None


def test_a_folder_of_playlists_becomes_playlists_of_the_library(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    (folder / "rock").mkdir(parents=True)
    (folder / "mix.m3u8").write_text(M3U, encoding="utf-8")
    (folder / "rock" / "mix.pls").write_text(PLS, encoding="utf-8")
    (folder / "mix.xspf").write_text(XSPF, encoding="utf-8")
    (folder / "liked.csv").write_text(
        '"Track URI","Track Name","Artist Name(s)","Added At"\n'
        '"spotify:track:7k4t7uLgtOxPwTpFmtJNTY","Tusa","KAROL G","2020-01-01T10:00:00Z"\n',
        encoding="utf-8",
    )
    library = Library.open(tmp_path / "library", create=True)
    report = import_path(library, folder)
    assert report.counts["playlist_entries"].rejected == 0
    assert report.total.read == report.total.stored + report.total.already_there + report.total.rejected
    stored = {row["playlist_id"] for row in library.arrow(library.table("playlists")).to_pylist()}
    assert stored == {"playlist:mix", "playlist:rock/mix", "table:liked"}
    again = import_path(library, folder)
    assert again.total.stored == 0
