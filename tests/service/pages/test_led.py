"""The pages of a library with an agent: a session that it leads, and a list that it puts in order."""

import base64
import csv
import io
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from tests.service.conftest import EARLIER
from tests.service.pages.conftest import word

from segue.library import Library
from segue.service.app import create_app
from segue.service.pages.texts import text
from segue.settings import ServiceConfig, Settings
from segue.wording import ORDERED

PART = {"x-segue-part": "1"}


@pytest.fixture
def p01(agent_library: Library) -> Iterator[TestClient]:
    """p01, where an agent leads."""
    app = create_app(agent_library.path, Settings(service=ServiceConfig(rate=0)))
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1:8420") as client:
        client.post("/sign-in", data={"token": client.app.state.house.tokens.create("p01")})
        yield client


def test_the_agent_leads_beside_greed(p01: TestClient) -> None:
    begun = p01.post("/session", data={"word": word(p01, "/session")})
    assert begun.url.path.startswith("/session/") and text("session.greed") in begun.text
    first = _now(begun.text)
    fields = {"word": word(p01, begun.url.path), "number": "1", "answer": "skip"}
    part = p01.post(begun.url.path, data=fields, headers=PART).text
    assert "<html" not in part and _now(part) != first
    assert f"<s>{first}</s>" in part and "was the chance that you hear it out" in part
    assert re.search(r'<td class="number">[+−]\d', part), "what the answer moved is told"


def test_a_list_is_put_in_order_and_can_be_had(p01: TestClient) -> None:
    page = p01.get(f"/week?week={EARLIER}").text
    before = re.findall(r'<p class="title">([^<]+)<', page)
    part = p01.post("/order/week", data={"word": word(p01, "/order"), "week": EARLIER}, headers=PART).text
    after = re.findall(r"<strong>(Song [^<]+)</strong>", part)
    assert sorted(after) == sorted(before) and len(after) == 30
    files = re.findall(r'href="data:[^,]+,([^"]+)" download="[^"]+\.(\w+)"', part)
    found = {suffix: base64.b64decode(data).decode() for data, suffix in files}
    assert set(found) == {"m3u8", "jspf", "csv"}
    assert [row["title"] for row in csv.DictReader(io.StringIO(found["csv"]))] == after
    assert found["m3u8"].startswith("#EXTM3U")


def test_an_order_is_told_in_the_same_words_everywhere() -> None:
    assert {by: text(f"order.by_{by}") for by in ORDERED} == ORDERED


def _now(page: str) -> str:
    found = re.search(r'<h1 class="big-title">([^<]+)<', page)
    assert found is not None
    return found[1]
