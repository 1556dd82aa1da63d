"""A session that the agent leads, beside greed: what comes, its Q against the others, what an answer moves.

The answers are in the address: going back takes one back, and nothing is kept here.
"""

# No `from __future__ import annotations`: FastAPI reads annotations.

import copy
import threading
from collections import OrderedDict
from typing import Annotated, Any, NamedTuple

from fastapi import Query, Request
from fastapi.responses import Response

from segue.agents.leading import Candidate, Session
from segue.engine import Engine
from segue.engine.session import Led
from segue.playlists.playlist import TrackCard
from segue.service.asking import HouseGiven
from segue.service.house import refuse_unknown
from segue.service.pages import frame
from segue.service.pages.doorkeeper import Signed, may
from segue.shelf.names import AGENTS, WORLD, shelf_of

router = frame.router()
SHOWN = 6  # candidates
HELD = 50  # listeners whose pool is at hand
STAGE = {"p": 3, "s": 0}  # heard whole, or left at once
_held: OrderedDict[tuple[int, str], Led] = OrderedDict()
_lock = threading.Lock()
Answers = Annotated[str, Query(pattern=r"^[ps]{0,60}$")]


class Choice(NamedTuple):
    """A candidate, as it is shown."""

    card: TrackCard
    now: Candidate
    moved: float | None  # of its Q, by the last answer


class Past(NamedTuple):
    """A track that was played or skipped."""

    card: TrackCard
    skipped: bool
    whole: float  # chance to be heard whole, as it was seen then
    stay: float  # chance that a listener stays on after it
    greedy: TrackCard  # what greed would have played


class Seen(NamedTuple):
    """A session so far."""

    led: Led
    choices: list[Choice]  # the best first, which plays now
    greedy: Choice | None
    past: list[Past]
    there: float  # chance that a listener would be there still
    reason: str


@router.get("/session")
def session(request: Request, here: HouseGiven, who: Signed, answers: Answers = "") -> Response:
    """What the agent plays next."""
    may(who, "read")
    if who.listener is None:
        return frame.back("/whom")
    refuse_unknown(here.engines.current, who.whose)
    library = here.engines.current.library
    if not {AGENTS, WORLD} & set(shelf_of(library).names()):
        return frame.page(request, "session", who, seen=None, answers="")
    seen = here.asked(lambda engine: _seen(engine, who.whose, answers))
    values: dict[str, Any] = {"seen": seen, "answers": answers}
    if frame.wants_part(request):
        return frame.part("session", who, **values)
    return frame.page(request, "session", who, **values)


def _led(engine: Engine, listener: str) -> Led:
    """The session at its start; it is copied before it is played, so that it stays there."""
    key = id(engine), listener
    with _lock:
        if key in _held:
            _held.move_to_end(key)
            return _held[key]
    by = "agent" if AGENTS in shelf_of(engine.library).names() else "auto"
    led = engine.session(listener, by=by)
    with _lock:
        _held[key] = led
        while len(_held) > HELD:
            _held.popitem(last=False)
    return led


def _seen(engine: Engine, listener: str, answers: str) -> Seen:
    led = _led(engine, listener)
    playing: Session = copy.copy(led.session)
    cards = dict(zip(playing.tracks, engine.cards(playing.tracks), strict=True))
    past, there, last = [], 1.0, dict[str, float]()
    for answer in answers:
        candidates = playing.candidates()
        if not candidates:
            break
        last = {each.track: each.q for each in candidates}
        now, greedy = candidates[0], _greedy(candidates)
        playing.answer(now.track, STAGE[answer])
        there *= playing.stay
        past.append(Past(cards[now.track], answer == "s", now.whole, playing.stay, cards[greedy.track]))
    candidates = playing.candidates()
    choices = [Choice(cards[each.track], each, _moved(each, last)) for each in candidates[:SHOWN]]
    greedy = _greedy(candidates) if candidates else None
    beside = None if greedy is None else Choice(cards[greedy.track], greedy, _moved(greedy, last))
    reason = led.reasons.get(candidates[0].track, "") if candidates else ""
    return Seen(led, choices, beside, past[::-1], there, reason)


def _greedy(candidates: list[Candidate]) -> Candidate:
    return max(candidates, key=lambda each: each.expected)


def _moved(candidate: Candidate, last: dict[str, float]) -> float | None:
    return candidate.q - last[candidate.track] if candidate.track in last else None
