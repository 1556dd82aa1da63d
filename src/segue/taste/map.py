"""The taste map: a listener's tracks and tastes in two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.taste.profiles import Profiles
from segue.taste.space import TasteSpace

if TYPE_CHECKING:
    import altair as alt

# Okabe and Ito's colours, told apart by colour-blind eyes.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C8C00", "#6E6E6E")


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
    # An SVD leaves signs open; the heaviest loading is made positive, so that maps do not flip.
    signs = np.sign(left[np.abs(left[:, :width]).argmax(0), range(width)])
    places[:, :width] = left[:, :width] * size[:width] * np.where(signs == 0, 1, signs)
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
    return places - places.mean(0), min(stress, 1.0)


def draw(
    chart: TasteMap, names: Sequence[str], labels: Sequence[str], trends: Sequence[str] = ()
) -> alt.TopLevelMixin:
    """The map as a picture: a circle for each track, sized by its part of the listening, coloured by taste.

    Args:
        chart: from `taste_map`.
        names: (k,) the tastes' names.
        labels: (n,) the tracks' names, shown when pointed at.
        trends: (k,) "rising", "fading", "steady" or "".
    """
    import altair as alt

    legend = list(names)
    for at, trend in enumerate(trends):
        if trend in ("rising", "fading"):
            legend[at] = f"{names[at]} ({trend})"
    rows = [
        {"x": x, "y": y, "taste": legend[taste], "track": label, "share": share}
        for (x, y), taste, label, share in zip(
            chart.places.tolist(), chart.taste.tolist(), labels, chart.weights.tolist(), strict=True
        )
    ]
    middles = [
        {"x": x, "y": y, "name": name} for (x, y), name in zip(chart.centres.tolist(), names, strict=True)
    ]
    close = alt.Scale(zero=False, nice=False, padding=20)
    x, y = alt.X("x:Q", scale=close).axis(None), alt.Y("y:Q", scale=close).axis(None)
    colours = alt.Scale(domain=legend, range=[COLOURS[i % len(COLOURS)] for i in range(len(legend))])
    circle = alt.MarkDef(type="circle", opacity=0.75, stroke="white", strokeWidth=0.5)
    circles = alt.Chart(alt.Data(values=rows), mark=circle).encode(
        x=x,
        y=y,
        size=alt.Size("share:Q", scale=alt.Scale(range=[20, 400])).legend(None),
        color=alt.Color("taste:N", scale=colours, title=None).legend(
            orient="bottom", columns=2, labelLimit=400
        ),
        tooltip=["track:N", "taste:N", alt.Tooltip("share:Q", format=".1%")],
    )
    # Written twice: a pale edge keeps the words readable over the circles.
    edge = alt.MarkDef(type="text", fontSize=13, fontWeight="bold", stroke="white", strokeWidth=3)
    word = alt.MarkDef(type="text", fontSize=13, fontWeight="bold", fill="#222222")
    words = [
        alt.Chart(alt.Data(values=middles), mark=mark).encode(x=x, y=y, text="name:N")
        for mark in (edge, word)
    ]
    return alt.layer(circles, *words).properties(width=560, height=420)
