"""`segue demo` and `segue town`: everything at once, on listeners that are made up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segue.cli.options import LIBRARY, JsonOption, LibraryOption, SeedOption
from segue.cli.printing import console, print_json
from segue.cli.weekly import print_playlist


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(demo)
    app.command()(town)


def demo(
    folder: Annotated[Path, typer.Option(help="Where to put everything.")] = Path("segue-demo"),
    seed: SeedOption = 1,
    listeners: Annotated[int, typer.Option(min=50, help="How many listeners to make up.")] = 300,
    tracks: Annotated[int, typer.Option(min=500, help="How many songs to make up.")] = 6000,
) -> None:
    """From nothing to weekly playlists in about a minute, offline: a small town of made-up listeners.

    Makes a library, trains on it, makes the weekly lists, measures them beside baselines, and writes a report
    with pictures.
    """
    from segue.jobs.demo import run_demo

    result = run_demo(folder, seed=seed, listeners=listeners, tracks=tracks, tell=print)
    for playlist in result.shown:
        print()
        print_playlist(playlist)
    for report in result.reports:
        for table in report.tables():
            console().print(table)
    print(f"\nThe report, with pictures: {result.page}")
    print(f"Look on: segue library -l {result.library.path}; segue weekly NAME -l {result.library.path}")
    print("With your own data: segue import PATH; segue train; segue weekly")


def town(
    name: Annotated[str, typer.Argument(help="ordinary, restless, tiring, niche or crowd.")] = "ordinary",
    library: LibraryOption = LIBRARY,
    seed: SeedOption = 1,
    listeners: Annotated[int | None, typer.Option(min=1, help="How many listeners.")] = None,
    tracks: Annotated[int | None, typer.Option(min=500, help="How many songs.")] = None,
    months: Annotated[float | None, typer.Option(help="How long they are watched.")] = None,
    truth: Annotated[
        Path | None,
        typer.Option(help="Keep what is true of the town in this folder, apart from the library."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make up a town of listeners whose true tastes are known, and write what they heard into a library."""
    from segue.jobs.demo import write_town

    sizes = {"listeners": listeners, "tracks": tracks, "months": months}
    changes = {key: value for key, value in sizes.items() if value is not None}
    summary = write_town(library, name, seed, changes, truth)
    if json:
        print_json(summary)
    else:
        for key, value in summary.items():
            print(f"{key}: {value}")
