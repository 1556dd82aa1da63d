"""The taste map: a listener's tracks and tastes in two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.taste.profiles import Profiles
from segue.taste.space import TasteSpace

if TYPE_CHECKING:
    import altair as alt

# Okabe and Ito's colours, told apart by colour-blind eyes.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C8C00", "#6E6E6E")
WIDTH, HEIGHT, EDGE = 780, 500, 60  # of the picture, in pixels
LONGEST = 30  # letters of a track's name
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
    """Lay out a listener's tracks so that distances follow angles: SMACOF (de Leeuw 1977) from a PCA start.

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
    vectors = space.vectors[tracks].astype(np.float64)
    places, stress = _smacof(vectors, rounds)
    centres = np.array(
        [np.average(places[taste == t], 0, weights[taste == t]) for t in range(len(tastes))], np.float32
    ).reshape(-1, 2)
    return TasteMap(tracks, places.astype(np.float32), taste, weights, centres, stress)


def _smacof(vectors: NDArray[np.float64], rounds: int) -> tuple[NDArray[np.float64], float]:
    n = len(vectors)
    if n < 3:
        return np.array([[0.0, 0.0], [1.0, 0.0]])[:n], 0.0
    wanted = np.arccos(np.clip(vectors @ vectors.T, -1, 1))
    np.fill_diagonal(wanted, 0)
    middle = vectors - vectors.mean(0)
    left, size, _ = np.linalg.svd(middle, full_matrices=False)
    places = np.zeros((n, 2))
    width = min(2, left.shape[1])
    places[:, :width] = left[:, :width] * size[:width]
    places += 1e-6 * np.column_stack([np.cos(np.arange(n)), np.sin(np.arange(n))])  # no two in one place
    for _ in range(rounds):
        distance = np.linalg.norm(places[:, None] - places[None], axis=2)
        ratio = np.divide(wanted, distance, out=np.zeros_like(wanted), where=distance > 1e-12)
        moved = (ratio.sum(1)[:, None] * places - ratio @ places) / n
        step = np.abs(moved - places).max()
        places = moved
        if step < 1e-5:
            break
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    stress = float(np.sqrt(((distance - wanted) ** 2).sum() / max((distance**2).sum(), 1e-12)))
    return _laid(places), min(stress, 1.0)


def _laid(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same map with its middle at 0, its longer side lying, the farthest places to the right and up."""
    places = places - places.mean(0)
    _, _, axes = np.linalg.svd(places, full_matrices=False)
    turned = places @ axes.T
    farthest = turned[np.abs(turned).argmax(0), [0, 1]]
    return turned * np.where(farthest < 0, -1, 1)


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
    places = _pixels(chart.places)
    rows = [
        {"x": x, "y": y, "taste": legend[taste], "track": label, "share": share}
        for (x, y), taste, label, share in zip(
            places.tolist(), chart.taste.tolist(), labels, chart.weights.tolist(), strict=True
        )
    ]
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, WIDTH])).axis(None)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[HEIGHT, 0])).axis(None)
    colours = alt.Scale(domain=legend, range=[COLOURS[i % len(COLOURS)] for i in range(len(legend))])
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
    words = _words(chart, places, names, labels)
    layers = [circles]
    # Written twice: a pale edge keeps the words readable over the circles.
    for bold, size, ink in ((False, 10, "#444444"), (True, 13, "#111111")):
        data = alt.Data(values=[word for word in words if word["bold"] == bold])
        weight = "bold" if bold else "normal"
        for mark in (
            alt.MarkDef(type="text", fontSize=size, fontWeight=weight, stroke="white", strokeWidth=3),
            alt.MarkDef(type="text", fontSize=size, fontWeight=weight, fill=ink),
        ):
            layers.append(alt.Chart(data, mark=mark).encode(x=x, y=y, text="text:N"))
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def _pixels(places: NDArray[np.float32]) -> NDArray[np.float64]:
    """Places on the picture: one scale for both axes, with room for words at the edges."""
    if not len(places):
        return np.empty((0, 2))
    low, high = places.min(0), places.max(0)
    room = np.array([WIDTH - 2 * EDGE, HEIGHT - EDGE])
    scale = float((room / np.maximum(high - low, 1e-9)).min())
    return np.array([WIDTH, HEIGHT]) / 2 + (places - (low + high) / 2) * scale * [1, -1]


def _words(
    chart: TasteMap, places: NDArray[np.float64], names: Sequence[str], labels: Sequence[str]
) -> list[dict[str, Any]]:
    """Names of tastes, each at its middlemost track, then of its most played where no other word is."""
    words: list[dict[str, Any]] = []

    def write(text: str, x: float, y: float, bold: bool) -> None:
        half = len(text) * (7.4 if bold else 5.4) / 2
        x = min(max(x, half), WIDTH - half)
        for shift in (0, -16, 16, -32, 32) if bold else (0,):
            box = (x - half, x + half, y + shift - 8, y + shift + 8)
            if all(box[0] > b[1] or box[1] < b[0] or box[2] > b[3] or box[3] < b[2] for b in boxes):
                boxes.append(box)
                words.append({"x": x, "y": y + shift, "text": text, "bold": bold})
                return

    boxes: list[tuple[float, float, float, float]] = []
    for taste, name in enumerate(names):
        own = np.flatnonzero(chart.taste == taste)
        apart = np.linalg.norm(places[own][:, None] - places[own][None], axis=2)
        middle = own[(apart @ chart.weights[own]).argmin()]
        write(name, places[middle, 0], places[middle, 1], True)
    heaviest = np.argsort(-chart.weights, kind="stable")
    for at in np.concatenate(
        [heaviest[chart.taste[heaviest] == t][:TOLD] for t in range(len(names))]
    ).tolist():
        text = labels[at] if len(labels[at]) <= LONGEST else labels[at][: LONGEST - 1] + "…"
        write(text, places[at, 0], places[at, 1] + 15, False)
    return words


def draw_weeks(shares: Sequence[tuple[str, int, str, float]]) -> alt.TopLevelMixin:
    """How a listener's tastes grew and shrank: a line for each, over weeks.

    Args:
        shares: (week, number, name, share) of each taste in each week, oldest first.
    """
    import altair as alt

    latest = {number: f"{name} ({number})" for _, number, name, _ in shares}
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
