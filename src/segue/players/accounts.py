"""The players of a library: which, where, whose lists; in `players.json` in its folder, without secrets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from segue import files
from segue.errors import NotFoundError, UsageError, checked, one_of
from segue.players import secrets
from segue.players.state import State

FILE = "players.json"
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


def read(library: Path) -> dict[str, Account]:
    """The players, by name.

    Raises:
        FormatError: the file is damaged.
    """
    path = library / FILE
    if not path.exists():
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
            f"There is no player {name!r}", expected=one_of(sorted(known), "players"), do="segue players list"
        )
    return known[name]


def add(library: Path, **told: Any) -> Account:
    """Keep a player; one of the same name is replaced.

    Raises:
        UsageError: something cannot be taken.
    """
    made = checked(Account, told, what="The player's {setting} cannot be taken")
    if not _NAME.fullmatch(made.name):
        raise UsageError("That is no name of a player", expected="letters, digits, - . _", came=made.name)
    with files.locked(library, "players of the library", wait=10.0, name=".players.lock"):
        _write(library, {**read(library), made.name: made})
    return made


def remove(library: Path, name: str) -> Account:
    """Take a player out.

    Raises:
        NotFoundError: there is none of that name.
    """
    with files.locked(library, "players of the library", wait=10.0, name=".players.lock"):
        gone = account(library, name)
        _write(library, {each: kept for each, kept in read(library).items() if each != name})
    return gone


def forget(library: Path, listener: str, *, dry_run: bool = False) -> list[str]:
    """Take out the players of a listener, with their secrets and what was pushed to them; their names."""
    mine = [name for name, each in read(library).items() if each.listener == listener]
    if not dry_run:
        for name in mine:
            take_out(library, name)
    return mine


def take_out(library: Path, name: str) -> None:
    """Take a player out, with its secret and what was pushed to it.

    Raises:
        NotFoundError: there is none of that name.
    """
    remove(library, name)
    secrets.keep(library, name, None)
    State(library, name).drop()


def _write(library: Path, accounts: dict[str, Account]) -> None:
    players = [accounts[name].model_dump() for name in sorted(accounts)]
    files.write_text(library / FILE, files.to_json({"players": players}))
