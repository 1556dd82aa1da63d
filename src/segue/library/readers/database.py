"""Databases of players that keep their history in SQLite: opened from a copy, read only, and never trusted.

A copy is made even of a file on disk, as the player may be writing. What it has not yet moved out of its
journal (a file `...-wal` beside the database) is not seen: stop the player, or take its backup.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from segue.errors import FormatError
from segue.library.sources import Entry
from segue.library.streams import MEBIBYTE, damage

MAGIC = b"SQLite format 3\0"
LARGEST_VALUE = 16 * MEBIBYTE
BATCH = 5_000

Record = dict[str, Any]


class Database:
    """One open database."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection, self._name = connection, name

    def columns(self, table: str) -> frozenset[str]:
        """The columns of a table in lower case; none where there is no such table (a view is none)."""
        with damage(self._name):
            found = self._connection.execute(
                "SELECT c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' "
                "AND lower(m.name) = ?",
                [table.lower()],
            ).fetchall()
        return frozenset(str(name).lower() for (name,) in found)

    def rows(self, query: str, *values: Any) -> Iterator[Record]:
        """The rows of a query, by names of columns."""
        with damage(self._name):
            cursor = self._connection.execute(query, values)
            names = [column[0] for column in cursor.description]
        while True:
            with damage(self._name):
                rows = cursor.fetchmany(BATCH)
            if not rows:
                return
            yield from (dict(zip(names, row, strict=True)) for row in rows)


def picked(there: frozenset[str], alias: str, *names: str) -> str:
    """A list of columns for a query; those that are not there are null."""
    return ", ".join(f"{alias}.{name}" if name in there else f"NULL AS {name}" for name in names)


@contextlib.contextmanager
def opened(entry: Entry) -> Generator[Database]:
    """Open a database.

    Raises:
        FormatError: it is none, or damaged.
    """
    if not entry.head().startswith(MAGIC):
        raise FormatError(f"{entry.name} is no SQLite database", expected="the database of a player")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.db"
        with copy.open("wb") as target:
            source = entry.seekable()
            while data := source.read(MEBIBYTE):
                target.write(data)
        with damage(entry.name):
            # A copy of our own, so that SQLite need not look for a log beside it, nor write one.
            connection = sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)
        try:
            with damage(entry.name):
                # A damaged name costs its own letters; strict decoding would cost the whole query.
                connection.text_factory = lambda data: data.decode("utf-8", "replace")
                connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
                for pragma in ("trusted_schema=OFF", "query_only=ON", "cell_size_check=ON"):
                    connection.execute(f"PRAGMA {pragma}")
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            yield Database(connection, entry.name)
        finally:
            connection.close()


class Listeners:
    """Who the people of a household's database are: the listener of the options if there is only one."""

    def __init__(self, prefix: str, ids: set[Any], names: dict[Any, str], only: str) -> None:
        self._prefix, self._names, self._only = prefix, names, only if len(ids) < 2 else None

    def of(self, id: Any) -> str:
        """The listener of a person's id: by name, else by id."""
        return self._only or f"{self._prefix}:{self._names.get(id) or id}"[:200]
