"""M3U8 and XSPF loaded by a real player: mpd (Debian: apt-get install mpd)."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from segue.playlists.formats import write
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard
from segue.testing.exporter import sample

MPD = shutil.which("mpd")
pytestmark = pytest.mark.skipif(MPD is None, reason="mpd is not installed (Debian: apt-get install mpd)")

PLAIN = ("one.wav", "Artist/Album/02-two.wav", "Artist/three_(live).wav")
HARD = ("Björk/01 Jóga.wav", "100% #1/a & b's.wav", "#hash.wav", "夜/星.wav")
CONFIG = """
music_directory "{0}/music"
playlist_directory "{0}/playlists"
db_file "{0}/db"
bind_to_address "{0}/socket"
log_file "{0}/log"
zeroconf_enabled "no"
audio_output {{
  type "null"
  name "none"
}}
"""


class Player:
    """As much of mpd's protocol as the tests need."""

    def __init__(self, folder: Path) -> None:
        self.music = folder / "music"
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        self._socket.connect(str(folder / "socket"))
        self._lines = self._socket.makefile("r", encoding="utf-8", newline="\n")
        assert self._lines.readline().startswith("OK MPD")

    def ask(self, command: str, argument: Path | None = None) -> list[tuple[str, str]]:
        quoted = f' "{argument}"' if argument else ""
        self._socket.sendall(f"{command}{quoted}\n".encode())
        answer: list[tuple[str, str]] = []
        while (line := self._lines.readline().rstrip("\n")) != "OK":
            assert line and not line.startswith("ACK"), line
            key, _, value = line.partition(": ")
            answer.append((key, value))
        return answer

    def queue(self, playlist: Path) -> list[dict[str, str]]:
        """Load a playlist into an empty queue and say what is in it."""
        self.ask("clear")
        self.ask("load", playlist)
        songs: list[dict[str, str]] = []
        for key, value in self.ask("playlistinfo"):
            if key == "file":
                songs.append({})
            songs[-1][key] = value
        return songs

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


@pytest.fixture(scope="module")
def player() -> Iterator[Player]:
    assert MPD is not None
    # Not pytest's folder: a socket's path may have 107 bytes only.
    with tempfile.TemporaryDirectory(prefix="segue-mpd-") as name:
        folder = Path(name)
        (folder / "playlists").mkdir()
        for file in PLAIN + HARD:
            tiny_wave(folder / "music" / file)
        (folder / "mpd.conf").write_text(CONFIG.format(folder), "utf-8")
        process = subprocess.Popen(
            [MPD, "--no-daemon", str(folder / "mpd.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            connected = connect(folder, process)
            connected.ask("update")
            wait_for(lambda: not any(key == "updating_db" for key, _ in connected.ask("status")))
            yield connected
            connected.close()
        finally:
            process.terminate()
            process.wait(10)


def tiny_wave(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 800)


def connect(folder: Path, process: subprocess.Popen[bytes]) -> Player:
    def ready() -> bool:
        assert process.poll() is None, (folder / "log").read_text("utf-8", "replace")
        return (folder / "socket").exists()

    wait_for(ready)
    return Player(folder)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "mpd did not answer in 20 seconds"
        time.sleep(0.02)


def of(locations: list[str], spotify: int | None = None) -> Playlist:
    """A playlist of files; at place `spotify` a track that only Spotify has."""
    cards = [
        TrackCard(f"t{n}", f"Title {n}", (f"Artist {n}",), duration_ms=100, location=location)
        for n, location in enumerate(locations, 1)
    ]
    if spotify is not None:
        cards.insert(spotify, TrackCard("s", "Far\naway", ("A",), spotify="2fuCquhmrzHpu5xcA1ci9x"))
    return replace(
        sample(), entries=tuple(PlaylistEntry(n, c, reason="because") for n, c in enumerate(cards, 1))
    )


def test_m3u8_with_whole_paths(player: Player, tmp_path: Path) -> None:
    files = [*HARD, *PLAIN]
    path = write(of([str(player.music / file) for file in files]), tmp_path / "list.m3u8")
    assert [song["file"] for song in player.queue(path)] == files


def test_m3u8_beside_the_music(player: Player) -> None:
    files = [*PLAIN, *HARD, "one.wav"]
    path = write(of(files), player.music / "list.m3u8")
    assert [song["file"] for song in player.queue(Path("list.m3u8"))] == files
    path.unlink()


def test_a_track_that_only_spotify_has_does_not_stop_the_player(player: Player, tmp_path: Path) -> None:
    playlist = of([str(player.music / file) for file in PLAIN], spotify=1)
    for suffix in ("m3u8", "xspf"):
        path = write(playlist, tmp_path / f"list.{suffix}")
        assert [song["file"] for song in player.queue(path)] == list(PLAIN)


def test_xspf_with_whole_paths_brings_its_titles(player: Player, tmp_path: Path) -> None:
    path = write(of([str(player.music / file) for file in PLAIN]), tmp_path / "list.xspf")
    songs = player.queue(path)
    assert [song["file"] for song in songs] == list(PLAIN)
    assert [song["Title"] for song in songs] == ["Title 1", "Title 2", "Title 3"]
    assert [song["Artist"] for song in songs] == ["Artist 1", "Artist 2", "Artist 3"]


def test_xspf_beside_the_music(player: Player) -> None:
    path = write(of(list(PLAIN)), player.music / "list.xspf")
    assert [song["file"] for song in player.queue(Path("list.xspf"))] == list(PLAIN)
    path.unlink()
