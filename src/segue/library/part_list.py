"""`library.json`: which Parquet parts of a library's folder count."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from segue import files
from segue.errors import FormatError
from segue.library.names import VERSION as NAMES
from segue.library.tables import TABLES

FORMAT = 2
UNCHECKED = 1  # the format whose catalogue had no checksum; it is read too, and written anew as the one above
CATALOGUE = "library.json"
KEYS = {"format", "names", "created_at", "parts", "counter", "departed"}
RESTORE = "restore it from a copy, or import anew"


def fresh() -> dict[str, Any]:
    """The catalogue of a new library."""
    return {
        "format": FORMAT,
        "names": NAMES,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "parts": {name: [] for name in TABLES},
    }


def write(file: Path, catalogue: dict[str, Any]) -> None:
    """Put `catalogue` in the place of the one in `file`, with its checksum."""
    files.write_text(file, files.to_json(catalogue))


def read(file: Path) -> dict[str, Any]:
    """The catalogue, and a fresh one where a writer has taken parts away while it was read."""
    catalogue = _parsed(file)
    while missing := [
        part for listed in catalogue["parts"].values() for part in listed if not (file.parent / part).exists()
    ]:
        before, catalogue = catalogue, _parsed(file)
        if catalogue == before:
            raise FormatError(
                f"The library in {file.parent} lacks a part of its data",
                expected=f"the file {missing[0]}",
                hint=RESTORE,
            )
    return catalogue


def _parsed(file: Path) -> dict[str, Any]:
    catalogue = files.from_json(
        file, "a library's catalogue", RESTORE, older=lambda value: value.get("format") == UNCHECKED
    )
    with files.reading(file, "a library's catalogue", RESTORE):
        version, tables = catalogue["format"], catalogue["parts"]
        parts = [part for listed in tables.values() for part in listed]
    if version not in (UNCHECKED, FORMAT):
        raise FormatError(
            f"The library in {file.parent} is of another version",
            expected=f"format {FORMAT}",
            got=f"format {version}",
            hint="import anew with this release, or use the release that made it",
        )
    if not (
        set(catalogue) <= KEYS
        and set(tables) <= set(TABLES)
        and all(isinstance(part, str) and part.split("/")[0] in TABLES and ".." not in part for part in parts)
    ):
        raise FormatError(f"{file} is damaged", expected=f"keys {', '.join(sorted(KEYS))}", hint=RESTORE)
    return catalogue


def ours(path: Path) -> bool:
    """Whether this is what a process leaves that was killed while it made a library."""
    return path.name.startswith(".") and (
        path.name.endswith(".lock") or path.name.startswith(files.TEMPORARY)
    )


def check(part: Path, most: int | None) -> None:
    """Compare a part with the checksum in its name; of one over `most` bytes only the size is looked at.

    Raises:
        FormatError: it is damaged.
    """
    files.refuse_changed(part, part.stem.rpartition("-")[2], "a part", RESTORE, most=most)
