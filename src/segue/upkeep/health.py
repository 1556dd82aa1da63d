"""Is everything in a library's folder whole, and what can safely be done where it is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

from segue import files
from segue.engine.schedule import FILE as ZONES
from segue.engine.schedule import read_zones
from segue.engine.tastes import stored_tastes, taste_changes
from segue.errors import SegueError
from segue.library import Library
from segue.library.tables import TABLES
from segue.players import accounts
from segue.players.state import State
from segue.playlists import memory
from segue.shelf import Shelf
from segue.shelf.names import shelf_of
from segue.shelf.shelf import CURRENT


class Finding(NamedTuple):
    """What was found of one thing."""

    what: str
    state: str  # "ok", "missing" or "wrong"
    detail: str
    repair: Callable[[], str] | None = None  # does what is safe, and says what it did


def examine(path: Path) -> Iterator[Finding]:
    """Everything in the library's folder `path`, each file compared with its checksum."""
    try:
        library = Library.open(path)
        for name in TABLES:
            library.check(name, most=None)
        rows = {name: library.count(name) for name in ("listens", "playlist_entries", "tracks")}
        yield Finding("library", "ok", f"{path}: " + ", ".join(f"{n:,} {name}" for name, n in rows.items()))
        files.refuse_read_only(path, "library")
    except SegueError as error:
        yield Finding("library", "wrong", str(error))
        return
    for what, read in (
        ("the forgotten", library.forgotten.read),
        (ZONES, lambda: read_zones(path)),
        ("players", lambda: _read_players(path)),
        *((each.name, partial(_read_database, each)) for each in sorted(path.glob("*.sqlite"))),
    ):
        try:
            read()
        except SegueError as error:
            yield Finding(what, "wrong", str(error))
    yield from _models(library)
    yield from _weeks(library)
    yield from _tastes(library)


def _read_players(path: Path) -> None:
    for name in accounts.read(path):
        _ = State(path, name).songs


def _read_database(path: Path) -> None:
    """Look through the service's tables; what they hold was said once, and no repair makes it anew."""
    what, hint = (
        "the service's database",
        f"restore it from a backup, or move {path.name}* away to begin anew",
    )
    with files.reading(path, what, hint):
        # Looked at and not touched: to open it for writing would begin a log beside it.
        address = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=10.0)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise ValueError(found)


def _models(library: Library) -> Iterator[Finding]:
    shelf = shelf_of(library)
    folders = sorted(shelf.folder.glob("[!.]*/")) if shelf.folder.is_dir() else []
    # Where all versions are gone, as of a model that could not forget, nothing is wrong.
    places = [each.name for each in folders if files.there(each / CURRENT) or shelf.versions(each.name)]
    if not places:
        yield Finding("models", "missing", "none is trained: segue train")
    for name in places:
        damaged = {}
        for version in shelf.versions(name):
            try:
                shelf.verify(name, version)
            except SegueError as error:
                damaged[version] = error
        whole = [version for version in shelf.versions(name) if version not in damaged]
        try:
            current = shelf.current(name)
        except SegueError as error:
            repair = _turn_to(shelf, name, whole[-1]) if whole else None
            yield Finding(f"model {name}", "wrong", str(error), repair)
            current = ""
        for version, error in damaged.items():
            repair = _drop(shelf, name, version, whole) if whole or version != current else None
            yield Finding(f"model {name}", "wrong", str(error), repair)
        if current in whole:
            fresh = shelf.manifest(name).data in (None, library.fingerprint())
            since = "" if fresh else "; the library has changed since"
            yield Finding(f"model {name}", "ok", current + since)


def _turn_to(shelf: Shelf, name: str, version: str) -> Callable[[], str]:
    return lambda: f"{name} is now {shelf.rollback(name, version)}"


def _drop(shelf: Shelf, name: str, version: str, whole: list[str]) -> Callable[[], str]:
    def drop() -> str:
        if whole:
            shelf.rollback(name, whole[-1])
        shelf.remove(name, version)
        return f"removed {name}/{version}" + (f"; {name} is now {whole[-1]}" if whole else "")

    return drop


def _weeks(library: Library) -> Iterator[Finding]:
    weeks = memory.Weeks(library.path / "weeks")
    for week in weeks.names():
        for path in weeks.files(week):
            try:
                memory.check(path, most=None)
                weeks.read(week)
            except SegueError as error:
                yield Finding(f"lists of {week}", "wrong", str(error), _aside(path))


def _tastes(library: Library) -> Iterator[Finding]:
    weeks = stored_tastes(library)
    for week in weeks.names():
        try:
            weeks.read(week)
        except SegueError as error:
            yield Finding(f"tastes of {week}", "wrong", str(error), _aside(weeks.folder / f"{week}.npz"))
    changes = taste_changes(library)
    try:
        changes.every()
    except SegueError as error:
        yield Finding("changes of tastes", "wrong", str(error), _aside(changes.path))


def _aside(path: Path) -> Callable[[], str]:
    """Set a file aside under a name that nobody reads; `segue forget` removes it, for it may name people."""

    def aside() -> str:
        with files.locked(path.parent, "files in", wait=memory.WAIT):
            path.rename(path.with_name(path.name + files.DAMAGED))
        return f"set aside as {path.name}{files.DAMAGED}"

    return aside


def sweep(path: Path) -> None:
    """Remove what killed writers have left in the library's folder `path`.

    Raises:
        BusyError: somebody is writing there.
    """
    library = Library.open(path)
    with library.writing():
        pass
    for place in (shelf_of(library), memory.Weeks(path / "weeks"), stored_tastes(library)):
        if place.folder.is_dir():
            place.sweep()
