"""Tastes, similar, search, explain, why-not, radio and order over HTTP; models that are taken up."""

import pytest
from fastapi.testclient import TestClient
from tests.service.conftest import EARLIER, As, serving

from segue.engine import Engine
from segue.factors.config import ALSConfig
from segue.factors.model import FactorConfig
from segue.library import Library
from segue.playlists.training import train
from segue.service.house import House


def test_it_says_what_the_engine_says(client: TestClient, holding: As, library: Library) -> None:
    mine, engine = holding("p01"), Engine(library)
    tastes = client.get("/v1/tastes", headers=mine).json()["tastes"]
    assert [each["name"] for each in tastes] == [each.name for each in engine.tastes("p01")]
    near = client.get("/v1/similar", headers=mine, params={"track": "t1-0", "count": 5}).json()["near"]
    there = engine.similar("t1-0", 5)
    assert [each["track"]["id"] for each in near] == [
        there.catalogue.card(n.number).track_id for n in there.near
    ]
    found = client.get("/v1/search", headers=mine, params={"q": "song t1-0"}).json()
    assert found["tracks"][0]["id"] == "t1-0"
    nothing = client.get("/v1/search", headers=mine, params={"q": "xyzzy plugh"}).json()
    assert nothing["tracks"] == []
    track = near[0]["track"]["id"]
    why = client.get("/v1/explain", headers=mine, params={"track": track}).json()
    assert why["score"] == pytest.approx(engine.explain("p01", track).score)
    absent = client.get("/v1/why-not", headers=mine, params={"track": track, "week": EARLIER}).json()
    assert absent["verdicts"]
    named = client.post("/v1/recommendations", headers=mine, json={"likes": ["t1-0", "t1-1"]}).json()
    assert len(named["entries"]) == 30
    assert client.post("/v1/recommendations", headers=mine, json={}).status_code == 422
    titled = client.post("/v1/recommendations", headers=mine, json={"title": "rainy sunday"})
    assert titled.status_code == 200 and titled.json()["title"] == "rainy sunday"


def test_a_radio_follows_and_goes_on_after_a_restart(library: Library) -> None:
    with serving(library.path) as client:
        token = client.app.state.house.tokens.create("p01")
        mine = {"Authorization": f"Token {token}"}
        begun = client.post("/v1/radio", headers=mine, json={"seeds": ["t1-0"]})
        assert begun.status_code == 201, begun.text
        name, now = begun.json()["id"], begun.json()["now"]
        assert now["number"] == 1
        came = [now["track"]["id"]]
        for skipped in (False, True, False):
            told = {"number": now["number"], "skipped": skipped}
            now = client.post(f"/v1/radio/{name}/answers", headers=mine, json=told).json()["now"]
            again = client.post(f"/v1/radio/{name}/answers", headers=mine, json=told).json()["now"]
            assert again == now  # the answer got lost on the way
            came.append(now["track"]["id"])
        assert len(set(came)) == 4
        early = client.post(f"/v1/radio/{name}/answers", headers=mine, json={"number": 9, "skipped": True})
        assert early.status_code == 422
    with serving(library.path) as client:
        kept = client.get(f"/v1/radio/{name}", headers=mine).json()["now"]
        assert kept == now
        coming = client.post(f"/v1/radio/{name}/answers", headers=mine, json={"number": 4, "skipped": False})
        assert coming.json()["now"]["track"]["id"] not in came
        other = {"Authorization": f"Token {client.app.state.house.tokens.create('p02')}"}
        assert client.get(f"/v1/radio/{name}", headers=other).status_code == 404
        assert client.delete(f"/v1/radio/{name}", headers=other).status_code == 404
        assert client.delete(f"/v1/radio/{name}", headers=mine).status_code == 204
        assert client.get(f"/v1/radio/{name}", headers=mine).status_code == 404


def test_order_needs_a_trained_user_model(client: TestClient, holding: As) -> None:
    answer = client.post("/v1/order", headers=holding("p01"), json={"tracks": ["t1-0", "t1-1"]})
    assert answer.status_code == 404
    assert "segue agents train" in answer.json()["hint"]


def test_a_new_version_is_taken_up_and_rolled_back(
    client: TestClient, holding: As, house: House, library: Library
) -> None:
    operator = holding(None)
    (before,) = [
        each for each in client.get("/v1/models", headers=operator).json() if each["name"] == "factors"
    ]
    held = house.engines.current
    train(library, FactorConfig(als=ALSConfig(factors=8, iterations=2, random_state=1)))
    assert house.engines.look()
    assert not house.engines.look()
    (after,) = [
        each for each in client.get("/v1/models", headers=operator).json() if each["name"] == "factors"
    ]
    assert after["answering"] == after["current"] != before["current"]
    assert held.factors().version == before["current"]  # who is being answered keeps what they began with
    back = client.post("/v1/models/factors/rollback", headers=operator, json={}).json()
    assert back["answering"] == before["current"]
    assert client.post("/v1/models/nothing/rollback", headers=operator, json={}).status_code == 404


def test_a_library_without_models_answers_what_it_can(tmp_path, trained) -> None:
    import shutil

    shutil.copytree(trained, tmp_path / "bare", ignore=shutil.ignore_patterns("shelf"))
    with serving(tmp_path / "bare") as client:
        token = client.app.state.house.tokens.create("p01")
        mine = {"Authorization": f"Bearer {token}"}
        assert client.get("/health/ready").json()["models"] == {}
        assert client.get("/v1/search", headers=mine, params={"q": "t1-0"}).json()["tracks"]
        untrained = client.post("/v1/lists/current", headers=mine)
        assert (untrained.status_code, untrained.json()["hint"]) == (404, "segue train")


def test_an_error_of_its_own_is_told_as_a_problem_without_what_it_was(
    client: TestClient, holding: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret of the house")

    monkeypatch.setattr("segue.service.v1.music.find_tracks", broken)
    answer = client.get("/v1/search?q=song", headers=holding("p01"))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text and answer.json()["hint"]
