"""DuckDB as Segue uses it: how much memory it may take, and what its errors mean."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from segue.errors import SegueError, UsageError

MEMORY = "SEGUE_MEMORY"  # the environment's variable: 2GB, 500MB
_SIZE = re.compile(r"\d+(?:\.\d+)?\s*(?:[KMGT]i?B|B)", re.IGNORECASE)


def memory_limit() -> str | None:
    """What `SEGUE_MEMORY` says; None if it is not set.

    Raises:
        UsageError: it is no size.
    """
    said = os.environ.get(MEMORY, "").strip()
    if said and not _SIZE.fullmatch(said):
        raise UsageError(f"{MEMORY} is no size", expected="a number and a unit, like 2GB", got=said)
    return said or None


def ibis_backend() -> Any:
    """DuckDB in memory as an Ibis backend; what does not fit goes to the system's temporary folder."""
    import ibis

    backend = ibis.duckdb.connect()
    backend.raw_sql("SET enable_progress_bar = false")  # on standard output, of all places
    spill = Path(tempfile.gettempdir()) / f"segue-duckdb-{os.getpid()}"
    backend.raw_sql(f"SET temp_directory = '{quoted(spill)}'")  # else in the current folder
    if limit := memory_limit():
        backend.raw_sql(f"SET memory_limit = '{limit}'")
    return backend


def quoted(path: Path) -> str:
    """A path inside single quotes of SQL."""
    return str(path).replace("'", "''")


def errors() -> tuple[type[Exception], ...]:
    """What DuckDB raises; nothing where it was not loaded."""
    loaded = sys.modules.get("duckdb")
    return (loaded.Error,) if loaded else ()


def refuse_too_little_memory(error: BaseException) -> None:
    """Say that DuckDB had too little memory.

    Raises:
        SegueError: that is what `error` means.
    """
    loaded = sys.modules.get("duckdb")
    if loaded and isinstance(error, loaded.OutOfMemoryException):
        raise SegueError(
            "DuckDB has too little memory for this",
            got=str(error).partition("\n")[0][:200],
            hint=f"allow it more: {MEMORY}=8GB",
        ) from error
