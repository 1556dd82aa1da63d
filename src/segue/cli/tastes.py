"""`segue tastes`: what listeners like, in groups that listening itself makes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import (
    JsonOption,
    Source,
    WeekOption,
    asked_week,
    library_with,
    one_listener,
)
from segue.cli.printing import bar, print_json, print_table
from segue.errors import UsageError
from segue.wording import count, month, percents

if TYPE_CHECKING:
    from segue.engine import Engine
    from segue.engine.tastes import Taste, WeekOfTastes
    from segue.report import Page

ON_PAGE = 8  # tracks of a taste


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(tastes)


@dataclass(frozen=True)
class Whose:
    """Whose tastes are shown."""

    name: Annotated[
        str | None,
        typer.Argument(
            metavar="listener",
            help="Whose tastes, also a playlist's id. [default: an overview of everybody]",
            show_default=False,
        ),
    ] = None
    listener: Annotated[str | None, typer.Option(help="The same.", hidden=True)] = None
    everybody: Annotated[
        bool, typer.Option("--all", help="How many tastes listeners have, as without a name.")
    ] = False

    def asked(self) -> str | None:
        """The listener; None for everybody.

        Raises:
            UsageError: somebody and everybody, or two names.
        """
        listener = one_listener(self.name, self.listener)
        if listener is not None and self.everybody:
            raise UsageError("A listener and --all exclude each other", hint="leave one of them out")
        return listener


@dataclass(frozen=True)
class Changing:
    """What a listener changes about their tastes."""

    merge: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Take two tastes, by numbers or names, as one: the first as part of the second."),
    ] = None
    split: Annotated[str | None, typer.Option(help="Take apart what was merged into a taste.")] = None
    rename: Annotated[
        tuple[str, str] | None,
        typer.Option(help='Call a taste otherwise; by its own name again with "".'),
    ] = None
    leave_out: Annotated[
        str | None, typer.Option(help="Leave a taste out: no list and no radio draws on it.")
    ] = None
    bring_back: Annotated[str | None, typer.Option(help="Let a taste that was left out count again.")] = None

    def made(self, engine: Engine, listener: str, week: str) -> None:
        """Make the changes that were asked for.

        Raises:
            NotFoundError: there is no such taste.
            UsageError: a change makes no sense.
        """
        from segue.engine.tastes import taste_changes, tastes_for
        from segue.tastes.changes import Changes, number_of, sides

        profiles = tastes_for(engine, week, listener).profiles

        def number(changes: Changes, asked: str) -> int:
            return number_of(sides(profiles, listener, changes), asked)

        def change(before: Changes) -> Changes:
            after = before
            if self.rename:
                after = after.renamed(number(before, self.rename[0]), self.rename[1])
            if self.split:
                after = after.split(number(before, self.split))
            if self.merge:
                after = after.merged(number(before, self.merge[0]), number(before, self.merge[1]))
            if self.leave_out:
                after = after.left_out(number(before, self.leave_out))
            if self.bring_back:
                after = after.brought_back(number(before, self.bring_back))
            return after

        change(taste_changes(engine.library).of(listener))  # a wrong name is told before anything is kept
        engine.change_taste(listener, change, week)


def tastes(
    whose: Whose,
    source: Source,
    changing: Changing,
    week: WeekOption = None,
    examples: Annotated[int, typer.Option(min=1, help="Tracks shown of each taste.")] = 3,
    html: Annotated[Path | None, typer.Option(help="Also write a page with the taste map here.")] = None,
    json: JsonOption = False,
) -> None:
    """Show what a listener likes, in groups that their own listening makes: share, trend, name, tracks.

    Songs are grouped by how alike the models find them, never by genre. A taste keeps its number and its
    name from week to week; "since" is when the third of its songs was first played. How they are found, the
    settings say ([tastes]). What is changed holds until it is taken back, and lists follow.
    """
    listener = whose.asked()
    if listener is None and changing != Changing():
        raise UsageError("Whose taste is to be changed?", hint="segue tastes LISTENER --rename 1 Evenings")
    opened = library_with(source.library, [listener] if listener is not None else [])
    from segue.engine import Engine
    from segue.engine.keeping import refuse_before_first_play
    from segue.engine.tastes import described, tastes_for
    from segue.progress import progress
    from segue.settings import load_settings

    engine = Engine(opened, tastes=load_settings(source.config).tastes)
    week = asked_week(week)
    refuse_before_first_play(opened, week, [listener] if listener is not None else [])
    with progress("Looking for tastes"):
        found = engine.tastes_of_week(week) if listener is None else tastes_for(engine, week, listener)
    if not len(found.profiles.listeners):
        raise UsageError(
            "There is no listening to find tastes in", hint="import listening, or train with --unit playlists"
        )
    if listener is None:
        _overview(found, html, json)
        return
    if changing != Changing():
        changing.made(engine, listener, found.week)
    told = described(engine, found, listener)
    if json:
        print_json({"listener": listener, "week": found.week, "tastes": [taste._asdict() for taste in told]})
    elif told:
        _print(listener, told, examples)
    else:
        from segue.engine.few_listeners import no_tastes

        print(no_tastes(opened, listener))
    if html is not None:
        _page(engine, found, listener, told).write(html)
        _wrote(html, json)


def _wrote(html: Path, json: bool) -> None:
    if not json:
        print(f"Wrote {html}")


def _print(listener: str, told: list[Taste], examples: int) -> None:
    rows = [
        (
            taste.number + 1,
            taste.name,
            share,
            "left out" if taste.left_out else taste.trend or "no clear trend",
            _month(taste.since),
            len(taste.tracks),
            "; ".join(taste.tracks[:examples]),
        )
        for taste, share in zip(told, percents([taste.share for taste in told]), strict=True)
    ]
    columns = ["taste", "name", "share", "trend", "since", "tracks", "most typical"]
    print_table(f"Tastes of {listener}", columns, rows)
    if len(told) > 1:
        print("Shares are of what was played lately: older plays weigh less.")


def _month(day: str) -> str:
    return month(day) if day else "not known"


def _page(engine: Engine, found: WeekOfTastes, listener: str, told: list[Taste]) -> Page:
    from segue.engine.tastes import shares_by_week, taste_changes
    from segue.playlists.catalogue import Catalogue
    from segue.report import Page
    from segue.tastes.changes import sides
    from segue.tastes.map import draw, draw_weeks, taste_map

    library, together = engine.library, engine.factors().model.config.observations.together
    page = Page(f"Tastes of {listener}", f"What is played often, by how alike the songs are; {found.week}")
    if not told:
        page.text("Nothing was played yet that the model knows.")
        return page
    changed = taste_changes(library).of(listener)
    chart = taste_map(found.space, found.profiles, listener)
    shown = chart.tracks.tolist()
    catalogue = Catalogue.read(library, [str(found.profiles.tracks[track]) for track in shown])
    places, start = found.profiles.tastes(listener), found.profiles.tastes(listener).start
    side_of = {part - start: side for side in sides(found.profiles, listener, changed) for part in side.parts}
    names = [side_of[at].name for at in range(len(places))]
    trends = [
        "" if len(side_of[at].parts) > 1 else found.profiles.trend(place) for at, place in enumerate(places)
    ]
    cards = catalogue.cards(range(len(shown)))
    labels = [card.title or card.credit for card in cards]
    page.pictures({"Taste map": draw(chart, names, labels, trends)})
    page.text(
        "A circle is a track, the larger the more it is played. Near each other are tracks that are "
        f"{together}; {chart.stress:.0%} of how near they are is lost in a picture of two dimensions."
    )
    page.heading("Tastes")
    page.table(
        ["taste", "name", "share", "trend", "since", "tracks"],
        [
            [t.number + 1, t.name, share, t.trend or "no clear trend", _month(t.since), len(t.tracks)]
            for t, share in zip(told, percents([t.share for t in told]), strict=True)
        ],
    )
    shares = shares_by_week(library, listener, found.week)
    if len({week for week, *_ in shares}) > 1:
        page.heading("Week by week")
        page.pictures({"Share of the listening": draw_weeks(shares)})
    for taste in told:
        page.heading(taste.name, level=3)
        more = len(taste.tracks) - ON_PAGE
        page.text("; ".join(taste.tracks[:ON_PAGE]) + (f"; and {more} more." if more > 0 else "."))
    return page


def _overview(found: WeekOfTastes, html: Path | None, json: bool) -> None:
    import numpy as np

    profiles = found.profiles
    each = np.diff(profiles.first)
    listeners = {k: int(n) for k, n in enumerate(np.bincount(each)) if n}
    trends = [profiles.trend(taste) for taste in range(len(profiles.ids))]
    heaviest = [profiles.weights[at] for at, k in zip(profiles.first[:-1], each, strict=True) if k]
    figures = {
        "week": found.week,
        "listeners": len(each),
        "tastes": len(trends),
        "by_number": listeners,
        "heaviest": float(np.mean(heaviest)) if heaviest else None,
        "rising": trends.count("rising"),
        "fading": trends.count("fading"),
        "resolution": found.space.resolution,
    }
    if json:
        print_json(figures | {"by_number": {str(k): n for k, n in listeners.items()}})
    else:
        most = max(listeners.values(), default=1)
        rows = [(k, n, bar(n / most)) for k, n in listeners.items()]
        print_table(f"Tastes in {found.week}", ["tastes", "listeners", ""], rows)
        print(
            f"{count(len(trends), 'taste')} of {count(len(each), 'listener')}, {each.mean():.1f} each",
            end="; ",
        )
        rising, fading = figures["rising"], figures["fading"]
        print(f"{rising:,} {'is' if rising == 1 else 'are'} rising, {fading:,} fading.")
    if html is not None:
        import altair as alt

        from segue.report import Page

        page = Page("Tastes", f"How many tastes listeners have; {found.week}")
        data = alt.Data(values=[{"tastes": k, "listeners": n} for k, n in listeners.items()])
        bars = alt.Chart(data, mark="bar").encode(
            x=alt.X("tastes:O", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("listeners:Q", axis=alt.Axis(format="d", tickCount=min(5, max(listeners.values())))),
        )
        page.pictures({"Listeners by number of tastes": bars})
        page.table(["tastes", "listeners"], [[k, n] for k, n in listeners.items()])
        page.write(html)
        _wrote(html, json)
