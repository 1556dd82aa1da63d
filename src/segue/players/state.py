"""What was pushed to a player and pulled from it, in `players/<name>.state.json` in the library's folder."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

from segue import files
from segue.errors import ChangedError
from segue.players import accounts, secrets

_DO = "remove it: the next push finds its playlist by its name"
_AGAIN = "remove it: the next pull tells all songs anew, and what the library has is not stored twice"
_WHERE = ("kind", "address", "user", "listener")
HISTORY, SONGS = "history", "songs"  # what pages are of


class State:
    """What is kept of a player.

    Attributes:
        lists: by slot ("weekly", or a week): id, week, items, unmatched, pushed_at (Unix time).
        none: by slot: the week's list of which the player had no track: week, tracks, at (Unix time).
        pulled: since (Unix time until which all is in the library), and of a pull that was broken off
            started, before and pages.
        songs: how each song stood at the last pull, by the player's id of it (`standing.py`).
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.path = folder / accounts.FOLDER / f"{name}.state.json"
        self.pages = folder / accounts.FOLDER / f"{name}.pages"
        known = {}
        if files.there(self.path):
            known = files.from_json(self.path, "what was pushed to a player", _DO)
        self.lists: dict[str, dict[str, Any]] = known.get("lists", {})
        self.none: dict[str, dict[str, Any]] = known.get("none", {})
        self.pulled: dict[str, Any] = known.get("pulled", {})
        self._songs = folder / accounts.FOLDER / f"{name}.songs.json"

    @property
    def songs(self) -> dict[str, Any] | None:
        """None before the first pull.

        Raises:
            FormatError: the file is damaged.
        """
        if not files.there(self._songs):
            return None
        return files.from_json(self._songs, "how songs stood on a player", _AGAIN)["songs"]

    def save(self) -> None:
        """Keep it, all or nothing.

        Raises:
            ChangedError: the player was taken out meanwhile; nothing is kept of it.
        """
        with self._still_there():
            files.write_text(
                self.path, files.to_json({"lists": self.lists, "none": self.none, "pulled": self.pulled})
            )

    def keep_songs(self, songs: dict[str, dict[str, Any]]) -> None:
        """Keep how songs stand, all or nothing.

        Raises:
            ChangedError: the player was taken out meanwhile.
        """
        with self._still_there():
            files.write_text(self._songs, files.to_json({"songs": songs}))

    def keep_page(self, number: int, document: bytes, *, of: str = HISTORY) -> None:
        """Keep a page of what is pulled until all are there.

        Raises:
            ChangedError: the player was taken out meanwhile.
        """
        with self._still_there():
            files.write_bytes(self.pages / of / f"{number:06d}.json", document)

    def remove(self) -> None:
        """Forget all that is kept."""
        for path in (self.path, self._songs, self.pages):
            files.remove(path)

    @contextlib.contextmanager
    def _still_there(self) -> Generator[None]:
        """Nobody takes the player out inside: what is written is removed with it or was never written."""
        with accounts.changing(self.folder):
            if self.name not in accounts.read(self.folder):
                raise ChangedError(
                    f"The player {self.name!r} was taken out meanwhile", hint="segue players list"
                )
            yield


def put_in(folder: Path, **told: Any) -> bool:
    """Keep a player; whether one of the same name is replaced.

    What was pushed to another server, or for another listener, is forgotten: none of it is on this one.

    Raises:
        UsageError: something cannot be taken.
    """
    before = accounts.read(folder).get(told["name"])
    made = accounts.add(folder, **told)
    if before is not None and any(getattr(before, name) != getattr(made, name) for name in _WHERE):
        with accounts.changing(folder):
            State(folder, made.name).remove()
    return before is not None


def take_out(folder: Path, name: str) -> None:
    """Take a player out, with its secret and what was pushed to it.

    Raises:
        NotFoundError: there is none of that name.
        BusyError: another process is changing the players.
    """
    with accounts.changing(folder):
        _take_out(folder, name)


def forget(folder: Path, listener: str, *, dry_run: bool = False, wait: float = 10.0) -> list[str]:
    """Take out the players of a listener, with their secrets and what was pushed to them; their names.

    Raises:
        BusyError: another process is changing the players.
    """
    if dry_run or not (folder / accounts.FOLDER).exists():
        return _of(folder, listener)
    with accounts.changing(folder, wait):
        mine = _of(folder, listener)
        for name in mine:
            _take_out(folder, name)
    return mine


def _of(folder: Path, listener: str) -> list[str]:
    return [name for name, each in accounts.read(folder).items() if each.listener == listener]


def _take_out(folder: Path, name: str) -> None:
    # The account last: what a kill leaves of the rest is found by it, and goes the next time.
    State(folder, name).remove()
    secrets.keep(folder, name, None)
    accounts.remove(folder, name)


@contextlib.contextmanager
def held(folder: Path, name: str) -> Generator[State]:
    """The state of a player for one who pushes or pulls; no two at once.

    Raises:
        BusyError: another does.
    """
    with files.locked(folder / accounts.FOLDER, f"player {name} of", wait=1.0, name=f".{name}.lock"):
        yield State(folder, name)
