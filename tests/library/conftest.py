"""A library to write to, and a way to import rows without a file format in between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from segue import files
from segue.library import Library
from segue.library.importing import ImportReport, _store
from segue.library.readers.base import ReadOptions
from segue.library.renewing import renew_names
from segue.library.rows import Row
from segue.library.setting_aside import Staged
from segue.library.staging import Staging
from segue.library.workspace import connect


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.open(tmp_path / "library", create=True)


Store = Callable[..., ImportReport]


@pytest.fixture
def store() -> Store:
    """Store rows as one import of the format `source` would, or rows by source as one import of a folder."""

    def run(
        library: Library, rows: Iterable[Row] | Mapping[str, Iterable[Row]], source: str = "test"
    ) -> ImportReport:
        told = rows if isinstance(rows, Mapping) else {source: rows}
        report = ImportReport(Path("rows"), formats=list(told))
        with library.writing() as writer:
            scratch = writer.scratch()
            staging = Staging(scratch / "worker-0")
            for number, (name, of_source) in enumerate(told.items()):
                staging.begin(number, f"rows-{number}", name)
                for row in of_source:
                    staging.add(row)
            staging.flush()
            staged = [Staged(staging.entries, staging.refused)]
            report.renamed = renew_names(library, writer)
            with closing(connect(writer, scratch, staged)) as work:
                _store(library, writer, work, report, ReadOptions(), lambda amount: None)
        return report

    return run


def without_columns(library: Library, table: str, columns: list[str]) -> Library:
    """`library` as an earlier release left it: `table` in one part that lacks `columns`, no checksum."""
    (part,) = library.parts(table)
    aside = library.path / table / "aside"
    pq.write_table(pq.read_table(part).drop_columns(columns), aside)
    part.unlink()
    older = aside.rename(part.with_name(f"{part.name[:6]}-{files.digest(aside)}.parquet"))
    file = library.path / "library.json"
    catalogue = json.loads(file.read_text())
    del catalogue[files.CHECKSUM]
    catalogue["format"] = 1
    parts = catalogue["parts"] | {table: [f"{table}/{older.name}"]}
    catalogue["parts"] = {name: listed for name, listed in parts.items() if listed}
    file.write_text(json.dumps(catalogue))
    return Library.open(library.path)
