"""`segue evaluate`: how good the recommenders are on this library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segue.cli.options import LIBRARY, JsonOption, LibraryOption
from segue.cli.printing import console, print_json


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(evaluate)


def evaluate(
    library: LibraryOption = LIBRARY,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            help="'listeners' or 'playlists'; may be repeated. [default: all that the library allows]"
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many random splits.")] = 3,
    html: Annotated[Path | None, typer.Option(help="Also write a page with tables and plots here.")] = None,
    json: JsonOption = False,
) -> None:
    """Measure the recommenders on held-out listeners, beside the baselines they must beat.

    'listeners': a fifth of the listeners is held out, most of their tracks are given, and the rest is to be
    found. 'playlists': the same with playlists, of which the first part is given in order.
    """
    from segue.evaluation import evaluate_library
    from segue.library import Library

    reports = evaluate_library(Library.open(library), protocols=protocol, seeds=range(seeds))
    if json:
        print_json([report.as_dict() for report in reports])
    for report in reports:
        for table in report.tables() if not json else []:
            console().print(table)
    if html is not None:
        from segue.jobs.demo import add_reports
        from segue.report import Page

        page = Page("Evaluation", f"{library}: how well held-out listening is found again")
        add_reports(page, reports)
        page.write(html)
        if not json:
            print(f"Wrote {html}")
