"""The service under load: lists, fold-in and radio at a rate, listens on the disk. Data is made up.

    python benchmarks/service.py [--listeners 2000] [--tracks 100000] [--seconds 20] [--costs] [--put]

`segue serve` runs as a process of its own over a library as in `weekly_speed.py`, with lists of one week.
Requests come at their rate whatever becomes of those before (an open loop): a latency is counted from the
moment at which a request was due, so that waiting behind a slow answer counts. After the listens the service
is killed with SIGKILL, and what it acknowledged must be in its database.

With `--costs` the application is asked within this process, one request at a time: the processor time that
each kind of request costs, which says something on a busy machine, too.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parent))
from pages import put
from segue.engine.batch import BatchConfig, make_all
from segue.playlists.playlist import week_of
from segue.service.app import create_app
from segue.service.database import connect
from segue.service.tables import LISTENS
from segue.service.tokens import Tokens
from segue.settings import ServiceConfig, Settings
from weekly_speed import KINDS, generated

PAGE = Path(__file__).parents[1] / "docs" / "measurements" / "service.md"
CONNECTIONS, RADIOS = 32, 64
RATE, LISTENS_A_SECOND = 200, 1000
AT = 1_700_000_000
LISTEN = "listen, on the disk"


class Request(NamedTuple):
    """What is sent."""

    method: str
    path: str
    body: object = None
    done: Callable[[], None] = lambda: None  # once it is answered


class Measured(NamedTuple):
    """What came of a rate of requests."""

    name: str
    rate: int
    answered: int
    failed: int
    p50: float  # ms
    p99: float
    most: float


class Connection:
    """One connection to the service, which stays open; with little work, for it shares the machine."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Request) -> tuple[int, bytes]:
        """Status and body of the answer."""
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        body = b"" if request.body is None else json.dumps(request.body).encode()
        head = (
            f"{request.method} {request.path} HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        told = await reader.readuntil(b"\r\n\r\n")
        status = int(told[9:12])
        lines = told.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        return status, await reader.readexactly(length)

    async def close(self) -> None:
        """Let go."""
        if self.streams is not None:
            self.streams[1].close()


async def at_rate(
    name: str, port: int, token: str, rate: int, seconds: float, make: Callable[[int], Request]
) -> Measured:
    """Send request after request at its due moment, on whichever connection is free."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(Connection(port, token))
    took, failed = [], 0
    loop, count = asyncio.get_running_loop(), int(rate * seconds)
    begun = loop.time() + 0.2

    async def one(number: int) -> None:
        nonlocal failed
        due = begun + number / rate
        await asyncio.sleep(max(0.0, due - loop.time()))
        connection, request = await free.get(), make(number)
        try:
            status, _ = await connection.ask(request)
            failed += status >= 400
        except (OSError, asyncio.IncompleteReadError):
            failed, connection.streams = failed + 1, None
        finally:
            free.put_nowait(connection)
            request.done()
        took.append(loop.time() - due)

    await asyncio.gather(*(one(number) for number in range(count)))
    while not free.empty():
        await free.get_nowait().close()
    ms = 1000 * np.array(took)
    p50, p99 = (float(np.percentile(ms, p)) for p in (50, 99))
    return Measured(name, rate, count, failed, p50, p99, float(ms.max()))


class Within:
    """The application itself, asked without a network."""

    def __init__(self, library: Path, token: str) -> None:
        service = ServiceConfig(rate=0, warm=False, timeout=600.0)
        self.app = create_app(library, Settings(service=service))
        self.token = token

    async def ask(self, request: Request) -> tuple[int, bytes]:
        """Status and body of the answer."""
        path, _, query = request.path.partition("?")
        sent = b"" if request.body is None else json.dumps(request.body).encode()
        headers = [(b"authorization", b"Bearer " + self.token.encode()), (b"host", b"localhost")]
        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": request.method}
        scope |= {"scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query.encode()}
        scope |= {"headers": [*headers, (b"content-type", b"application/json")]}
        scope |= {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
        came = [{"type": "http.request", "body": sent, "more_body": False}]
        status, parts = 500, []

        async def receive() -> dict[str, object]:
            if came:
                return came.pop()
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

        async def send(message: dict[str, object]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        await self.app(scope, receive, send)
        return status, b"".join(parts)

    async def close(self) -> None:
        """Nothing is held."""


class Radios:
    """Radios that play, each told in turn what became of its track."""

    def __init__(self, connection: Connection | Within, listeners: list[str]) -> None:
        self.numbers: dict[str, int] = {}
        self.whose: dict[str, str] = {}
        asyncio.run(self._begin(connection, listeners))
        self.idle = collections.deque(self.numbers)  # those that wait for no answer

    async def _begin(self, connection: Connection | Within, listeners: list[str]) -> None:
        for listener in listeners:
            _, body = await connection.ask(Request("POST", f"/v1/radio?listener={listener}", {}))
            name = json.loads(body)["id"]
            self.numbers[name], self.whose[name] = 1, listener
        await connection.close()

    def request(self, number: int) -> Request:
        """What became of the track that plays in a radio, the one that waited longest."""
        name = self.idle.popleft()
        at = self.numbers[name]
        self.numbers[name] += 1
        told = {"number": at, "skipped": bool(number % 3 == 0)}
        path = f"/v1/radio/{name}/answers?listener={self.whose[name]}"
        return Request("POST", path, told, lambda: self.idle.append(name))


def served(library: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The service, once it is ready and warm."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "segue", "serve", "--library", str(library), "--port", str(port)]
    environment = os.environ | {"SEGUE_SERVICE__RATE": "0", "SEGUE_SERVICE__TAKE_IN_EVERY": "3600"}
    process = subprocess.Popen([*command, "--no-schedule"], env=environment, stdout=subprocess.DEVNULL)
    for _ in range(1200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    time.sleep(20)  # warming loads models and compiles, beside answers
    try:
        yield port, process
    finally:
        process.kill()
        process.wait()


def megabytes(process: subprocess.Popen[bytes]) -> float:
    """Memory of a process that is in use."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


class Loads:
    """The kinds of requests.

    Args:
        library: whose lists, tracks and listeners.
        listeners: their ids.
        tracks: how many there are.
    """

    def __init__(self, library: Path, listeners: list[str], tracks: int) -> None:
        database = connect(library)
        self.token = Tokens(database).create(None, ["read", "write"], everybody=True)
        self.sender = Tokens(database).create(listeners[0])
        database.dispose()
        rng = np.random.default_rng(1)
        kind, song = rng.integers(0, KINDS, (4096, 5)), rng.integers(0, 20, (4096, 5))
        self.likes = kind * (tracks // KINDS) + song  # what many have played
        self.listeners = listeners

    def all(self, radios: Radios) -> dict[str, tuple[str, int, Callable[[int], Request]]]:
        """Token, requests a second, and what makes the requests, by name."""
        return {
            "stored list": (self.token, RATE, self._page),
            "fold-in of five tracks": (self.token, RATE, self._liked),
            "radio, the next track": (self.token, RATE, radios.request),
            LISTEN: (self.sender, LISTENS_A_SECOND, _listen),
        }

    def _page(self, number: int) -> Request:
        return Request("GET", f"/v1/lists/current?listener={self.listeners[number % len(self.listeners)]}")

    def _liked(self, number: int) -> Request:
        likes = [f"t{track}" for track in self.likes[number % len(self.likes)]]
        return Request("POST", "/v1/recommendations", {"likes": likes})


def measure(library: Path, loads: Loads, seconds: float) -> tuple[list[Measured], str]:
    """All loads one after another, and what is to be said of durability and memory."""
    found: list[Measured] = []
    before = after = 0.0
    for port, process in served(library):
        radios = Radios(Connection(port, loads.token), loads.listeners[:RADIOS])
        for name, (held, rate, make) in loads.all(radios).items():
            if name != LISTEN:  # each of which is a moment of its own
                asyncio.run(at_rate(name, port, held, 50, 3, make))
            before = before or megabytes(process)
            found.append(asyncio.run(at_rate(name, port, held, rate, seconds, make)))
            print(found[-1], flush=True)
        after = megabytes(process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    database = connect(library)
    with database.connect() as connection:
        stored = connection.execute(sa.select(sa.func.count()).select_from(LISTENS)).scalar_one()
    database.dispose()
    acknowledged = found[-1].answered - found[-1].failed
    kept = f"{acknowledged:,} listens were acknowledged, {stored:,} are in the database after SIGKILL."
    assert stored >= acknowledged, kept
    return found, f"{kept} Memory: {before:,.0f} MB before, {after:,.0f} MB after."


def costs(library: Path, loads: Loads, count: int = 200) -> list[tuple[str, float, int]]:
    """Milliseconds of processor time of each kind of request, and how many failed."""
    found = []
    with threadpool_limits(1):  # as the service has it
        radios = Radios(Within(library, loads.token), loads.listeners[:RADIOS])
        for name, (held, _, make) in loads.all(radios).items():
            within, failed = Within(library, held), 0

            async def asked(first: int, last: int, within: Within = within, make=make) -> None:
                nonlocal failed
                for number in range(first, last):
                    request = make(number)
                    status, _ = await within.ask(request)
                    request.done()
                    failed += status >= 400

            asyncio.run(asked(0, 64))
            begun = time.process_time()
            asyncio.run(asked(64, 64 + count))
            found.append((name, 1000 * (time.process_time() - begun) / count, failed))
            print(found[-1], flush=True)
    return found


def _listen(number: int) -> Request:
    metadata = {"artist_name": f"Artist {number % 900}", "track_name": f"Song {number % 7000}"}
    payload = [{"listened_at": AT + 60 * number, "track_metadata": metadata}]
    return Request("POST", "/1/submit-listens", {"listen_type": "single", "payload": payload})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listeners", type=int, default=2000)
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--costs", action="store_true", help="processor time of each kind of request instead")
    parser.add_argument("--put", action="store_true", help="put the table into docs/measurements/service.md")
    parser.add_argument("--library", type=Path, help="keep the made-up library here, and use it again")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.library or Path(folder) / "library"
        if not path.exists():
            library = generated(path, arguments.listeners, arguments.tracks)
            make_all(library, week_of(datetime.now(UTC)), BatchConfig(workers=1))
        loads = Loads(path, [f"u{n:07d}" for n in range(arguments.listeners)], arguments.tracks)
        if arguments.costs:
            lines = ["| request | processor time, ms | failed |", "| --- | ---: | ---: |"]
            lines += [f"| {name} | {ms:.1f} | {failed} |" for name, ms, failed in costs(path, loads)]
        else:
            lines = _table(*measure(path, loads, arguments.seconds))
    of = f"{arguments.listeners:,} listeners, {arguments.tracks:,} tracks. "
    lines += ["", f"{of}Load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."]
    print("\n".join(lines))
    if arguments.put:
        put(PAGE, {"costs" if arguments.costs else "service": "\n".join(lines)})


def _table(found: list[Measured], said: str) -> list[str]:
    lines = ["| what | a second | requests | failed | p50, ms | p99, ms | longest, ms |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    lines += [
        f"| {each.name} | {each.rate:,} | {each.answered:,} | {each.failed:,} | {each.p50:.1f} "
        f"| {each.p99:.1f} | {each.most:.0f} |"
        for each in found
    ]
    return [*lines, "", said]


if __name__ == "__main__":
    main()
