"""A DuckDB beside what is set aside and what is stored: where an import works, and what takes one back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from segue.library import duck
from segue.library.setting_aside import Staged
from segue.library.staging import SCHEMAS
from segue.library.store import Writer
from segue.library.tables import TABLES

if TYPE_CHECKING:
    import duckdb

MEMORY = "350MB"
SMALL = 1 << 20  # bytes of a table's parts, below which it is held in memory
# What tells references apart: equal ones are one track.
IDENTITY = """
concat_ws(chr(31), catalogue, source, coalesce(spotify, ''), coalesce(mbid, ''), coalesce(isrc, ''),
          coalesce(other, ''), coalesce(duration_ms::VARCHAR, ''), medium, coalesce(name_key, ''),
          coalesce(credit_key, ''))
"""
LARGE = 150 << 20  # bytes set aside from which DuckDB works on disk, compressed, instead of in memory


def connect(
    writer: Writer, scratch: Path, staged: list[Staged], memory: str = MEMORY
) -> duckdb.DuckDBPyConnection:
    """A DuckDB beside the staged rows: `staged_*` and the library's tables as views, `entries` as a table.

    It takes at most `memory`, or what the user allows it; the rest is spilled to disk.
    """
    import duckdb

    large = sum(part.stat().st_size for part in scratch.glob("*/*/*.parquet")) > LARGE
    work = duckdb.connect(str(scratch / "work.duckdb") if large else ":memory:")
    work.execute(f"SET memory_limit='{duck.memory_limit() or memory}'")
    work.execute(f"SET temp_directory='{duck.quoted(scratch / 'spill')}'")
    work.execute("SET enable_progress_bar=false")  # ours is the only one
    work.execute("SET preserve_insertion_order=false")  # every table is ordered where it is stored
    work.execute("SET TimeZone='UTC'")
    entries = pa.table(
        {
            "entry": pa.array([number for one in staged for number in one.entries], pa.int32()),
            "name": pa.array([name for one in staged for name, _ in one.entries.values()], pa.string()),
            "source": pa.array([source for one in staged for _, source in one.entries.values()], pa.string()),
        }
    )
    work.register("entries", entries)
    refused = ", ".join(str(number) for one in staged for number in sorted(one.broken)) or "-1"
    for kind, schema in SCHEMAS.items():
        _view(work, f"every_{kind}", sorted(scratch.glob(f"*/{kind}/*.parquet")), schema, scratch)
        work.execute(f"CREATE VIEW staged_{kind} AS FROM every_{kind} WHERE entry NOT IN ({refused})")
    work.execute(f"""
        CREATE OR REPLACE VIEW staged_refs AS
        SELECT *, {IDENTITY} AS identity
        FROM every_refs JOIN entries USING (entry) WHERE entry NOT IN ({refused})
    """)
    for name, schema in TABLES.items():
        writer.library.check(name)
        _view(work, name, writer.parts(name), schema, scratch)
    return work


def _view(
    work: duckdb.DuckDBPyConnection, name: str, parts: list[Path], schema: pa.Schema, scratch: Path
) -> None:
    stored, numbered = name in TABLES, name in NUMBERED
    if stored or not parts:
        # DuckDB reads no empty list of files, and parts of earlier releases lack columns: this has them all.
        empty = scratch / f"empty-{name}.parquet"
        pq.write_table(schema.empty_table(), empty)
        parts = [*parts, empty]
    listed = ", ".join(f"'{duck.quoted(part)}'" for part in parts)
    more = ", union_by_name=true" * stored + ", filename=true, file_row_number=true" * numbered
    files = f"read_parquet([{listed}]{more})"
    # What is small is held in memory: every query over a view would open the files again.
    kind = "TABLE" if sum(part.stat().st_size for part in parts) < SMALL else "VIEW"
    columns = ", ".join(schema.names) + (_UID if numbered else "")
    work.execute(f"CREATE {kind} {name} AS SELECT {columns} FROM {files}")


# A number below 0 for each stored row: parts are numbered through all tables (`store.py`).
NUMBERED = ("listens", "told")
_UID = r""",
    -((regexp_extract(filename, '([0-9]+)-[0-9a-f]+\.parquet$', 1)::BIGINT << 33) + file_row_number + 1)
    AS uid
"""
