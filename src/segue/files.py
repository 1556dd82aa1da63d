"""Writing that a kill at any moment cannot spoil: a temporary name, fsync, then replace."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import uuid
from collections.abc import Generator
from pathlib import Path

from segue.errors import BusyError

TEMPORARY = ".tmp-"


@contextlib.contextmanager
def replacing(path: Path) -> Generator[Path]:
    """Yield a temporary path beside `path`; on success it takes the name of `path`, else it is removed.

    Works for a file, and for a folder as long as `path` does not exist yet.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex[:12]}-{path.name}")
    try:
        yield aside
        sync(aside)
        aside.replace(path)
        sync(path.parent, whole=False)
    finally:
        remove(aside)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, all or nothing."""
    with replacing(path) as aside:
        aside.write_text(text, encoding="utf-8", newline="")


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data`, all or nothing."""
    with replacing(path) as aside:
        aside.write_bytes(data)


def sync(path: Path, *, whole: bool = True) -> None:
    """Flush a file, or a folder and (if `whole`) everything in it, to the disk."""
    if whole and path.is_dir():
        for child in path.iterdir():
            sync(child)
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what a killed writer left under a temporary name. Call it only while holding the lock."""
    for left in folder.glob(f"{TEMPORARY}*"):
        remove(left)


@contextlib.contextmanager
def locked(folder: Path, what: str) -> Generator[None]:
    """Hold `folder` for writing. The lock goes with the process, so a kill leaves none behind.

    Raises:
        BusyError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"Another process is writing to the {what} {folder}", do="wait until it has finished"
            ) from None
        yield
