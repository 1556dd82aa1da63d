"""The map of tastes as a drawing: as large as what is on it, with names where they lie on nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

SIDE = 640.0  # of the longer side, in the drawing's own units
FLATTEST = 0.62  # height over width, so that a map of few tracks is no ribbon
EDGE = 34.0  # around the circles, for names
FONTS = {"wide": 15.0, "slim": 27.0}  # of the names on the map, on a desk and on a phone
LETTER = 0.66  # width of a bold letter, in font sizes; wide enough for the fonts of all systems

STEP = 8.0  # between the places that are tried for a name
CLEAR, GAP = 4.0, 0.7  # around a name: to circles; to other names, in font sizes
REACH, NEAREST = 2.5, 4  # how far from its own tracks a name may be, in font sizes; how many of them are near


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
    """Names of tastes beside their own tracks, where they lie on no dot and near no other name; else none.

    Args:
        chart: the circles.
        names: (k,) of the tastes.
        size: of the letters.
    """
    kept: list[Label] = []
    if not chart.dots:
        return kept
    circles = np.array([(dot.x, dot.y, dot.r) for dot in chart.dots])
    taste_of = np.array([dot.taste for dot in chart.dots])
    taken = np.empty((0, 4))
    for taste, whole in enumerate(names):
        own = taste_of == taste
        if not own.any():
            continue
        for name in dict.fromkeys((whole, whole.split(" and ")[0])):
            half = len(name) * LETTER * size / 2
            at = _room(half, size, chart, circles, own, taken)
            if at is not None:
                taken = np.vstack([taken, _box(*at, half, size)])
                kept.append(Label(round(at[0], 1), round(at[1], 1), taste, name))
                break
    return kept


def _box(x: ArrayLike, y: ArrayLike, half: float, size: float) -> NDArray[np.float64]:
    """(n, 4) left, right, top and bottom of a name in the middle of x, whose letters stand on y."""
    x, y = np.atleast_1d(np.asarray(x, float)), np.atleast_1d(np.asarray(y, float))
    return np.stack([x - half, x + half, y - 0.8 * size, y + 0.3 * size], axis=1)


def _room(
    half: float,
    size: float,
    chart: Chart,
    circles: NDArray[np.float64],
    own: NDArray[np.bool_],
    taken: NDArray[np.float64],
) -> tuple[float, float] | None:
    """Where a name lies on nothing, nearest to its own circles and to none of another taste.

    Args:
        half: half of the name's width.
        size: of the letters.
        chart: the drawing.
        circles: (n, 3) x, y and radius of each.
        own: (n,) whether each is of the taste.
        taken: (k, 4) boxes of names that have their place.
    """
    width, height = chart.size
    x, y = (each.ravel() for each in np.meshgrid(np.arange(0, width, STEP), np.arange(0, height, STEP)))
    box = _box(x, y, half, size)
    inside = (box[:, 0] > 4) & (box[:, 1] < width - 4) & (box[:, 2] > 4) & (box[:, 3] < height - 4)
    gap = GAP * size
    for left, right, top, bottom in taken.tolist():
        across = (box[:, 0] < right + gap) & (box[:, 1] > left - gap)
        inside &= ~(across & (box[:, 2] < bottom + gap) & (box[:, 3] > top - gap))
    x, y, box = x[inside], y[inside], box[inside]
    if not len(box):
        return None
    beside = np.maximum(box[:, :1] - circles[:, 0], circles[:, 0] - box[:, 1:2])
    above = np.maximum(box[:, 2:3] - circles[:, 1], circles[:, 1] - box[:, 3:])
    apart = np.hypot(np.maximum(beside, 0), np.maximum(above, 0)) - circles[:, 2]  # of box and circle
    near = np.sort(apart[:, own], axis=1)[:, :NEAREST]
    foreign = apart[:, ~own].min(axis=1, initial=np.inf)
    fits = (apart.min(axis=1) >= CLEAR) & (near[:, 0] <= REACH * size) & (near[:, 0] + size / 2 < foreign)
    if not fits.any():
        return None
    middle = np.average(circles[own, :2], axis=0, weights=circles[own, 2] ** 2)
    score = near.mean(axis=1) + 0.1 * np.hypot(x - middle[0], y - middle[1])
    best = int(np.where(fits, score, np.inf).argmin())
    return float(x[best]), float(y[best])
