"""Which track of the library each audio file is, by the one rule of identity; and why not, where it is none.

The tracks are those that the library has: a file that is none of them becomes no track, and is looked at
again when the library has learned more. What the files say is asked anew each time, all of it together, so
that the answer does not depend on which file was scanned first, and is never written into `track_keys`: a
wrong tag can mislead a file, not the library.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from segue.library.collection.tags import Tags
from segue.library.identity import SAME_DURATION_MS, resolve
from segue.library.setting_aside import Staged
from segue.library.staging import Staging
from segue.library.workspace import connect

if TYPE_CHECKING:
    from segue.library.store import Library, Writer

SOURCE = "files"
COMPARED = ("tracks", "track_keys", "splits")
UNNAMED = "its tags name no title and artist, and hold no id"
UNKNOWN = "no track of this name or id is in the library"
LONGER = "the library has a track of this name, but of another length"
OTHER = "the track of this name in the library has other ids, or another file by ids"
_BATCH = 20_000


def compared_with(library: Library) -> str:
    """What files are compared with: it changes where another match may come out."""
    parts = [part.name for name in COMPARED for part in library.parts(name)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def match(writer: Writer) -> None:
    """Find the track of every file anew, and write the table `files` in the order of paths."""
    scratch = writer.scratch()
    staging = Staging(scratch / "files-0")
    staging.begin(0, SOURCE, SOURCE)
    refs = scratch / "file-refs.parquet"
    schema = pa.schema([("path", pa.string()), ("ref", pa.int64())])
    with pq.ParquetWriter(refs, schema) as out:
        for part in writer.parts(SOURCE):
            with pq.ParquetFile(part) as file:
                for batch in file.iter_batches(_BATCH):
                    out.write_table(_staged(batch.to_pylist(), staging, schema))
    staging.flush()
    work = connect(writer, scratch, [Staged(entries=staging.entries)])
    try:
        resolve(work, of_any_duration=False)
        work.execute("SET VARIABLE refs = ?", [str(refs)])
        found = work.sql(_FOUND).to_arrow_reader(_BATCH)
        writer.rewrite(SOURCE, found)
    finally:
        work.close()


def _staged(rows: list[dict], staging: Staging, schema: pa.Schema) -> pa.Table:
    told = []
    for row in rows:
        tags = Tags._make(row[name] for name in Tags._fields)
        track = tags._replace(artists=tuple(tags.artists or ())).track()
        told.append({"path": row["path"], "ref": None if track is None else staging.reference(track)})
    return pa.Table.from_pylist(told, schema=schema)


_FOUND = f"""
WITH of AS (FROM read_parquet(getvariable('refs'))),
named AS (SELECT DISTINCT ref, unnest([name_key, credit_key]) AS key, duration_ms FROM staged_refs),
meant AS (
    SELECT ref, bool_or(coalesce(abs(named.duration_ms - k.duration_ms), 0) <= {SAME_DURATION_MS}) AS near
    FROM named JOIN track_keys k USING (key) SEMI JOIN tracks t ON t.track_id = k.track_id
    GROUP BY ref
),
landed AS (SELECT ref, track_id FROM ref_tracks SEMI JOIN tracks USING (track_id))
SELECT f.* REPLACE (
    landed.track_id AS track_id,
    CASE WHEN landed.track_id IS NOT NULL THEN NULL WHEN f.problem IS NOT NULL THEN f.problem
         WHEN of.ref IS NULL THEN '{UNNAMED}' WHEN meant.near IS NULL THEN '{UNKNOWN}'
         WHEN meant.near THEN '{OTHER}' ELSE '{LONGER}' END AS unmatched)
FROM files f JOIN of USING (path) LEFT JOIN landed USING (ref) LEFT JOIN meant USING (ref)
ORDER BY path
"""
