"""`segue players`: weekly lists pushed to players and services, listening pulled from them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from segue.cli.families import family
from segue.cli.options import LIBRARY, JsonOption, LibraryOption, library_with
from segue.cli.printing import print_json, print_table
from segue.errors import SegueError, UsageError
from segue.wording import count

if TYPE_CHECKING:
    from segue.library import Library
    from segue.players.accounts import Account
    from segue.players.pulling import Pulled
    from segue.players.pushing import Pushed

T = TypeVar("T")
_BACK = "It comes back with the next list; at once: segue players push {} --again"
NameArgument = Annotated[str, typer.Argument(help="The player's name, from 'segue players list'.")]
NamesArgument = Annotated[
    list[str] | None, typer.Argument(help="Players by name. [default: all]", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    verbs = {"add": add, "test": test, "push": push, "pull": pull, "sync": sync, "remove": remove}
    app.add_typer(family(list_, verbs, name="list"), name="players")


@dataclass(frozen=True)
class Where:
    """Which player, and where."""

    kind: Annotated[
        str,
        typer.Option(
            help="subsonic, jellyfin, listenbrainz, lastfm, spotify, mpd or folder.", show_default=False
        ),
    ]
    listener: Annotated[str, typer.Option(help="Whose lists and listening.", show_default=False)]
    address: Annotated[
        str,
        typer.Option(help="Of the server (https://...), a folder, or mpd's host:port.", show_default=False),
    ] = ""
    user: Annotated[
        str,
        typer.Option(help="Their name there; Spotify: the client id of an application.", show_default=False),
    ] = ""


@dataclass(frozen=True)
class Lists:
    """What lists are like there."""

    title: Annotated[
        str, typer.Option(help="The playlist's name. With {week} in it, each week has a playlist of its own.")
    ] = "Discover Weekly"
    keep: Annotated[int, typer.Option(min=0, help="Weeks' playlists that stay; 0 for all.")] = 0
    public: Annotated[bool, typer.Option("--public", help="Let others there see the playlist.")] = False
    queue: Annotated[bool, typer.Option("--queue", help="mpd: put the list into the queue, too.")] = False
    paths: Annotated[str, typer.Option(help="folder: how audio files are named, absolute or relative.")] = (
        "relative"
    )
    map: Annotated[
        list[str] | None,
        typer.Option(
            help="folder, mpd: a folder here and the same where the player runs, OURS=THEIRS.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True)
class Listening:
    """What is fetched from there."""

    pull: Annotated[bool, typer.Option("--pull", help="Pull listening.")] = False
    no_plays: Annotated[
        bool,
        typer.Option(
            "--no-plays",
            help="Pull stars, ratings and loved songs alone, as where plays come from elsewhere.",
        ),
    ] = False


def list_(library: LibraryOption = LIBRARY, json: JsonOption = False) -> None:
    """Print the players, what was pushed to them last, and when they were last pulled from.

    Examples:

        segue players
        segue players add navidrome --kind subsonic --listener ana --user ana --address https://music.example.org
    """
    from segue.players import accounts
    from segue.players.state import State

    opened = library_with(library)
    rows = []
    for name, each in accounts.read(opened.path).items():
        kept = State(opened.path, name)
        last = max(kept.lists.values(), key=lambda slot: slot["pushed_at"], default=None)
        rows.append((each, last, kept.pulled.get("since")))
    if json:
        print_json([{**each.model_dump(), "last": last, "pulled_at": at} for each, last, at in rows])
        return
    table = []
    for each, last, at in rows:
        does = " and ".join(word for word, does in (("push", each.push), ("pull", each.pull)) if does)
        there = (
            "" if last is None else f"{last['week']}: {len(last['items'])} of {len(last['tracks'])} tracks"
        )
        when = "" if at is None else f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M}"
        table.append((each.name, each.kind, each.listener, each.address, does, there, when))
    columns = ["name", "kind", "listener", "address", "does", "last pushed", "last pulled"]
    print_table("Players", columns, table)
    for each, last, _ in rows:
        if last is not None and last["unmatched"]:
            print(f"{each.name} does not have: {'; '.join(last['unmatched'])}")


def add(
    name: Annotated[str, typer.Argument(help="A name for it.")],
    where: Where,
    lists: Lists,
    listening: Listening,
    push: Annotated[
        bool | None,
        typer.Option("--push/--no-push", help="Push weekly lists. [default: where it takes lists]"),
    ] = None,
    library: LibraryOption = LIBRARY,
) -> None:
    """Add a player. Its password, token or API key is asked for, or read from standard input.

    It is kept in the system's keyring, if the package keyring is installed, else in a file that only you can
    read, outside of the library.

    Examples:

        segue players add home --kind subsonic --listener ana --user ana --address https://music.example.org
        segue players add lb --kind listenbrainz --listener ana --user ana_mb --pull
        segue players add files --kind folder --listener ana --address /srv/music/playlists
    """
    from segue.players import accounts, kinds, secrets
    from segue.playlists.placed import Places

    opened = library_with(library, [where.listener])
    kind = kinds.known(where.kind)
    prefixes = tuple(lists.map or ())
    Places.of(lists.paths, prefixes)
    address = where.address or kind.usual
    if not address and where.kind != "mpd":
        raise UsageError(f"A player of the kind {where.kind} needs an address", hint="--address ...")
    pulls = listening.pull or where.kind not in kinds.PUSHED
    if pulls and where.kind not in kinds.PULLED:
        raise UsageError(f"Nothing can be pulled from {where.kind}", expected=", ".join(kinds.PULLED))
    told = {
        "name": name,
        "kind": where.kind,
        "listener": where.listener,
        "address": address,
        "user": where.user,
        "title": lists.title,
        "keep": lists.keep,
        "public": lists.public,
        "queue": lists.queue,
        "paths": lists.paths,
        "prefixes": prefixes,
        "push": where.kind in kinds.PUSHED if push is None else push,
        "pull": pulls,
        "plays": not listening.no_plays,
    }
    secret = kind.login(where.user, _answer) if kind.login else _secret(kind.secret)
    kinds.refuse_without_lists(accounts.made_of(**told), secret)
    made = accounts.add(opened.path, **told)
    if secret:
        print(f"The {kind.secret} is kept in {secrets.keep(opened.path, made.name, secret)}.")
    print(f"Added. Try it: segue players test {made.name}")


def test(name: NameArgument, library: LibraryOption = LIBRARY) -> None:
    """Ask a player whether it takes the account. Nothing is changed there.

    Examples:

        segue players test home
    """
    from segue.players import accounts
    from segue.players.kinds import opened

    found = library_with(library)
    print(opened(found.path, accounts.account(found.path, name)).test() + ".")


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

    What a player does not have is said, kept, and tried again after the next 'segue files scan'.

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


def remove(name: NameArgument, library: LibraryOption = LIBRARY) -> None:
    """Take a player out, with its secret. Playlists that were pushed there stay.

    Examples:

        segue players remove home
    """
    from segue.players import state

    state.take_out(library_with(library).path, name)
    print(f"{name} is taken out.")


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
        if one.receipt.unmatched:
            print(f"  Not there, tried again after the next scan: {'; '.join(one.receipt.unmatched)}")


def _tell_pulled(done: list[tuple[str, Pulled]], json: bool) -> None:
    if json:
        print_json([{"player": name, **one._asdict(), "account": name} for name, one in done])
        return
    for name, one in done:
        told = f"{one.stored:,} stored, {one.already_there:,} there already"
        print(f"{name}: {count(one.read, 'row')} fetched, {told}.")


def _secret(what: str) -> str:
    """Asked for where somebody can be asked, and never shown."""
    if not what:
        return ""
    if sys.stdin.isatty():
        return typer.prompt(f"The {what}", hide_input=True)
    found = sys.stdin.readline().rstrip("\n")
    if not found:
        raise UsageError(
            f"The {what} is missing", hint="give it on standard input, or on a terminal when asked"
        )
    return found


def _answer(text: str) -> str:
    """What the user answers to a text, from a terminal or standard input."""
    print(f"{text}: ", end="", flush=True)
    return sys.stdin.readline()
