"""Taking back that two tracks are one: what a source told of a track becomes a track of its own, and back.

Sources whose ids differ meet by names (`identity`), and names may be shared by two recordings. The table
`splits` keeps what was split, so that later imports of the source land on its own track as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from segue.errors import NotFoundError, UsageError
from segue.library.exactness import COARSER
from segue.library.merging import BATCH, store_listens
from segue.library.tables import SPLITS
from segue.library.workspace import connect

if TYPE_CHECKING:
    import duckdb

    from segue.library.store import Library, Writer

_PLAIN = ("feedback", "playlist_entries")


class Moved(NamedTuple):
    """What has another track now."""

    track_id: str  # the track it has
    rows: int  # tellings of plays, counts, rows of feedback, places of playlists


def split(library: Library, track_id: str, source: str) -> Moved:
    """Make what `source` told of a track, and will tell of it, a track of its own.

    Plays that it told together with other sources become two: nobody can be heard twice at once, so split
    what is another recording.

    Raises:
        NotFoundError: there is no such track, or `source` told nothing of it.
        UsageError: nobody else told of it.
        BusyError: another process is writing to the library.
    """
    with library.writing() as writer:
        work = connect(writer, writer.scratch(), [])
        try:
            tellers = _tellers(work, track_id)
            if source not in tellers:
                raise NotFoundError(
                    f"{source} told nothing of {track_id}",
                    expected="one of " + (", ".join(sorted(tellers)) or "no sources: there is no such track"),
                )
            if len(tellers) == 1:
                raise UsageError(
                    f"{source} alone told of {track_id}",
                    expected="a track that several sources tell of",
                    hint="there is nothing to split it from",
                )
            own = f"{track_id}~{source}"
            row = {"track_id": track_id, "source": source, "own": own}
            writer.append("splits", pa.Table.from_pylist([row], schema=SPLITS))
            work.execute("SET VARIABLE source = ?", [source])
            _tracks(work, writer, _APART, track_id, own)
            return Moved(own, _move(work, writer, track_id, own, source))
        finally:
            work.close()


def rejoin(library: Library, track_id: str) -> Moved:
    """Put the track `track_id`, which was split off, back on the one that it came from.

    Raises:
        NotFoundError: it was not split off.
        BusyError: another process is writing to the library.
    """
    with library.writing() as writer:
        work = connect(writer, writer.scratch(), [])
        try:
            splits = library.arrow("splits").to_pylist()
            found = {row["own"]: row["track_id"] for row in splits}
            if track_id not in found:
                raise NotFoundError(
                    f"{track_id} was not split off from any track",
                    expected="one of " + (", ".join(sorted(found)) or "no tracks: none was split"),
                )
            rest = [row for row in splits if row["own"] != track_id]
            writer.rewrite("splits", pa.Table.from_pylist(rest, schema=SPLITS))
            _tracks(work, writer, _TOGETHER, found[track_id], track_id)
            return Moved(found[track_id], _move(work, writer, track_id, found[track_id], None))
        finally:
            work.close()


def _tellers(work: duckdb.DuckDBPyConnection, track_id: str) -> set[str]:
    """The sources that told of a track, by the names that readers give them."""
    tables = " UNION ".join(
        f"SELECT source FROM {table} WHERE track_id = $track" for table in ("listens", "told", *_PLAIN)
    )
    return {_exact(source) for (source,) in work.execute(tables, {"track": track_id}).fetchall() if source}


def _exact(source: str) -> str:
    for ending in COARSER:
        source = source.removesuffix(ending)
    return source


def _move(
    work: duckdb.DuckDBPyConnection, writer: Writer, before: str, after: str, source: str | None
) -> int:
    """Give the rows of a track (by `source`, or all) another one; plays are matched anew."""
    names = [source + ending for ending in ("", *COARSER)] if source else []
    whose = "list_contains(getvariable('sources'), source)" if source else "TRUE"
    work.execute("SET VARIABLE sources = ?", [names])
    work.execute("SET VARIABLE before = ?", [before])
    work.execute("SET VARIABLE after = ?", [after])
    moved = 0
    for table in _PLAIN:
        which = f"track_id = getvariable('before') AND {whose}"
        count = work.execute(f"SELECT count(*) FROM {table} WHERE {which}").fetchall()[0][0]
        if count:
            rows = f"""
                SELECT * REPLACE (CASE WHEN {which} THEN getvariable('after') ELSE track_id END AS track_id)
                FROM {table} ORDER BY ALL
            """
            writer.rewrite(table, work.sql(rows).to_arrow_reader(BATCH))
            moved += count
    work.execute(_MOVED.format(whose=whose))
    tellings = work.execute("SELECT count(*) FROM new_listens WHERE moved").fetchall()[0][0]
    if tellings:
        work.execute("ALTER TABLE new_listens DROP COLUMN moved")
        work.execute("CREATE TABLE new_keys AS FROM track_keys LIMIT 0")
        store_listens(work, writer)
    return moved + int(tellings)


def _tracks(work: duckdb.DuckDBPyConnection, writer: Writer, query: str, track: str, own: str) -> None:
    work.execute("SET VARIABLE track = ?", [track])
    work.execute("SET VARIABLE own = ?", [own])
    writer.rewrite("tracks", work.sql(f"FROM ({query}) ORDER BY track_id").to_arrow_reader(BATCH))


# For the listeners concerned, all that is made of several tellings is taken apart, as in `withdrawing`.
_MOVED = """
CREATE TABLE whose AS
SELECT DISTINCT listener_id FROM told WHERE track_id = getvariable('before') AND {whose};
CREATE TABLE alone AS
FROM listens WHERE sources IS NULL AND track_id = getvariable('before') AND {whose};
CREATE TABLE new_listens AS
SELECT *, 0 AS entry, row_number() OVER (ORDER BY uid DESC) AS n FROM (
    SELECT * REPLACE (CASE WHEN moved THEN getvariable('after') ELSE track_id END AS track_id)
    FROM (SELECT *, track_id = getvariable('before') AND {whose} AS moved
          FROM told SEMI JOIN whose USING (listener_id))
    UNION ALL BY NAME
    SELECT * EXCLUDE (sources) REPLACE (getvariable('after') AS track_id), TRUE AS moved FROM alone
);
ALTER TABLE new_listens DROP COLUMN uid;
CREATE TABLE withdrawn AS
SELECT uid FROM alone
UNION ALL
SELECT uid FROM told SEMI JOIN whose USING (listener_id)
UNION ALL
SELECT uid FROM listens SEMI JOIN whose USING (listener_id) WHERE sources IS NOT NULL
"""

# Ids that the source alone told go with it.
_APART = """
WITH ids AS (
    SELECT key, bool_or(source = getvariable('source')) AS theirs,
           bool_or(source IS DISTINCT FROM getvariable('source')) AS others
    FROM track_keys WHERE track_id = getvariable('track') GROUP BY key
)
SELECT * REPLACE (
    CASE WHEN 'spotify:' || spotify NOT IN (SELECT key FROM ids WHERE NOT others) THEN spotify END AS spotify,
    CASE WHEN 'mbid:' || mbid NOT IN (SELECT key FROM ids WHERE NOT others) THEN mbid END AS mbid,
    CASE WHEN 'isrc:' || isrc NOT IN (SELECT key FROM ids WHERE NOT others) THEN isrc END AS isrc)
FROM tracks WHERE track_id = getvariable('track')
UNION ALL BY NAME
SELECT * REPLACE (
    getvariable('own') AS track_id, NULL AS work_id, NULL AS version, NULL AS canonical_id,
    CASE WHEN 'spotify:' || spotify IN (SELECT key FROM ids WHERE theirs) THEN spotify END AS spotify,
    CASE WHEN 'mbid:' || mbid IN (SELECT key FROM ids WHERE theirs) THEN mbid END AS mbid,
    CASE WHEN 'isrc:' || isrc IN (SELECT key FROM ids WHERE theirs) THEN isrc END AS isrc)
FROM tracks WHERE track_id = getvariable('track')
UNION ALL BY NAME
FROM tracks WHERE track_id <> getvariable('track')
"""
_TOGETHER = """
WITH old AS (FROM tracks WHERE track_id = getvariable('own'))
SELECT * REPLACE (
    coalesce(spotify, (SELECT spotify FROM old)) AS spotify, coalesce(mbid, (SELECT mbid FROM old)) AS mbid,
    coalesce(isrc, (SELECT isrc FROM old)) AS isrc)
FROM tracks WHERE track_id = getvariable('track')
UNION ALL BY NAME
FROM tracks WHERE track_id NOT IN (getvariable('track'), getvariable('own'))
"""
