"""`segue players push`, `pull` and `sync`: lists to players, listening from them, and what to say of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from segue.cli.options import LIBRARY, JsonOption, LibraryOption, library_with
from segue.cli.printing import print_json
from segue.errors import SegueError
from segue.wording import count

if TYPE_CHECKING:
    from segue.library import Library
    from segue.players.accounts import Account
    from segue.players.pulling import Pulled
    from segue.players.pushing import Pushed

T = TypeVar("T")
NAMED = 8  # tracks that a player does not have, of those that are named at once
_BACK = "It comes back with the next list; at once: segue players push {} --again"
NamesArgument = Annotated[
    list[str] | None, typer.Argument(help="Players by name. [default: all]", show_default=False)
]


def push(
    names: NamesArgument = None,
    library: LibraryOption = LIBRARY,
    week: Annotated[
        str | None,
        typer.Option(help="ISO week, like 2026-W48. [default: each listener's newest]", show_default=False),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Write it anew, also where nothing has changed here.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Push the newest weekly lists that are not there yet, in the place of the last ones.

    What a player does not have is said and kept; this tries it again, and so does the schedule after the next
    'segue files scan'.

    Examples:

        segue players push
        segue players push home --week 2026-W48
    """
    from segue.cli.options import asked_week
    from segue.players.pushing import push as run

    opened, wanted = library_with(library), asked_week(week) if week else None
    done, failed = _each(
        opened, names, "push", lambda account: run(opened, account, week=wanted, again=again, look=True)
    )
    _tell_pushed(done, json)
    _none(done or failed or json)
    _refuse(failed)


def pull(names: NamesArgument = None, library: LibraryOption = LIBRARY, json: JsonOption = False) -> None:
    """Fetch what was listened to since the last time, and import it.

    Plays by their times, or (Subsonic, Jellyfin) by counts and the time of the last one; and what is loved,
    starred or rated, or no longer. Broken off, it goes on where it was.

    Examples:

        segue players pull lb
    """
    from segue.files import refuse_read_only
    from segue.players.pulling import pull as run

    opened = library_with(library)
    refuse_read_only(opened.path, "library")
    done, failed = _each(opened, names, "pull", lambda account: run(opened, account))
    _tell_pulled(done, json)
    _none(done or failed or json)
    _refuse(failed)


def sync(library: LibraryOption = LIBRARY) -> None:
    """Pull, then push, for all players: what the schedule does.

    Examples:

        segue players sync
    """
    from segue.files import refuse_read_only
    from segue.players import accounts

    opened = library_with(library)
    refuse_read_only(opened.path, "library")
    _none(accounts.read(opened.path))
    _refuse(synced(opened, "pull") + synced(opened, "push"))


def synced(library: Library, does: str, *, quiet: bool = False) -> list[tuple[str, SegueError]]:
    """Pull from, or push to, all players that do it, and say what was done; those that failed, and why.

    `quiet` leaves out where nothing was new, as every hour.
    """
    from segue.players.pulling import pull as pull_one
    from segue.players.pushing import push as push_one

    if does == "pull":
        pulled, failed = _each(library, None, does, lambda account: pull_one(library, account))
        _tell_pulled([one for one in pulled if one[1].stored or not quiet], False)
    else:
        pushed, failed = _each(library, None, does, lambda account: push_one(library, account))
        _tell_pushed([one for one in pushed if one[1] is not None or not quiet], False)
    return failed


def _each(
    library: Library, names: list[str] | None, does: str, run: Callable[[Account], T]
) -> tuple[list[tuple[str, T]], list[tuple[str, SegueError]]]:
    """One player after another: what fails with one is no reason to leave out the next."""
    from segue.players import accounts

    known = accounts.read(library.path)
    chosen = [accounts.account(library.path, name) for name in names or ()]
    done, failed = [], []
    for each in chosen or [each for each in known.values() if getattr(each, does)]:
        try:
            done.append((each.name, run(each)))
        except SegueError as error:
            failed.append((each.name, error))
    return done, failed


def _none(some: object) -> None:
    """Say that there is nothing to do, where there is not."""
    if not some:
        print("There is no such player yet: segue players add.")


def _refuse(failed: list[tuple[str, SegueError]]) -> None:
    for name, error in failed[:-1]:
        print(f"{name}: {error}", file=sys.stderr)
    if failed:
        name, error = failed[-1]
        raise type(error)(f"{name}: {error.what}", expected=error.expected, got=error.got, hint=error.hint)


def _tell_pushed(done: list[tuple[str, Pushed | None]], json: bool) -> None:
    if json:
        rows = [
            {"player": name, "week": one.week, **one.receipt._asdict(), "gone": one.gone}
            if one
            else {"player": name}
            for name, one in done
        ]
        print_json(rows)
        return
    for name, one in done:
        if one is None:
            print(f"{name}: nothing new to push.")
            continue
        if one.gone:
            print(f"{name}: nothing new to push, but the playlist is no longer there.", _BACK.format(name))
            continue
        placed = count(len(one.receipt.items), "track")
        print(f"{name}: {placed} of {one.week}" + ("." if one.receipt.changed else ", as before."))
        if unmatched := one.receipt.unmatched:
            print(f"  Not there, tried again after the next scan or push: {named_first(unmatched)}")


def named_first(tracks: Sequence[str]) -> str:
    """The first of the tracks that a player does not have, and how to see all."""
    more = f"; and {len(tracks) - NAMED:,} more: segue players list --missing" * (len(tracks) > NAMED)
    return "; ".join(tracks[:NAMED]) + more


def _tell_pulled(done: list[tuple[str, Pulled]], json: bool) -> None:
    if json:
        print_json([{"player": name, **one._asdict(), "account": name} for name, one in done])
        return
    for name, one in done:
        told = f"{one.stored:,} stored, {one.already_there:,} there already"
        print(f"{name}: {count(one.read, 'row')} fetched, {told}.")
