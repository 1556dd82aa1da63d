"""`segue demo`: everything at once, on listeners that are made up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segue.cli.options import SeedOption
from segue.cli.printing import console
from segue.cli.weekly import print_playlist


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(demo)


def demo(
    folder: Annotated[Path, typer.Option(help="Where to put everything.")] = Path("segue-demo"),
    seed: SeedOption = 1,
    listeners: Annotated[int, typer.Option(min=50, help="How many listeners to make up.")] = 300,
    tracks: Annotated[int, typer.Option(min=500, help="How many songs to make up.")] = 6000,
) -> None:
    """From nothing to weekly playlists in a minute or two, offline: a small town of made-up listeners.

    Makes a library, trains on it, makes the weekly lists, measures them beside baselines, and writes a report
    with pictures.
    """
    from segue.demo import run_demo

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
