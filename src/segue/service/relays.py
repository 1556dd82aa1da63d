"""Passing listens on to other servers that speak ListenBrainz' protocol: ListenBrainz itself, Maloja, Koito.

What came in stays in the service's database, in order; a relay remembers the last listen that arrived. So
nothing is lost while the other server is away. What was sent when this process was killed is sent again: at
the other server a listen of one moment and song is one listen, however often it comes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2 as httpx
import orjson
import sqlalchemy as sa

from segue.errors import NotFoundError, UsageError
from segue.service.tables import LISTENS, RELAYS
from segue.service.writing import Writer

log = logging.getLogger("segue.service")
AT_ONCE = 100  # listens of a request
SHORTEST, LONGEST = 5.0, 3600.0  # seconds before it is tried again
REFUSED_TOKEN = (401, 403)
TIMEOUT = 20.0  # seconds
_HEARD = LISTENS.c.track_id.is_(None)  # a skip told over /v1 is no listen elsewhere


class Relays:
    """The relays of all listeners.

    Args:
        database: where they are kept.
        writer: which writes there.
        transport: what carries the requests, for tests.
    """

    def __init__(
        self, database: sa.Engine, writer: Writer, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._database, self._writer, self._lock = database, writer, threading.Lock()
        self._transport = transport

    def add(self, listener: str, address: str, token: str, *, past: bool = False) -> int:
        """Pass on what comes in of a listener from now on, or with `past` all that came; the relay's number.

        Raises:
            UsageError: that is no address.
        """
        root = _root(address)
        newest = sa.select(sa.func.coalesce(sa.func.max(LISTENS.c.id), 0))
        with self._database.connect() as connection:
            sent = 0 if past else connection.execute(newest).scalar_one()
        row = {"listener": listener, "address": root, "token": token, "sent": sent}
        row |= {"failures": 0, "refused": 0, "problem": "", "next_at": 0.0}
        inserted = RELAYS.insert().values(**row).returning(RELAYS.c.id)
        return self._writer.write(lambda connection: connection.execute(inserted).scalar_one())

    def remove(self, number: int) -> None:
        """Pass nothing on any more.

        Raises:
            NotFoundError: there is no such relay.
        """
        gone = RELAYS.delete().where(RELAYS.c.id == number)
        if not self._writer.write(lambda connection: connection.execute(gone).rowcount):
            raise NotFoundError(f"There is no relay {number}", hint="see GET /v1/relays")

    def all(self) -> list[dict[str, Any]]:
        """What is known of each, without its token; `waiting` is how many listens have not arrived."""
        theirs = (LISTENS.c.listener == RELAYS.c.listener) & (LISTENS.c.id > RELAYS.c.sent) & _HEARD
        waiting = sa.select(sa.func.count()).select_from(LISTENS).where(theirs).scalar_subquery()
        query = sa.select(*(each for each in RELAYS.c if each.name != "token"), waiting.label("waiting"))
        with self._database.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query.order_by(RELAYS.c.id))]

    def send(self) -> int:
        """Send what waits, where it is time; how many listens arrived."""
        arrived = 0
        with self._lock:
            due = RELAYS.select().where(RELAYS.c.next_at <= time.time())
            with self._database.connect() as connection:
                relays = connection.execute(due).all()
            with httpx.Client(timeout=TIMEOUT, transport=self._transport) as client:
                for relay in relays:
                    arrived += self._all_of(client, relay)
        return arrived

    def _all_of(self, client: httpx.Client, relay: sa.Row) -> int:
        arrived, sent, at_once, failures = 0, relay.sent, AT_ONCE, relay.failures
        while True:
            theirs = (LISTENS.c.listener == relay.listener) & (LISTENS.c.id > sent) & _HEARD
            query = LISTENS.select().where(theirs).order_by(LISTENS.c.id).limit(at_once)
            with self._database.connect() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return arrived
            try:
                answer = _post(client, relay, rows)
            except httpx.HTTPError as error:
                self._later(relay, str(error) or type(error).__name__, None, failures)
                return arrived
            if answer.status_code == 200:
                sent, arrived = rows[-1].id, arrived + len(rows)
                self._change(relay, sent=sent, failures=0, **({"problem": ""} if failures else {}))
                failures = 0
                if answer.headers.get("x-ratelimit-remaining") == "0":
                    self._change(relay, next_at=time.time() + (_told(answer.headers) or SHORTEST))
                    return arrived
            elif answer.status_code == 429 or answer.status_code >= 500:
                self._later(relay, f"it answered {answer.status_code}", _told(answer.headers), failures)
                return arrived
            elif answer.status_code in REFUSED_TOKEN:
                self._later(relay, "it refuses the token", LONGEST, failures)
                return arrived
            elif len(rows) > 1:
                at_once = 1  # one that it will not take must not hold up the others
            else:
                sent, at_once, failures = rows[0].id, AT_ONCE, 0
                problem = f"it would not take a listen: {answer.text[:200]}"
                self._change(relay, sent=sent, refused=RELAYS.c.refused + 1, failures=0, problem=problem)

    def _later(self, relay: sa.Row, problem: str, wait: float | None, failures: int) -> None:
        """Try again after `wait` seconds, or twice as long as after the last of `failures` in a row."""
        failures += 1
        wait = wait if wait is not None else min(LONGEST, SHORTEST * 2 ** min(failures, 20))
        self._change(relay, failures=failures, problem=problem, next_at=time.time() + wait)
        log.info("a relay waits %.0f seconds: %s", wait, problem)

    def _change(self, relay: sa.Row, **values: Any) -> None:
        changed = RELAYS.update().where(RELAYS.c.id == relay.id).values(**values)
        self._writer.write(lambda connection: connection.execute(changed) and None)


def _post(client: httpx.Client, relay: sa.Row, rows: Sequence[sa.Row]) -> httpx.Response:
    payload = [
        {"listened_at": row.listened_at, "track_metadata": orjson.loads(row.track_metadata)} for row in rows
    ]
    body = {"listen_type": "single" if len(payload) == 1 else "import", "payload": payload}
    headers = {"Authorization": f"Token {relay.token}", "Content-Type": "application/json"}
    return client.post(f"{relay.address}/1/submit-listens", content=orjson.dumps(body), headers=headers)


def _told(headers: Mapping[str, str]) -> float | None:
    """How long the other server asks to wait, in seconds."""
    for name in ("retry-after", "x-ratelimit-reset-in"):
        if headers.get(name, "").isdigit():
            return min(float(headers[name]), LONGEST)
    return None


def _root(address: str) -> str:
    """The address without what is put behind it.

    >>> _root("https://api.listenbrainz.org/1/"), _root("http://koito:4110/apis/listenbrainz")
    ('https://api.listenbrainz.org', 'http://koito:4110/apis/listenbrainz')
    """
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError("That is no address", expected="https://api.listenbrainz.org", got=address[:200])
    return address.rstrip("/").removesuffix("/1").rstrip("/")
