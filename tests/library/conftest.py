"""A library to write to, and a way to import rows without a file format in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from segue.library import Library
from segue.library.importing import ImportReport, Staged, _store
from segue.library.readers.base import ReadOptions
from segue.library.rows import Row
from segue.library.staging import Staging


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.open(tmp_path / "library", create=True)


Store = Callable[..., ImportReport]


@pytest.fixture
def store() -> Store:
    """Store rows as an import of the format `source` would."""

    def run(library: Library, rows: Iterable[Row], source: str = "test") -> ImportReport:
        report = ImportReport(Path("rows"), formats=[source])
        with library.writing() as writer:
            scratch = writer.scratch()
            staging = Staging(scratch / "worker-0")
            staging.begin(0, "rows", source)
            for row in rows:
                staging.add(row)
            staging.flush()
            staged = [Staged(staging.entries, staging.refused)]
            _store(library, writer, scratch, staged, report, ReadOptions(), lambda amount: None)
        return report

    return run
