"""kill -9 amid submitted listens: what was acknowledged is there, once."""

from __future__ import annotations

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
from pathlib import Path

import httpx2 as httpx
import pytest

from segue.library import Library
from segue.service.database import connect
from segue.service.inbox import Inbox
from segue.service.tokens import Tokens
from segue.service.writing import Writer

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


@pytest.mark.slow
def test_what_was_acknowledged_is_there_once(library: Library) -> None:
    database = connect(library.path)
    token = Tokens(database).create("p01")
    number, chance = port(), random.Random(7)
    address = f"http://127.0.0.1:{number}"
    command = [sys.executable, "-m", "segue", "serve", "--library", str(library.path), "--port", str(number)]
    environment = os.environ | {"SEGUE_SERVICE__TAKE_IN_EVERY": "0.3", "SEGUE_SERVICE__RATE": "0"}
    done, acknowledged = threading.Event(), [set[int]() for _ in range(4)]
    threads = [
        threading.Thread(target=submit, args=(address, token, 100_000 * n, acknowledged[n], done))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in range(KILLS):
            process = subprocess.Popen(
                [*command, "--no-schedule"], env=environment, stdout=subprocess.DEVNULL
            )
            before = sum(map(len, acknowledged))
            for _ in range(2400):  # a loaded machine starts it slowly
                if sum(map(len, acknowledged)) > before:
                    break
                time.sleep(0.05)
            time.sleep(chance.uniform(0.05, 2.0))
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
    writer.close()
    fresh = Library.open(library.path)
    table = fresh.table("listens")
    mine = table.filter((table.listener_id == "p01") & (table.source == "listenbrainz"))
    times = [int(at.timestamp()) for at in fresh.arrow(mine)["started_at"].to_pylist()]
    twice = [at for at, count in Counter(times).items() if count > 1]
    print(f"{KILLS} kills, {len(everything)} acknowledged, {len(times)} stored")
    assert not twice
    assert everything <= set(times)
    database.dispose()
