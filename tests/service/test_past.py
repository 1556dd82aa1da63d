"""What was played, and what of it is left out of a listener's taste."""

import html
import re

from fastapi.testclient import TestClient
from tests.service.conftest import As

from segue.service.house import House


def test_a_session_is_left_out_and_taken_back(client: TestClient, holding: As, house: House) -> None:
    mine, other = holding("p03"), holding("p04")
    page = client.get("/v1/history?limit=3", headers=mine).json()
    assert len(page["sessions"]) == 3 and page["next"]
    older = client.get("/v1/history", headers=mine, params={"limit": 2, "cursor": page["next"]}).json()
    assert older["sessions"][0]["begins"] < page["sessions"][-1]["begins"]
    one = page["sessions"][1]
    assert one["left_out"] == 0 and one["plays"][0]["track"]["title"].startswith("Song")
    before = house.engines.current.library.fingerprint()
    span = {"begins": one["begins"], "ends": one["ends"]}
    out = client.post("/v1/exclusions", headers=mine, json=span)
    assert out.json() == {"spans": [span]}
    assert house.engines.current.library.fingerprint() != before  # the next answer knows it
    again = client.get("/v1/history?limit=2", headers=mine).json()["sessions"][1]
    assert again["left_out"] == again["count"] == one["count"]
    assert client.get("/v1/exclusions", headers=other).json() == {"spans": []}
    assert client.delete("/v1/exclusions", headers=other, params=span).status_code == 404
    assert "left out of my taste" in client.get("/v1/export", headers=mine).text
    assert client.delete("/v1/exclusions", headers=mine, params=span).json() == {"spans": []}
    assert house.engines.current.library.count("listens") == 90 * 40


def test_what_cannot_be_left_out_is_told(client: TestClient, holding: As) -> None:
    span = {"begins": "2026-11-28T23:00:00Z", "ends": "2026-11-28T20:00:00Z"}
    wrong = client.post("/v1/exclusions", headers=holding("p03"), json=span)
    assert wrong.status_code == 422 and "ends before it begins" in wrong.json()["title"]
    for moment in ("0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "2026-11-28T23:00:00", "now"):
        assert client.get("/v1/history", headers=holding("p03"), params={"cursor": moment}).status_code == 422
    new = client.post("/v1/exclusions", headers=holding("somebody"), json=dict.fromkeys(span, span["ends"]))
    assert new.status_code == 404 and "p0" not in new.text


def test_the_page_has_a_button_for_it(client: TestClient, house: House) -> None:
    client.cookies.set("segue", house.tokens.create("p03"))

    def form(page: str, kind: str) -> dict[str, str]:
        found = re.search(rf"<form[^>]*exclusions.*?value=\"{kind}\".*?</form>", page, re.DOTALL)
        assert found is not None
        last = found[0].rpartition("<form")[2]
        fields = dict(re.findall(r'name="(word|begins|ends|before)" value="([^"]*)"', last))
        return {name: html.unescape(value) for name, value in fields.items()} | {"kind": kind}

    page = client.get("/review").text
    assert "left out of your taste" not in page
    part = client.post("/review/exclusions", data=form(page, "out"), headers={"x-segue-part": "1"})
    assert 'id="lately"' in part.text and "<html" not in part.text and "left out of your taste" in part.text
    page = client.post("/review/exclusions", data=form(part.text, "back")).text
    assert "<html" in page and "left out of your taste" not in page
    earlier = re.search(r'href="(/review\?before=[^"]+)"', page)
    assert earlier is not None and client.get(html.unescape(earlier[1])).status_code == 200
    wrong = client.post("/review/exclusions", data=form(page, "out") | {"begins": "never"})
    assert wrong.status_code == 422
