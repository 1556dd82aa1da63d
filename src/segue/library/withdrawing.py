"""Taking a source back: the library as if it had never told anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from segue.errors import NotFoundError
from segue.library.merging import store_listens
from segue.library.tables import TABLES, TIME
from segue.library.workspace import connect

if TYPE_CHECKING:
    import duckdb

    from segue.library.store import Library, Writer


class Withdrawn(NamedTuple):
    """What became of what a source told."""

    removed: int  # plays and counts that nobody else told
    kept: int  # plays that others told as well
    others: int  # rows of feedback, playlists and their entries


def withdraw(library: Library, source: str, *, listener: str | None = None) -> Withdrawn:
    """Remove all that `source` told, or told of one listener; what others told of the same plays stays.

    Plays that it told together with others are made anew from what these said. Tracks that it brought stay,
    and playlists too where a listener is given.

    Raises:
        NotFoundError: it told nothing here.
        BusyError: another process is writing to the library.
    """
    with library.writing() as writer:
        work = connect(writer, writer.scratch(), [])
        try:
            work.execute("SET VARIABLE source = ?", [source])
            work.execute("SET VARIABLE listener = ?", [listener])
            who = "TRUE" if listener is None else "listener_id = getvariable('listener')"
            work.execute(_WITHDRAWN.format(who=who))
            removed, kept = _count(work, "solely"), _count(work, "jointly")
            lists = ("playlists", "playlist_entries") if listener is None else ()
            others = sum(_remove(work, writer, table, who) for table in ("feedback", *lists))
            if not removed + kept + others:
                _nothing(work, source, listener)
            if removed + kept:
                for statement in (_AGAIN, "CREATE TABLE new_keys AS FROM track_keys LIMIT 0"):
                    work.execute(statement)
                store_listens(work, writer)
        finally:
            work.close()
    return Withdrawn(removed, kept, others)


def remove_plays(library: Library, plays: Sequence[tuple[str, str, datetime]]) -> int:
    """Remove single plays, whoever told of them; returns how many there were. Told again, they come again.

    Args:
        library: to change.
        plays: listener, track and start of each.

    Raises:
        BusyError: another process is writing to the library.
    """
    if not plays:
        return 0
    with library.writing() as writer:
        work = connect(writer, writer.scratch(), [])
        try:
            listeners, tracks, starts = zip(*plays, strict=True)
            gone = {"listener_id": listeners, "track_id": tracks, "started_at": pa.array(starts, TIME)}
            work.register("gone", pa.table(gone))
            count = _count(work, "listens SEMI JOIN gone USING (listener_id, track_id, started_at)")
            for table in ("listens", "told") if count else ():
                rest = work.sql(f"""
                    SELECT {", ".join(TABLES[table].names)}
                    FROM {table} ANTI JOIN gone USING (listener_id, track_id, started_at)
                    ORDER BY listener_id, started_at, track_id, source
                """)
                writer.rewrite(table, rest.to_arrow_reader())
        finally:
            work.close()
    return count


def _remove(work: duckdb.DuckDBPyConnection, writer: Writer, table: str, who: str) -> int:
    theirs = f"source = getvariable('source') AND {who}"
    count = _count(work, f"{table} WHERE {theirs}")
    if count:
        rest = work.sql(f"FROM {table} WHERE ({theirs}) IS NOT TRUE ORDER BY ALL")
        writer.rewrite(table, rest.to_arrow_reader())
    return count


def _count(work: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(work.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def _nothing(work: duckdb.DuckDBPyConnection, source: str, listener: str | None) -> None:
    tables = ("listens", "told", "feedback", "playlists", "playlist_entries")
    found = work.execute(" UNION ".join(f"SELECT source FROM {table}" for table in tables)).fetchall()
    raise NotFoundError(
        f"{source} told nothing" + (f" of {listener}" if listener else "") + " in this library",
        expected="one of " + (", ".join(sorted(name for (name,) in found if name)) or "no sources yet"),
    )


# For the listeners concerned, all that is made of several tellings is taken apart: `withdrawn` is what goes,
# `again` what is put together anew.
_WITHDRAWN = """
CREATE TABLE solely AS
SELECT uid FROM listens WHERE source = getvariable('source') AND sources IS NULL AND {who};
CREATE TABLE jointly AS
SELECT uid FROM listens WHERE list_contains(sources, getvariable('source')) AND {who};
CREATE TABLE whose AS
SELECT DISTINCT listener_id FROM told WHERE source = getvariable('source') AND {who};
CREATE TABLE again AS
FROM told SEMI JOIN whose USING (listener_id) WHERE source <> getvariable('source');
CREATE TABLE withdrawn AS
FROM solely
UNION ALL
SELECT uid FROM told SEMI JOIN whose USING (listener_id)
UNION ALL
SELECT uid FROM listens SEMI JOIN whose USING (listener_id) WHERE sources IS NOT NULL
"""

_AGAIN = """
CREATE TABLE new_listens AS
SELECT * EXCLUDE (uid), 0 AS entry, row_number() OVER (ORDER BY uid DESC) AS n FROM again
"""
