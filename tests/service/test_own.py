"""Feedback, export and deletion."""

import json

from fastapi.testclient import TestClient
from tests.service.conftest import EARLIER, As

from segue.library import Library
from segue.library.listening import plays
from segue.service.house import House


def test_what_is_hated_does_not_come_again(client: TestClient, holding: As, house: House) -> None:
    mine = holding("p03")
    made = client.post("/v1/lists/current", headers=mine).json()
    track = made["entries"][0]["track"]["id"]
    said = client.post("/v1/feedback", headers=mine, json={"track": track, "kind": "hate"})
    assert said.json()["track"]["id"] == track
    assert house.take_in() == 1
    assert house.take_in() == 0
    after = client.post("/v1/lists/current", headers=mine).json()
    assert track not in [each["track"]["id"] for each in after["entries"]]
    client.post("/v1/feedback", headers=mine, json={"track": track, "kind": "clear"})
    house.take_in()
    library = Library.open(house.engines.path)
    rows = [row for row in library.arrow("feedback").to_pylist() if row["track_id"] == track]
    assert [r["kind"] for r in rows if r["listener_id"] == "p03"] == ["hate", "unlove"]


def test_a_skip_counts_against_a_track_and_is_no_listen_elsewhere(
    client: TestClient, holding: As, house: House
) -> None:
    mine = holding("p03")
    house.relays.add("p03", "http://elsewhere", "t", past=True)
    skip = {"track": "t1-0", "kind": "skip", "played_ms": 4000, "at": "2026-11-28T20:00:00Z"}
    for _ in range(2):  # told again, it is the same skip
        assert client.post("/v1/feedback", headers=mine, json=skip).json()["kind"] == "skip"
    assert house.relays.all()[0]["waiting"] == 0
    assert client.get("/1/user/p03/listens?min_ts=1790000000", headers=mine).json()["payload"]["count"] == 0
    assert house.take_in() == 1
    library = Library.open(house.engines.path)
    rows = library.arrow(plays(library).filter(lambda t: t.source == "segue")).to_pylist()
    (row,) = rows
    assert (row["track_id"], row["skipped"], row["stage"], row["played_ms"]) == ("t1-0", True, 0, 4000)
    client.post("/v1/feedback", headers=mine, json={"track": "t1-0", "kind": "skip"})
    assert house.take_in() == 1  # another skip, now
    assert Library.open(house.engines.path).count("listens") == 90 * 40 + 2
    wrong = client.post("/v1/feedback", headers=mine, json=skip | {"kind": "love"})
    assert wrong.status_code == 422 and "skips alone" in wrong.text


def test_what_was_said_is_told_page_by_page(client: TestClient, holding: As, house: House) -> None:
    mine = holding("p03")
    kinds = {"t1-0": "ban", "t1-1": "save", "t1-2": "love", "t1-3": "hate"}
    for track, kind in kinds.items():
        assert (
            client.post("/v1/feedback", headers=mine, json={"track": track, "kind": kind}).status_code == 200
        )

    def said() -> dict[str, str]:
        found, cursor = {}, None
        while True:
            query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = client.get("/v1/feedback", headers=mine, params=query).json()
            found |= {each["track"]["id"]: each["kind"] for each in page["feedback"]}
            if (cursor := page["next"]) is None:
                return found

    before = said()
    assert kinds.items() <= before.items()
    house.take_in()
    assert said() == before
    library = Library.open(house.engines.path)
    rows = library.arrow("feedback").to_pylist()
    assert ("p03", "t1-0", "ban") in {(r["listener_id"], r["track_id"], r["kind"]) for r in rows}
    client.post("/v1/feedback", headers=mine, json={"track": "t1-0", "kind": "clear"})
    assert said().keys() == before.keys() - {"t1-0"}
    assert not {*kinds} & {*(e["track"]["id"] for e in _feedback(client, holding("p04")))}


def _feedback(client: TestClient, headers: dict[str, str]) -> list[dict]:
    return client.get("/v1/feedback", headers=headers).json()["feedback"]


def test_all_that_is_known_can_be_taken_away(client: TestClient, holding: As) -> None:
    mine = holding("p01")
    assert client.post("/v1/radio", headers=mine, json={"seeds": ["t1-0"]}).status_code == 201
    sent = {"artist_name": "A", "track_name": "B"}
    sent = {"listen_type": "single", "payload": [{"listened_at": 1_790_000_000, "track_metadata": sent}]}
    client.post("/1/submit-listens", headers=mine, json=sent)
    answer = client.get("/v1/export", headers=mine)
    rows = [json.loads(line) for line in answer.text.splitlines()]
    kinds = {kind: sum(row["what"] == kind for row in rows) for kind in {row["what"] for row in rows}}
    assert kinds["listens"] == 90 and kinds["weekly list"] == 30
    assert kinds["radio"] == kinds["on its way"] == 1
    assert "p02" not in answer.text


def test_who_asks_for_it_is_forgotten(client: TestClient, holding: As, house: House) -> None:
    mine, other = holding("p01"), holding("p02")
    sent = {"artist_name": "A", "track_name": "B"}
    sent = {"listen_type": "single", "payload": [{"listened_at": 1_790_000_000, "track_metadata": sent}]}
    client.post("/1/submit-listens", headers=mine, json=sent)
    assert client.delete("/v1/listener?confirm=yes", headers=mine).status_code == 422
    assert client.delete("/v1/listener?confirm=p01", headers=other).status_code == 422
    done = client.delete("/v1/listener?confirm=p01", headers=mine)
    assert done.status_code == 200, done.text
    assert done.json()["removed"]["listens"] == 90
    assert done.json()["removed"]["service: listens"] == 1
    assert client.get(f"/v1/lists/{EARLIER}", headers=mine).status_code == 401
    assert house.take_in() == 0
    everybody = holding(None, everybody=True)
    again = client.post("/v1/lists/current?listener=p01", headers=everybody)
    assert again.status_code == 422
    assert client.get(f"/v1/lists/{EARLIER}", headers=other).status_code == 200
