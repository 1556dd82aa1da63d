"""Playlist files read: what our own writers wrote, and what other programs write."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from segue.errors import FormatError, NotFoundError, UsageError
from segue.playlists.formats import FORMATS, read, write
from segue.playlists.playlist import Playlist
from segue.testing.exporter import playlists, sample


@pytest.mark.parametrize("format", FORMATS)
def test_what_we_write_can_be_read(format: str, tmp_path: Path) -> None:
    playlist = sample()
    found = read(write(playlist, tmp_path / f"list{FORMATS[format].suffixes[0]}"))
    assert len(found.entries) == len(playlist.entries)
    for ours, theirs in zip(playlist.entries, found.entries, strict=True):
        assert theirs.position == ours.position
        assert theirs.track.title == ours.track.title
        assert theirs.track.credit == ours.track.credit
        assert theirs.track.duration_ms == ours.track.duration_ms or format == "m3u8"
        assert theirs.track.mbid == ours.track.mbid or format == "m3u8"
        # Beside real files, M3U8 names what has none in a remark alone.
        if not ours.track.location and format != "m3u8":
            assert theirs.track.spotify == ours.track.spotify


@pytest.mark.parametrize("format", FORMATS)
@given(playlist=playlists())
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, *HealthCheck]
)
def test_nasty_texts_do_no_harm(format: str, playlist: Playlist, tmp_path: Path) -> None:
    path = write(playlist, tmp_path / f"list{FORMATS[format].suffixes[0]}")
    if not playlist.entries and format != "json":
        with pytest.raises(FormatError, match="holds no track"):
            read(path)
        return
    assert len(read(path).entries) == len(playlist.entries)


FOREIGN = {
    "vlc.m3u": "#EXTM3U\n#EXTINF:217,Björk - Jóga\nfile:///music/01.flac\n\n/music/Pixies/07 - Debaser.mp3\n",
    "old.m3u": "C:\\Music\\Pixies - Debaser.mp3\n",
    "lb.jspf": '{"playlist": {"title": "Mine", "track": [{"title": "Hey", "creator": "Pixies", "identifier": '
    '"https://musicbrainz.org/recording/b1a9c0e9-d987-4042-ae91-78d6a3267d69"}]}}',
    "plain.xspf": '<playlist xmlns="http://xspf.org/ns/0/"><title>T</title><trackList><track>'
    "<location>https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC</location></track></trackList></playlist>",
    "mine.csv": "title,artist\nHey,Pixies\n",
}


def test_what_others_write_can_be_read(tmp_path: Path) -> None:
    found = {}
    for name, text in FOREIGN.items():
        (tmp_path / name).write_text(text, encoding="latin-1" if name == "vlc.m3u" else "utf-8")
        found[name] = [entry.track for entry in read(tmp_path / name).entries]
    joga, debaser = found["vlc.m3u"]
    assert (joga.title, joga.credit, joga.duration_ms) == ("Jóga", "Björk", 217_000)
    assert debaser.title == "Debaser"
    (old,) = found["old.m3u"]
    assert (old.title, old.credit) == ("Debaser", "Pixies")
    assert found["lb.jspf"][0].mbid == "b1a9c0e9-d987-4042-ae91-78d6a3267d69"
    assert found["plain.xspf"][0].spotify == "4uLU6hMCjMI75M1A2tKUQC"
    assert found["mine.csv"][0].credit == "Pixies"


def test_what_is_no_playlist(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no playlist"):
        read(tmp_path / "none.jspf")
    with pytest.raises(UsageError, match="named like"):
        read(tmp_path / "list.doc")
    for name, text in {
        "a.jspf": "{}",
        "b.xspf": "<p/>",
        "c.csv": "x,y\n1,2\n",
        "d.json": "[",
        "e.m3u8": "",
    }.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(FormatError):
            read(tmp_path / name)
