"""Tastes: a map that can be explored, the same as a table; and what the listener changes about them."""

# No `from __future__ import annotations`: FastAPI reads annotations.

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from fastapi import Request
from fastapi.responses import Response

from segue.engine import Engine
from segue.engine.few_listeners import no_tastes
from segue.engine.months import shares_by_month
from segue.engine.tastes import taste_changes, tastes_for
from segue.playlists.playlist import TrackCard
from segue.service.asking import HouseGiven
from segue.service.house import House, refuse_unknown
from segue.service.lately import Lately
from segue.service.pages import frame
from segue.service.pages.doorkeeper import Sent, Signed, Visitor, may
from segue.service.pages.taste_chart import FONTS, Chart, Dot, labels, placed
from segue.service.pages.texts import text
from segue.service.v1 import listener as v1
from segue.service.v1.lists import current
from segue.tastes.changes import Side, sides
from segue.tastes.map import TasteMap, taste_map
from segue.wording import percents

router = frame.router()
COLOURS = 8
LARGEST, SMALLEST = 15.0, 4.0  # radius of a track's circle


class Shown(NamedTuple):
    """A taste, as it is shown."""

    number: int  # from 0, the heaviest first
    colour: int
    taste: v1.Taste
    tracks: list[tuple[TrackCard, float]]  # with their part of the listening, the most typical first
    months: list[tuple[str, float]]
    share: str  # in whole percents, which add up over the tastes
    line: str  # points of its share over the months


class Done(NamedTuple):
    """What was just changed, and the form that takes it back."""

    said: str
    undo: dict[str, str]


@router.get("/tastes")
def tastes(request: Request, here: HouseGiven, who: Signed) -> Response:
    """What a listener likes."""
    may(who, "read")
    if who.listener is None:
        return frame.back("/whom")
    return frame.page(request, "tastes", who, **_state(here, who.whose))


@router.post("/tastes")
def change(request: Request, here: HouseGiven, who: Signed, fields: Sent) -> Response:
    """Merge, rename, leave out; or take that back."""
    may(who, "write")
    given = {name: fields[name] for name in ("kind", "number", "name", "into") if fields.get(name)}
    asked = v1.TasteChange.model_validate(given)
    before = _told(here, who)
    v1.change_taste(here, who.whose, asked)
    if not frame.wants_part(request):
        return frame.back("/tastes")
    done = _done(asked, before) if "undone" not in fields else Done(text("tastes.undone"), {})
    return frame.part("tastes", who, **_state(here, who.whose) | {"done": done})


def _told(here: House, who: Visitor) -> dict[int, v1.Taste]:
    return {each.number: each for each in v1.tastes(here, who.whose, None).tastes}


def _done(asked: v1.TasteChange, before: dict[int, v1.Taste]) -> Done:
    """What is said of a change, and what undoes it."""
    number, was = str(asked.number), before.get(asked.number)
    name = was.name if was is not None else number
    if asked.kind == "rename":
        called = asked.name or text("tastes.its_own")
        old = was.name if was is not None and was.renamed else ""
        return Done(
            text("tastes.renamed", name=name, to=called), {"kind": "rename", "number": number, "name": old}
        )
    if asked.kind == "merge":
        other = before.get(asked.into or 0)
        told = text("tastes.merged", name=name, to=other.name if other else "")
        return Done(told, {"kind": "split", "number": number})
    if asked.kind == "split":
        return Done(text("tastes.was_split", name=name), {})
    undo = "bring_back" if asked.kind == "leave_out" else "leave_out"
    return Done(text(f"tastes.{asked.kind}_done", name=name), {"kind": undo, "number": number})


def _state(here: House, listener: str) -> dict[str, Any]:
    """What the page shows; worked out once for what the listener has changed so far."""
    week = current(here, listener)

    def asked(engine: Engine) -> dict[str, Any]:
        changes = repr(taste_changes(engine.library).of(listener))
        key = ("tastes", week, listener, changes)
        return here.lately.of(engine, key, lambda: _made(engine, here.lately, listener, week))

    return here.asked(asked)


def _made(engine: Engine, lately: Lately, listener: str, week: str) -> dict[str, Any]:
    refuse_unknown(engine, listener)
    told = [v1.Taste(**each._asdict()) for each in engine.tastes(listener, week)]
    chart, shown = _drawn(engine, lately, listener, week, told) if told else (Chart(), list[Shown]())
    names = {kind: labels(chart, [each.taste.name for each in shown], size) for kind, size in FONTS.items()}
    near = engine.factors().model.config.observations.together if told else ""
    none = "" if told else no_tastes(engine.library, listener)
    return {
        "tastes": shown,
        "chart": chart,
        "labels": names,
        "fonts": FONTS,
        "near": near,
        "untold": none,
        "done": None,
    }


def _drawn(
    engine: Engine, lately: Lately, listener: str, week: str, told: list[v1.Taste]
) -> tuple[Chart, list[Shown]]:
    found = tastes_for(engine, week, listener)
    profiles, changes = found.profiles, taste_changes(engine.library).of(listener)
    catalogue = engine.factors().shared.catalogue
    chart = lately.of(engine, ("map", week, listener), lambda: taste_map(found.space, profiles, listener))
    cards = catalogue.cards(chart.tracks.tolist())
    theirs = _places(chart, sides(profiles, listener, changes), profiles.tastes(listener).start)
    side_of = np.zeros(len(cards), np.int64)
    for at, places in enumerate(theirs):
        side_of[places] = at
    sizes = SMALLEST + (LARGEST - SMALLEST) * np.sqrt(chart.weights / float(chart.weights.max()))
    dots = [
        Dot(0.0, 0.0, round(float(r), 1), side, _name(card), float(share))
        for r, side, card, share in zip(sizes, side_of.tolist(), cards, chart.weights, strict=True)
    ]
    groups = tuple(tuple(cards[place].track_id for place in places) for places in theirs)
    key = ("months", listener, groups)
    months, shares = lately.of(engine, key, lambda: shares_by_month(engine, listener, groups))
    highest = max(float(shares.max()), 1e-9) if shares.size else 1.0
    whole = percents([taste.share for taste in told], space="\u202f")
    shown = []
    for at, taste in enumerate(told):
        tracks = [(cards[place], float(chart.weights[place])) for place in theirs[at]]
        over = list(zip(months, shares[at].tolist(), strict=True))
        shown.append(Shown(at, at % COLOURS, taste, tracks, over, whole[at], _line(shares[at], highest)))
    return placed(dots, chart.places), shown


def _places(chart: TasteMap, told: Sequence[Side], start: int) -> list[list[int]]:
    """For each taste as it is shown, places of its tracks on the map; `start` is that of the first taste."""
    found = []
    for side in told:
        places = np.concatenate([np.flatnonzero(chart.taste == part - start) for part in side.parts])
        if len(side.parts) > 1:
            places = places[np.argsort(-chart.weights[places], kind="stable")]
        found.append(places.tolist())
    return found


def _line(shares: np.ndarray, highest: float) -> str:
    if len(shares) < 2:
        return ""
    x = np.linspace(2, 98, len(shares))
    return " ".join(f"{a:.1f},{36 - 32 * b / highest:.1f}" for a, b in zip(x, shares.tolist(), strict=True))


def _name(card: TrackCard) -> str:
    return f"{card.title or card.track_id} - {card.credit}" if card.credit else card.title or card.track_id
