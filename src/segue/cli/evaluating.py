"""`segue evaluate` and `segue tune`: how good the recommenders are on this library, with what settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from segue.cli.options import Output, SeedOption, Source
from segue.cli.printing import console, print_json, print_table
from segue.wording import count

if TYPE_CHECKING:
    from segue.evaluation.lists import Judged
    from segue.library import Library
    from segue.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(evaluate)
    app.command()(tune)


def evaluate(
    source: Source,
    output: Output,
    what: Annotated[
        Literal["library", "served", "published"],
        typer.Argument(
            help="library: the recommenders; served: what the service's log says of its choices; published: "
            "the recommenders on a data set of the literature."
        ),
    ] = "library",
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            help="'listeners' or 'playlists'; may be repeated. [default: all that the library allows] With "
            "published: 'ml-20m', 'msd' or 'yambda'."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="With published: the data set's file, or the folder that has it.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many random splits.")] = 3,
    lists: Annotated[
        bool,
        typer.Option(help="Also judge the weekly lists themselves, where a model is trained."),
    ] = True,
) -> None:
    """Measure the recommenders on held-out listeners, beside the baselines they must beat.

    'listeners': a fifth of the listeners is held out, most of their tracks are given, and the rest is to be
    found. 'playlists': the same with playlists, of which the first part is given in order.

    Where a model is trained, next week's lists are made for up to 300 listeners and judged beyond accuracy,
    as the settings say ([weekly], [tastes]), beside plain top lists: novelty, coverage, long tail, diversity,
    calibration to the listeners' tastes, overlap with the week after, popularity, Gini. Nothing is
    remembered of them.

    'segue evaluate served' estimates from the log of the service's radios and sessions what other ways of
    choosing would have earned, and compares the settings of [trial]; set [service] explore for it. Of weekly
    lists it tells what was played, and played again, within four weeks; set [weekly] draws for estimates.

    'segue evaluate published --protocol msd --data FOLDER' runs the recommenders through a protocol of the
    literature on its data, which you bring: MovieLens 20M and the Million Song taste profile as in Liang et
    al. 2018, Yambda split in time. Published figures stand beside where they are sure.
    """
    if what == "served":
        from segue.cli.served import evaluate_served

        evaluate_served(source.library, source.config, json=output.json)
        return
    if what == "published":
        from segue.cli.published import evaluate_published

        evaluate_published(protocol, data, seeds, json=output.json, html=output.html)
        return
    from segue.evaluation import evaluate_library
    from segue.library import Library
    from segue.settings import load_settings

    settings, opened = load_settings(source.config), Library.open(source.library)
    reports = evaluate_library(opened, protocols=protocol, seeds=range(seeds))
    judged = _judged(opened, settings) if lists else None
    if output.json:
        found = [report.as_dict() for report in reports]
        if judged is not None:
            found.append(
                {"protocol": "weekly lists", "listeners": len(judged.listeners), "systems": judged.rows()}
            )
        print_json(found)
    for report in reports:
        for table in report.tables() if not output.json else []:
            console().print(table)
    if judged is not None and not output.json:
        print_table(f"Lists of {count(len(judged.listeners), 'listener')}, beyond accuracy", *judged.table())
    if output.html is not None:
        from segue.demo import add_reports
        from segue.report import Page

        page = Page("Evaluation", f"{source.library}: how well held-out listening is found again")
        add_reports(page, reports)
        if judged is not None:
            page.heading("The lists themselves")
            page.table(*judged.table())
        page.write(output.html)
        if not output.json:
            print(f"Wrote {output.html}")


def _judged(library: Library, settings: Settings) -> Judged | None:
    """The lists of next week, judged; None where nothing is trained."""
    from datetime import UTC, datetime, timedelta

    from segue.engine import Engine
    from segue.evaluation.lists import judge_lists
    from segue.playlists.playlist import week_of
    from segue.progress import progress
    from segue.shelf.names import FACTORS, shelf_of

    if FACTORS not in shelf_of(library).names():
        return None
    week = week_of(datetime.now(UTC) + timedelta(days=7))
    ready = Engine(library, tastes=settings.tastes).week(week, settings.weekly, keep=False)
    with progress("Judging lists"):
        return judge_lists(ready)


def tune(
    source: Source,
    output: Output,
    trials: Annotated[
        int, typer.Option(min=1, help="Settings to try in all, those of earlier runs included.")
    ] = 40,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the best settings (TOML).")] = Path(
        "tuned.toml"
    ),
    seed: SeedOption = 0,
) -> None:
    """Search the settings of the factors on held-out listening. Stopped, it goes on where it was.

    Every trial is kept in the library's folder, in tuning.sqlite. Train with what was found by
    `segue train --config tuned.toml`.
    """
    from segue.factors.tune import TuneConfig
    from segue.factors.tune import tune as search
    from segue.library import Library
    from segue.settings import load_settings

    opened = Library.open(source.library)
    base = load_settings(source.config).factors.observations
    found = search(opened, opened.path / "tuning.sqlite", TuneConfig(trials=trials, seed=seed), base=base)
    found.write(out)
    if output.html is not None:
        from segue.report import Page

        page = Page(
            "Tuning of the factors", f"{count(len(found.trials), 'trial')}, best NDCG@100 {found.ndcg:.4f}"
        )
        page.pictures(found.charts())
        page.write(output.html)
    if output.json:
        print_json({"ndcg@100": found.ndcg, "trials": len(found.trials), "settings": str(out)})
        return
    print(
        f"{count(len(found.trials), 'trial')}; the best has NDCG@100 {found.ndcg:.4f} on held-out listening."
    )
    print(f"Wrote {out}. Next: segue train --config {out}")
