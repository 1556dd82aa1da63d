"""Jobs in processes of their own, and what is done by the clock."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from tests.service.conftest import As, serving

from segue.errors import BusyError
from segue.library import Library
from segue.playlists.memory import Weeks
from segue.service import clock
from segue.service.house import House
from segue.service.tables import JOBS
from segue.shelf.names import shelf_of


def ended(house: House, number: int) -> dict:
    for _ in range(6000):  # a loaded machine takes long
        job = house.jobs.find(number)
        if job["state"] != "running":
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def pretend(house: House, **row: object) -> None:
    """A training that was done."""
    new = {"kind": "train", "state": "done", "message": "", "listens": 0, "started_at": time.time()} | row
    house.writer.write(lambda connection: connection.execute(JOBS.insert().values(**new)) and None)


def test_lists_that_are_due_are_made_in_another_process(
    client: TestClient, holding: As, house: House
) -> None:
    operator = holding(None)
    begun = client.post("/v1/jobs", headers=operator, json={"kind": "lists"})
    assert begun.status_code == 202
    with pytest.raises(BusyError):
        house.jobs.begin("lists")
    number = begun.json()["id"]
    told = client.get(f"/v1/jobs/{number}/events", headers=operator)
    rows = [json.loads(line[6:]) for line in told.text.splitlines() if line.startswith("data: ")]
    assert [rows[0]["state"], rows[-1]["state"]] == ["running", "done"], rows
    assert client.get("/v1/jobs", headers=operator).json()["jobs"][0] == rows[-1]
    weeks = Weeks(house.engines.path / "weeks")
    assert len(weeks.listeners_with_list(weeks.names()[-1])) == 40
    assert not clock.lists(house)  # nothing is due any more
    assert client.get("/v1/lists/current", headers=holding("p09")).status_code == 200
    assert client.get("/v1/jobs/99/events", headers=operator).status_code == 404


def test_a_job_that_cannot_be_started_has_failed_and_holds_up_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(house.jobs, "_command", lambda kind: ["/there/is/no/such/program"])
        job = house.jobs.find(house.jobs.begin("lists"))
    assert job["state"] == "failed" and "could not be started" in job["message"]
    assert ended(house, house.jobs.begin("lists"))["state"] == "done"


def test_a_job_that_fails_says_why(client: TestClient, holding: As, house: House) -> None:
    (house.engines.path / "time-zones.csv").write_text("p01,Nowhere/At-All\n")
    job = ended(house, house.jobs.begin("lists"))
    assert job["state"] == "failed"
    assert "time zone" in job["message"]


def test_it_trains_when_enough_is_new(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(house.jobs, "begin", begun.append)
    assert not clock.train(house)  # the model knows all there is
    library = Library.open(house.engines.path)
    with library.writing() as writer:
        writer.append("listens", library.arrow("listens").slice(0, 60))
    assert clock.train(house)
    pretend(house, listens=library.count("listens") - 49)
    assert not clock.train(house)
    pretend(house, listens=library.count("listens") - 50)
    assert clock.train(house)
    assert begun == ["train", "train"]


def test_a_night_that_was_missed_is_made_up_for(house: House) -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert not clock.missed(house, now)
    pretend(house, started_at=(now - timedelta(hours=8)).timestamp())
    assert not clock.missed(house, now)
    assert clock.missed(house, now + timedelta(days=1))


def test_by_the_clock_lists_are_made_at_once_where_they_are_due(library: Library) -> None:
    from segue.service.app import create_app
    from segue.settings import Settings

    with TestClient(create_app(library.path, Settings(), scheduled=True)) as client:
        house: House = client.app.state.house
        for _ in range(6000):  # likewise
            jobs = house.jobs.latest(5)
            if jobs and jobs[0]["state"] != "running":
                break
            time.sleep(0.05)
        assert [(job["kind"], job["state"]) for job in jobs] == [("lists", "done")]
    assert shelf_of(library).versions("factors")


def test_what_ran_when_the_service_ended_is_told_as_stopped(library: Library) -> None:
    with serving(library.path) as client:
        number = client.app.state.house.jobs.begin("train")
    with serving(library.path) as client:
        assert client.app.state.house.jobs.find(number)["state"] == "stopped"
