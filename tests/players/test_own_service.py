"""Segue's own service as the other side: listens are pulled from it page by page, and what is loved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from tests.players import fakes
from tests.service.conftest import serving

from segue.errors import UsageError
from segue.library import Library
from segue.players import accounts, kinds, listenbrainz
from segue.players.http import Server
from segue.players.listenbrainz import ListenBrainz
from segue.players.pulling import pull

BASE = 1_700_000_000


@pytest.fixture
def service(tmp_path: Path) -> Iterator[TestClient]:
    Library.open(tmp_path / "theirs", create=True)
    with serving(tmp_path / "theirs") as client:
        token = client.app.state.house.tokens.create("ana", ("submit", "read", "write"))
        client.headers["Authorization"] = f"Token {token}"
        yield client


def through(client: TestClient) -> Server:
    """A server whose requests a service answers that runs in the test."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path.decode()
        told = client.request(request.method, path, content=request.content)
        return httpx2.Response(told.status_code, content=told.content)

    return Server("https://segue.example.org", "Segue", transport=httpx2.MockTransport(answer))


def submit(client: TestClient, plays: list[tuple[int, int]]) -> None:
    listens = [
        {"listened_at": at, "track_metadata": {"artist_name": "Adele", "track_name": f"Song {song}"}}
        for song, at in plays
    ]
    answer = client.post("/1/submit-listens", json={"listen_type": "import", "payload": listens})
    assert answer.json() == {"status": "ok"}


def test_pulled_from_another_segue(
    service: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listenbrainz, "A_PAGE", 10)
    plays = [(n % 7, BASE + 300 * n) for n in range(35)] + [(n, BASE + 3000) for n in (1, 2, 4)]
    submit(service, plays)
    loved = {"recording_mbid": "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae", "score": 1}
    assert service.post("/1/feedback/recording-feedback", json=loved).json() == {"status": "ok"}

    library = Library.open(tmp_path / "ours", create=True)
    account = accounts.add(library.path, name="s", kind="listenbrainz", listener="ana", pull=True)
    source = ListenBrainz(through(service), "ana")
    assert "as ana" in source.test()
    done = pull(library, account, source=source)
    library.refresh()
    assert library.count("listens") == len(plays)
    listens, tracks = library.table("listens"), library.table("tracks")
    joined = listens.inner_join(tracks.select("track_id", "title"), "track_id")
    titles = library.arrow(joined.select("title"))["title"].to_pylist()
    assert Counter(titles) == Counter(f"Song {song}" for song, _ in plays)
    assert library.arrow("feedback")["kind"].to_pylist() == ["love"]
    assert done.stored == len(plays) + 1

    assert pull(library, account, source=source).stored == 0
    assert service.post("/1/feedback/recording-feedback", json=loved | {"score": 0}).json()["status"] == "ok"
    assert pull(library, account, source=source).stored == 1
    library.refresh()
    assert sorted(library.arrow("feedback")["kind"].to_pylist()) == ["love", "unlove"]


def test_lists_are_not_pushed_to_another_segue(
    service: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = ListenBrainz(through(service), "ana")
    assert not to.takes_lists()
    assert to.test().endswith("as ana; it tells of listening, and takes no playlists")
    monkeypatch.setattr(kinds, "_listenbrainz", lambda *told: to)
    account = accounts.made_of(
        name="s", kind="listenbrainz", listener="ana", address="https://segue.example.org"
    )
    with pytest.raises(UsageError, match=r"takes no playlists.*--no-push --pull"):
        kinds.refuse_without_lists(account, "x")
    kinds.refuse_without_lists(account.model_copy(update={"push": False}), "x")
    lists = ListenBrainz(fakes.server(fakes.ListenBrainz()), "ana")
    assert lists.takes_lists() and lists.test().endswith("as ana")
