"""Writing that a kill at any moment cannot spoil, reading that tells damage, and the locks of folders."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from segue.errors import BusyError, FormatError, SegueError, UsageError

TEMPORARY = ".tmp-"
DAMAGED = ".damaged"  # at the end of the name of a file that `segue doctor --repair` has set aside
CHECKSUM = "checksum"
CHEAP = 256 << 20  # bytes up to which a file is read whole to be compared with its checksum before it is used


@contextlib.contextmanager
def replacing(path: Path) -> Generator[Path]:
    """Yield a temporary path beside `path`; on success it takes the name of `path`, else it is removed.

    Works for a file, and for a folder as long as `path` does not exist yet.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside its final place, as a rename is atomic within one file system only. Names are cut, as file
    # systems allow 255 bytes.
    aside = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex[:12]}-{path.name[-50:]}")
    try:
        yield aside
        # The bytes are on the disk before the name turns to them, or a power cut could leave the name of a
        # file that is empty. The folder follows, which holds the name.
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
    if path.is_dir():
        if whole:
            for child in path.iterdir():
                sync(child)
        if os.name == "nt":  # which has no handles of folders
            return
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def there(path: Path) -> bool:
    """Whether anything is at a path: a link to nothing, too, which is damage and no absence."""
    return os.path.lexists(path)


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
def locked(folder: Path, what: str, *, wait: float = 0.0, name: str = ".lock") -> Generator[None]:
    """Hold `folder` for writing. The lock goes with the process, so a kill leaves none behind.

    Args:
        folder: made if it is not there.
        what: it is, for the message.
        wait: seconds for which another holder is waited for.
        name: of the lock; a folder may have several.

    Raises:
        BusyError: another process, or thread, holds it.
        UsageError: the folder cannot be written to.
    """
    import filelock  # not until something is written

    lock = filelock.FileLock(folder / name, timeout=wait)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout:
        raise BusyError(
            f"Another process is writing to the {what} {folder}", hint="wait until it has finished"
        ) from None
    except OSError as error:
        _unwritable(folder, what, error)
    try:
        yield
    finally:
        lock.release()


def refuse_read_only(folder: Path, what: str) -> None:
    """Say before any work that `folder` cannot be written to.

    Raises:
        UsageError: it cannot.
    """
    import tempfile

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # which a kill does not leave behind
            pass
    except OSError as error:
        _unwritable(folder, what, error)


def _unwritable(folder: Path, what: str, error: OSError) -> NoReturn:
    raise UsageError(
        f"The {what} {folder} cannot be written to",
        got=error.strerror or str(error),
        hint="change its permissions, or work on a copy",
    ) from None


@contextlib.contextmanager
def reading(path: Path, what: str, hint: str) -> Generator[None]:
    """Whatever a parser makes of damaged bytes becomes one error that names the file and what to do.

    A parser fails on bytes that no writer has written in more ways than it documents, so that all are caught.

    Raises:
        FormatError: the block failed.
    """
    try:
        yield
    except SegueError:
        raise
    except Exception as error:
        said = _settings(error) or f"{type(error).__name__}: {error}".partition("\n")[0][:300].rstrip(": ")
        raise FormatError(f"{path} cannot be read as {what}", got=said, hint=hint) from error


def _settings(error: Exception) -> str:
    """Which settings were not understood, where that is what failed: mostly those of another release."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return ""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    name = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        return f"the setting {name}, which this release does not have"
    return f"{name}: {first['msg']}" if name else first["msg"]


def digest(path: Path) -> str:
    """Sixteen hexadecimal digits of what a file holds."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()[:16]


_whole: dict[Path, tuple[str, int, int]] = {}  # files that were compared with their checksum: it, size, time


def refuse_changed(path: Path, expected: str, what: str, hint: str, *, most: int | None = CHEAP) -> None:
    """Compare a file with its checksum; one that was compared before is not read again while it is unchanged.

    Args:
        path: the file.
        expected: its `digest`.
        what: it is, for the message.
        hint: what to do.
        most: bytes; of larger files only the size is looked at. None for no limit.

    Raises:
        FormatError: it was changed, or cannot be read.
    """
    with reading(path, what, hint):
        # The state from before the file is read: if it changes while it is, the next look does not match and
        # reads it again.
        state = path.stat()
        seen = (expected, state.st_size, state.st_mtime_ns)
        if _whole.get(path) == seen or (most is not None and state.st_size > most):
            return
        came = digest(path)
    if came != expected:
        raise FormatError(f"{path} is damaged", expected=f"checksum {expected}", got=came, hint=hint)
    _whole[path] = seen


def to_json(value: Mapping[str, Any]) -> str:
    """`value` as JSON text that carries its own checksum, so that any change to it is noticed."""
    return json.dumps({**value, CHECKSUM: _of_json(value)}, indent=1) + "\n"


def from_json(
    path: Path, what: str, hint: str, *, older: Callable[[dict[str, Any]], bool] = lambda value: False
) -> dict[str, Any]:
    """What `to_json` made of a mapping.

    Args:
        path: the file.
        what: it is, for the message.
        hint: what to do.
        older: whether what came without a checksum is of an earlier version, and taken as it is.

    Raises:
        FormatError: the file is damaged, or cannot be read.
    """
    with reading(path, what, hint):
        value = json.loads(path.read_bytes().decode("utf-8"))
        expected = value.pop(CHECKSUM, None)
        same = older(value) if expected is None else expected == _of_json(value)
    if not same:
        raise FormatError(f"{path} is damaged", expected=f"checksum {expected or 'in it'}", hint=hint)
    return value


def _of_json(value: Mapping[str, Any]) -> str:
    # The order of keys is no part of what is said, and may differ between who wrote and who reads.
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
