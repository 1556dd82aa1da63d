"""Backup and restore of a library and the service's tables in one archive, while everything runs.

A library is what `library.json` names, and no part of it ever changes; so the parts are copied under the lock
that writers hold, models and weeks as they are. SQLite's own backup copies its database between two commits.
"""

from __future__ import annotations

import sqlite3
import tarfile
import tempfile
from pathlib import Path

from segue import files
from segue.errors import FormatError, UsageError
from segue.library import Library
from segue.service.database import FILE
from segue.shelf.shelf import CURRENT

LEFT_OUT = (f"{FILE}-wal", f"{FILE}-shm", FILE)  # the backup of it is put in its place
WAIT = 600.0  # seconds for which a writer of the library is waited for


def back_up(library: Path, target: Path) -> int:
    """Write everything in the library's folder to the archive `target` (.tar); returns how many files.

    Raises:
        NotFoundError: there is no library.
        UsageError: the archive would lie in the library's folder.
        BusyError: somebody has been writing for too long.
    """
    Library.open(library)
    if library.resolve() in target.resolve().parents:
        raise UsageError("A backup inside of what it is of is none", hint="name a file elsewhere")
    with (
        files.replacing(target) as aside,
        tarfile.open(aside, "w") as archive,
        files.locked(library, "library", wait=WAIT),
    ):
        count = _database(library, archive, target.parent)
        added: set[str] = set()
        while new := _new(
            library, added
        ):  # weeks and models may be replaced meanwhile: then what came is added
            for path, name in new:
                added.add(name)
                try:
                    archive.add(path, name)
                # It was replaced meanwhile; what took its place is found in the next round.
                except FileNotFoundError:
                    continue
                count += 1
        # It holds what everybody played, and tokens of other servers (`relays.py`).
        aside.chmod(0o600)
    return count


def _new(library: Path, added: set[str]) -> list[tuple[Path, str]]:
    """Files that are not in the archive yet; what says which version is current before the versions."""
    found = []
    for path in library.rglob("*"):
        name = path.relative_to(library).as_posix()
        hidden = any(part.startswith(".") for part in name.split("/"))
        if not hidden and name not in added and name not in LEFT_OUT and path.is_file():
            found.append((path, name))
    return sorted(found, key=lambda each: (each[0].name != CURRENT, each[1]))


def _database(library: Path, archive: tarfile.TarFile, folder: Path) -> int:
    """Add a copy of the service's database, if there is one."""
    if not (library / FILE).exists():
        return 0
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        copy = Path(scratch) / FILE
        _copy(library / FILE, copy)
        archive.add(copy, FILE)
    return 1


def restore(source: Path, library: Path) -> int:
    """Unpack an archive of `back_up` into a new folder `library`; returns how many files.

    Raises:
        UsageError: there is something in that folder.
        FormatError: the archive is none, is damaged, or holds no library.
    """
    if library.exists() and any(library.iterdir()):
        raise UsageError(f"{library} is not empty", hint="name a new folder, or move the old library away")
    if library.exists():
        library.rmdir()
    with (
        files.reading(source, "a backup", "name a file that segue backup wrote"),
        files.replacing(library) as aside,
    ):
        aside.mkdir()
        try:
            with tarfile.open(source) as archive:
                # An archive may come from anywhere: this refuses paths that lead out of the folder, links and
                # devices.
                archive.extractall(aside, filter="data")
        except tarfile.TarError as error:
            raise FormatError(f"{source} cannot be unpacked", got=str(error)) from None
        Library.open(aside)
        count = sum(path.is_file() for path in aside.rglob("*"))
        if (aside / FILE).exists():
            (aside / FILE).chmod(0o600)
    return count


def _copy(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        # By SQLite itself: the file alone may lack what its log holds, and be written to while it is copied.
        old.backup(new)
    old.close()
    new.close()
