"""What was played, session by session, and what of it is left out of a listener's taste."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from segue.engine.past import PastSession, past_sessions
from segue.library.excluding import Span, exclusions
from segue.service.asking import Changer, HouseGiven, Reader
from segue.service.etags import Conditional
from segue.service.house import refuse_unknown
from segue.service.shapes import HELLO, Moment, Shape, Track, example

router = APIRouter(tags=["own data"], route_class=Conditional)
EARLIEST = datetime.fromisoformat("2026-11-28T20:00:00Z")
LATEST = datetime.fromisoformat("2026-11-28T23:30:00Z")


class Play(Shape):
    """A play."""

    track: Track
    started_at: datetime
    skipped: bool | None = Field(description="Null where nothing tells.")


class Session(Shape):
    """What was played without a pause."""

    begins: datetime = Field(description="When its first play began.")
    ends: datetime = Field(description="When its last play began.")
    count: int = Field(description="What was begun: plays and skips.")
    skipped: int = Field(description="Skips among them; the others are plays.")
    left_out: int = Field(description="How many of what was begun are left out of the listener's taste.")
    plays: list[Play] = Field(description="What was begun, in its order, the first 500.")

    @classmethod
    def of(cls, past: PastSession) -> Session:
        """From what the library has."""
        plays = [
            Play(track=Track.of(each.track), started_at=each.started_at, skipped=each.skipped)
            for each in past.plays
        ]
        return cls(
            begins=past.begins,
            ends=past.ends,
            count=past.count,
            skipped=past.skipped,
            left_out=past.left_out,
            plays=plays,
        )


class History(Shape):
    """Sessions, newest first."""

    model_config = example(
        sessions=[
            {
                "begins": "2026-11-28T20:00:00Z",
                "ends": "2026-11-28T23:30:00Z",
                "count": 1,
                "skipped": 0,
                "left_out": 0,
                "plays": [{"track": HELLO, "started_at": "2026-11-28T20:00:00Z", "skipped": False}],
            }
        ],
        next="2026-11-28T20:00:00Z",
    )

    sessions: list[Session]
    next: str | None = Field(None, description="The cursor of the next page; null on the last one.")


class Left(Shape):
    """A span of time whose plays count for no taste; both ends are in it."""

    model_config = example(begins="2026-11-28T20:00:00Z", ends="2026-11-28T23:30:00Z")

    begins: Moment
    ends: Moment


class LeftOut(Shape):
    """All that is left out of a listener's taste, oldest first."""

    model_config = example(spans=[{"begins": "2026-11-28T20:00:00Z", "ends": "2026-11-28T23:30:00Z"}])

    spans: list[Left]

    @classmethod
    def of(cls, spans: list[Span]) -> LeftOut:
        """From what the library has."""
        return cls(spans=[Left(begins=each.begins, ends=each.ends) for each in spans])


@router.get("/history", summary="What did I play?")
def history(
    here: HouseGiven,
    listener: Reader,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
    cursor: Annotated[Moment | None, Query(description="What `next` said on the page before.")] = None,
) -> History:
    """Session by session, newest first: by pauses of five minutes, where the source tells no sessions."""
    refuse_unknown(here.engines.current, listener)
    found = here.asked(lambda engine: past_sessions(engine.library, listener, limit + 1, before=cursor))
    page = [Session.of(each) for each in found[:limit]]
    more = page[-1].begins.isoformat().replace("+00:00", "Z") if len(found) > limit else None
    return History(sessions=page, next=more)


@router.get("/exclusions", summary="What is left out of my taste?")
def left_out(here: HouseGiven, listener: Reader) -> LeftOut:
    """Spans of time; plays in them stay in the library."""
    return here.asked(lambda engine: LeftOut.of(exclusions(engine.library, listener)))


@router.post("/exclusions", summary="Leave a session out of my taste")
def leave_out(here: HouseGiven, listener: Changer, asked: Left) -> LeftOut:
    """What was played in a span of time counts for no list, taste, radio or model from now on.

    Somebody else had the phone, or it was a party. Nothing is deleted; DELETE takes it back. Models that are
    trained already forget it with the next training, the listener's own lists at once.
    """
    refuse_unknown(here.engines.current, listener)
    return LeftOut.of(here.leave_out(listener, Span(asked.begins, asked.ends)))


@router.delete("/exclusions", summary="Let it count again")
def take_back(
    here: HouseGiven,
    listener: Changer,
    begins: Annotated[Moment, Query(examples=[EARLIEST])],
    ends: Annotated[Moment, Query(examples=[LATEST])],
) -> LeftOut:
    """What was left out in that span of time counts again."""
    refuse_unknown(here.engines.current, listener)
    return LeftOut.of(here.leave_out(listener, Span(begins, ends), back=True))
