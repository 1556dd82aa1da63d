"""`segue serve` and `segue token`: the service, and who may use it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import LIBRARY, ConfigOption, JsonOption, LibraryOption, Source, given_only
from segue.cli.printing import print_json, print_table
from segue.cli.verbs import Verbs
from segue.wording import count

if TYPE_CHECKING:
    from segue.service.tokens import Tokens
    from segue.settings import Settings

DEMO = Path("segue-demo")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(serve)
    app.command()(backup)
    app.command()(restore)
    family = Verbs(no_args_is_help=True, help="Make, list and revoke tokens of the service.")
    family.command("create")(create)
    family.command("list")(show)
    family.command("revoke")(revoke)
    app.add_typer(family, name="token")


@dataclass(frozen=True)
class Address:
    """Where it answers."""

    host: Annotated[
        str | None, typer.Option(help="Address to answer at. [default: 127.0.0.1]", show_default=False)
    ] = None
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to answer at. [default: 8420]")] = (
        None
    )

    def settings(self, settings: Settings) -> Settings:
        """The settings, with what was asked for on the command line."""
        given = given_only(asdict(self))
        return settings.model_copy(update={"service": settings.service.model_copy(update=given)})


def serve(
    source: Source,
    address: Address,
    demo: Annotated[
        bool, typer.Option("--demo", help="Serve a made-up town, which is made first if it is not there.")
    ] = False,
    schedule: Annotated[
        bool, typer.Option("--schedule/--no-schedule", help="Make lists on Monday, and train at night.")
    ] = True,
    log: Annotated[bool, typer.Option("--log", help="A line of JSON on standard error a request.")] = False,
) -> None:
    """Answer over HTTP: weekly lists, radio, tastes, what is similar, for the listeners of a library.

    Every request needs a token (`segue token create NAME`). An administrator's token is shown at the first
    start, and never again. What is trained or imported meanwhile is taken up without a stop. By default it
    answers this machine alone; put a proxy with TLS before it for others. Where there is no library yet, an
    empty one is made, and the page Import fills it. docs/service.md says more.
    """
    import uvicorn

    from segue.service.app import create_app
    from segue.service.pages.doorkeeper import new_key
    from segue.service.watching import configure_log
    from segue.settings import load_settings

    settings = address.settings(load_settings(source.config))
    library = _demo(source.library) if demo else _made(source.library)
    if log:
        configure_log()
    key = new_key() if settings.service.host in LOOPBACK else None
    app = create_app(library, settings, config=source.config, scheduled=schedule, key=key)
    _tell_first(app.state.house.tokens, demo)
    shown = f"http://{settings.service.host}:{settings.service.port}"
    print(f"Answering at {shown}", flush=True)
    if key is not None:
        print(f"Your pages, until it stops: {shown}/enter/{key}", flush=True)
    uvicorn.run(
        app,
        host=settings.service.host,
        port=settings.service.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=20,
    )


def _made(library: Path) -> Path:
    """The library, an empty one if there is none: the pages lead from there to a first list."""
    from segue.library import Library

    if not library.exists():
        Library.open(library, create=True)
        print(f"There was no library in {library}: an empty one was made. The page Import fills it.")
    return library


def _demo(library: Path) -> Path:
    """The library of the demo, which is made if it is not there."""
    from segue.demo import Demo, Watcher

    made = Demo(DEMO if library == LIBRARY else library, watcher=Watcher(tell=print))
    if not made.finished:
        made.begin()
        made.learn()
    return made.library


def _tell_first(tokens: Tokens, demo: bool) -> None:
    """At the first start: the administrator's token, and one for the demo."""
    first = tokens.first()
    if first is not None:
        print(f"The administrator's token, shown this once: {first}")
    if demo:
        from segue.service.tokens import OF_A_LISTENER

        print(f"A token for everybody in the demo: {tokens.create(None, OF_A_LISTENER, everybody=True)}")


def backup(
    file: Annotated[Path, typer.Argument(help="The archive to write (.tar); one of that name is replaced.")],
    library: LibraryOption = LIBRARY,
) -> None:
    """Write library, models, lists and the service's tables to one archive, while everything runs.

    Whoever wants to write to the library waits meanwhile. A database of PostgreSQL is not in it: use pg_dump.
    """
    from segue.service.backup import back_up

    print(f"Wrote {count(back_up(library, file), 'file')} to {file}")


def restore(
    file: Annotated[Path, typer.Argument(help="An archive that `segue backup` wrote.")],
    library: LibraryOption = LIBRARY,
) -> None:
    """Make a library anew from a backup, in a folder that is empty or not there yet."""
    from segue.service.backup import restore as run

    print(f"Restored {count(run(file, library), 'file')} to {library}")


@dataclass(frozen=True)
class Grant:
    """Whose data a token opens, and for what."""

    listener: Annotated[
        str | None, typer.Argument(help="Whose data it opens: the id, exactly.", show_default=False)
    ] = None
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="submit, read, write or admin; may be repeated. [default: submit, read and write]",
            show_default=False,
        ),
    ] = None
    everybody: Annotated[
        bool, typer.Option("--everybody", help="It opens every listener's data: for a service of your own.")
    ] = False
    note: Annotated[str, typer.Option(help="What it is for.")] = ""


def create(
    grant: Grant,
    source: Source,
    json: JsonOption = False,
) -> None:
    """Make a token, and show it this once: for a player, a scrobbler, a person.

    submit sends plays; read gets lists, tastes and listens; write gives feedback, plays radio, deletes; admin
    makes tokens and rolls back models, and opens nobody's data.
    """
    from segue.service.tokens import OF_A_LISTENER

    scopes = grant.scope or list(OF_A_LISTENER)
    made = _tokens(source.library, source.config).create(
        grant.listener, scopes, everybody=grant.everybody, note=grant.note
    )
    if json:
        print_json({"token": made, "listener": grant.listener, "scopes": scopes})
    else:
        print(made)


def show(library: LibraryOption = LIBRARY, config: ConfigOption = None, json: JsonOption = False) -> None:
    """List the tokens that hold; the tokens themselves are known to nobody."""
    found = _tokens(library, config).all()
    if json:
        print_json(found)
        return
    rows = [
        (
            each["id"],
            "everybody" if each["everybody"] else each["listener"] or "",
            " ".join(each["scopes"]),
            _day(each["created_at"]),
            each["note"],
        )
        for each in found
    ]
    print_table("Tokens", ["number", "opens", "scopes", "made", "for"], rows)


def revoke(
    number: Annotated[int, typer.Argument(help="Of the token, as `segue token list` says.")],
    library: LibraryOption = LIBRARY,
    config: ConfigOption = None,
) -> None:
    """Let a token hold no longer; a running service knows it within seconds."""
    _tokens(library, config).revoke(number)
    print(f"Token {number} holds no longer.")


def _tokens(library: Path, config: Path | None) -> Tokens:
    from segue.library import Library
    from segue.service.database import connect
    from segue.service.tokens import Tokens
    from segue.settings import load_settings

    Library.open(library)
    return Tokens(connect(library, load_settings(config).service.database))


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
