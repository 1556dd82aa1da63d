"""`segue players`: weekly lists pushed to players and services, listening pulled from them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer

from segue.cli.families import family
from segue.cli.options import LIBRARY, JsonOption, LibraryOption, library_with
from segue.cli.printing import print_json, print_table
from segue.cli.syncing import named_first, pull, push, sync
from segue.errors import UsageError
from segue.wording import count

NameArgument = Annotated[str, typer.Argument(help="The player's name, from 'segue players list'.")]


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
    password: Annotated[bool, typer.Option("--password", help="mpd: ask for the password it has.")] = False


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


def list_(
    library: LibraryOption = LIBRARY,
    missing: Annotated[
        bool, typer.Option("--missing", help="Name every track that players do not have, not only the first.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Print the players, what was pushed to them last, and when they were last pulled from.

    Examples:

        segue players
        segue players list --missing
        segue players add navidrome --kind subsonic --listener ana --user ana --address https://music.example.org
    """
    from segue.players import accounts
    from segue.players.state import State

    opened = library_with(library)
    rows = []
    for name, each in accounts.read(opened.path).items():
        kept = State(opened.path, name)
        last = max(kept.lists.values(), key=lambda slot: slot["pushed_at"], default=None)
        rows.append((each, last, kept.pulled.get("since"), list(kept.none.values())))
    if json:
        told = (
            {**each.model_dump(), "last": last, "pulled_at": at, "none": none}
            for each, last, at, none in rows
        )
        print_json(list(told))
        return
    table = []
    for each, last, at, _ in rows:
        does = " and ".join(word for word, does in (("push", each.push), ("pull", each.pull)) if does)
        there = (
            "" if last is None else f"{last['week']}: {len(last['items'])} of {len(last['tracks'])} tracks"
        )
        when = "" if at is None else f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M}"
        table.append((each.name, each.kind, each.listener, each.address, does, there, when))
    columns = ["name", "kind", "listener", "address", "does", "last pushed", "last pulled"]
    print_table("Players", columns, table)
    for each, last, _, none in rows:
        for tried in none:
            print(f"{each.name} has none of the {count(len(tried['tracks']), 'track')} of {tried['week']}.")
        if last is not None and last["unmatched"]:
            _tell_missing(each.name, last, every=missing)


def _tell_missing(name: str, last: dict[str, Any], *, every: bool) -> None:
    """What a player has not of the list that was pushed to it last."""
    tracks = last["unmatched"]
    told = f"{name} does not have {count(len(tracks), 'track')} of {last['week']}"
    if every:
        print("\n  ".join((f"{told}:", *tracks)))
    else:
        print(f"{told}: {named_first(tracks)}")


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
    """Add a player, or change the one of that name. Its password, token or API key is asked for, or read from
    standard input.

    It is kept in the system's keyring, if the package keyring is installed, else in a file that only you can
    read, outside of the library.

    Examples:

        segue players add home --kind subsonic --listener ana --user ana --address https://music.example.org
        segue players add lb --kind listenbrainz --listener ana --user ana_mb --pull
        segue players add files --kind folder --listener ana --address /srv/music/playlists
    """
    from segue.players import accounts, kinds, secrets, state
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
    made = accounts.made_of(**told)
    kind.open(made, "", str)  # refuses an address that is none, before anybody is asked for a password
    what = kind.secret or ("password" if where.password and where.kind == "mpd" else "")
    secret = kind.login(where.user, _answer) if kind.login else _secret(what)
    kinds.refuse_without_lists(made, secret)
    replaced = state.put_in(opened.path, **told)
    kept = secrets.keep(opened.path, made.name, secret or None)
    if secret:
        print(f"The {what} is kept in {kept}.")
    print(f"{'Changed' if replaced else 'Added'}. Try it: segue players test {made.name}")


def test(name: NameArgument, library: LibraryOption = LIBRARY) -> None:
    """Ask a player whether it takes the account. Nothing is changed there.

    Examples:

        segue players test home
    """
    from segue.players import accounts
    from segue.players.kinds import opened

    found = library_with(library)
    print(opened(found.path, accounts.account(found.path, name)).test() + ".")


def remove(name: NameArgument, library: LibraryOption = LIBRARY) -> None:
    """Take a player out, with its secret. Playlists that were pushed there stay.

    Examples:

        segue players remove home
    """
    from segue.players import state

    state.take_out(library_with(library).path, name)
    print(f"{name} is taken out.")


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
