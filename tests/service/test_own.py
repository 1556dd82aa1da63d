"""Feedback, export and deletion."""

import json

from fastapi.testclient import TestClient
from tests.service.conftest import EARLIER, As

from segue.library import Library
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
