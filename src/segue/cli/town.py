"""`segue town`: listeners whose true tastes are known."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from segue.cli.options import JsonOption, SeedOption, Source, given_only
from segue.cli.printing import print_json, print_table


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(town)


@dataclass(frozen=True)
class Size:
    """How large the town is, where that is other than its name says."""

    listeners: Annotated[int | None, typer.Option(min=1, help="How many listeners.")] = None
    tracks: Annotated[int | None, typer.Option(min=500, help="How many songs.")] = None
    months: Annotated[float | None, typer.Option(help="How long they are watched.")] = None


@dataclass(frozen=True)
class Which:
    """Which town is made."""

    name: Annotated[
        str,
        typer.Argument(
            help="ordinary; restless (tastes drift fast); tiring (loud songs please, then tire); "
            "niche (the long tail); patchy (told as exports tell: fields lack, two sources); "
            "crowd (large, for load)."
        ),
    ] = "ordinary"
    seed: SeedOption = 1


def town(
    source: Source,
    which: Which,
    size: Size,
    truth: Annotated[
        Path | None,
        typer.Option(help="Keep what is true of the town in this folder, apart from the library."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(help="The town's picture. [default: beside the library, LIBRARY-town.html]"),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make up a town of listeners whose true tastes are known, and write what they heard into a library.

    Nothing but the truth's folder holds the true tastes, and nothing that trains reads it. The same seed
    gives the same town, to the byte. What is set under [town] in the settings, and asked for here, is other
    than the named town has it.
    """
    from segue.settings import load_settings
    from segue.town.making import write_town

    changes = load_settings(source.config).town | given_only(asdict(size))
    library = source.library
    page = html or library.resolve().with_name(f"{library.resolve().name}-town.html")
    summary = write_town(library, which.name, which.seed, changes, truth, page)
    if json:
        print_json(summary | {"picture": str(page)})
    else:
        print_table("The town", ("", ""), summary.items())
        print(f"The picture: {page}")
