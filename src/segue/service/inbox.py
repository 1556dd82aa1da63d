"""Listens that came in: on the disk before they are acknowledged, and then once into the library.

They go in by the ordinary import, as a file in ListenBrainz' own format. Import and mark are two steps: after
a kill between them the same listens are imported again, which stores nothing twice, for one source tells a
play of a listener at one moment once (`library.same_play`).
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import sqlalchemy as sa

from segue.errors import BusyError, SegueError
from segue.library import Library
from segue.library.importing import import_path
from segue.library.tables import TABLES
from segue.library.withdrawing import remove_plays
from segue.service.erasing import erase_rows
from segue.service.tables import DELETIONS, FEEDBACK, LISTENS
from segue.service.writing import Writer

AT_ONCE = 20_000  # rows of an import
WAIT = 10.0  # seconds for which another writer is waited for
SOURCE = "segue"  # of what is said of a track of the library itself
KINDS = {1: "love", 0: "unlove", -1: "hate"}
EXACT = ("save", "ban")  # kinds that ListenBrainz' scores do not tell
_ID = sa.bindparam("number")


class Listen(NamedTuple):
    """A listen as it was sent, checked."""

    listened_at: int  # seconds since 1970
    msid: str
    track_metadata: dict[str, Any]
    track_id: str | None = None  # of a skip of a track of the library itself


class Inbox:
    """What came in and is on its way into the library in the folder `library`."""

    def __init__(self, library: Path, database: sa.Engine, writer: Writer) -> None:
        self.library, self._database, self._writer = library, database, writer
        self._lock = threading.Lock()

    def accept(self, connection: sa.Connection, listener: str, listens: Sequence[Listen]) -> None:
        """Keep listens of a listener, in the writer's transaction; those that came before are there once."""
        now = time.time()
        rows = [
            {
                "listener": listener,
                "listened_at": listen.listened_at,
                "msid": listen.msid,
                "track_metadata": orjson.dumps(listen.track_metadata).decode(),
                "received_at": now,
                "track_id": listen.track_id,
            }
            for listen in listens
        ]
        # A client that got no answer sends the same again.
        connection.execute(_insert(connection, LISTENS).on_conflict_do_nothing(), rows)

    def say(self, connection: sa.Connection, listener: str, row: dict[str, Any]) -> None:
        """Keep feedback, a row as ListenBrainz has it, in the place of what was said of the track before."""
        recording = row.get("recording_mbid") or row["recording_msid"]
        new = {
            "score": row["score"],
            "row": orjson.dumps(row).decode(),
            "given_at": row["created"],
            "taken_at": None,
            "problem": None,
        }
        statement = _insert(connection, FEEDBACK).values(listener=listener, recording=recording, **new)
        connection.execute(
            statement.on_conflict_do_update(index_elements=["listener", "recording"], set_=new)
        )

    def delete(self, connection: sa.Connection, listener: str, listened_at: int, msid: str) -> None:
        """Forget a listen: at once if it is not in the library yet, else with the next taking in."""
        mine = LISTENS.c.listener == listener, LISTENS.c.listened_at == listened_at, LISTENS.c.msid == msid
        connection.execute(LISTENS.delete().where(*mine))
        row = {"listener": listener, "listened_at": listened_at, "msid": msid}
        connection.execute(_insert(connection, DELETIONS).on_conflict_do_nothing(), [row])

    def waiting(self) -> int:
        """Listens and feedback that are not in the library yet."""
        with self._database.connect() as connection:
            return sum(
                connection.execute(
                    sa.select(sa.func.count()).select_from(table).where(table.c.taken_at.is_(None))
                ).scalar_one()
                for table in (LISTENS, FEEDBACK)
            )

    def take_in(self) -> int:
        """Import what has come; returns how many rows.

        Raises:
            BusyError: another process is writing to the library; nothing is lost, and the next call goes on.
        """
        total = 0
        with self._lock:
            for table in (LISTENS, FEEDBACK):
                while rows := self._next(table):
                    self._import(table, rows)
                    total += len(rows)
            total += self._delete()
        return total

    def _delete(self) -> int:
        """Take out of the library what is to be deleted; how many plays that were."""
        from segue.service.listenbrainz.deleting import plays_of  # which knows listens from here

        with self._database.connect() as connection:
            rows = connection.execute(DELETIONS.select().order_by(DELETIONS.c.id)).all()
        if not rows:
            return 0
        wanted = {(row.listener, row.listened_at, row.msid) for row in rows}
        removed = remove_plays(Library.open(self.library), plays_of(Library.open(self.library), wanted))
        # Only when the plays are gone; a kill before leaves a deletion that is done again and finds nothing.
        done = DELETIONS.delete().where(DELETIONS.c.id.in_([row.id for row in rows]))
        self._writer.write(lambda connection: connection.execute(done) and None)
        return removed

    def _next(self, table: sa.Table) -> Sequence[sa.Row]:
        query = table.select().where(table.c.taken_at.is_(None)).order_by(table.c.id).limit(AT_ONCE)
        with self._database.connect() as connection:
            return connection.execute(query).all()

    def _import(self, table: sa.Table, rows: Sequence[sa.Row]) -> None:
        library = Library.open(self.library)
        gone = library.forgotten.read()
        if theirs := [row.id for row in rows if row.listener in gone]:  # came in while they were forgotten
            erase_rows(self._database, table, theirs)
        wanted = [row for row in rows if row.listener not in gone]
        if not wanted:
            return
        problem = ""
        try:
            self._store(library, table, wanted)
        except BusyError:
            raise
        except SegueError as error:
            if len(wanted) > 1:  # one that cannot be taken must not hold up the others
                half = len(wanted) // 2
                self._import(table, wanted[:half])
                self._import(table, wanted[half:])
                return
            if wanted[0].listener in Library.open(self.library).forgotten.read():
                erase_rows(self._database, table, [wanted[0].id])
                return
            problem = str(error)
        # After they are in the library. A kill between the two imports them once more, and the library knows
        # them again.
        self._mark(table, wanted, problem)

    def _store(self, library: Library, table: sa.Table, rows: Sequence[sa.Row]) -> None:
        told = [orjson.loads(row.row if table is FEEDBACK else row.track_metadata) for row in rows]
        ids = [
            line.get("track_id") if table is FEEDBACK else row.track_id
            for row, line in zip(rows, told, strict=True)
        ]
        known = [(row, line) for row, line, track in zip(rows, told, ids, strict=True) if track]
        if known:
            (_say if table is FEEDBACK else _skip)(library, known)
        sent = [row for row, track in zip(rows, ids, strict=True) if not track]
        if sent:
            with tempfile.TemporaryDirectory(prefix="segue-inbox-") as folder:
                path = Path(folder) / "inbox.jsonl"
                path.write_bytes(b"".join(map(_line, sent)))
                import_path(library, path, format="listenbrainz")

    def _mark(self, table: sa.Table, rows: Sequence[sa.Row], problem: str) -> None:
        """These are in the library; what was said of a track anew meanwhile is not."""
        now = time.time()
        same = table.c.id == _ID
        if table is FEEDBACK:
            same &= table.c.row == sa.bindparam("said")
        marked = table.update().where(same).values(taken_at=now, problem=problem or None)
        values = [{"number": row.id} | ({"said": row.row} if table is FEEDBACK else {}) for row in rows]
        self._writer.write(lambda connection: connection.execute(marked, values) and None)


def _say(library: Library, said: Sequence[tuple[sa.Row, dict[str, Any]]]) -> None:
    """Store what listeners said of tracks of the library, each thing once."""
    rows = [
        {
            "listener_id": row.listener,
            "track_id": line["track_id"],
            "kind": line["kind"] if line.get("kind") in EXACT else KINDS[line["score"]],
            "given_at": datetime.fromtimestamp(line["created"], UTC),
            "source": SOURCE,
        }
        for row, line in said
    ]
    _append(library, "feedback", rows)


def _skip(library: Library, skips: Sequence[tuple[sa.Row, dict[str, Any]]]) -> None:
    """Store skips of tracks of the library, each once."""
    rows = [
        {
            "listener_id": row.listener,
            "track_id": row.track_id,
            "started_at": datetime.fromtimestamp(row.listened_at, UTC),
            "played_ms": line.get("additional_info", {}).get("ms_played"),
            "plays": 1,
            "skipped": True,
            "source": SOURCE,
        }
        for row, line in skips
    ]
    _append(library, "listens", rows)


def _append(library: Library, name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Add rows of our own to a table, but for those that are there and those of who is forgotten."""
    with library.writing(wait=WAIT) as writer:
        gone = library.forgotten.read()
        wanted = [row for row in rows if row["listener_id"] not in gone]
        columns = list(rows[0])
        table = library.table(name)
        theirs = table.listener_id.isin(sorted({row["listener_id"] for row in rows}))
        own = table.filter((table.source == SOURCE) & theirs).select(*columns)
        have = {tuple(row.values()) for row in library.arrow(own).to_pylist()}
        new = [row for row in wanted if tuple(row.values()) not in have]
        writer.append(name, pa.Table.from_pylist(new, schema=TABLES[name]))


def _line(row: sa.Row) -> bytes:
    """A row of the inbox as a line of ListenBrainz' format."""
    if "track_metadata" in row._fields:
        told: dict[str, Any] = {
            "listener_id": row.listener,
            "listened_at": row.listened_at,
            "track_metadata": orjson.loads(row.track_metadata),
        }
    else:
        told = {"listener_id": row.listener, **orjson.loads(row.row)}
    return orjson.dumps(told) + b"\n"


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT that can say what to do with a row that is there."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert
    return insert(table)
