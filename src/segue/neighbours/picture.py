"""A picture of a song's neighbourhood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.layout import COLOURS, HEIGHT, WIDTH, Word, axes, lay_out, pixels, without_overlap, written

if TYPE_CHECKING:
    import altair as alt

OTHERS = "other artists"
LINES = 2  # from each song, to its nearest


def draw_neighbourhood(
    vectors: NDArray[np.float32], titles: Sequence[str], artists: Sequence[str], scores: Sequence[float]
) -> tuple[alt.TopLevelMixin, float]:
    """A song amid its neighbours: near each other is what is alike, joined what is nearest.

    Args:
        vectors: (1 + n, d) unit vectors, the song itself first.
        titles, artists: (1 + n,) what is written, and what gives the colour.
        scores: (n,) cosine of each neighbour with the song; larger circles are nearer.

    Returns:
        The picture, and Kruskal's stress: the share of the distances that it cannot show.
    """
    import altair as alt

    flat, stress = lay_out(vectors)
    places = pixels(flat)
    # Colours for the song's own artist and those who are here more than once, as far as colours go.
    counts = Counter(artists)
    often = [artist for artist, songs in counts.most_common() if songs > 1 and artist != artists[0]]
    often = [artists[0], *often][: len(COLOURS) - 1]
    legend = often if len(often) == len(counts) else [*often, OTHERS]
    rows = [
        {"x": x, "y": y, "artist": artist if artist in often else OTHERS, "near": score}
        for (x, y), artist, score in zip(
            places.tolist(), artists, [max(scores, default=1), *scores], strict=True
        )
    ]
    lines = [
        {"x": places[a, 0], "y": places[a, 1], "x2": places[b, 0], "y2": places[b, 1]}
        for a, b in _joined(vectors)
    ]
    x, y = axes()
    rule = alt.MarkDef(type="rule", color="#c9ced8", strokeWidth=1)
    circle = alt.MarkDef(type="circle", opacity=0.85, stroke="white", strokeWidth=0.5)
    ring = alt.MarkDef(type="point", stroke="#111111", strokeWidth=2.5, size=520, fill=None)
    layers = [
        alt.Chart(alt.Data(values=lines), mark=rule).encode(x=x, y=y, x2="x2:Q", y2="y2:Q"),
        alt.Chart(alt.Data(values=rows), mark=circle).encode(
            x=x,
            y=y,
            size=alt.Size("near:Q", scale=alt.Scale(range=[60, 420], zero=False)).legend(None),
            color=alt.Color(
                "artist:N",
                scale=alt.Scale(domain=legend, range=[*COLOURS[: len(often)], COLOURS[-1]][: len(legend)]),
                title=None,
            ).legend(orient="bottom", columns=4, labelLimit=180, labelFontSize=12),
        ),
        alt.Chart(alt.Data(values=rows[:1]), mark=ring).encode(x=x, y=y),
    ]
    words = [
        Word(title, at[0], at[1] + (24 if number == 0 else 16), number == 0)
        for number, (title, at) in enumerate(zip(titles, places.tolist(), strict=True))
    ]
    chart = alt.layer(*layers, *written(without_overlap(words))).properties(width=WIDTH, height=HEIGHT)
    return chart, stress


def _joined(vectors: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Pairs of which one is among the nearest of the other."""
    alike = vectors @ vectors.T
    np.fill_diagonal(alike, -np.inf)
    nearest = np.argsort(-alike, axis=1, kind="stable")[:, : min(LINES, len(vectors) - 1)]
    pairs = {(min(a, b), max(a, b)) for a, row in enumerate(nearest.tolist()) for b in row}
    return sorted(pairs)
