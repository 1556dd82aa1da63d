"""Options that several verbs share, so that they are named and explained once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from segue.library import Library

LibraryOption = Annotated[
    Path,
    typer.Option(
        "--library", "-l", envvar="SEGUE_LIBRARY", help="The folder of the library.", show_default=True
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="SEGUE_CONFIG",
        help="Settings (TOML). [default: segue.toml, if there is one]",
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        help="A Spark master that the heavy part runs on: local[2], spark://host:7077, yarn. [default: this "
        "machine, without Spark]",
        show_default=False,
    ),
]
HtmlOption = Annotated[Path | None, typer.Option(help="Also write a page with pictures here.")]
PlaylistOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="Write the playlist here: .jspf, .xspf, .m3u8, .csv or .json.",
        show_default=False,
    ),
]
SeedOption = Annotated[
    int, typer.Option(min=0, max=2**32 - 1, metavar="INTEGER", help="Seed of everything random.")
]

AnyOrderOption = Annotated[
    bool,
    typer.Option("--any-order", help="Of a library, take all sessions, not only those with shuffle on."),
]

LIBRARY = Path("library")
_UNWRITABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Source:
    """The library, and the settings, that a verb reads."""

    library: LibraryOption = LIBRARY
    config: ConfigOption = None


@dataclass(frozen=True)
class Output:
    """What is written besides the text on the terminal."""

    html: HtmlOption = None
    json: JsonOption = False


WeekOption = Annotated[str | None, typer.Option(help="ISO week, like 2026-W48. [default: this week]")]


def given_only(options: Mapping[str, object]) -> dict[str, object]:
    """The options that were given; the others are as the settings say."""
    return {name: value for name, value in options.items() if value is not None}


def asked_week(week: str | None) -> str:
    """The ISO week that was asked for, or this one.

    Raises:
        UsageError: there is no such week, or it is more than a year ahead.
    """
    from datetime import UTC, datetime, timedelta

    from segue.errors import UsageError
    from segue.playlists.playlist import monday, week_of

    now = datetime.now(UTC)
    week = week or week_of(now)
    try:
        monday(week)
    except ValueError:
        raise UsageError("There is no such week", got=week, hint="write it like 2026-W48") from None
    if week > (latest := week_of(now + timedelta(days=365))):
        raise UsageError("That week is more than a year ahead", got=week, expected=f"at most {latest}")
    return week


def library_with(path: Path, listeners: Sequence[str] = ()) -> Library:
    """The library at `path`; a listener or playlist that it has not is told before anything is loaded.

    Raises:
        NotFoundError: there is no library, or no such listener.
    """
    from segue.library import Library
    from segue.library.listening import refuse_unknown

    library = Library.open(path)
    refuse_unknown(library, listeners)
    return library


def one_listener(name: str | None, option: str | None) -> str | None:
    """Whom a verb is asked about: by name, or with `--listener`, as all verbs once did.

    Raises:
        UsageError: both name somebody.
    """
    from segue.errors import UsageError

    if name is not None and option is not None and name != option:
        raise UsageError(f"Two listeners are named, {name!r} and {option!r}", hint="name one of them")
    return option if name is None else name


def known_listener(listener: str) -> str:
    """The id, if somebody can have it.

    Raises:
        UsageError: it is empty, longer than 200 characters, or holds a character that no file can.
    """
    from segue.errors import UsageError

    if not listener.strip() or len(listener) > 200 or _UNWRITABLE.search(listener):
        shown = listener if len(listener) <= 40 else listener[:40] + "..."
        raise UsageError(
            "That is no listener's id",
            expected="1 to 200 characters that can be written",
            got=f"{len(listener)} characters, {shown!r}",
        )
    return listener
