"""Which track of the library each audio file is, by the one rule of identity; and why not, where it is none.

The tracks are those that the library has: a file that is none of them becomes no track, and is looked at
again when the library has learned more. What the files say is asked anew each time, all of it together, so
that the answer does not depend on which file was scanned first, and is never written into `track_keys`: a
wrong tag can mislead a file, not the library.

What the rule gives no track may still be another edition of one (`editions.py`): a remaster of it, or the
same with its guests named elsewhere. Of several it is the one of the nearest length, and for a remaster
rather a remaster. And of several files of one name, which the rule may take for several recordings, each
that is as long as the track is a file of it. An id that all else speaks against is left out (`wrong_ids.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from segue.library.collection import wrong_ids
from segue.library.collection.tags import Tags
from segue.library.editions import Edition, edition
from segue.library.identity import SAME_DURATION_MS, resolve
from segue.library.setting_aside import Staged
from segue.library.staging import Staging
from segue.library.workspace import connect

if TYPE_CHECKING:
    import duckdb

    from segue.library.store import Library, Writer

SOURCE = "files"
COMPARED = ("tracks", "track_keys", "splits")
RULE = "3"  # of matching: another one is a reason to match files anew
UNNAMED = "its tags name no title and artist, and hold no id"
UNKNOWN = "no track of this name or id is in the library"
LONGER = "the library has a track of this name, but of another length"
OTHER = "the track of this name in the library has other ids, or another file by ids"
MISLED = "its id is that of another song, and no track of its name and length is in the library"
_BATCH = 5_000  # files in memory
_EDITIONS_AT_ONCE = 10_000  # files that are no track yet; for each lot all keys are looked through
_MEMORY = "150MB"  # of DuckDB


def compared_with(library: Library) -> str:
    """What files are compared with: it changes where another match may come out."""
    parts = [part.name for name in COMPARED for part in library.parts(name)]
    return hashlib.sha256("\n".join([RULE, *parts]).encode()).hexdigest()[:16]


def match(writer: Writer) -> None:
    """Find the track of every file anew, and write the table `files` in the order of paths."""
    scratch, misled = writer.scratch(), frozenset[str]()
    while True:
        with contextlib.closing(_resolved(writer, scratch / "files", misled)) as work:
            # What is no longer led by an id may leave its track to another file: all are looked at again.
            if wrong := wrong_ids.misled(work):
                found = work.execute(
                    "SELECT path FROM read_parquet(getvariable('refs')) WHERE list_contains(?, ref)",
                    [sorted(wrong)],
                )
                misled |= {path for (path,) in found.fetchall()}
            else:
                _editions(work)
                work.register("misled", pa.table({"path": pa.array(sorted(misled), pa.string())}))
                writer.rewrite(SOURCE, work.sql(_FOUND).to_arrow_reader(_BATCH))
                return
        shutil.rmtree(scratch / "files")


def _resolved(writer: Writer, scratch: Path, misled: Set[str]) -> duckdb.DuckDBPyConnection:
    """A DuckDB with the tracks that the rule finds; of the files `misled` it is not told the ids."""
    staging = Staging(scratch / "staged")
    staging.begin(0, SOURCE, SOURCE)
    refs = scratch / "refs.parquet"
    schema = pa.schema([("path", pa.string()), ("ref", pa.int64())])
    with pq.ParquetWriter(refs, schema) as out:
        for part in writer.parts(SOURCE):
            with pq.ParquetFile(part) as file:
                for batch in file.iter_batches(_BATCH):
                    out.write_table(_staged(batch.to_pylist(), misled, staging, schema))
                    staging.flush()
    work = connect(writer, scratch, [Staged(entries=staging.entries)], _MEMORY)
    try:
        resolve(work, of_any_duration=False)
        work.execute("SET VARIABLE refs = ?", [str(refs)])
    except BaseException:
        work.close()
        raise
    return work


def _staged(rows: list[dict], misled: Set[str], staging: Staging, schema: pa.Schema) -> pa.Table:
    told = []
    for row in rows:
        tags = Tags._make(row[name] for name in Tags._fields)
        if row["path"] in misled:
            tags = tags._replace(mbid=None, isrc=None)
        track = tags._replace(artists=tuple(tags.artists or ())).track()
        told.append({"path": row["path"], "ref": None if track is None else staging.reference(track)})
    return pa.Table.from_pylist(told, schema=schema)


def _editions(work: duckdb.DuckDBPyConnection) -> None:
    """Make the table `editions`: for what has no track yet, tracks that it is another edition of.

    Columns: ref, track_id, unlike, whether only one of the two has notes on its edition, and apart, by how
    many ms the lengths differ (None where one is not known).
    """
    work.execute(_LEFT)
    for (start,) in work.execute(
        "SELECT DISTINCT number // ? FROM left_over", [_EDITIONS_AT_ONCE]
    ).fetchall():
        work.execute(
            "CREATE OR REPLACE TEMP TABLE some_left AS FROM left_over WHERE number // ? = ?",
            [_EDITIONS_AT_ONCE, start],
        )
        _editions_of_some(work)
    work.execute(_EDITIONS)


def _editions_of_some(work: duckdb.DuckDBPyConnection) -> None:
    rows = work.execute("SELECT ref, title, artists, with_id FROM some_left").fetchall()
    wanted: dict[int, tuple[Edition, bool]] = {}
    keys: list[tuple[int, str]] = []
    for ref, title, artists, with_id in rows:
        found = edition(title, tuple(artists or ()))
        wanted[ref] = found, with_id
        keys += [(ref, key) for key in found.keys]
    columns = zip(*keys, strict=True) if keys else ((), ())
    asked = pa.table(list(map(pa.array, columns, (pa.int64(), pa.string()))), ["ref", "key"])
    work.register("left_keys", asked)
    of: dict[str, Edition] = {}
    pairs: list[dict[str, object]] = []
    for ref, track_id, title, artists, exact in work.execute(_LIKELY).fetchall():
        mine, with_id = wanted[ref]
        if exact and with_id:
            continue  # the rule looked at it, and kept what has different ids apart
        theirs = of.setdefault(track_id, edition(title, tuple(artists or ())))
        if mine.is_of(theirs):
            pairs.append({"ref": ref, "track_id": track_id, "unlike": mine.noted != theirs.noted})
    schema = pa.schema([("ref", pa.int64()), ("track_id", pa.string()), ("unlike", pa.bool_())])
    work.register("pairs", pa.Table.from_pylist(pairs, schema=schema))
    work.execute("INSERT INTO edition_pairs FROM pairs")


_LEFT = """
CREATE TABLE edition_pairs (ref BIGINT, track_id VARCHAR, unlike BOOLEAN);
CREATE TABLE left_over AS
SELECT row_number() OVER () AS number, ref, title, artists, duration_ms, name_key, credit_key,
       mbid IS NOT NULL OR isrc IS NOT NULL AS with_id
FROM staged_refs
ANTI JOIN (SELECT ref FROM ref_tracks SEMI JOIN tracks USING (track_id)) landed USING (ref)
WHERE name_key IS NOT NULL;
"""

# Notes and guests come last in a name's key: what begins alike is looked at, and only that.
_LIKELY = """
WITH asked AS (SELECT ref, key, split_part(key, '|', 1) AS artist FROM left_keys),
known AS (SELECT DISTINCT key, split_part(key, '|', 1) AS artist, track_id FROM track_keys
          WHERE artist IN (SELECT artist FROM asked))
SELECT ref, track_id, any_value(t.title), any_value(t.artists),
       bool_or(known.key IN (left_over.name_key, left_over.credit_key))
FROM asked JOIN known ON known.artist = asked.artist AND starts_with(known.key, asked.key)
     JOIN some_left left_over USING (ref) JOIN tracks t USING (track_id)
GROUP BY ref, track_id
"""

_EDITIONS = """
CREATE TABLE editions AS
SELECT ref, track_id, any_value(unlike) AS unlike, min(abs(left_over.duration_ms - k.duration_ms)) AS apart
FROM edition_pairs JOIN left_over USING (ref) JOIN track_keys k USING (track_id)
GROUP BY ref, track_id
"""

_FOUND = f"""
WITH of AS (FROM read_parquet(getvariable('refs'))),
named AS (SELECT DISTINCT ref, unnest([name_key, credit_key]) AS key, duration_ms FROM staged_refs),
meant AS (
    SELECT ref, bool_or(coalesce(apart, 0) <= {SAME_DURATION_MS}) AS near FROM (
        SELECT ref, abs(named.duration_ms - k.duration_ms) AS apart
        FROM named JOIN track_keys k USING (key) SEMI JOIN tracks t ON t.track_id = k.track_id
        UNION ALL SELECT ref, apart FROM editions
    ) GROUP BY ref
),
landed AS (
    SELECT ref, track_id FROM ref_tracks SEMI JOIN tracks USING (track_id)
    UNION ALL
    SELECT ref, arg_min(track_id, (unlike, coalesce(apart, {SAME_DURATION_MS}), track_id)) FROM editions
    WHERE coalesce(apart, 0) <= {SAME_DURATION_MS} GROUP BY ref
)
SELECT f.* REPLACE (
    landed.track_id AS track_id,
    CASE WHEN landed.track_id IS NOT NULL THEN NULL WHEN f.problem IS NOT NULL THEN f.problem
         WHEN of.ref IS NULL THEN '{UNNAMED}'
         WHEN meant.near IS NOT TRUE AND path IN (FROM misled) THEN '{MISLED}'
         WHEN meant.near IS NULL THEN '{UNKNOWN}'
         WHEN meant.near THEN '{OTHER}' ELSE '{LONGER}' END AS unmatched)
FROM files f JOIN of USING (path) LEFT JOIN landed USING (ref) LEFT JOIN meant USING (ref)
ORDER BY path
"""
