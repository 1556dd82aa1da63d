"""Tastes: a map that can be explored, and the same as a table."""

# No `from __future__ import annotations`: FastAPI reads annotations.

from typing import Any, NamedTuple

import numpy as np
from fastapi import Request
from fastapi.responses import Response

from segue.engine import Engine
from segue.engine.months import shares_by_month
from segue.engine.tastes import with_one
from segue.layout import HEIGHT, WIDTH, pixels
from segue.playlists.playlist import TrackCard
from segue.service.asking import HouseGiven
from segue.service.pages import frame
from segue.service.pages.doorkeeper import Signed, may
from segue.service.v1 import listener as v1
from segue.service.v1.lists import current
from segue.tastes.map import taste_map
from segue.wording import percents

router = frame.router()
COLOURS = 8
LARGEST, SMALLEST = 15.0, 4.0  # radius of a track's circle
FONTS = {"wide": 17.0, "slim": 30.0}  # of the names on the map, on a desk and on a phone
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


class Shown(NamedTuple):
    """A taste, as it is shown."""

    number: int
    colour: int
    taste: v1.Taste
    tracks: list[tuple[TrackCard, float]]  # with their part of the listening, the most typical first
    months: list[tuple[str, float]]
    share: str  # in whole percents, which add up over the tastes
    line: str  # points of its share over the months


@router.get("/tastes")
def tastes(request: Request, here: HouseGiven, who: Signed) -> Response:
    """What a listener likes."""
    may(who, "read")
    if who.listener is None:
        return frame.back("/whom")
    listener = who.whose
    week = current(here, listener)
    told = v1.tastes(here, listener, None).tastes
    dots, shown = here.asked(lambda engine: _drawn(engine, listener, week, told)) if told else ([], [])
    labels = {kind: _labels(dots, shown, size) for kind, size in FONTS.items()}
    values: dict[str, Any] = {
        "tastes": shown,
        "dots": dots,
        "labels": labels,
        "fonts": FONTS,
        "size": (WIDTH, HEIGHT),
    }
    return frame.page(request, "tastes", who, **values)


def _drawn(engine: Engine, listener: str, week: str, told: list[v1.Taste]) -> tuple[list[Dot], list[Shown]]:
    found = with_one(engine, engine.tastes_of_week(week), listener)
    chart, catalogue = taste_map(found.space, found.profiles, listener), engine.factors().shared.catalogue
    places = pixels(chart.places)
    most = float(chart.weights.max())
    cards = [catalogue.card(track) for track in chart.tracks.tolist()]
    sizes = SMALLEST + (LARGEST - SMALLEST) * np.sqrt(chart.weights / most)
    dots = [
        Dot(round(x, 1), round(y, 1), round(float(r), 1), taste, _name(card), float(share))
        for (x, y), r, taste, card, share in zip(
            places.tolist(), sizes, chart.taste.tolist(), cards, chart.weights, strict=True
        )
    ]
    theirs = [np.flatnonzero(chart.taste == at).tolist() for at in range(len(told))]
    groups = [[cards[place].track_id for place in places] for places in theirs]
    months, shares = shares_by_month(engine, listener, groups)
    highest = max(float(shares.max()), 1e-9) if shares.size else 1.0
    shown = []
    whole = percents([taste.share for taste in told], space="\u202f")
    for at, taste in enumerate(told):
        tracks = [(cards[place], float(chart.weights[place])) for place in theirs[at]]
        over = list(zip(months, shares[at].tolist(), strict=True))
        shown.append(Shown(at, at % COLOURS, taste, tracks, over, whole[at], _line(shares[at], highest)))
    return dots, shown


def _line(shares: np.ndarray, highest: float) -> str:
    if len(shares) < 2:
        return ""
    x = np.linspace(2, 98, len(shares))
    return " ".join(f"{a:.1f},{36 - 32 * b / highest:.1f}" for a, b in zip(x, shares.tolist(), strict=True))


def _name(card: TrackCard) -> str:
    return f"{card.title or card.track_id} - {card.credit}" if card.credit else card.title or card.track_id


def _labels(dots: list[Dot], tastes: list[Shown], size: float) -> list[Label]:
    """Names of tastes near their tracks, where they lie on no dot and on no other name; else none."""
    kept: list[Label] = []
    boxes: list[tuple[float, float, float, float]] = []
    for taste in tastes:
        own = [dot for dot in dots if dot.taste == taste.number]
        if not own:
            continue
        weight = sum(dot.share for dot in own)
        middle = [sum(getattr(dot, axis) * dot.share for dot in own) / weight for axis in ("x", "y")]
        for name in dict.fromkeys((taste.taste.name, taste.taste.name.split(" and ")[0])):
            half = len(name) * LETTER * size / 2
            at = _room(middle, half, size, dots, boxes)
            if at is not None:
                boxes.append(_box(*at, half, size))
                kept.append(Label(round(at[0], 1), round(at[1], 1), taste.number, name))
                break
    return kept


def _box(x: float, y: float, half: float, size: float) -> tuple[float, float, float, float]:
    return x - half, x + half, y - 0.8 * size, y + 0.3 * size


def _room(
    middle: list[float],
    half: float,
    size: float,
    dots: list[Dot],
    boxes: list[tuple[float, float, float, float]],
) -> tuple[float, float] | None:
    """The nearest place where a name lies on nothing."""
    for x, y in _around(*middle):
        box = _box(x, y, half, size)
        inside = box[0] > 4 and box[1] < WIDTH - 4 and box[2] > 4 and box[3] < HEIGHT - 4
        if inside and not any(_on(box, dot) for dot in dots) and not any(_cross(box, b) for b in boxes):
            return x, y
    return None


def _around(x: float, y: float) -> list[tuple[float, float]]:
    """Places farther and farther from one."""
    turns = [(r, a) for r in range(0, 200, 12) for a in np.linspace(0, 2 * np.pi, 16, endpoint=False)]
    return [(x + 1.5 * r * float(np.cos(a)), y + r * float(np.sin(a))) for r, a in turns]


def _on(box: tuple[float, float, float, float], dot: Dot) -> bool:
    reach = dot.r + 3
    return box[0] - reach < dot.x < box[1] + reach and box[2] - reach < dot.y < box[3] + reach


def _cross(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]
