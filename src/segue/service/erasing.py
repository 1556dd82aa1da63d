"""Erasing a listener from the service's own database; `segue forget` clears the library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from segue.service.database import FILE, connect
from segue.service.tables import METADATA


def erase(database: sa.Engine, listener: str, *, dry_run: bool = False) -> dict[str, int]:
    """Remove all rows of a listener; how many there were, by table.

    SQLite overwrites what it removes, in the log too.
    """
    with database.begin() as connection:
        counts = dict(_erased(connection, listener, dry_run))
    if not dry_run:
        _overwrite(database)
    return {name: count for name, count in counts.items() if count}


def erase_rows(database: sa.Engine, table: sa.Table, ids: Sequence[int]) -> None:
    """Remove some rows of a table, in the same way."""
    with database.begin() as connection:
        connection.execute(
            table.delete().where(table.c.id == sa.bindparam("number")), [{"number": one} for one in ids]
        )
    _overwrite(database)


def _overwrite(database: sa.Engine) -> None:
    if database.dialect.name == "sqlite":
        with database.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _erased(connection: sa.Connection, listener: str, dry_run: bool) -> Iterator[tuple[str, int]]:
    # Those that refer to others go before what they refer to.
    for table in reversed(METADATA.sorted_tables):
        if "listener" in table.c:
            theirs = table.c.listener == listener
            count = sa.select(sa.func.count()).select_from(table).where(theirs)
            yield table.name, connection.execute(count).scalar_one()
            if not dry_run:
                connection.execute(table.delete().where(theirs))


def erase_in(library: Path, url: str | None, listener: str, *, dry_run: bool = False) -> dict[str, int]:
    """The same in the database of the service over `library`, if there is one."""
    if url is None and not (library / FILE).exists():
        return {}
    database = connect(library, url)
    try:
        return erase(database, listener, dry_run=dry_run)
    finally:
        database.dispose()
