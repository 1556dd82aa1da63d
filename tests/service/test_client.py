"""`segue.Client` against the real application."""

from collections.abc import Iterator

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from tests.service.conftest import EARLIER, As

import segue
from segue.errors import BusyError, NotFoundError, SegueError, UsageError


@pytest.fixture
def mine(client: TestClient, holding: As) -> Iterator[segue.Client]:
    with segue.Client("http://testserver", _token(holding("p01")), transport=client._transport) as made:
        yield made


def _token(headers: dict[str, str]) -> str:
    return headers["Authorization"].split()[1]


def test_it_speaks_the_whole_api(mine: segue.Client, client: TestClient, holding: As) -> None:
    assert list(mine.weeks()) == [EARLIER]
    first = mine.weekly(EARLIER)
    assert (len(first.entries), mine.weekly(EARLIER)) == (30, first)  # the second time by its ETag
    assert mine.weekly_file(EARLIER).startswith(b"#EXTM3U")
    assert mine.tastes()
    track = first.entries[0].track.id
    assert mine.explain(track).track.id == track
    assert mine.why_not(track, EARLIER).verdicts
    assert mine.search("song t1-0").tracks[0].id == "t1-0"
    assert mine.similar("t1-0", 3).near
    assert mine.recommend(["t1-0"]).entries
    assert mine.feedback("t1-0", "save").kind == "save"
    assert mine.feedback("t1-1", "skip", played_ms=900).kind == "skip"
    assert next(mine.said()).track.id == "t1-0"
    played = next(mine.history())
    assert mine.leave_out(played.begins, played.ends) == mine.left_out()
    assert mine.take_back(played.begins, played.ends) == []
    radio = mine.radio(["t1-0"])
    before = radio.now
    assert radio.skipped(3000).now != before
    assert radio.played().now is not None
    radio.end()
    with pytest.raises(NotFoundError):
        radio.played()
    with pytest.raises(NotFoundError, match="segue agents train"):
        mine.session()
    assert {row["what"] for row in mine.export()} >= {"listens", "weekly list", "radio"}
    with pytest.raises(UsageError, match="scope admin"):
        mine.models()
    operator = segue.Client("http://testserver", _token(holding(None)), transport=client._transport)
    (model,) = [each for each in operator.models() if each.name == "factors"]
    assert operator.publish("factors", model.versions[0]).answering == model.versions[0]
    assert operator.roll_back("factors", model.versions[-1]).answering == model.versions[-1]
    token = operator.create_token("p02", ["read"])
    other = segue.Client("http://testserver", token, transport=client._transport)
    assert other.tastes()
    assert other.forget is not None
    assert list(operator.jobs()) == []


def test_what_is_busy_is_asked_again_and_what_is_wrong_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("segue.service.client.time.sleep", waited.append)
    answers = [httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(503)]
    good = httpx.Response(200, json={"listener": "ada", "tastes": []})
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answers.pop(0) if answers else good

    with segue.Client("http://there", "t", listener="ada", transport=httpx.MockTransport(answer)) as client:
        assert client.tastes() == []
        assert (len(asked), waited[0]) == (3, 7.0)
        assert asked[0].url.params["listener"] == "ada"
        answers += [httpx.Response(409, json={"title": "Busy", "hint": "wait"})]
        with pytest.raises(BusyError, match="wait"):
            client.tastes()
        answers += [httpx.Response(503)]  # begun, perhaps: it is not sent again
        with pytest.raises(SegueError):
            client.radio()
