"""Weekly lists: this week's and earlier ones, as files of any format; and one made anew."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import Response
from pydantic import Field

from segue.engine import Engine, schedule
from segue.engine.keeping import to_be_kept
from segue.engine.weekly import weekly
from segue.errors import NotFoundError, UsageError
from segue.playlists.playlist import Playlist
from segue.playlists.weekly_config import WeeklyConfig
from segue.service.asking import Changer, HouseGiven, Reader
from segue.service.etags import Conditional
from segue.service.house import House
from segue.service.shapes import List, Shape, checked_week, example
from segue.service.stored import Rendered

router = APIRouter(prefix="/lists", tags=["lists"], route_class=Conditional)
Format = Literal["json", "jspf", "xspf", "m3u8", "csv"]
MEDIA = {
    "json": "application/json",
    "jspf": "application/jspf+json",
    "xspf": "application/xspf+xml",
    "m3u8": "audio/x-mpegurl; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}
Week = Annotated[
    str,
    Path(
        pattern=r"^(current|\d{4}-W(0[1-9]|[1-4]\d|5[0-3]))$",
        description="An ISO week, or current for this one.",
        examples=["2026-W48"],
    ),
]


class ListOfWeek(Shape):
    """A list that there is."""

    week: str
    url: str


class Lists(Shape):
    """The lists that there are, newest first."""

    model_config = example(lists=[{"week": "2026-W48", "url": "/v1/lists/2026-W48"}], next="2026-W48")

    lists: list[ListOfWeek]
    next: str | None = Field(None, description="The cursor of the next page; null on the last one.")


@router.get("", summary="Which weeks have a list?")
def every(
    here: HouseGiven,
    listener: Reader,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(pattern=r"^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$")] = None,
) -> Lists:
    """Newest first; `cursor` is what `next` said on the page before."""
    weeks = [week for week in here.stored.names(listener) if cursor is None or week < cursor]
    page = [ListOfWeek(week=week, url=f"/v1/lists/{week}") for week in weeks[:limit]]
    return Lists(lists=page, next=page[-1].week if len(weeks) > limit else None)


@router.get(
    "/{week}",
    summary="A list",
    response_model=List,
    responses={
        200: {"content": {kind.split(";")[0]: {} for kind in MEDIA.values()}},
    },
)
async def one(
    here: HouseGiven,
    listener: Reader,
    week: Week,
    format: Annotated[Format | None, Query(description="By default what Accept asks for, else json.")] = None,
    accept: Annotated[str | None, Header()] = None,
) -> Response:
    """As JSON, or as the file that a player takes. A list stays as it is until it is made anew."""
    wanted = current(here, listener) if week == "current" else checked_week(week)
    chosen = format or _accepted(accept or "")
    fresh = here.stored.fresh(wanted)
    found = here.stored.ready(wanted, listener, chosen) if fresh else None
    if found is None:
        found = await asyncio.to_thread(_render, here, wanted, listener, chosen)
    return Response(found.body, headers={"ETag": found.etag}, media_type=MEDIA[chosen])


@router.post("/current", summary="Make this week's list anew")
def again(
    here: HouseGiven,
    listener: Changer,
    familiar: Annotated[
        float | None,
        Query(ge=0, le=1, description="Share for favourites of the listener's own; as the settings say."),
    ] = None,
) -> List:
    """The list of this week, from what is known by now; it replaces the one there was."""
    week, config = current(here, listener), None
    if familiar is not None:
        config = here.settings.weekly.model_copy(
            update={"familiar": round(familiar, 2), "learn_familiar": False}
        )
    return List.of(here.asked(lambda engine: make(engine, here, listener, week, config)))


def current(here: House, listener: str) -> str:
    """The week whose list a listener should have by now, in their own time zone.

    A list that was made early on a Monday, before it was due, is this week's already.
    """
    now, where = datetime.now(UTC), here.zone(listener)
    due, begun = (schedule.week_due(now, at, where) for at in (here.settings.schedule.at, "00:00"))
    return begun if begun != due and here.stored.has(begun, listener) else due


def make(
    engine: Engine, here: House, listener: str, week: str, config: WeeklyConfig | None = None
) -> Playlist:
    """Make and remember a list; somebody new gets what most people like.

    Who asks for a list of their own (`config`) takes part in no trial with it.
    """
    trial = here.trial if config is None else None
    config = config or here.settings.weekly
    try:
        engine.refuse_unknown(listener)
    except NotFoundError:
        (made,) = engine.week(week, config).lists([listener], trial=trial)
        with engine.library.forgotten.held() as gone:
            if listener in gone:
                raise UsageError("This listener asked to be forgotten") from None
            if to_be_kept(here.stored.weeks, week, [listener]):
                here.stored.weeks.remember(week, [made])
        return made
    found = weekly(engine, week, listeners=[listener], config=config, trial=trial)
    if not found:
        raise UsageError("This listener asked to be forgotten")
    return found[0]


def _render(here: House, week: str, listener: str, format: str) -> Rendered:
    if not here.stored.has(week, listener):
        raise NotFoundError(
            f"There is no list of {week} yet", hint="make it: POST /v1/lists/current, or wait for Monday"
        )
    return here.asked(lambda engine: here.stored.render(engine, week, listener, format))


def _accepted(accept: str) -> str:
    """The first format that an Accept header names; JSON for anything else."""
    for part in accept.split(","):
        kind = part.split(";")[0].strip().lower()
        for name, media in MEDIA.items():
            if kind == media.split(";")[0]:
                return name
    return "json"
