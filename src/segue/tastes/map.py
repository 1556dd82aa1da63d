"""The taste map: a listener's tracks and tastes in two dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.layout import COLOURS, HEIGHT, WIDTH, Word, axes, lay_out, pixels, without_overlap, written
from segue.tastes.profiles import Profiles
from segue.tastes.space import TasteSpace

if TYPE_CHECKING:
    import altair as alt

TOLD = 8  # tracks of a taste whose names are written


class TasteMap(NamedTuple):
    """Where a listener's tracks and tastes lie.

    Attributes:
        tracks: (n,) track numbers.
        places: (n, 2) their places; distances follow the angles between vectors as well as two dimensions
            can.
        taste: (n,) which of the listener's tastes each belongs to, from 0.
        weights: (n,) part of the listening.
        centres: (k, 2) the middle of each taste on the map.
        stress: what two dimensions cannot show, 0 to 1 (Kruskal's stress-1).
    """

    tracks: NDArray[np.int32]
    places: NDArray[np.float32]
    taste: NDArray[np.int32]
    weights: NDArray[np.float32]
    centres: NDArray[np.float32]
    stress: float


def taste_map(space: TasteSpace, profiles: Profiles, listener: str, rounds: int = 200) -> TasteMap:
    """Lay out a listener's tracks so that distances follow angles.

    Empty for a listener without tastes. The same profile gives the same map.
    """
    tastes = profiles.tastes(listener)
    tracks = np.concatenate([np.empty(0, np.int32), *(profiles.tracks_of(t) for t in tastes)]).astype(
        np.int32
    )
    sizes = [len(profiles.tracks_of(t)) for t in tastes]
    taste = np.repeat(np.arange(len(tastes), dtype=np.int32), sizes)
    start = int(profiles.member_first[tastes.start]) if len(tastes) else 0
    weights = profiles.member_weights[start : start + len(tracks)]
    places, stress = lay_out(space.vectors[tracks], rounds)
    centres = np.array(
        [np.average(places[taste == t], 0, weights[taste == t]) for t in range(len(tastes))], np.float32
    ).reshape(-1, 2)
    return TasteMap(tracks, places, taste, weights, centres, stress)


def draw(
    chart: TasteMap, names: Sequence[str], labels: Sequence[str], trends: Sequence[str] = ()
) -> alt.TopLevelMixin:
    """The map as a picture: a circle for each track, sized by its part of the listening, coloured by taste.

    Tastes, and as many of their most played tracks as there is room for, have their names written by them.

    Args:
        chart: from `taste_map`.
        names: (k,) the tastes' names.
        labels: (n,) the tracks' names.
        trends: (k,) "rising", "fading", "steady" or "".
    """
    import altair as alt

    legend = list(names)
    for at, trend in enumerate(trends):
        if trend in ("rising", "fading"):
            legend[at] = f"{names[at]} ({trend})"
    places = pixels(chart.places)
    rows = [
        {"x": x, "y": y, "taste": legend[taste], "track": label, "share": share}
        for (x, y), taste, label, share in zip(
            places.tolist(), chart.taste.tolist(), labels, chart.weights.tolist(), strict=True
        )
    ]
    x, y = axes()
    tastes = list(dict.fromkeys(legend))  # of one name where they were merged
    colours = alt.Scale(domain=tastes, range=[COLOURS[i % len(COLOURS)] for i in range(len(tastes))])
    circle = alt.MarkDef(type="circle", opacity=0.75, stroke="white", strokeWidth=0.5)
    circles = alt.Chart(alt.Data(values=rows), mark=circle).encode(
        x=x,
        y=y,
        size=alt.Size("share:Q", scale=alt.Scale(range=[20, 400])).legend(None),
        color=alt.Color("taste:N", scale=colours, title=None).legend(
            orient="bottom", columns=2, labelLimit=400, labelFontSize=12
        ),
        tooltip=["track:N", "taste:N", alt.Tooltip("share:Q", format=".1%")],
    )
    layers = [circles, *written(without_overlap(_words(chart, places, names, labels)))]
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def _words(
    chart: TasteMap, places: NDArray[np.float64], names: Sequence[str], labels: Sequence[str]
) -> Iterator[Word]:
    """Names of tastes, each at its middlemost track, then of its most played."""
    for taste, name in enumerate(names):
        own = np.flatnonzero(chart.taste == taste)
        apart = np.linalg.norm(places[own][:, None] - places[own][None], axis=2)
        middle = own[(apart @ chart.weights[own]).argmin()]
        yield Word(name, places[middle, 0], places[middle, 1], True)
    heaviest = np.argsort(-chart.weights, kind="stable")
    for taste in range(len(names)):
        for at in heaviest[chart.taste[heaviest] == taste][:TOLD].tolist():
            yield Word(labels[at], places[at, 0], places[at, 1] + 15, False)


def draw_weeks(shares: Sequence[tuple[str, int, str, float]]) -> alt.TopLevelMixin:
    """How a listener's tastes grew and shrank: a line for each, over weeks.

    Args:
        shares: (week, number, name, share) of each taste in each week, oldest first.
    """
    import altair as alt

    latest = {number: f"{name} ({number + 1})" for _, number, name, _ in shares}
    rows = [
        {"week": week, "taste": latest[number], "share": share, "order": at}
        for at, (week, number, _, share) in enumerate(shares)
    ]
    colours = alt.Scale(
        domain=list(latest.values()), range=[COLOURS[i % len(COLOURS)] for i in range(len(latest))]
    )
    return (
        alt.Chart(alt.Data(values=rows), mark=alt.MarkDef(type="line", point=True, strokeWidth=2))
        .encode(
            x=alt.X("week:O", title=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("share:Q", title=None, axis=alt.Axis(format="%")),
            color=alt.Color("taste:N", scale=colours, title=None).legend(
                orient="bottom", columns=2, labelLimit=400
            ),
        )
        .properties(width=WIDTH, height=240)
    )
