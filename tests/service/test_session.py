"""A session that the agent leads, over HTTP; what is served is kept with its chance."""

import json

import orjson
import pytest
from fastapi.testclient import TestClient
from tests.service.conftest import serving
from typer.testing import CliRunner

from segue.cli.app import app
from segue.engine.trial import Trial
from segue.library import Library
from segue.playlists.radio_config import RadioConfig
from segue.service.tables import STREAM_TRACKS
from segue.settings import TrialConfig


def _headers(client: TestClient, listener: str = "p01") -> dict[str, str]:
    return {"Authorization": f"Bearer {client.app.state.house.tokens.create(listener)}"}


def test_the_agent_leads_and_goes_on_after_a_restart(agent_library: Library) -> None:
    with serving(agent_library.path, explore=0.3) as client:
        mine = _headers(client)
        begun = client.post("/v1/session", headers=mine, json={})
        assert begun.status_code == 201, begun.text
        name, now = begun.json()["id"], begun.json()
        came = []
        for number, skipped in ((1, False), (2, True), (3, False)):
            assert now["now"]["number"] == number
            assert now["candidates"][0]["q"] == max(each["q"] for each in now["candidates"])
            came.append(now["now"]["track"]["id"])
            told = {"number": number, "skipped": skipped}
            now = client.post(f"/v1/session/{name}/answers", headers=mine, json=told).json()
            assert client.post(f"/v1/session/{name}/answers", headers=mine, json=told).json() == now
        assert 0 < now["stay"] < 1
        assert now["now"]["track"]["id"] not in came
        assert client.get(f"/v1/radio/{name}", headers=mine).status_code == 404  # it is no radio
    with serving(agent_library.path) as client:
        again = client.get(f"/v1/session/{name}", headers=mine).json()
        assert again["now"] == now["now"]
        assert again["candidates"] == now["candidates"]
        other = _headers(client, "p02")
        assert client.get(f"/v1/session/{name}", headers=other).status_code == 404
        database = client.app.state.house.database
        with database.connect() as connection:
            rows = connection.execute(STREAM_TRACKS.select().order_by(STREAM_TRACKS.c.number)).all()
        assert [row.stage for row in rows] == [3, 1, 3, None]
        for row in rows:
            pool = orjson.loads(row.pool)
            best, places = 0.7 + 0.3 / len(pool), [each[0] for each in pool]
            assert row.track_id in places
            first = row.track_id == places[0]
            assert row.chance == pytest.approx(best if first else 0.3 / len(pool))
        assert client.delete(f"/v1/session/{name}", headers=mine).status_code == 204
        assert client.get(f"/v1/session/{name}", headers=mine).status_code == 404
        with database.connect() as connection:  # the log of what was served stays
            assert len(connection.execute(STREAM_TRACKS.select()).all()) == 4
    told = CliRunner().invoke(app, ["evaluate", "served", "--json", "--library", str(agent_library.path)])
    first, *others = json.loads(told.output)["estimates"]
    assert (first["policy"], first["choices"]) == ("as served", 3)
    assert {each["policy"] for each in others} <= {
        "the best always",
        "greed on the user model",
        "any of the pool",
    }


def test_somebody_new_names_what_they_like(agent_library: Library) -> None:
    with serving(agent_library.path) as client:
        new = _headers(client, "somebody new")
        assert client.post("/v1/session", headers=new, json={}).status_code == 404
        begun = client.post("/v1/session", headers=new, json={"seeds": ["t1-0"], "by": "greedy"})
        assert begun.status_code == 201, begun.text
        named = {"tracks": ["t1-0", "t1-1", "t2-4"]}
        few = client.post("/v1/session", headers=new, json=named).json()
        assert {each["track_id"] for each in few["candidates"]} == {"t1-0", "t1-1", "t2-4"}


def test_without_an_agent_it_says_what_to_do(library: Library) -> None:
    with serving(library.path) as client:
        answer = client.post("/v1/session", headers=_headers(client), json={})
        assert (answer.status_code, "segue agents train" in answer.json()["hint"]) == (404, True)


def test_a_trial_gives_each_listener_one_setting_for_ever() -> None:
    trial = Trial(TrialConfig(name="new songs", share=0.3, radio={"new": 0.9}))
    arms = [trial.arm(f"listener {n}") for n in range(2000)]
    assert arms == [trial.arm(f"listener {n}") for n in range(2000)]
    assert 0.26 < arms.count("new songs/b") / 2000 < 0.34
    assert trial.radio(RadioConfig(), "new songs/b").new == 0.9
    assert trial.radio(RadioConfig(), "new songs/a") == RadioConfig()
    assert Trial(TrialConfig()).arm("ada") == ""
