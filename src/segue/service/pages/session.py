"""A session that the agent leads, beside greed: what comes, its Q, and what an answer moves."""

# No `from __future__ import annotations`: FastAPI reads annotations.

from typing import Any, NamedTuple
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from segue.playlists.playlist import TrackCard
from segue.service.asking import HouseGiven
from segue.service.house import House, from_json
from segue.service.pages import frame
from segue.service.pages.doorkeeper import Sent, Signed, may
from segue.service.tables import STREAM_TRACKS
from segue.service.v1 import session as v1
from segue.service.v1.playing import Answer
from segue.shelf.names import AGENTS, WORLD, shelf_of

router = frame.router()
SHOWN = 6  # candidates


class Candidate(NamedTuple):
    """A track that could come, as the agent saw it."""

    track: str
    q: float
    expected: float  # at once: what greed goes by
    whole: float  # chance to be heard whole


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
    greedy: TrackCard  # what greed would have played


class Seen(NamedTuple):
    """A session so far."""

    id: str
    number: int
    choices: list[Choice]  # the best first, which plays now; empty where nothing is left
    greedy: Choice | None
    past: list[Past]  # the latest first
    stay: float | None  # chance that a listener stayed on after the last track
    reason: str
    by_agent: bool  # or by what is likeliest now, where no agent has learned yet


@router.get("/session")
def choose(request: Request, here: HouseGiven, who: Signed) -> Response:
    """Where a session begins."""
    may(who, "write")
    if who.listener is None:
        return frame.back("/whom")
    return frame.page(request, "session", who, seen=None, led=_led(here))


@router.post("/session")
def begin(here: HouseGiven, who: Signed, _: Sent) -> Response:
    """Begin one: by the agent, where there is one."""
    may(who, "write")
    by = "agent" if AGENTS in shelf_of(here.engines.current.library).names() else "auto"
    begun = v1.begin(here, who.whose, v1.Asked(by=by))
    return frame.back(f"/session/{begun.id}")


@router.get("/session/{session}")
def now(request: Request, here: HouseGiven, who: Signed, session: UUID) -> Response:
    """What plays."""
    may(who, "write")
    seen = _seen(here, v1.KIND.now(here, who.whose, session))
    return frame.page(request, "session", who, seen=seen, led=True)


@router.post("/session/{session}")
def answer(request: Request, here: HouseGiven, who: Signed, session: UUID, fields: Sent) -> Response:
    """It was played, or skipped."""
    may(who, "write")
    skipped = fields.get("answer") == "skip"
    told = Answer.model_validate({"number": fields.get("number", ""), "skipped": skipped})
    seen = _seen(here, v1.KIND.answer(here, who.whose, session, told))
    if frame.wants_part(request):
        return frame.part("session", who, seen=seen)
    return frame.back(f"/session/{session}")


def _led(here: House) -> bool:
    """Whether there is somebody to lead a session."""
    return bool({AGENTS, WORLD} & set(shelf_of(here.engines.current.library).names()))


def _seen(here: House, playing: v1.Session) -> Seen:
    """The session with what the agent saw before each of its tracks, as the log of choices keeps it."""
    mine = STREAM_TRACKS.c.stream == str(playing.id)
    with here.database.connect() as connection:
        rows = connection.execute(STREAM_TRACKS.select().where(mine).order_by(STREAM_TRACKS.c.number)).all()
    pools = [_pool(row) for row in rows]
    wanted = {each.track for pool in pools for each in (*pool[:SHOWN], *_greedy(pool))}
    wanted |= {row.track_id for row in rows}
    ids = sorted(wanted)
    cards = dict(zip(ids, here.asked(lambda engine: engine.cards(ids)), strict=True)) if ids else {}
    by_agent = bool(rows) and rows[-1].model.startswith(f"{AGENTS}/")  # which leads where there is one
    past = []
    for row, pool in zip(rows, pools, strict=True):
        if row.skipped is None:
            continue
        seen = next((each.whole for each in pool if each.track == row.track_id), 0.0)
        greedy = _greedy(pool)
        theirs = cards[greedy[0].track if greedy else row.track_id]
        past.append(Past(cards[row.track_id], bool(row.skipped), seen, theirs))
    if playing.now is None:
        return Seen(str(playing.id), 0, [], None, past[::-1], playing.stay, "", by_agent)
    last = {each.track: each.q for each in pools[-2]} if len(pools) > 1 else {}
    plays = playing.now.track.id  # which stands first
    pool = sorted(pools[-1], key=lambda each: each.track != plays)[:SHOWN]
    choices = [Choice(cards[each.track], each, _moved(each, last)) for each in pool if each.track in cards]
    greedy = next((Choice(cards[each.track], each, None) for each in _greedy(pool)), None)
    return Seen(
        *(str(playing.id), playing.now.number, choices, greedy, past[::-1]),
        *(playing.stay, playing.now.reason, by_agent),
    )


def _pool(row: Any) -> list[Candidate]:
    if not row.pool:
        return [Candidate(row.track_id, row.score, row.score, 0.0)]
    told: list[Any] = from_json(row.pool)
    return [
        Candidate(track, q, q if at_once is None else at_once, whole or 0.0)
        for track, q, at_once, whole in told
    ]


def _greedy(pool: list[Candidate]) -> list[Candidate]:
    """What greed would take, if there is anything."""
    return [max(pool, key=lambda each: each.expected)] if pool else []


def _moved(candidate: Candidate, last: dict[str, float]) -> float | None:
    return candidate.q - last[candidate.track] if candidate.track in last else None
