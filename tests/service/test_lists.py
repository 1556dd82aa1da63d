"""Weekly lists over HTTP."""

import json
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient
from tests.service.conftest import EARLIER, As

from segue.engine import Engine
from segue.engine.schedule import week_due, zone
from segue.engine.weekly import weekly
from segue.library import Library
from segue.playlists.memory import Weeks


def test_a_list_is_given_in_every_format_and_is_the_same(client: TestClient, holding: As) -> None:
    mine = holding("p01")
    as_json = client.get(f"/v1/lists/{EARLIER}", headers=mine)
    assert as_json.status_code == 200, as_json.text
    ids = [entry["track"]["id"] for entry in as_json.json()["entries"]]
    assert len(ids) == 30
    jspf = client.get(f"/v1/lists/{EARLIER}?format=jspf", headers=mine).json()["playlist"]
    assert len(jspf["track"]) == 30
    assert jspf["track"][0]["annotation"] == as_json.json()["entries"][0]["reason"]
    xspf = client.get(f"/v1/lists/{EARLIER}", headers=mine | {"Accept": "application/xspf+xml"})
    assert xspf.headers["content-type"] == "application/xspf+xml"
    assert len(ElementTree.fromstring(xspf.content).findall(".//{*}track")) == 30
    m3u8 = client.get(f"/v1/lists/{EARLIER}?format=m3u8", headers=mine)
    assert m3u8.text.startswith("#EXTM3U")


def test_a_list_that_is_known_is_not_sent_again(client: TestClient, holding: As, library: Library) -> None:
    mine = holding("p01")
    first = client.get(f"/v1/lists/{EARLIER}", headers=mine)
    again = client.get(f"/v1/lists/{EARLIER}", headers=mine | {"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    from segue.playlists.weekly_config import WeeklyConfig

    weekly(Engine(library), EARLIER, listeners=["p01"], config=WeeklyConfig(tracks=9))
    changed = client.get(f"/v1/lists/{EARLIER}", headers=mine | {"If-None-Match": first.headers["etag"]})
    assert len(changed.json()["entries"]) == 9


def test_this_weeks_list_is_made_when_asked_for(client: TestClient, holding: As) -> None:
    mine = holding("p03")
    missing = client.get("/v1/lists/current", headers=mine)
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"
    assert "POST /v1/lists/current" in missing.json()["hint"]
    made = client.post("/v1/lists/current", headers=mine).json()
    week = week_due(datetime.now(UTC), "06:00", zone("UTC"))
    assert (made["week"], len(made["entries"])) == (week, 30)
    kept = client.get("/v1/lists/current", headers=mine).json()
    assert [e["track"]["id"] for e in kept["entries"]] == [e["track"]["id"] for e in made["entries"]]


def test_a_list_made_early_on_monday_is_this_weeks(
    client: TestClient, holding: As, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = datetime(2026, 8, 3, 3, tzinfo=UTC)  # a Monday; lists are due at six
    monkeypatch.setattr("segue.service.v1.lists.datetime", SimpleNamespace(now=early.astimezone))
    weekly(Engine(library), "2026-W31", listeners=["p01"])
    assert client.get("/v1/lists/current", headers=holding("p01")).json()["week"] == "2026-W31"
    weekly(Engine(library), "2026-W32", listeners=["p01"])
    assert client.get("/v1/lists/current", headers=holding("p01")).json()["week"] == "2026-W32"


def test_somebody_new_gets_a_list_too(client: TestClient, holding: As) -> None:
    made = client.post("/v1/lists/current", headers=holding("somebody new"))
    assert made.status_code == 200, made.text
    assert len(made.json()["entries"]) == 30
    assert made.json()["notes"]


def test_weeks_come_page_by_page(client: TestClient, holding: As, library: Library) -> None:
    for week in ("2026-W28", "2026-W29"):  # as if they had been made in their time
        Weeks(library.path / "weeks").remember(week, weekly(Engine(library), week, listeners=["p01"]))
    mine, found, cursor = holding("p01"), [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/lists", headers=mine, params=query).json()
        found += [each["week"] for each in page["lists"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == ["2026-W30", "2026-W29", "2026-W28"]
    assert json.loads(client.get("/v1/lists", headers=holding("p09")).text)["lists"] == []


def test_a_week_that_is_none_is_told(client: TestClient, holding: As) -> None:
    for week, status in (("2026-W99", 422), ("monday", 422), ("1999-W01", 404)):
        assert client.get(f"/v1/lists/{week}", headers=holding("p01")).status_code == status
