"""Every format read back by a parser that shares no code with its writer, and the files' names."""

from __future__ import annotations

import csv
import io
import json
import re
import urllib.parse
import uuid
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.errors import FormatError, NotFoundError, UsageError
from segue.playlists.formats import FORMATS, file_names, read_json, write, write_all
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard
from segue.testing.exporter import ExporterContract, Seen, SeenTrack, entries, flat, playlists, sample

NS = "{http://xspf.org/ns/0/}"
RECORDING = "https://musicbrainz.org/recording/"


class TestXspf(ExporterContract):
    format = "xspf"
    # XSPF 1, section 4.1: what may stand in playlist and in track, and how often.
    ONCE: ClassVar = {
        "title",
        "creator",
        "annotation",
        "info",
        "location",
        "identifier",
        "image",
        "date",
        "license",
    }
    ONCE_IN_TRACK: ClassVar = {
        "title",
        "creator",
        "annotation",
        "info",
        "image",
        "album",
        "trackNum",
        "duration",
    }
    MANY_IN_TRACK: ClassVar = {"location", "identifier", "link", "meta", "extension"}

    def parse(self, data: bytes) -> Seen:
        root = ET.fromstring(data)
        assert root.tag == f"{NS}playlist" and root.get("version") == "1"
        names = [child.tag.removeprefix(NS) for child in root]
        assert names.count("trackList") == 1
        assert set(names) <= self.ONCE | {"trackList"} and len(set(names)) == len(names)
        date = root.findtext(f"{NS}date")
        assert date is not None and datetime.fromisoformat(date).tzinfo is not None
        tracks = []
        for track in root.iterfind(f"{NS}trackList/{NS}track"):
            inside = [child.tag.removeprefix(NS) for child in track]
            assert set(inside) <= self.ONCE_IN_TRACK | self.MANY_IN_TRACK
            assert all(inside.count(name) <= 1 for name in self.ONCE_IN_TRACK)
            assert "location" not in inside or inside[0] == "location"
            for uri in [e.text for name in ("location", "identifier") for e in track.iterfind(NS + name)]:
                assert uri and re.fullmatch(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+", uri), uri
            assert (track.findtext(f"{NS}duration") or "0").isdigit()
            tracks.append(
                SeenTrack(
                    track.findtext(f"{NS}title") or "",
                    track.findtext(f"{NS}creator") or "",
                    track.findtext(f"{NS}location"),
                    track.findtext(f"{NS}annotation") or "",
                )
            )
        return Seen(root.findtext(f"{NS}title") or "", tracks)

    def test_files_are_addressed_by_uri_and_others_by_spotify(self) -> None:
        seen = self.parse(FORMATS["xspf"].render(sample()))
        assert seen.tracks[0].address == "file:///music/Bj%C3%B6rk/01%20J%C3%B3ga.flac"
        assert seen.tracks[1].address == "spotify:track:2fuCquhmrzHpu5xcA1ci9x"
        assert seen.tracks[2].address is None


class TestM3u8(ExporterContract):
    format = "m3u8"
    keeps_placeless = False

    def parse(self, data: bytes) -> Seen:
        """A player's view: any line break of Unicode counts, comments are skipped, a line is an address."""
        assert not data.startswith(b"\xef\xbb\xbf") and data.endswith(b"\n")
        lines = data.decode("utf-8").splitlines()
        assert lines[0] == "#EXTM3U"
        title, shown, tracks = None, None, []
        for line in lines[1:]:
            if line.startswith("#PLAYLIST:"):
                assert title is None
                title = line.partition(":")[2]
            elif line.startswith("#EXTINF:"):
                match = re.match(r"#EXTINF:(-1|\d+),(.*)$", line)
                assert match is not None and shown is None
                shown = match[2]
            elif line and not line.startswith("#"):
                assert shown is not None, "an address without its facts"
                tracks.append((shown, line))
                shown = None
            else:
                assert line.startswith(("# no file: ", "# no file or Spotify id: "))
        assert shown is None
        return Seen(title, [SeenTrack(text, text, address) for text, address in tracks])

    def test_an_ordinary_playlist_is_seen_whole(self, tmp_path: Path) -> None:
        seen = self.parse(write(sample(), tmp_path / "list.m3u8").read_bytes())
        assert seen.title == "Discover Weekly"
        assert [(track.title, track.address) for track in seen.tracks] == [
            ("Björk - Jóga", "/music/Björk/01 Jóga.flac")
        ]
        assert "#EXTINF:305,Björk - Jóga\n" in (tmp_path / "list.m3u8").read_text("utf-8")
        # Beside files an address of Spotify would be a line that does not play.
        for shown in ("Queen, David Bowie - Under Pressure", "Unknown length"):
            assert f"# no file: {shown}\n" in (tmp_path / "list.m3u8").read_text("utf-8")

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(playlist=playlists())
    def test_no_text_breaks_the_file(self, playlist: Playlist) -> None:
        seen = self.parse(FORMATS["m3u8"].render(playlist))
        assert seen.title == flat(playlist.title)
        assert len(seen.tracks) <= len(playlist.entries)
        for track in seen.tracks:
            assert track.address and track.address == track.address.strip()
            assert any(flat(e.track.title or "") in track.title for e in playlist.entries)

    def test_paths_that_a_line_cannot_hold_become_uris(self) -> None:
        def address(location: str, spotify: str | None = None) -> str | None:
            entry = PlaylistEntry(1, TrackCard("t", "T", spotify=spotify, location=location))
            seen = self.parse(FORMATS["m3u8"].render(replace(sample(), entries=(entry,))))
            return seen.tracks[0].address if seen.tracks else None

        assert address("/music/two\nlines.mp3") == "file:///music/two%0Alines.mp3"
        assert address("/music/not utf-8 \udcff.mp3") == "file:///music/not%20utf-8%20%FF.mp3"
        assert address("two\nlines.mp3", "abc") == "spotify:track:abc"
        assert address("two\nlines.mp3") is None
        assert address("#1 hits.mp3") == "./#1 hits.mp3"
        assert address("https://radio.example/a b.mp3") == "https://radio.example/a b.mp3"


class TestCsv(ExporterContract):
    format = "csv"
    one_line = False

    def expected(self, text: str) -> str:
        return re.sub("[\ud800-\udfff\ufffe\uffff]", "\ufffd", text).replace("\x00", "")

    def parse(self, data: bytes) -> Seen:
        assert data.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
        header, body = rows[0], rows[1:]
        assert all(len(row) == len(header) for row in body)
        records = [dict(zip(header, row, strict=True)) for row in body]
        assert [record["position"] for record in records] == [str(n) for n in range(1, len(records) + 1)]
        return Seen(
            None,
            [
                SeenTrack(
                    unguard(each["title"]),
                    unguard(each["artists"]),
                    each["spotify_uri"],
                    unguard(each["reason"]),
                )
                for each in records
            ],
        )

    def test_lines_end_as_rfc_4180_has_it(self) -> None:
        data = FORMATS["csv"].render(sample())
        assert data.count(b"\r\n") == data.count(b"\n") == 4 and data.endswith(b"\r\n")

    @given(text=st.text(alphabet="'=+-@\t\rab,\"\n", max_size=6))
    def test_no_cell_is_a_formula_and_none_is_lost(self, text: str) -> None:
        card = TrackCard(text, text, (text,), text, mbid=text, isrc=text, location=text)
        playlist = replace(
            sample(), listener=text, entries=(PlaylistEntry(1, card, reason=text, chosen_by=text),)
        )
        data = FORMATS["csv"].render(playlist).decode("utf-8-sig")
        header, row = csv.reader(io.StringIO(data, newline=""))
        for name, cell in zip(header, row, strict=True):
            assert not re.match(r"[=+\-@\t\r]", cell), name
            if name not in ("week", "position", "duration_ms", "score", "spotify_uri"):
                assert unguard(cell) == text


def unguard(cell: str) -> str:
    return cell[1:] if re.match(r"'+[=+\-@\t\r]", cell) else cell


class TestJspf(ExporterContract):
    format = "jspf"

    def parse(self, data: bytes) -> Seen:
        document = json.loads(data)
        assert list(document) == ["playlist"]
        head = document["playlist"]
        extension = head["extension"]["https://musicbrainz.org/doc/jspf#playlist"]
        assert extension["public"] is False and "created_for" not in head and head["title"]
        assert "source_patch" in extension["additional_metadata"]["algorithm_metadata"]
        assert datetime.fromisoformat(head["date"]).tzinfo is not None
        for track in head["track"]:
            assert isinstance(track["identifier"], list)
            for uri in track["identifier"]:
                if uri.startswith(RECORDING):
                    uuid.UUID(uri.removeprefix(RECORDING))
                else:
                    assert re.fullmatch(r"spotify:(track|episode):[0-9A-Za-z]+", uri)
            for uri in track.get("location", []):
                assert urllib.parse.unquote(uri) and uri.isascii()
            assert isinstance(track["extension"]["https://musicbrainz.org/doc/jspf#track"], dict)
        tracks = [
            SeenTrack(
                t["title"], t.get("creator", ""), (t.get("location") or [None])[0], t.get("annotation", "")
            )
            for t in head["track"]
        ]
        return Seen(head["title"], tracks)

    def test_recordings_come_before_spotify(self) -> None:
        head = json.loads(FORMATS["jspf"].render(sample()))["playlist"]
        assert [track["identifier"] for track in head["track"]] == [
            ["https://musicbrainz.org/recording/b1a9c0e9-d987-4042-ae91-78d6a3267d69"],
            ["spotify:track:2fuCquhmrzHpu5xcA1ci9x"],
            ["https://musicbrainz.org/recording/0cf8a1cf-4b8c-4b5e-8b5c-0b2e0f1d9c11"],
        ]
        assert head["annotation"] == "Only 3 tracks were new to you."
        metadata = head["extension"]["https://musicbrainz.org/doc/jspf#playlist"]["additional_metadata"]
        assert metadata["algorithm_metadata"] == {
            "source_patch": "segue-weekly",
            "week": "2026-W48",
            "seed": 7,
            "models": ["factors/20261123T000000Z-0a1b2c3d"],
        }


class TestJson(ExporterContract):
    format = "json"
    one_line = False

    def expected(self, text: str) -> str:
        return text

    def parse(self, data: bytes) -> Seen:
        document = json.loads(data)
        assert (document["format"], document["version"]) == ("segue-playlist", 1)
        tracks = [
            SeenTrack(e["track"]["title"] or "", "\n".join(e["track"]["artists"]), None, e["reason"] or "")
            for e in document["playlist"]["entries"]
        ]
        return Seen(document["playlist"]["title"], tracks)

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(playlist=playlists())
    def test_comes_back_the_same(self, playlist: Playlist, tmp_path: Path) -> None:
        assert read_json(write(playlist, tmp_path / "list.json")) == playlist

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[]",
            "{}",
            "\x80",
            "[" * 100_000,
            '{"format": "segue-playlist", "version": 2}',
            '{"format": "segue-playlist", "version": 1}',
            '{"format": "segue-playlist", "version": 1, "playlist": {"title": "t", "nose": 1}}',
            '{"format": "segue-playlist", "version": 1, "playlist": {"entries": [{"track": 3}, 4]}}',
        ],
    )
    def test_anything_else_is_refused(self, text: str, tmp_path: Path) -> None:
        path = tmp_path / "list.json"
        path.write_text(text, encoding="latin-1")
        with pytest.raises(FormatError):
            read_json(path)

    def test_a_changed_value_is_refused(self, tmp_path: Path) -> None:
        path = write(sample(), tmp_path / "list.json")
        good = path.read_text("utf-8")
        for old, new in (
            ('"position": 2', '"position": 3'),
            ("2026-W48", "2026-W54"),
            ('"score": 1.25', '"score": NaN'),
            ('"score": 1.25', '"points": 1.25'),
            ("+00:00", ""),
            ('"duration_ms": ', '"duration_ms": -'),
            ('"duration_ms": ', '"duration_ms": 999999999999999999'),
        ):
            assert old in good
            path.write_text(good.replace(old, new, 1), "utf-8")
            with pytest.raises(FormatError):
                read_json(path)

    def test_a_missing_file_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(NotFoundError):
            read_json(tmp_path / "list.json")


def test_an_unknown_format_is_answered_with_the_list(tmp_path: Path) -> None:
    for path, name in ((tmp_path / "list.doc", None), (tmp_path / "list", None), (tmp_path / "x.csv", "wpl")):
        with pytest.raises(UsageError, match="m3u8"):
            write(sample(), path, name)
    with pytest.raises(UsageError, match="xspf"):
        write_all([sample()], tmp_path, "wpl")
    assert not list(tmp_path.iterdir())


def test_a_folder_gets_one_file_for_each_list_and_the_next_run_replaces_them(tmp_path: Path) -> None:
    lists = [replace(sample(), listener=name) for name in ("ada", "Ada", "../../etc/passwd", "björn")]
    paths = write_all(lists, tmp_path / "new", "m3u8")
    assert [path.parent for path in paths] == [tmp_path / "new"] * 4
    assert paths[3].name == "björn-2026-W48.m3u8"
    assert paths[0].name.startswith("ada-") and paths[1].name.startswith("Ada-")
    assert write_all(lists, tmp_path / "new", "m3u8") == paths
    assert len(list((tmp_path / "new").iterdir())) == 4


@given(
    names=st.lists(st.text(max_size=300) | st.sampled_from(["con", "CON.txt", ".", "..", "a/b", "ä" * 200]))
)
def test_file_names_are_safe_and_all_different(names: list[str]) -> None:
    lists = [replace(sample(), listener=name) for name in names]
    made = file_names(lists, ".m3u8")
    assert len({name.casefold() for name in made}) == len(made)
    for name in made:
        assert len(name.encode()) <= 230 and not name.startswith((".", "-"))
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', name)
        assert name.split(".")[0].casefold() not in ("con", "prn", "aux", "nul")


@given(entry=entries(1))
def test_addresses_are_pure_ascii_uris(entry: PlaylistEntry) -> None:
    from segue.playlists.formats.text import location_uri

    uri = location_uri(entry.track)
    assert uri is None or (uri.isascii() and " " not in uri and uri == urllib.parse.quote(uri, safe=uri))


@pytest.mark.parametrize(
    ("location", "uri"),
    [
        ("/music/a b.mp3", "file:///music/a%20b.mp3"),
        ("C:\\Music\\a b.mp3", "file:///C:/Music/a%20b.mp3"),
        ("\\\\nas\\music\\a.mp3", "file://nas/music/a.mp3"),
        ("a/b#1.mp3", "a/b%231.mp3"),
        ("1:2.mp3", "./1:2.mp3"),
        ("https://radio.example/%20a?b=1#c", "https://radio.example/%20a?b=1#c"),
    ],
)
def test_paths_and_addresses_become_uris(location: str, uri: str) -> None:
    from segue.playlists.formats.text import location_uri

    assert location_uri(TrackCard("t", location=location)) == uri


@pytest.mark.parametrize("week", ["2026-W54", "2026-48", "W48", "2026-W00", ""])
def test_a_week_that_is_none_is_refused(week: str) -> None:
    with pytest.raises(ValueError):
        replace(sample(), week=week)


def test_entries_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="order"):
        replace(sample(), entries=sample().entries[1:])
    with pytest.raises(ValueError, match="timezone"):
        replace(sample(), created_at=datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="finite"):
        PlaylistEntry(1, TrackCard("t"), score=float("nan"))
    assert replace(sample(), created_at=datetime(2026, 1, 1, tzinfo=UTC)).week == "2026-W48"
