"""Radio: what plays now and why; played, skipped or loved; begun from tastes or from named tracks."""

# No `from __future__ import annotations`: FastAPI reads annotations.

from typing import Any, NamedTuple
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from segue.service.asking import HouseGiven
from segue.service.house import House
from segue.service.pages import frame
from segue.service.pages.doorkeeper import Sent, Signed, may
from segue.service.pages.week import said_by
from segue.service.tables import STREAM_TRACKS
from segue.service.v1 import feedback
from segue.service.v1 import radio as v1
from segue.service.v1.playing import Answer

router = frame.router()
SHOWN = 12  # tracks before, that are shown
SEEDS = 3  # fields for tracks to begin with


class Before(NamedTuple):
    """A track that the radio has played."""

    number: int
    name: str
    by: str
    skipped: bool


@router.get("/radio")
def choose(request: Request, who: Signed) -> Response:
    """Where a radio begins."""
    may(who, "write")
    return frame.back("/whom") if who.listener is None else frame.page(request, "radio", who, radio=None)


@router.post("/radio")
def begin(here: HouseGiven, who: Signed, fields: Sent) -> Response:
    """Begin one."""
    may(who, "write")
    named = [fields.get(f"seed{number}", "").strip() for number in range(SEEDS)]
    asked = v1.Asked(seeds=[each for each in named if each], new="new" in fields)
    begun = v1.begin(here, who.whose, asked)
    return frame.back(f"/radio/{begun.id}")


@router.get("/radio/{radio}")
def now(request: Request, here: HouseGiven, who: Signed, radio: UUID) -> Response:
    """What plays."""
    may(who, "write")
    playing = v1.KIND.now(here, who.whose, radio)
    return frame.page(request, "radio", who, **_shown(here, who.whose, playing))


@router.post("/radio/{radio}")
def answer(request: Request, here: HouseGiven, who: Signed, radio: UUID, fields: Sent) -> Response:
    """It was played, skipped, or loved and played."""
    may(who, "write")
    kind = fields.get("answer", "")
    if kind == "love":
        feedback.say(here, who.whose, feedback.Said(track=fields.get("track", ""), kind="love"))
        playing = v1.KIND.now(here, who.whose, radio)
    else:
        told = Answer.model_validate({"number": fields.get("number", ""), "skipped": kind == "skip"})
        playing = v1.KIND.answer(here, who.whose, radio, told)
    if frame.wants_part(request):
        return frame.part("radio", who, **_shown(here, who.whose, playing))
    return frame.back(f"/radio/{radio}")


def _shown(here: House, listener: str, playing: v1.Radio) -> dict[str, Any]:
    loved = said_by(here, listener)
    return {"radio": playing, "before": _before(here, str(playing.id)), "said": loved}


def _before(here: House, radio: str) -> list[Before]:
    """What it has played, the latest first."""
    answered = STREAM_TRACKS.select().where(
        (STREAM_TRACKS.c.stream == radio) & STREAM_TRACKS.c.skipped.is_not(None)
    )
    with here.database.connect() as connection:
        rows = connection.execute(answered.order_by(STREAM_TRACKS.c.number.desc()).limit(SHOWN)).all()
    cards = here.asked(lambda engine: engine.cards([row.track_id for row in rows])) if rows else []
    return [
        Before(row.number, card.title or card.track_id, card.credit, bool(row.skipped))
        for row, card in zip(rows, cards, strict=True)
    ]
