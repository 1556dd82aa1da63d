"""By the clock: listening is pulled before lists are made, and lists are pushed after, each once."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2 as httpx
import pytest
from tests.players import fakes

from segue.cli.players import list_
from segue.cli.schedule import once
from segue.engine.schedule import run_forever
from segue.errors import UsageError
from segue.library import Library
from segue.players import accounts, kinds, secrets
from segue.players.subsonic import Subsonic
from segue.playlists.memory import Weeks
from segue.settings import ScheduleConfig


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(secrets, "_keyring", lambda: None)


def test_pull_then_lists_then_push(
    library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tracks = library.arrow("tracks").select(["title", "artists"]).to_pylist()
    songs = [{"id": f"s{n}", "title": t["title"], "artist": t["artists"][0]} for n, t in enumerate(tracks)]
    fake = fakes.Subsonic(songs)
    weeks = Weeks(library.path / "weeks")
    seen: list[tuple[str, bool]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked = httpx.QueryParams(request.url.query.decode() or request.content.decode())
        if "search3" in request.url.path and not asked["query"]:
            seen.append(("pull", bool(weeks.names())))
            heard = {**songs[0], "playCount": 3, "played": "2026-11-01T10:00:00Z"}
            told = {"status": "ok", "searchResult3": {"song": [heard]}}
            return httpx.Response(200, json={"subsonic-response": told})
        if "createPlaylist" in request.url.path:
            seen.append(("push", bool(weeks.names())))
        return fake(request)

    def opened(account: accounts.Account, secret: str, keep: object) -> Subsonic:
        if account.name == "broken":
            raise UsageError("It is broken")
        return Subsonic(fakes.server(answer), "ana", secret)

    monkeypatch.setitem(kinds.KINDS, "subsonic", kinds.KINDS["subsonic"]._replace(open=opened))
    for name in ("broken", "home"):
        accounts.add(library.path, name=name, kind="subsonic", listener="p01", pull=True)
        secrets.keep(library.path, name, "x")
    once(library.path, workers=1, config=None)
    assert seen == [("pull", False), ("push", True)]
    (held,) = fake.lists.values()
    (week,) = weeks.names()
    assert (
        held["name"] == "Discover Weekly" and held["entry"] and held["comment"].startswith(f"Segue, {week}")
    )
    said = capsys.readouterr().out
    assert "home: 2 rows fetched, 2 stored" in said and "broken: It is broken" in said
    once(library.path, workers=1, config=None)
    assert seen[2:] == [("pull", True)]
    said = capsys.readouterr().out
    assert "home: 0 rows fetched, 0 stored" in said and "home: nothing new to push." in said
    list_(library.path, json=True)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["home"]["last"]["week"] == week and rows["home"]["pulled_at"] > 1_700_000_000
    assert rows["broken"]["last"] is rows["broken"]["pulled_at"] is None
    list_(library.path)
    assert "last pulled" in capsys.readouterr().out


def test_what_is_done_around_each_look(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr("segue.engine.schedule.run_due", lambda *told, **more: done.append("lists") or [])

    def then() -> None:
        done.append("push")
        if done.count("push") == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(KeyboardInterrupt):
        run_forever(library.path, ScheduleConfig(), first=lambda: done.append("pull"), then=then)
    assert done[:3] == ["pull", "lists", "push"] and done[3:][-2:] == ["pull", "push"]
