"""Listens passed on to another server: none is lost, none is there twice, whatever that server does."""

from __future__ import annotations

import time
from pathlib import Path

import httpx2 as httpx
import orjson
import pytest
import sqlalchemy as sa

from segue.errors import NotFoundError, UsageError
from segue.library import Library
from segue.service.database import connect
from segue.service.inbox import Inbox, Listen
from segue.service.listenbrainz.reading import msid, submission
from segue.service.relays import Relays
from segue.service.tables import RELAYS
from segue.service.writing import Writer

AT = 1_700_000_000


class Other:
    """A server that keeps a listen of one moment and song once, and answers as `answers` say first."""

    def __init__(self) -> None:
        self.answers: list[httpx.Response | Exception] = []
        self.held: set[tuple[int, str]] = set()
        self.order: list[int] = []
        self.bodies: list[bytes] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.url == "http://there/1/submit-listens"
        assert request.headers["authorization"] == "Token theirs"
        self.bodies.append(request.content)
        answer = self.answers.pop(0) if self.answers else httpx.Response(200, json={"status": "ok"})
        kind, listens = submission(request.content)
        assert kind == ("single" if len(listens) == 1 else "import")
        if isinstance(answer, httpx.ConnectError):
            raise answer
        if isinstance(answer, Exception) or answer.status_code == 200:
            if any(each.track_metadata["track_name"] == "refused" for each in listens):
                return httpx.Response(400, text="no such song")
            self.order += [each.listened_at for each in listens]
            self.held |= {(each.listened_at, each.msid) for each in listens}
        if isinstance(answer, Exception):
            raise answer  # it was taken in, and the answer got lost
        return answer


class Here:
    """A service's part that passes listens on."""

    def __init__(self, folder: Path) -> None:
        Library.open(folder, create=True)
        self.database = connect(folder)
        self.writer, self.other = Writer(self.database), Other()
        self.inbox = Inbox(folder, self.database, self.writer)
        self.relays = Relays(self.database, self.writer, httpx.MockTransport(self.other))

    def come(self, first: int, count: int = 1, who: str = "ada", title: str = "B") -> None:
        metadata = {"artist_name": "A", "track_name": title, "additional_info": {"duration_ms": 1000}}
        listens = [Listen(AT + n, msid("A", title), metadata) for n in range(first, first + count)]
        self.writer.write(lambda connection: self.inbox.accept(connection, who, listens))

    def soon(self) -> None:
        """Time goes by."""
        with self.database.begin() as connection:
            connection.execute(RELAYS.update().values(next_at=0))


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path / "library")


def test_nothing_is_lost_and_nothing_twice(here: Here) -> None:
    here.come(0)  # before the relay
    here.relays.add("ada", "http://there/1/", "theirs")
    here.come(1, 230)
    here.come(300, who="bob")
    here.other.answers = [
        httpx.Response(200),
        httpx.Response(503),
        httpx.ConnectError("away"),
        httpx.ReadError("no reply"),
        httpx.Response(429, headers={"Retry-After": "30"}),
    ]
    assert here.relays.send() == 100
    assert here.relays.send() == 0  # not yet
    (state,) = here.relays.all()
    assert (state["waiting"], state["failures"], "token" in state) == (130, 1, False)
    for _ in range(3):
        here.soon()
        assert here.relays.send() == 0
    assert here.relays.all()[0]["failures"] == 4
    with here.database.connect() as connection:
        wait = connection.execute(sa.select(RELAYS.c.next_at)).scalar_one()
    assert 10 < wait - time.time() <= 30
    here.soon()
    assert here.relays.send() == 130
    assert {at for at, _ in here.other.held} == {AT + n for n in range(1, 231)}
    assert here.other.order[:100] == [AT + n for n in range(1, 101)]
    assert here.relays.all()[0]["waiting"] == 0
    here.relays.remove(1)
    with pytest.raises(NotFoundError):
        here.relays.remove(1)


def test_after_a_success_the_wait_begins_anew(here: Here) -> None:
    here.relays.add("ada", "http://there", "theirs")
    here.come(0, 150)
    here.other.answers = [httpx.Response(503)] * 5
    for _ in range(5):
        here.soon()
        here.relays.send()
    assert here.relays.all()[0]["failures"] == 5
    here.other.answers = [httpx.Response(200), httpx.Response(503)]
    here.soon()
    assert here.relays.send() == 100
    assert here.relays.all()[0]["failures"] == 1


def test_one_that_is_refused_holds_up_nobody(here: Here) -> None:
    here.come(0, 3)
    here.come(3, title="refused")
    here.come(4, 3)
    here.relays.add("ada", "http://there", "theirs", past=True)
    assert here.relays.send() == 6
    (state,) = here.relays.all()
    assert (state["refused"], state["waiting"], "no such song" in state["problem"]) == (1, 0, True)
    here.come(10)
    here.other.answers = [httpx.Response(401)]
    assert here.relays.send() == 0
    assert "token" in here.relays.all()[0]["problem"]
    assert here.relays.all()[0]["waiting"] == 1


@pytest.mark.parametrize("address", ["file:///etc/passwd", "there", "http://", "gopher://x"])
def test_an_address_that_is_none(here: Here, address: str) -> None:
    with pytest.raises(UsageError):
        here.relays.add("ada", address, "t")


def test_listens_are_sent_as_they_came(here: Here) -> None:
    here.come(0)
    here.relays.add("ada", "http://there", "theirs", past=True)
    assert here.relays.send() == 1
    metadata = {"artist_name": "A", "track_name": "B", "additional_info": {"duration_ms": 1000}}
    assert orjson.loads(here.other.bodies[0])["payload"] == [{"listened_at": AT, "track_metadata": metadata}]
