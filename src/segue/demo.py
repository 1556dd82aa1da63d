"""The demo: a small town of made-up listeners, from nothing to weekly lists, figures and a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from segue import files
from segue.engine import Engine
from segue.engine.weekly import weekly
from segue.errors import UsageError
from segue.evaluation import Report, evaluate_library
from segue.library import Library
from segue.library.overview import charts, overview
from segue.playlists.formats import write_all
from segue.playlists.playlist import Playlist, week_of
from segue.playlists.training import train
from segue.report import Page
from segue.town.making import write_town
from segue.wording import count

MONTHS = 2.0
MARK = "made-by-segue-demo"  # so that nothing but an earlier demo is ever replaced


@dataclass(frozen=True)
class Demo:
    """What the demo made."""

    library: Library
    page: Path
    shown: list[Playlist]
    reports: list[Report]


def run_demo(
    folder: Path, *, seed: int, listeners: int, tracks: int, tell: Callable[[str], None] = lambda text: None
) -> Demo:
    """Run the whole demo in `folder`; an earlier demo there is replaced.

    Raises:
        UsageError: `folder` holds something else.
    """
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise UsageError(f"{folder} is not empty, and not an earlier demo", do="name another --folder")
        for each in folder.iterdir():
            if each.name != MARK:  # which goes last: a kill leaves a folder that is known to be a demo's
                files.remove(each)
    files.refuse_read_only(folder, "folder")
    (folder / MARK).touch()

    path = folder / "library"
    tell(f"1. A town of {count(listeners, 'listener')} and {count(tracks, 'song')} (nobody in it is real)")
    sizes = {"listeners": listeners, "tracks": tracks, "months": MONTHS}
    write_town(path, "ordinary", seed, sizes, folder / "truth")
    library = Library.open(path)
    figures = overview(library)
    tell(f"   {count(figures.plays, 'play')}, {figures.skipped or 0:.0%} of them skips")

    tell("2. Learning who likes what (the first run also compiles, for some seconds)")
    trained = train(library)
    tell(f"   published as factors/{trained.version}")

    last = library.arrow(library.table("listens").started_at.max()).as_py()
    week = week_of(last + timedelta(days=7))
    tell(f"3. Discover Weekly of {week} for everybody")
    lists = weekly(Engine(library), week, seed=seed)
    write_all(lists, folder / "playlists", "jspf")
    tell(f"   {count(len(lists), 'list')} in {folder / 'playlists'}")

    tell("4. Measuring: a fifth of the listeners is held out")
    reports = evaluate_library(library, protocols=["listeners"], seeds=range(2))

    shown = sorted(lists, key=lambda each: (-len(each.entries), each.listener))[:2]
    page = folder / "report.html"
    _write_page(page, library, trained.losses, shown, reports)
    return Demo(library, page, shown, reports)


def _write_page(
    path: Path, library: Library, losses: list[float], lists: list[Playlist], reports: list[Report]
) -> None:
    import altair as alt

    page = Page(
        "Segue on a made-up town",
        "Listeners with known tastes, what was learned of them, and the lists they would get on Monday.",
    )
    figures = overview(library)
    page.heading("The listening")
    page.text(
        f"{count(figures.listeners, 'listener')}, {count(figures.rows['tracks'], 'track')}, "
        f"{count(figures.plays, 'play')} from "
        f"{figures.first} to {figures.last}; {figures.skipped or 0:.0%} of the plays were skips."
    )
    page.pictures(charts(library))
    page.heading("The learning")
    points = alt.Data(values=[{"epoch": n + 1, "loss": loss} for n, loss in enumerate(losses)])
    curve = alt.Chart(points, mark=alt.MarkDef(type="line", point=True)).encode(
        x="epoch:Q", y=alt.Y("loss:Q", scale=alt.Scale(zero=False))
    )
    page.pictures({"Loss of the factorisation by epoch": curve})
    page.heading("Discover Weekly")
    for playlist in lists:
        page.heading(f"{playlist.title}, for {playlist.listener}", level=3)
        page.table(
            ["", "artist", "title", "why"],
            [
                [entry.position, entry.track.credit, entry.track.title, entry.reason]
                for entry in playlist.entries
            ],
        )
    page.heading("How good it is")
    page.text(
        "A fifth of the listeners is kept out of the training. Four fifths of each one's tracks are shown to "
        "the recommender, which has to find the rest. Higher is better; a point is one random split."
    )
    add_reports(page, reports)
    page.write(path)


def add_reports(page: Page, reports: list[Report]) -> None:
    """Add the tables and plots of evaluation reports to a page."""
    for report in reports:
        page.heading(report.protocol, level=3)
        page.pictures({report.protocol: report.chart()})
        for title, header, rows in report.sections():
            page.text(title)
            page.table(header, rows)
