"""Vectors laid out in two dimensions, and the words on such a picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import altair as alt

# Okabe and Ito's colours, told apart by colour-blind eyes.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C8C00", "#6E6E6E")
WIDTH, HEIGHT, EDGE = 780, 500, 60  # of the picture, in pixels
LONGEST = 30  # letters of a track's name


def lay_out(vectors: NDArray[np.floating], rounds: int = 200) -> tuple[NDArray[np.float32], float]:
    """Places of unit vectors (n, d) whose distances follow the angles: SMACOF (de Leeuw 1977) from a PCA.

    Returns:
        places (n, 2), the farthest to the right and up, and what two dimensions cannot show, 0 to 1
        (Kruskal's stress-1). The same vectors give the same places.
    """
    vectors = np.asarray(vectors, np.float64)
    n = len(vectors)
    if n < 3:
        return np.array([[0.0, 0.0], [1.0, 0.0]], np.float32)[:n], 0.0
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
    return _turned(places).astype(np.float32), min(stress, 1.0)


def _turned(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same map with its middle at 0, its longer side lying, the farthest places to the right and up."""
    places = places - places.mean(0)
    _, _, axes = np.linalg.svd(places, full_matrices=False)
    turned = places @ axes.T
    farthest = turned[np.abs(turned).argmax(0), [0, 1]]
    return turned * np.where(farthest < 0, -1, 1)


def pixels(places: NDArray[np.float32]) -> NDArray[np.float64]:
    """Places on the picture: one scale for both axes, with room for words at the edges."""
    if not len(places):
        return np.empty((0, 2))
    low, high = places.min(0), places.max(0)
    room = np.array([WIDTH - 2 * EDGE, HEIGHT - EDGE])
    scale = float((room / np.maximum(high - low, 1e-9)).min())
    return np.array([WIDTH, HEIGHT]) / 2 + (places - (low + high) / 2) * scale * [1, -1]


class Word(NamedTuple):
    """A text at its middle, in pixels."""

    text: str
    x: float
    y: float
    bold: bool


def without_overlap(words: Iterable[Word]) -> list[Word]:
    """The words that find room, the first ones first; bold ones may move up or down for it."""
    kept: list[Word] = []
    boxes: list[tuple[float, float, float, float]] = []
    for word in words:
        text = word.text
        if not word.bold and len(text) > LONGEST:
            text = text[: LONGEST - 1] + "…"
        half = len(text) * (7.4 if word.bold else 5.4) / 2
        x = min(max(word.x, half), WIDTH - half)
        for shift in (0, -16, 16, -32, 32) if word.bold else (0,):
            y = word.y + shift
            box = (x - half, x + half, y - 8, y + 8)
            if all(box[0] > b[1] or box[1] < b[0] or box[2] > b[3] or box[3] < b[2] for b in boxes):
                boxes.append(box)
                kept.append(Word(text, x, y, word.bold))
                break
    return kept


def axes() -> tuple[alt.X, alt.Y]:
    """Encodings of the columns x and y in pixels, with nothing drawn beside them."""
    import altair as alt

    x = alt.X("x:Q", scale=alt.Scale(domain=[0, WIDTH])).axis(None)
    return x, alt.Y("y:Q", scale=alt.Scale(domain=[HEIGHT, 0])).axis(None)


def written(words: list[Word]) -> list[alt.Chart]:
    """Layers with the words. Each is written twice: a pale edge keeps it readable over the circles."""
    import altair as alt

    x, y = axes()
    layers = []
    for bold, size, ink in ((False, 10, "#444444"), (True, 13, "#111111")):
        rows = alt.Data(values=[word._asdict() for word in words if word.bold == bold])
        weight = "bold" if bold else "normal"
        for mark in (
            alt.MarkDef(type="text", fontSize=size, fontWeight=weight, stroke="white", strokeWidth=3),
            alt.MarkDef(type="text", fontSize=size, fontWeight=weight, fill=ink),
        ):
            layers.append(alt.Chart(rows, mark=mark).encode(x=x, y=y, text="text:N"))
    return layers
