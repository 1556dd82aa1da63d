"""From audio files to lists that play: the real command line, supysonic, mpd and mopidy-local."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests import audio
from tests.players import real

from segue.players.http import Server
from segue.players.mpd import Mpd
from segue.players.subsonic import Subsonic
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard

KINDS, BANDS, SONGS = 2, 15, 8
SECONDS = 2
FIRST, SECOND = "2026-W48", "2026-W49"
# Names that players and their protocols may trip over.
TITLES = ("Hello", "Don't Look Back", "Café del Mar", "C#", "Ночь", "夜に駆ける", 'Say "It"', "1/2 & More")


def song(kind: int, band: int, number: int) -> dict[str, str]:
    """What the library knows of a song."""
    name = f"{TITLES[number]} {('one', 'two')[kind]} {band}"
    mbid = f"{kind:08d}-{band:04d}-4000-8000-{number:012d}"
    return {"artist": f"The Band {kind}{band}", "track": name, "mbid": mbid}


def segue(home: Path, *arguments: object, given: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "segue", *map(str, arguments)],
        cwd=home,
        input=given,
        capture_output=True,
        text=True,
        env=os.environ | {"XDG_CONFIG_HOME": str(home / "config"), "COLUMNS": "200"},
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trained library of sixty listeners, and files of three songs in four, most misspelt."""
    pytest.importorskip("soundfile", reason="the extra sound is not installed")
    home = tmp_path_factory.mktemp("home")
    rng = random.Random(7)
    lines = ["listener,artist,track,mbid,timestamp"]
    for person in range(60):
        for play in range(80):
            found = song(person % KINDS, rng.randrange(BANDS), rng.randrange(SONGS))
            at = 1_790_000_000 + 90_000 * play + person
            cells = [f"p{person}", found["artist"], found["track"], found["mbid"], str(at)]
            lines.append(",".join('"' + cell.replace('"', '""') + '"' for cell in cells))
    (home / "crowd.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    segue(home, "import", "crowd.csv")
    segue(home, "train")
    number = 0
    for kind in range(KINDS):
        for band in range(BANDS):
            for n in range(SONGS):
                found, number = song(kind, band, n), number + 1
                if number % 4 == 0:
                    continue
                tags = _tags(found, number % 6)
                folder = home / "music" / found["artist"] / f"Album {n % 2}"
                name = f"{n:02d} {found['track'].replace('/', '_')}"
                suffix = ("flac", "mp3", "ogg")[number % 3]
                audio.tone(folder / f"{name}.{suffix}", SECONDS, 200 + number, **tags)
    return home


def _tags(found: dict[str, str], how: int) -> dict[str, str]:
    """Half of the files as the library has the song; the rest in another case, with guests, without ids."""
    artist, title = found["artist"], found["track"]
    if how == 0:
        artist, title = artist.upper(), title.lower()
    if how == 1:
        title = f"{title} (feat. Somebody Else)"
    if how == 2:
        artist = f"{artist} feat. Somebody Else"
    tags = {"title": title, "artist": artist, "album": "Album"}
    return tags if how < 3 else tags | {"musicbrainz_trackid": found["mbid"]}


def lists(address: str) -> dict[str, dict[str, Any]]:
    """The playlists of a Subsonic server, whole, by id."""
    to = Subsonic(Server(address, "it"), "ana", real.PASSWORD)
    found = (to._ask("getPlaylists").get("playlists") or {}).get("playlist") or []
    return {each["id"]: to._ask("getPlaylist", id=each["id"])["playlist"] for each in found}


@pytest.fixture
def servers(home: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    with (
        real.supysonic(home / "music", tmp_path / "supysonic") as subsonic,
        real.mpd(home / "music", tmp_path / "mpd") as mpd,
    ):
        yield {"subsonic": subsonic, "mpd": mpd}


@pytest.mark.slow
def test_a_list_of_what_one_has_plays_everywhere(home: Path, servers: dict[str, str]) -> None:
    scanned = json.loads(segue(home, "files", "scan", home / "music", "--json"))
    assert scanned["files"] == scanned["matched"] == scanned["tracks"] == KINDS * BANDS * SONGS * 3 // 4
    segue(home, "weekly", "p1", "--owned", "--week", FIRST, "-n", "20", "--order", "near")
    segue(
        home,
        *("players", "add", "server", "--kind", "subsonic", "--listener", "p1", "--user", "ana"),
        *("--address", servers["subsonic"]),
        given=real.PASSWORD,
    )
    segue(home, "players", "add", "box", "--kind", "mpd", "--listener", "p1", "--address", servers["mpd"])
    folder = home / "lists"
    segue(home, "players", "add", "files", "--kind", "folder", "--listener", "p1", "--address", folder)
    assert "answers as" in segue(home, "players", "test", "server")

    pushed = {row["player"]: row for row in json.loads(segue(home, "players", "push", "--json"))}
    assert not [row["unmatched"] for row in pushed.values() if row["unmatched"]]
    assert {name: len(row["items"]) for name, row in pushed.items()} == {"server": 20, "box": 20, "files": 20}
    first = lists(servers["subsonic"])
    assert len(first) == 1
    ((key, told),) = first.items()
    assert [each["id"] for each in told["entry"]] == pushed["server"]["items"]
    assert told["comment"].startswith(f"Segue, {FIRST}.")
    assert _played(servers["mpd"], "Discover Weekly") == 20
    assert "nothing new" in segue(home, "players", "push")

    # The next Monday: the same playlist, other songs.
    segue(home, "weekly", "p1", "--owned", "--week", SECOND, "-n", "20", "--order", "near")
    segue(home, "players", "push")
    second = lists(servers["subsonic"])
    assert list(second) == [key]
    old, new = ({each["id"] for each in one["entry"]} for one in (told, second[key]))
    assert len(new) == 20 and len(new & old) < 10
    assert second[key]["comment"].startswith(f"Segue, {SECOND}.")
    assert _played(servers["mpd"], "Discover Weekly") == 20
    written = (folder / "Discover Weekly.m3u8").read_text("utf-8").splitlines()
    places = [line for line in written if not line.startswith("#")]
    assert len(places) == 20 and all((folder / place).is_file() for place in places)


@pytest.mark.slow
def test_mopidy_plays_it_too(home: Path, tmp_path: Path) -> None:
    segue(home, "files", "scan", home / "music")
    with real.mopidy(home / "music", tmp_path / "mopidy") as address:
        segue(home, "players", "add", "m", "--kind", "mpd", "--listener", "p2", "--address", address)
        for week in (FIRST, SECOND):
            segue(home, "weekly", "p2", "--owned", "--week", week, "-n", "20", "--order", "near")
            (row,) = json.loads(segue(home, "players", "push", "m", "--json"))
            assert len(row["items"]) == 20 and not row["unmatched"] and row["week"] == week
            assert _played_through(address, "Discover Weekly") == 20


@pytest.mark.slow
def test_mpd_and_mopidy_are_asked_for_the_file_itself(tmp_path: Path) -> None:
    path = audio.tone(tmp_path / "music" / "Ann" / "It's" / "01 Ça (50%).flac", 1, title="Other", artist="X")
    mbid = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"
    audio.tone(
        tmp_path / "music" / "Ann" / "02.flac", 1, 300, title="Ça", artist="Ann", musicbrainz_trackid=mbid
    )
    card = TrackCard("t", "Ça", ("Ann",), location=str(path))
    made = Playlist("L", "ana", FIRST, datetime(2026, 11, 23, tzinfo=UTC), (PlaylistEntry(1, card),))
    with (
        real.mopidy(tmp_path / "music", tmp_path / "mopidy") as mopidy,
        real.mpd(tmp_path / "music", tmp_path / "mpd") as mpd,
    ):
        assert Mpd(mopidy).find(made) == ["local:track:Ann/It%27s/01%20%C3%87a%20%2850%25%29.flac"]
        assert Mpd(mpd).find(made) == ["Ann/It's/01 Ça (50%).flac"]
        # Where Segue knows no file, by names, with accents here or there.
        entries = (
            PlaylistEntry(1, TrackCard("t", "Ca", ("Ánn",))),
            PlaylistEntry(2, TrackCard("u", "Óther", ("x",))),
        )
        assert Mpd(mpd).find(replace(made, entries=entries)) == ["Ann/02.flac", "Ann/It's/01 Ça (50%).flac"]
        assert None not in Mpd(mopidy).find(replace(made, entries=entries))
        # By its id, whatever it is called; not where its length says that the id is wrong.
        cards = [
            TrackCard("t", "That", ("Anna",), duration_ms=length, mbid=mbid) for length in (1_500, 90_000)
        ]
        entries = tuple(PlaylistEntry(n, card) for n, card in enumerate(cards, 1))
        assert Mpd(mpd).find(replace(made, entries=entries)) == ["Ann/02.flac", None]
        assert Mpd(mopidy).find(replace(made, entries=entries)) == ["local:track:Ann/02.flac", None]


@pytest.mark.slow
def test_an_mpd_with_a_password(tmp_path: Path) -> None:
    audio.tone(tmp_path / "music" / "a.flac", 1, title="A", artist="X")
    (tmp_path / "crowd.csv").write_text("listener,artist,track,timestamp\np1,X,A,1790000000\n")
    segue(tmp_path, "import", "crowd.csv")
    with real.mpd(tmp_path / "music", tmp_path / "mpd", "secret") as mpd:
        add = ("players", "add", "box", "--kind", "mpd", "--listener", "p1", "--address", mpd)
        assert "password is kept" in segue(tmp_path, *add, "--password", given="secret")
        assert "with 1 song" in segue(tmp_path, "players", "test", "box")
        assert "password" not in segue(tmp_path, *add)
        with pytest.raises(AssertionError, match=r"refused.*permission"):
            segue(tmp_path, "players", "test", "box")


@contextlib.contextmanager
def _loaded(address: str, name: str) -> Iterator[Any]:
    """A player of mpd's protocol with a stored playlist in its queue."""
    import mpd

    client: Any = mpd.MPDClient()
    client.timeout = 20
    host, _, port = address.rpartition(":")
    client.connect(host, int(port))
    try:
        client.clear()
        client.load(name)
        yield client
    finally:
        client.close()
        client.disconnect()


def _played(address: str, name: str) -> int:
    """How many songs of a stored playlist mpd plays: each begins, over and over until it is seen to."""
    with _loaded(address, name) as client:
        client.repeat(1)
        client.single(1)
        songs = int(client.status()["playlistlength"])
        for position in range(songs):
            client.play(position)
            until, status = time.monotonic() + 20, dict[str, str]()
            while float(status.get("elapsed", 0)) <= 0 and time.monotonic() < until:
                status = client.status()
                assert "error" not in status, status
            assert (status["state"], int(status["song"])) == ("play", position), status
        client.stop()
    return songs


def _played_through(address: str, name: str) -> int:
    """How many songs of a stored playlist mopidy plays, from the first to the last: it dislikes leaps."""
    seen: set[int] = set()
    with _loaded(address, name) as client:
        songs = int(client.status()["playlistlength"])
        client.play(0)
        until = time.monotonic() + 10 * SECONDS * songs
        while time.monotonic() < until:
            status = client.status()
            if status["state"] == "play" and float(status.get("elapsed", 0)) > 0:
                seen.add(int(status["song"]))
            elif status["state"] == "stop" and seen:
                break
            time.sleep(0.02)
    assert seen == set(range(songs))
    return songs
