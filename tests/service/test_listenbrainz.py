"""ListenBrainz' API, as its clients use it; listens go into the library once."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import liblistenbrainz
import pytest
import uvicorn
from fastapi.testclient import TestClient
from tests.service.conftest import EARLIER, As

from segue.library import Library
from segue.library.importing import import_path
from segue.library.readers.base import ReadOptions
from segue.service.app import create_app
from segue.service.house import House
from segue.settings import ServiceConfig, Settings

AT = 1_790_000_000
MBID = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"


def listen(at: int | None = AT, title: str = "Song one", **info: Any) -> dict[str, Any]:
    metadata = {"artist_name": "Band 1-1", "track_name": title}
    if info:
        metadata["additional_info"] = info
    return {"track_metadata": metadata} | ({} if at is None else {"listened_at": at})


def body(*listens: dict[str, Any], kind: str = "single") -> dict[str, Any]:
    return {"listen_type": kind, "payload": list(listens)}


@pytest.fixture
def mine(holding: As) -> dict[str, str]:
    return {"Authorization": holding("p01")["Authorization"].replace("Bearer", "Token")}


def plays(path: Path, listener: str = "p01") -> int:
    library = Library.open(path)
    table = library.table("listens")
    return library.arrow(
        table.filter((table.listener_id == listener) & (table.source == "listenbrainz"))
    ).num_rows


@pytest.mark.parametrize("door", ["/1", "/1/1", "/apis/listenbrainz/1", "//1"])
@pytest.mark.parametrize("end", ["", "/"])
def test_every_way_in_leads_there(client: TestClient, mine: dict[str, str], door: str, end: str) -> None:
    url = f"{client.base_url}{door}"
    answer = client.get(f"{url}/validate-token{end}", headers=mine)
    assert answer.json() == {"code": 200, "message": "Token valid.", "valid": True, "user_name": "p01"}
    assert client.post(f"{url}/submit-listens{end}", headers=mine, json=body(listen())).json() == {
        "status": "ok"
    }
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in client.get("/v1/lists", headers=mine).headers


def test_tokens_are_told_as_listenbrainz_tells_them(client: TestClient, mine: dict[str, str]) -> None:
    token = mine["Authorization"].split()[1]
    assert client.get("/1/validate-token", params={"token": token}).json()["valid"] is True
    with_body = client.request("GET", "/1/validate-token", headers=mine, json={"x": 1})  # as Navidrome does
    assert with_body.json()["user_name"] == "p01"
    wrong = client.get("/1/validate-token", params={"token": "nonsense"})
    assert (wrong.status_code, wrong.json()["valid"]) == (200, False)
    assert client.get("/1/validate-token").status_code == 400
    none = client.post("/1/submit-listens", json=body(listen()))
    assert (none.status_code, none.json()["error"]) == (401, "You need to provide an Authorization header.")
    bad = client.post("/1/submit-listens", json=body(listen()), headers={"Authorization": "Token x"})
    assert bad.json() == {"code": 401, "error": "Invalid authorization token."}
    any_scheme = {"Authorization": f"Whatever {token}"}
    assert client.post("/1/submit-listens", json=body(listen()), headers=any_scheme).status_code == 200


def test_listens_are_in_the_library_once(client: TestClient, mine: dict[str, str], house: House) -> None:
    rows = [listen(AT + 300 * n, f"Song {n}", duration_ms="200000") for n in range(40)]
    for kind, part in (("import", rows), ("import", rows[:7]), ("single", rows[:1])):
        text = json.dumps(body(*part, kind=kind))
        assert (
            client.post("/1/submit-listens", headers=mine, content=text).status_code == 200
        )  # no Content-Type
    path = house.engines.path
    waiting = client.get("/1/user/p01/listens?count=100", headers=mine).json()["payload"]["listens"]
    assert [each["listened_at"] for each in waiting[:40]] == [AT + 300 * n for n in reversed(range(40))]
    assert house.take_in() == 40
    assert plays(path) == 40
    stored = client.get("/1/user/p01/listens?count=100", headers=mine).json()["payload"]["listens"]
    names = [(each["listened_at"], each["track_metadata"]["track_name"]) for each in waiting]
    assert [(e["listened_at"], e["track_metadata"]["track_name"]) for e in stored] == names
    client.post("/1/submit-listens", headers=mine, json=body(*rows, kind="import"))
    assert house.take_in() == 0
    page = client.get(f"/1/user/p01/listens?max_ts={AT + 600}&min_ts={AT - 1}", headers=mine).json()[
        "payload"
    ]
    assert [each["listened_at"] for each in page["listens"]] == [AT + 300, AT]
    assert client.get("/1/user/p01/listen-count", headers=mine).json()["payload"]["count"] == 130


def test_a_kill_between_import_and_mark_stores_nothing_twice(
    client: TestClient, mine: dict[str, str], house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [listen(AT + 300 * n, f"Song {n}") for n in range(5)]
    client.post("/1/submit-listens", headers=mine, json=body(*rows, kind="import"))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(house.inbox, "_mark", killed)
        with pytest.raises(KeyboardInterrupt):
            house.inbox.take_in()
    assert plays(house.engines.path) == 5
    client.post("/1/submit-listens", headers=mine, json=body(listen(AT + 9000, "Song 9")))
    assert house.take_in() == 6
    assert plays(house.engines.path) == 6


def test_an_export_of_the_same_listens_adds_none(
    client: TestClient, mine: dict[str, str], house: House, tmp_path: Path
) -> None:
    rows = [listen(AT + 300 * n, f"Song {n}") for n in range(5)]
    client.post("/1/submit-listens", headers=mine, json=body(*rows, kind="import"))
    house.take_in()
    (tmp_path / "listens.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = import_path(
        Library.open(house.engines.path), tmp_path / "listens.jsonl", options=ReadOptions(listener="p01")
    )
    assert done.counts["listens"].stored == 0


def test_one_listen_that_cannot_be_taken_holds_up_nobody(
    client: TestClient, mine: dict[str, str], house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from segue.errors import FormatError
    from segue.service import inbox

    real = inbox.import_path

    def refuses(library: Library, path: Path, **options: Any) -> None:
        if b"Poison" in path.read_bytes():
            raise FormatError("No")
        real(library, path, **options)

    monkeypatch.setattr(inbox, "import_path", refuses)
    rows = [listen(AT + n, "Poison" if n == 2 else f"Song {n}") for n in range(6)]
    client.post("/1/submit-listens", headers=mine, json=body(*rows, kind="import"))
    house.take_in()
    assert plays(house.engines.path) == 5
    assert house.inbox.waiting() == 0


NOW = {"listen_type": "playing_now"}
TOO_MUCH = {"x": "y" * 11_000}


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense",
        b"[]",
        {},
        body(),
        body(listen(), listen()),
        body(listen(None)),
        body(listen(1_000_000)),
        body(listen(2**40)),
        body(listen() | {"extra": 1}),
        body(listen("soon")),  # ty: ignore[invalid-argument-type]
        body(listen(title=" ")),
        body(listen(title="\0")),
        body(listen(duration=3, duration_ms=3000)),
        body(listen(duration=-3)),
        body(listen(duration="long")),
        body(listen(duration=24 * 86_400 + 1)),
        body(listen(recording_mbid="x")),
        body(listen(artist_mbids=["x"])),
        body(listen(**TOO_MUCH)),
        body(listen(), kind="playing_now"),
        body(listen(), kind="sung"),
        body(*[listen(AT + n) for n in range(1001)], kind="import"),
    ],
)
def test_what_listenbrainz_refuses_is_refused(client: TestClient, mine: dict[str, str], sent: Any) -> None:
    text = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    answer = client.post("/1/submit-listens", headers=mine, content=text)
    assert answer.status_code == 400
    assert answer.json()["code"] == 400 and answer.json()["error"]


def test_what_listenbrainz_takes_is_taken(client: TestClient, mine: dict[str, str]) -> None:
    info = {"recording_mbid": "", "artist_mbids": [], "duration_ms": "200000", "media_player": "x", "a": None}
    for sent in (listen(**info), listen(str(AT)), listen(int(time.time()) + 3000)):  # ty: ignore
        assert client.post("/1/submit-listens", headers=mine, json=body(sent)).status_code == 200


def test_a_listen_can_be_deleted(client: TestClient, mine: dict[str, str], house: House) -> None:
    first, second = listen(AT, "One"), listen(AT + 400, "Two")
    client.post("/1/submit-listens", headers=mine, json=body(first, second, kind="import"))
    before = plays(house.engines.path)
    house.take_in()
    assert plays(house.engines.path) == before + 2

    def told() -> list[dict[str, Any]]:
        query = {"min_ts": AT - 1, "max_ts": AT + 500}
        return client.get("/1/user/p01/listens", headers=mine, params=query).json()["payload"]["listens"]

    (gone,) = [each for each in told() if each["listened_at"] == AT]
    asked = {"listened_at": AT, "recording_msid": gone["recording_msid"]}
    assert client.post("/1/delete-listen", headers=mine, json=asked).json() == {"status": "ok"}
    assert [each["listened_at"] for each in told()] == [AT + 400]  # at once
    house.take_in()
    assert plays(house.engines.path) == before + 1
    assert [each["listened_at"] for each in told()] == [AT + 400]
    for wrong in ({}, {"listened_at": AT}, asked | {"listened_at": "x"}, asked | {"recording_msid": "y"}):
        assert client.post("/1/delete-listen", headers=mine, json=wrong).status_code == 400


def test_what_plays_now_is_told_while_it_plays(
    client: TestClient, mine: dict[str, str], house: House
) -> None:
    sent = body(listen(None, duration=100), kind="playing_now")
    told = client.post("/1/submit-listens?return_msid=true", headers=mine, json=sent).json()
    now = client.get("/1/user/p01/playing-now", headers=mine).json()["payload"]
    assert now["listens"][0]["recording_msid"] == told["recording_msid"]
    until, kept = house.playing["p01"]
    assert 90 < until - time.time() <= 100
    house.playing["p01"] = (time.time() - 1, kept)
    assert client.get("/1/user/p01/playing-now", headers=mine).json()["payload"]["count"] == 0
    assert house.inbox.waiting() == 0


def test_feedback_counts_and_can_be_taken_back(
    client: TestClient, mine: dict[str, str], house: House
) -> None:
    client.post("/1/submit-listens", headers=mine, json=body(listen(recording_mbid=MBID)))
    house.take_in()
    for score in (1, -1):
        told = {"recording_mbid": MBID, "score": score}
        assert client.post("/1/feedback/recording-feedback", headers=mine, json=told).status_code == 200
        house.take_in()
    said = client.get("/1/feedback/user/p01/get-feedback?score=-1", headers=mine).json()
    assert (said["total_count"], said["feedback"][0]["track_metadata"]["track_name"]) == (1, "Song one")
    assert client.get("/1/feedback/user/p01/get-feedback?score=1", headers=mine).json()["feedback"] == []
    of = client.get(f"/1/feedback/recording/{MBID}/get-feedback-mbid", headers=mine).json()
    assert of["total_count"] == 1
    library = Library.open(house.engines.path)
    rows = library.arrow(library.table("feedback")).to_pylist()
    kinds = [row["kind"] for row in rows if row["listener_id"] == "p01" and row["source"] == "listenbrainz"]
    assert sorted(kinds) == ["hate", "love"]
    for wrong in ({"score": 2, "recording_mbid": MBID}, {"score": 1}, {"score": 1, "recording_mbid": "x"}):
        assert client.post("/1/feedback/recording-feedback", headers=mine, json=wrong).status_code == 400


def test_weekly_lists_are_playlists_created_for_their_listener(
    client: TestClient, mine: dict[str, str]
) -> None:
    page = client.get("/1/user/p01/playlists/createdfor?count=5", headers=mine).json()
    assert (page["playlist_count"], page["count"], page["offset"]) == (1, 5, 0)
    (shown,) = page["playlists"]
    assert shown["playlist"]["track"] == []
    name = shown["playlist"]["identifier"].rsplit("/", 1)[1]
    whole = client.get(f"/1/playlist/{name}", headers=mine).json()["playlist"]
    there = client.get(f"/v1/lists/{EARLIER}?format=json", headers=mine).json()
    assert [each["title"] for each in whole["track"]] == [e["track"]["title"] for e in there["entries"]]
    assert client.get(f"/1/playlist/{MBID}", headers=mine).status_code == 404
    assert client.get("/1/user/p01/playlists", headers=mine).json()["playlists"] == []
    assert client.get("/1/cf/recommendation/user/p01/recording", headers=mine).status_code == 204  # no MBIDs


def test_nobody_reads_or_writes_what_is_anothers(
    client: TestClient, mine: dict[str, str], holding: As
) -> None:
    other = holding("p02")
    name = client.get("/1/user/p01/playlists/createdfor", headers=mine).json()["playlists"][0]["playlist"]
    playlist = name["identifier"].rsplit("/", 1)[1]
    assert client.get(f"/1/playlist/{playlist}", headers=other).status_code == 404
    for path in ("listens", "listen-count", "playing-now", "playlists", "playlists/createdfor"):
        assert client.get(f"/1/user/p01/{path}", headers=other).status_code == 403
        assert client.get(f"/1/user/p01/{path}").status_code == 401
    assert client.get("/1/feedback/user/p01/get-feedback", headers=other).status_code == 403
    read = holding("p01", "read")
    assert client.post("/1/submit-listens", headers=read, json=body(listen())).status_code == 403


@contextmanager
def running(path: Path) -> Iterator[tuple[str, House]]:
    """The service at a port of its own."""
    app = create_app(path, Settings(service=ServiceConfig(rate=0)))
    house: House = app.state.house
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", house
    finally:
        server.should_exit = True
        thread.join()


def test_liblistenbrainz_can_use_it(library: Library) -> None:
    with running(library.path) as (address, house):
        theirs = liblistenbrainz.ListenBrainz(address)
        with pytest.raises(liblistenbrainz.errors.InvalidAuthTokenException):
            theirs.set_auth_token("5f1a3b6e-0000-4000-8000-000000000000")
        theirs.set_auth_token(house.tokens.create("p01"))
        one = liblistenbrainz.Listen(track_name="One", artist_name="U2", listened_at=AT, recording_mbid=MBID)
        many = [liblistenbrainz.Listen("Two", "U2", listened_at=AT + 300 * n) for n in range(1, 4)]
        assert theirs.submit_single_listen(one) == {"status": "ok"}
        assert theirs.submit_multiple_listens(many) == {"status": "ok"}
        assert theirs.submit_playing_now(liblistenbrainz.Listen("Three", "U2")) == {"status": "ok"}
        now = theirs.get_playing_now("p01")
        assert now is not None and now.track_name == "Three"
        assert [each.listened_at for each in theirs.get_listens("p01", count=2)] == [AT + 900, AT + 600]
        assert theirs.get_user_listen_count("p01") == 94
        assert theirs.submit_user_feedback(1, MBID) == {"status": "ok"}
        assert theirs.get_user_feedback("p01", 1, True)["total_count"] == 1
        assert theirs.get_user_recommendation_recordings("p01") is None
