"""How well user models know what listeners will do: tables, and a page with pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

    from segue.report import Page
    from segue.world.measuring import Measured

Table = tuple[list[str], list[list[Any]]]


def _named(response: str, seconds: float) -> str:
    return f"longer than {seconds:g} s" if response == "longer" else response


def rows(measured: Mapping[str, Mapping[str, Measured]], seconds: float) -> Table:
    """Log loss and calibration error of every model and response; AUC and more of the first response."""
    responses = list(next(iter(measured.values())))
    columns = ["model", *(f"log loss, {_named(r, seconds)}" for r in responses)]
    columns += [f"95%, {responses[0]}", "earlier sessions", "later", f"AUC, {responses[0]}"]
    columns += [f"calibration error, {_named(r, seconds)}" for r in responses]
    lines = []
    for name, found in measured.items():
        line: list[Any] = [name, *(f"{each.log_loss:.4f}" for each in found.values())]
        first = found[responses[0]]
        line += ["{:.3f} to {:.3f}".format(*first.interval), _shown(first.earlier, 4), _shown(first.later, 4)]
        line.append(_shown(first.auc, 3))
        lines.append([*line, *(f"{each.calibration:.4f}" for each in found.values())])
    return columns, lines


def _shown(value: float, places: int) -> str:
    """Nothing where it is not known: AUC where something always came, or never."""
    return "" if math.isnan(value) else f"{value:.{places}f}"


def rows_by_position(found: Mapping[str, Measured], seconds: float) -> Table:
    """Calibration error of one model by place in the session."""
    places = list(next(iter(found.values())).by_position)
    lines = [
        [place, *(_shown(each.by_position.get(place, float("nan")), 4) for each in found.values())]
        for place in places
    ]
    return ["place", *(_named(r, seconds) for r in found)], lines


def page_of(
    measured: Mapping[str, Mapping[str, Measured]],
    reliability: Mapping[str, Sequence[tuple[float, float, int]]],
    curves: Mapping[str, Sequence[float] | Any],
    seconds: float,
) -> Page:
    """The page.

    Args:
        measured: by model, then by response; the last model is the one shown closely.
        reliability: of that model, by response: mean chance, share that came, number.
        curves: log loss at every step of training, by model.
        seconds: X of 'played longer than X seconds'.
    """
    from segue.report import Page

    best = list(measured)[-1]
    page = Page(
        "What will the listener do with the next track?",
        "Models that say how likely a track is to be heard whole, to be skipped, and to be played for a "
        "while; measured on listeners or sessions they have not seen.",
    )
    page.heading("How good they are")
    page.text(
        "Log loss is smaller the more chance a model gave to what then came. The constant knows only how "
        "often each response comes; the repeat-last table also what became of the track before, and the "
        "place in the session. Trees on counts are learned from how often and how lately this song and its "
        "artist were played and heard out, and how the session goes. The 95% column says how far other "
        "sessions of the same people might have moved the log loss. AUC is the chance that of a track heard "
        "whole and one that was not, the first was given more."
    )
    page.table(*rows(measured, seconds))
    page.heading("Can its chances be trusted?")
    page.text(
        f"Of all tracks that the {best} gave a chance of about 30%, three in ten should be heard whole: "
        "the points lie on the line. Larger points stand for more plays."
    )
    page.pictures(
        {_named(name, seconds): _reliability(points) for name, points in reliability.items() if points}
    )
    page.text("How far the points lie from the line on average (expected calibration error), by place:")
    page.table(*rows_by_position(measured[best], seconds))
    page.heading("The learning")
    page.text("Log loss of the four stages of a track in the batch just seen; it falls and then levels out.")
    page.pictures({"Log loss in training": _curves(curves)})
    return page


def _reliability(points: Sequence[tuple[float, float, int]]) -> alt.TopLevelMixin:
    import altair as alt

    values = [{"given": p, "came": y, "plays": n} for p, y, n in points]
    ends = alt.Data(values=[{"given": 0, "came": 0}, {"given": 1, "came": 1}])
    line = alt.Chart(ends, mark=alt.MarkDef(type="line", strokeDash=[4, 4], color="gray")).encode(
        x="given:Q", y="came:Q"
    )
    dots = alt.Chart(alt.Data(values=values), mark=alt.MarkDef(type="point", filled=True)).encode(
        x=alt.X("given:Q", title="chance given"),
        y=alt.Y("came:Q", title="share that came"),
        size=alt.Size("plays:Q", legend=None),
    )
    return alt.layer(line, dots)


def _curves(curves: Mapping[str, Any]) -> alt.TopLevelMixin:
    import altair as alt

    values = []
    for name, losses in curves.items():
        width = max(1, len(losses) // 100)
        for start in range(0, len(losses), width):
            part = losses[start : start + width]
            values.append({"step": start, "loss": float(sum(part) / len(part)), "model": name})
    return alt.Chart(alt.Data(values=values), mark="line").encode(
        x="step:Q",
        y=alt.Y("loss:Q", title="log loss", scale=alt.Scale(zero=False)),
        color=alt.Color("model:N", title=None),
    )
