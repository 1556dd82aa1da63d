"""The service's tables on a real PostgreSQL server, where one is installed (Debian: postgresql)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from segue.errors import SegueError
from segue.library import Library
from segue.service.database import connect
from segue.service.erasing import erase
from segue.service.inbox import Inbox, Listen
from segue.service.listenbrainz.reading import msid
from segue.service.relays import Relays
from segue.service.tables import FEEDBACK, LISTENS, METADATA, STREAM_TRACKS, STREAMS
from segue.service.tokens import Tokens
from segue.service.writing import Writer

AT = 1_700_000_000
_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
BIN = _PLACES[-1] if _PLACES else Path(shutil.which("initdb") or "/none").parent
pytestmark = pytest.mark.skipif(
    not (BIN / "initdb").exists(), reason="PostgreSQL is not installed: apt-get install postgresql"
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a server of this module's own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="segue-postgres-"))
    user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    if user:
        shutil.chown(folder, user)

    def run(*command: str) -> None:
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

    data = str(folder / "data")
    try:
        run(str(BIN / "initdb"), "-D", data, "-A", "trust", "-U", "segue", "--no-sync")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
        run(str(BIN / "pg_ctl"), "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
        yield f"postgresql://segue@127.0.0.1:{port}/postgres"
    finally:
        run(str(BIN / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


@pytest.fixture
def database(url: str, tmp_path: Path) -> Iterator[sa.Engine]:
    Library.open(tmp_path / "library", create=True)
    engine = connect(tmp_path / "library", url)
    yield engine
    with engine.begin() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()


def test_migrations_make_the_tables_of_this_release(database: sa.Engine, url: str, tmp_path: Path) -> None:
    found = sa.inspect(database)
    for table in METADATA.sorted_tables:
        columns = {each["name"] for each in found.get_columns(table.name)}
        assert columns == {column.name for column in table.columns}, table.name
    connect(tmp_path / "library", url).dispose()  # a second time changes nothing
    wrong = url.replace("segue@", "nobody@")
    with pytest.raises(SegueError, match="cannot be used"):
        connect(tmp_path / "library", wrong)


def test_listens_from_many_threads_are_there_once_and_go_into_the_library(
    database: sa.Engine, tmp_path: Path
) -> None:
    writer = Writer(database)
    inbox = Inbox(tmp_path / "library", database, writer)

    def send() -> None:
        for n in range(40):
            listen = Listen(AT + 60 * n, msid("A", f"B{n}"), {"artist_name": "A", "track_name": f"B{n}"})
            writer.write(lambda connection, listen=listen: inbox.accept(connection, "ada", [listen]))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(LISTENS)).scalar_one() == 40
    assert inbox.take_in() == 40
    assert Library.open(tmp_path / "library").count("listens") == 40
    listen = (AT, msid("A", "B0"))
    writer.write(lambda connection: inbox.delete(connection, "ada", *listen))
    assert inbox.take_in() == 1
    assert Library.open(tmp_path / "library").count("listens") == 39
    writer.close()


def test_feedback_tokens_streams_and_erasing(database: sa.Engine, tmp_path: Path) -> None:
    writer, tokens = Writer(database), Tokens(database)
    inbox = Inbox(tmp_path / "library", database, writer)
    held = tokens.find(tokens.create("ada"))
    assert held is not None and held.opens("ada")
    for score in (1, -1):
        said = {"recording_msid": msid("A", "B"), "score": score, "created": AT}
        writer.write(lambda connection, said=said: inbox.say(connection, "ada", said))
    Relays(database, writer).add("ada", "http://there", "t")
    stream = {"id": "s", "listener": "ada", "kind": "radio", "asked": "{}", "arm": "", "created_at": 0.0}
    track = {"stream": "s", "number": 1, "track_id": "x", "reason": "", "score": 1.0, "model": "m"}
    with database.begin() as connection:
        connection.execute(STREAMS.insert().values(**stream))
        connection.execute(STREAM_TRACKS.insert().values(**track, served_at=0.0))
        assert [row.score for row in connection.execute(FEEDBACK.select())] == [-1]
    assert erase(database, "ada") == {"tokens": 1, "feedback": 1, "relays": 1, "streams": 1}
    with database.connect() as connection:
        assert connection.execute(STREAM_TRACKS.select()).all() == []
    writer.close()
