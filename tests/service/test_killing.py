"""kill -9 amid submitted listens, relays, publishes and lists: all is there once, and nothing by half."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2 as httpx
import pytest

from segue.engine import Engine
from segue.library import Library
from segue.playlists.memory import Weeks
from segue.service.database import connect
from segue.service.inbox import Inbox
from segue.service.relays import Relays
from segue.service.tokens import Tokens
from segue.service.writing import Writer
from segue.shelf.names import shelf_of

KILLS = int(os.environ.get("KILLS", "12"))
AT = 1_700_000_000


def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def submit(address: str, token: str, first: int, acknowledged: set[int], until: threading.Event) -> None:
    """Send listens one after another, each a moment of its own, and write down which were acknowledged."""
    at = first
    with httpx.Client(base_url=address, headers={"Authorization": f"Token {token}"}, timeout=5) as client:
        while not until.is_set():
            metadata = {"artist_name": f"Artist {at % 9}", "track_name": f"Song {at % 31}"}
            payload = [{"listened_at": AT + 60 * at, "track_metadata": metadata}]
            sent = {"listen_type": "single", "payload": payload}
            try:
                answer = client.post("/1/submit-listens", content=json.dumps(sent))
            except httpx.HTTPError:
                time.sleep(0.02)
                continue  # the same again, as players do
            assert answer.status_code == 200, answer.text
            acknowledged.add(AT + 60 * at)
            at += 1


class Elsewhere(ThreadingHTTPServer):
    """Another server that takes listens: one of one moment and song is one, however often it comes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.came: Counter[int] = Counter()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Taking(BaseHTTPRequestHandler):
    server: Elsewhere

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.came.update(listen["listened_at"] for listen in body["payload"])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        pass


def ask(address: str, token: str, paths: list[tuple[str, dict | None]], until: threading.Event) -> None:
    """Ask for one thing after another, whatever comes of it but an error of the service itself."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=address, headers=headers, timeout=30) as client:
        for path, body in itertools.cycle(paths):
            if until.is_set():
                return
            try:
                answer = client.post(path, json=body)
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            assert answer.status_code < 500, answer.text
            time.sleep(0.05)


@pytest.mark.slow
def test_what_was_acknowledged_is_there_once(library: Library) -> None:
    database = connect(library.path)
    token = Tokens(database).create("p01")
    operator = Tokens(database).create(None, ["admin"])
    versions = shelf_of(library).versions("factors")
    elsewhere, first_writer = Elsewhere(), Writer(database)
    Relays(database, first_writer).add("p01", elsewhere.address, "theirs")
    first_writer.close()
    number, chance = port(), random.Random(7)
    address = f"http://127.0.0.1:{number}"
    command = [sys.executable, "-m", "segue", "serve", "--library", str(library.path), "--port", str(number)]
    environment = os.environ | {"SEGUE_SERVICE__TAKE_IN_EVERY": "0.3", "SEGUE_SERVICE__RATE": "0"}
    environment |= {"SEGUE_SERVICE__RELAY_EVERY": "0.3", "SEGUE_SERVICE__WARM": "false"}
    done, acknowledged = threading.Event(), [set[int]() for _ in range(4)]
    threads = [
        threading.Thread(target=submit, args=(address, token, 100_000 * n, acknowledged[n], done))
        for n in range(4)
    ]
    publishes: list[tuple[str, dict | None]] = [
        ("/v1/models/factors/publish", {"version": version}) for version in versions
    ]
    for held, paths in ((operator, publishes), (token, [("/v1/lists/current", None)])):
        threads.append(threading.Thread(target=ask, args=(address, held, paths, done)))
    for thread in threads:
        thread.start()
    try:
        for kill in range(KILLS):
            process = subprocess.Popen(
                [*command, "--no-schedule"], env=environment, stdout=subprocess.DEVNULL
            )
            before = sum(map(len, acknowledged))
            for _ in range(2400):  # a loaded machine starts it slowly
                if sum(map(len, acknowledged)) > before:
                    break
                time.sleep(0.05)
            time.sleep(chance.uniform(0.05, 12.0 if kill % 4 == 3 else 2.0))  # a list takes some seconds
            process.send_signal(signal.SIGKILL)
            process.wait()
    finally:
        done.set()
        for thread in threads:
            thread.join()
    everything = set().union(*acknowledged)
    assert len(everything) > KILLS
    writer = Writer(database)
    Inbox(Path(library.path), database, writer).take_in()
    while Relays(database, writer).send():
        pass
    writer.close()
    fresh = Library.open(library.path)
    table = fresh.table("listens")
    mine = table.filter((table.listener_id == "p01") & (table.source == "listenbrainz"))
    times = [int(at.timestamp()) for at in fresh.arrow(mine)["started_at"].to_pylist()]
    twice = [at for at, count in Counter(times).items() if count > 1]
    again = sum(elsewhere.came.values()) - len(elsewhere.came)
    print(
        f"{KILLS} kills, {len(everything)} acknowledged, {len(times)} stored, {again} sent on again, "
        f"lists of {Weeks(library.path / 'weeks').names()}"
    )
    assert not twice
    assert everything <= set(times)
    assert everything <= set(elsewhere.came)
    shelf = shelf_of(fresh)
    assert shelf.current("factors") in versions and shelf.versions("factors") == versions
    assert Engine(fresh).weekly("p01").entries  # the model is whole
    weeks = Weeks(library.path / "weeks")
    for week in weeks.names():
        listed = weeks.read(week, ["p01"])
        assert sorted(listed["position"].to_pylist()) == list(range(1, listed.num_rows + 1)), week
    elsewhere.shutdown()
    elsewhere.server_close()
    database.dispose()
