"""Writing to a library: new parts under names nobody reads until the whole is committed (`store.py`)."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from segue import files
from segue.library.tables import ROWS_A_GROUP, TABLES, known

if TYPE_CHECKING:
    from segue.library.store import Library

Data = pa.Table | pa.RecordBatchReader


class Writer:
    """What `Library.writing()` yields; see there."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.catalogue: dict[str, Any] = copy.deepcopy(library._catalogue)
        self.changed = False
        self.purges = False

    def append(self, name: str, data: Data) -> int:
        """Add rows to a table; returns how many. Columns are matched by name and cast to the schema.

        Raises:
            KeyError: a column of the schema is missing from `data`.
        """
        known(name)
        number = self.catalogue.setdefault("counter", 0) + 1
        part, rows = _write_part(self.library.path / name, number, data, TABLES[name])
        if rows:
            self.catalogue["parts"].setdefault(name, []).append(f"{name}/{part.name}")
            self.catalogue["counter"] = number
            self.changed = True
        return rows

    def rewrite(self, name: str, data: Data, *, purge: bool = False) -> int:
        """Put `data` in the place of all rows of a table; returns how many.

        The old parts stay on disk until the next write, for those who are reading them; with `purge` they go
        as soon as the new ones are committed.
        """
        self.catalogue["parts"][name] = []
        self.changed = True
        self.purges |= purge
        return self.append(name, data)

    def parts(self, name: str) -> list[Path]:
        """The Parquet files of a table as this write leaves it, oldest first."""
        return [self.library.path / part for part in self.catalogue["parts"].get(name, [])]

    def fresh(self, name: str) -> list[Path]:
        """The parts of a table that this write has added."""
        old = set(self.library.parts(name))
        return [part for part in self.parts(name) if part not in old]

    def scratch(self) -> Path:
        """A folder for set-aside work in the library; gone after the write, or at the next after a kill."""
        path = self.library.path / f"{files.TEMPORARY}scratch"
        path.mkdir(exist_ok=True)
        return path


def _write_part(folder: Path, number: int, data: Data, schema: pa.Schema) -> tuple[Path, int]:
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{files.TEMPORARY}{number:06d}"
    batches = data.to_batches(max_chunksize=ROWS_A_GROUP) if isinstance(data, pa.Table) else data
    rows = 0
    with pq.ParquetWriter(aside, schema, compression="zstd") as writer:
        for batch in batches:
            if batch.num_rows:
                table = pa.Table.from_batches([batch]).select(schema.names).cast(schema)
                writer.write_table(table, row_group_size=ROWS_A_GROUP)
                rows += batch.num_rows
    # The number, which counts through all tables, keeps parts in the order in which they came; the checksum
    # is what readers compare a part with.
    part = folder / f"{number:06d}-{files.digest(aside)}.parquet"
    if rows:
        aside.replace(part)
    else:
        aside.unlink()
    return part, rows
