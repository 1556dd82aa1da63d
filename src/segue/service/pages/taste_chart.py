"""The map of tastes as a drawing: as large as what is on it, with names where they lie on nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SIDE = 640.0  # of the longer side, in the drawing's own units
FLATTEST = 0.62  # height over width, so that a map of few tracks is no ribbon
EDGE = 34.0  # around the circles, for names
FONTS = {"wide": 15.0, "slim": 27.0}  # of the names on the map, on a desk and on a phone
LETTER = 0.66  # width of a bold letter, in font sizes; wide enough for the fonts of all systems


class Dot(NamedTuple):
    """A track on the map."""

    x: float
    y: float
    r: float
    taste: int
    name: str
    share: float


class Label(NamedTuple):
    """A taste's name, where there is room for it."""

    x: float
    y: float
    taste: int
    text: str


class Chart(NamedTuple):
    """Circles, and the size of the drawing."""

    dots: Sequence[Dot] = ()
    size: tuple[float, float] = (SIDE, SIDE)


def placed(dots: Sequence[Dot], places: NDArray[np.floating]) -> Chart:
    """The circles at their places (n, 2): one scale for both axes, and no more paper than they need."""
    low, high = places.min(0), places.max(0)
    extent = np.maximum(high - low, 1e-9)
    inside = SIDE - 2 * EDGE
    scale = float(inside / extent.max())
    width, height = (extent * scale + 2 * EDGE).tolist()
    width, height = max(width, FLATTEST * height), max(height, FLATTEST * width)
    middle = np.array([width, height]) / 2
    at = middle + (places - (low + high) / 2) * scale * [1, -1]
    moved = [
        dot._replace(x=round(x, 1), y=round(y, 1)) for dot, (x, y) in zip(dots, at.tolist(), strict=True)
    ]
    return Chart(moved, (round(width), round(height)))


def labels(chart: Chart, names: Sequence[str], size: float) -> list[Label]:
    """Names of tastes near their tracks, where they lie on no dot and on no other name; else none.

    Args:
        chart: the circles.
        names: (k,) of the tastes.
        size: of the letters.
    """
    kept: list[Label] = []
    boxes: list[tuple[float, float, float, float]] = []
    for taste, whole in enumerate(names):
        own = [dot for dot in chart.dots if dot.taste == taste]
        if not own:
            continue
        weight = sum(dot.share for dot in own)
        middle = [sum(getattr(dot, axis) * dot.share for dot in own) / weight for axis in ("x", "y")]
        for name in dict.fromkeys((whole, whole.split(" and ")[0])):
            half = len(name) * LETTER * size / 2
            at = _room(middle, half, size, chart, boxes)
            if at is not None:
                boxes.append(_box(*at, half, size))
                kept.append(Label(round(at[0], 1), round(at[1], 1), taste, name))
                break
    return kept


def _box(x: float, y: float, half: float, size: float) -> tuple[float, float, float, float]:
    return x - half, x + half, y - 0.8 * size, y + 0.3 * size


def _room(
    middle: list[float],
    half: float,
    size: float,
    chart: Chart,
    boxes: list[tuple[float, float, float, float]],
) -> tuple[float, float] | None:
    """The nearest place where a name lies on nothing."""
    width, height = chart.size
    for x, y in _around(*middle):
        box = _box(x, y, half, size)
        inside = box[0] > 4 and box[1] < width - 4 and box[2] > 4 and box[3] < height - 4
        if inside and not any(_on(box, dot) for dot in chart.dots) and not any(_cross(box, b) for b in boxes):
            return x, y
    return None


def _around(x: float, y: float) -> Iterator[tuple[float, float]]:
    """Places farther and farther from one."""
    for r in range(0, 200, 12):
        for a in np.linspace(0, 2 * np.pi, 16, endpoint=False):
            yield x + 1.5 * r * float(np.cos(a)), y + r * float(np.sin(a))


def _on(box: tuple[float, float, float, float], dot: Dot) -> bool:
    reach = dot.r + 3
    return box[0] - reach < dot.x < box[1] + reach and box[2] - reach < dot.y < box[3] + reach


def _cross(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]
