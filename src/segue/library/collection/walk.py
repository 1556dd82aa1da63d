"""Audio files under a folder, with what tells cheaply whether one has changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from segue.library.collection.tags import SUFFIXES

_PASSED_OVER = ("@eadir", "#recycle", "$recycle.bin", "lost+found")  # what storage boxes keep beside music


class Stamp(NamedTuple):
    """A file that has the same is taken for the same; it keeps them when it is moved on one disk."""

    size: int
    mtime_ns: int
    inode: int


class Walk:
    """The audio files under `folder`; links are followed, each folder is entered once.

    Attributes:
        unreadable: folders that could not be looked into, and why; filled as the walk goes on.
        strange: files whose names are no UTF-8, which no table and few players can name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unreadable: dict[str, str] = {}
        self.strange: list[str] = []

    def __iter__(self) -> Iterator[tuple[str, Stamp]]:
        """Each file's path and stamp."""
        # A link to a folder that holds this one would lead out of it.
        above = [parent.stat() for parent in self.folder.parents]
        entered = {(state.st_dev, state.st_ino) for state in above}
        waiting = [str(self.folder)]
        while waiting:
            folder = waiting.pop()
            try:
                state = Path(folder).stat()
                if (state.st_dev, state.st_ino) in entered:
                    continue
                entered.add((state.st_dev, state.st_ino))
                with os.scandir(folder) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name, reverse=True)
            except OSError as error:
                self.unreadable[folder] = error.strerror or str(error)
                continue
            found = []
            for entry in listed:
                name = entry.name
                if name.startswith(".") or name.lower() in _PASSED_OVER:
                    continue
                try:
                    if entry.is_dir():
                        waiting.append(entry.path)
                    elif _suffix(name) in SUFFIXES and entry.is_file():
                        found.append((entry.path, entry.stat()))
                except OSError as error:
                    self.unreadable[entry.path] = error.strerror or str(error)
            for path, state in reversed(found):
                if path.isprintable() or _utf8(path):
                    yield path, Stamp(state.st_size, state.st_mtime_ns, state.st_ino)
                else:
                    self.strange.append(os.fsencode(path).decode("utf-8", "replace"))


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2].lower()


def _utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
