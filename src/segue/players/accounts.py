"""The players of a library: which, where, whose lists; in its folder `players`, without secrets."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from segue import files
from segue.errors import NotFoundError, UsageError, checked, one_of
from segue.library.forgotten import ForgottenList

FOLDER = "players"
FILE = f"{FOLDER}/all.json"
WEEK = "{week}"
_NAME = re.compile(r"[\w.-]{1,60}")
_WHAT, _DO = "the players of a library", "remove it, and add the players anew"


class Account(BaseModel):
    """One player, for one listener."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: str
    listener: str
    address: str = ""  # of a server; a folder; mpd's host:port
    user: str = ""
    title: str = Field(
        "Discover Weekly", description="With {week} in it, each week is a playlist of its own."
    )
    keep: int = Field(0, ge=0, description="Weeks' playlists that stay, the newest; 0 for all.")
    public: bool = False
    paths: str = "absolute"
    prefixes: tuple[str, ...] = ()
    queue: bool = Field(False, description="mpd: put the list into the queue, too.")
    push: bool = True
    pull: bool = False
    plays: bool = Field(True, description="Pull plays, too; else only stars, ratings and loved songs.")


def read(library: Path) -> dict[str, Account]:
    """The players, by name.

    Raises:
        FormatError: the file is damaged.
    """
    path = library / FILE
    if not files.there(path):
        return {}
    found = files.from_json(path, _WHAT, _DO)
    with files.reading(path, _WHAT, _DO):
        return {each["name"]: Account(**each) for each in found["players"]}


def account(library: Path, name: str) -> Account:
    """The player of that name.

    Raises:
        NotFoundError: there is none.
    """
    known = read(library)
    if name not in known:
        raise NotFoundError(
            f"There is no player {name!r}",
            expected=one_of(sorted(known), "players"),
            hint="segue players list",
        )
    return known[name]


def made_of(**told: Any) -> Account:
    """A player of what was told of it.

    Raises:
        UsageError: something cannot be taken.
    """
    made = checked(Account, told, what="The player's {setting} cannot be taken")
    if not _NAME.fullmatch(made.name):
        raise UsageError("That is no name of a player", expected="letters, digits, - . _", got=made.name)
    return made


def add(library: Path, **told: Any) -> Account:
    """Keep a player; one of the same name is replaced.

    Raises:
        UsageError: something cannot be taken.
    """
    made = made_of(**told)
    with changing(library), ForgottenList(library).held() as gone:
        if made.listener in gone:
            raise UsageError(f"{made.listener!r} asked to be forgotten in this library")
        _write(library, {**read(library), made.name: made})
    return made


def remove(library: Path, name: str) -> None:
    """Take a player out of the list, by one who holds `changing`.

    Raises:
        NotFoundError: there is none of that name.
    """
    account(library, name)
    _write(library, {each: kept for each, kept in read(library).items() if each != name})


@contextlib.contextmanager
def changing(library: Path, wait: float = 10.0) -> Generator[None]:
    """Inside, nobody else changes which players there are, nor what is kept of them.

    Raises:
        BusyError: somebody does.
    """
    with files.locked(library / FOLDER, "players of the library", wait=wait):
        files.sweep(library / FOLDER)
        yield


def _write(library: Path, accounts: dict[str, Account]) -> None:
    players = [accounts[name].model_dump() for name in sorted(accounts)]
    files.write_text(library / FILE, files.to_json({"players": players}))
