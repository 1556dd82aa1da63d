"""Lists out and listening in: nothing twice, nothing lost, what was broken off goes on."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2 as httpx
import pyarrow as pa
import pytest
from tests.players import fakes

from segue.cli.players import _tell_missing, list_
from segue.cli.syncing import _tell_pushed
from segue.errors import FormatError, NotFoundError, SegueError, UsageError
from segue.library import Library
from segue.library.tables import FOLDERS, TRACKS
from segue.players import accounts, secrets, state
from segue.players.base import Receipt
from segue.players.pushing import Pushed, push
from segue.players.subsonic import Subsonic
from segue.playlists.memory import Weeks
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard, monday


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(secrets, "_keyring", lambda: None)


@pytest.fixture
def listed(tmp_path: Path) -> Library:
    """A library with six tracks, and lists of two weeks of some of them."""
    library = Library.open(tmp_path / "library", create=True)
    rows = [
        {"track_id": f"t{n}", "title": f"Song {n}", "artists": ["Adele"], "medium": "song"} for n in range(6)
    ]
    with library.writing() as writer:
        writer.append(
            "tracks", pa.Table.from_pylist([{**dict.fromkeys(TRACKS.names), **r} for r in rows], TRACKS)
        )
    for week, tracks in (("2026-W48", (0, 1, 2)), ("2026-W49", (3, 4, 5))):
        entries = tuple(PlaylistEntry(k, TrackCard(f"t{n}"), reason="So.") for k, n in enumerate(tracks, 1))
        made = Playlist(
            "Discover Weekly", "ana", week, datetime.combine(monday(week), datetime.min.time(), UTC), entries
        )
        Weeks(library.path / "weeks").remember(week, [made])
    return library


def _account(library: Library, **told: object) -> accounts.Account:
    return accounts.add(library.path, **{"name": "home", "kind": "subsonic", "listener": "ana", **told})


def _songs(*numbers: int) -> fakes.Subsonic:
    return fakes.Subsonic([{"id": f"s{n}", "title": f"Song {n}", "artist": "Adele"} for n in numbers])


def test_next_monday_the_same_playlist_holds_other_songs(listed: Library) -> None:
    fake, account = _songs(*range(6)), _account(listed)
    to = Subsonic(fakes.server(fake), "ana", "x")
    first = push(listed, account, week="2026-W48", to=to)
    assert push(listed, account, week="2026-W48", to=to) is None
    second = push(listed, account, to=to)
    assert first and second and first.receipt.playlist_id == second.receipt.playlist_id
    assert [one["entry"] for one in fake.lists.values()] == [["s3", "s4", "s5"]]


def test_what_others_changed_is_written_anew_when_asked_for(listed: Library) -> None:
    fake, account = _songs(*range(6)), _account(listed)
    to = Subsonic(fakes.server(fake), "ana", "x")
    push(listed, account, week="2026-W48", to=to)
    next(iter(fake.lists.values()))["entry"] = ["s1"]
    done = push(listed, account, week="2026-W48", again=True, to=to)
    assert done and done.receipt.changed
    assert [one["entry"] for one in fake.lists.values()] == [["s0", "s1", "s2"]]


def test_a_playlist_that_was_removed_there_is_told_and_comes_back_when_asked_for(listed: Library) -> None:
    fake, account = _songs(*range(6)), _account(listed)
    to = Subsonic(fakes.server(fake), "ana", "x")
    push(listed, account, to=to)
    assert push(listed, account, look=True, to=to) is None
    fake.lists.clear()
    assert push(listed, account, to=to) is None  # as the schedule does every hour, without a question
    done = push(listed, account, look=True, to=to)
    assert done and done.gone and not done.receipt.changed and not fake.lists
    done = push(listed, account, again=True, to=to)
    assert done and not done.gone and len(fake.lists) == 1


def test_what_a_push_says(listed: Library, capsys: pytest.CaptureFixture[str]) -> None:
    account, missing = _account(listed), tuple(f"A - {n}" for n in range(12))
    receipt = Receipt("x", ("s1",), missing, True)
    _tell_pushed([("home", Pushed(account, "2026-W48", receipt))], json=False)
    said = capsys.readouterr().out
    assert "home: 1 track of 2026-W48." in said
    assert "A - 7; and 4 more: segue players list --missing" in said and "A - 8" not in said
    _tell_pushed([("home", Pushed(account, "2026-W48", receipt, gone=True))], json=False)
    assert "is no longer there. It comes back" in capsys.readouterr().out


def test_what_the_list_of_players_says_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    last = {"week": "2026-W48", "unmatched": [f"A - {n}" for n in range(12)]}
    _tell_missing("home", last, every=False)
    said = capsys.readouterr().out
    assert "home does not have 12 tracks of 2026-W48: A - 0;" in said
    assert "A - 7; and 4 more: segue players list --missing" in said and "A - 8" not in said
    _tell_missing("home", last, every=True)
    assert [line.strip() for line in capsys.readouterr().out.splitlines()[1:]] == last["unmatched"]


def test_a_push_that_was_killed_is_done_again(listed: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    fake, account = _songs(*range(6)), _account(listed)
    to = Subsonic(fakes.server(fake), "ana", "x")
    push(listed, account, to=to)
    monkeypatch.setattr(Subsonic, "push", lambda *told, **named: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        push(listed, account, week="2026-W48", to=to)
    monkeypatch.undo()
    next(iter(fake.lists.values()))["entry"] = ["s0", "s1", "s2"]  # it was written, and not noted here
    done = push(listed, account, to=to)
    assert done and done.receipt.changed
    assert [one["entry"] for one in fake.lists.values()] == [["s3", "s4", "s5"]]


def test_what_was_not_there_is_tried_again_after_a_scan(listed: Library) -> None:
    fake, account = _songs(0, 1), _account(listed)
    to = Subsonic(fakes.server(fake), "ana", "x")
    first = push(listed, account, week="2026-W48", to=to)
    assert first and first.receipt.unmatched == ("Adele - Song 2",)
    fake.songs += _songs(2).songs
    assert push(listed, account, week="2026-W48", to=to) is None
    row = {"folder": "/m", "scanned_at": datetime.now(UTC) + timedelta(seconds=5), "matched_with": ""}
    with listed.writing() as writer:
        writer.append("folders", pa.Table.from_pylist([row], FOLDERS))
    again = push(listed, account, week="2026-W48", to=to)
    assert again and again.receipt.items == ("s0", "s1", "s2")
    assert push(listed, account, week="2026-W48", look=True, to=to) is None


def test_what_was_not_there_is_tried_again_when_somebody_asks(listed: Library) -> None:
    fake, account = _songs(0, 1), _account(listed)
    to = Subsonic(fakes.server(fake), "ana", "x")
    push(listed, account, week="2026-W48", to=to)
    same = push(listed, account, week="2026-W48", look=True, to=to)
    assert same and not same.receipt.changed and same.receipt.unmatched == ("Adele - Song 2",)
    fake.songs += _songs(2).songs
    again = push(listed, account, week="2026-W48", look=True, to=to)
    assert again and again.receipt.items == ("s0", "s1", "s2")


def test_a_list_of_which_nothing_is_there_is_tried_again_after_a_scan(
    listed: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    fake, account = _songs(0, 1, 2), _account(listed)
    asked: list[str] = []

    def counted(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return fake(request)

    to = Subsonic(fakes.server(counted), "ana", "x")
    push(listed, account, week="2026-W48", to=to)
    with pytest.raises(NotFoundError, match="none of the 3 tracks"):
        push(listed, account, to=to)
    list_(listed.path)
    said = capsys.readouterr().out
    assert "home has none of the 3 tracks of 2026-W49." in said and "3 of 3 tracks" in said
    asked.clear()
    assert push(listed, account, to=to) is None and not asked  # as the schedule does every hour
    with pytest.raises(NotFoundError):
        push(listed, account, look=True, to=to)
    fake.songs += _songs(3, 4, 5).songs
    row = {"folder": "/m", "scanned_at": datetime.now(UTC) + timedelta(seconds=5), "matched_with": ""}
    with listed.writing() as writer:
        writer.append("folders", pa.Table.from_pylist([row], FOLDERS))
    done = push(listed, account, to=to)
    assert done and done.receipt.items == ("s3", "s4", "s5") and len(fake.lists) == 1
    assert not state.State(listed.path, "home").none


def test_a_push_that_fails_leaves_the_old_list_and_is_done_the_next_time(listed: Library) -> None:
    fake, account = _songs(*range(6)), _account(listed)
    push(listed, account, week="2026-W48", to=Subsonic(fakes.server(fake), "ana", "x"))

    def down(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500) if "createPlaylist" in request.url.path else fake(request)

    with pytest.raises(SegueError, match="status 500"):
        push(listed, account, to=Subsonic(fakes.server(down), "ana", "x"))
    assert [one["entry"] for one in fake.lists.values()] == [["s0", "s1", "s2"]]
    assert push(listed, account, to=Subsonic(fakes.server(fake), "ana", "x")) is not None


def test_a_playlist_for_each_week_and_old_ones_removed(listed: Library) -> None:
    fake, account = _songs(*range(6)), _account(listed, title="Weekly {week}", keep=1)
    to = Subsonic(fakes.server(fake), "ana", "x")
    push(listed, account, week="2026-W48", to=to)
    done = push(listed, account, week="2026-W49", to=to)
    assert done and done.removed == 1
    assert [one["name"] for one in fake.lists.values()] == ["Weekly 2026-W49"]


def test_who_has_no_list_is_told(listed: Library) -> None:
    with pytest.raises(NotFoundError, match="no weekly list yet"):
        push(listed, _account(listed, listener="bob"))
    with pytest.raises(UsageError, match="takes no lists"):
        push(listed, _account(listed, push=False))


def test_secrets_are_read_by_their_owner_alone(listed: Library) -> None:
    where = secrets.keep(listed.path, "home", "hunter2")
    assert "only you can read" in where
    assert secrets.find(listed.path, "home") == "hunter2"
    assert secrets.file().stat().st_mode & 0o777 == 0o600
    assert not any(b"hunter2" in path.read_bytes() for path in listed.path.rglob("*") if path.is_file())
    if os.name != "nt":
        secrets.file().chmod(0o644)
        with pytest.raises(FormatError, match="read by others"):
            secrets.find(listed.path, "home")
        secrets.file().chmod(0o600)
    secrets.keep(listed.path, "home", None)
    assert secrets.find(listed.path, "home") is None


def test_what_a_keyring_takes_is_in_no_file_any_more(
    listed: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ring(dict):
        def set_password(self, service: str, key: str, secret: str) -> None:
            self[service, key] = secret

        def get_password(self, service: str, key: str) -> str | None:
            return self.get((service, key))

        def delete_password(self, service: str, key: str) -> None:
            del self[service, key]

    secrets.keep(listed.path, "home", "older")
    ring = Ring()
    monkeypatch.setattr(secrets, "_keyring", lambda: ring)
    assert secrets.keep(listed.path, "home", "hunter2") == "the system's keyring"
    assert secrets.find(listed.path, "home") == "hunter2" and "older" not in secrets.file().read_text()
    secrets.keep(listed.path, "home", None)
    assert not ring and secrets.find(listed.path, "home") is None


def test_a_player_taken_out_half_way_can_be_taken_out_again(
    listed: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    _account(listed)
    push(listed, accounts.account(listed.path, "home"), to=Subsonic(fakes.server(_songs(3)), "ana", "x"))
    secrets.keep(listed.path, "home", "hunter2")

    def killed(folder: Path, name: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(accounts, "remove", killed)
        with pytest.raises(KeyboardInterrupt):
            state.take_out(listed.path, "home")
    state.take_out(listed.path, "home")
    assert not accounts.read(listed.path) and secrets.find(listed.path, "home") is None
    assert not state.State(listed.path, "home").lists


def test_a_player_that_moved_to_another_server_starts_anew(listed: Library) -> None:
    told = {"name": "home", "kind": "subsonic", "listener": "ana", "address": "https://old.example.org"}
    assert not state.put_in(listed.path, **told)
    account = accounts.account(listed.path, "home")
    push(listed, account, to=Subsonic(fakes.server(_songs(*range(6))), "ana", "x"))
    assert state.put_in(listed.path, **told, title="Mine")
    assert state.State(listed.path, "home").lists
    state.put_in(listed.path, **told | {"address": "https://new.example.org"})
    assert not state.State(listed.path, "home").lists
    fake = _songs(*range(6))
    account = accounts.account(listed.path, "home")
    assert push(listed, account, to=Subsonic(fakes.server(fake), "ana", "x")) and len(fake.lists) == 1


def test_players_of_a_library(listed: Library) -> None:
    _account(listed)
    _account(listed, name="two", listener="bob")
    assert list(accounts.read(listed.path)) == ["home", "two"]
    assert state.forget(listed.path, "bob") == ["two"]
    with pytest.raises(NotFoundError, match="no player 'two'"):
        accounts.account(listed.path, "two")
    with pytest.raises(UsageError, match="no name of a player"):
        _account(listed, name="a/b")
