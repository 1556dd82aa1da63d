"""Months in review: what was played, discovered, left, found again; and what is left out of the taste."""

# No `from __future__ import annotations`: FastAPI reads annotations.

from calendar import monthrange
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import TypeAdapter

from segue.engine.months import Month, Year, review
from segue.engine.past import PastSession, past_sessions
from segue.service.asking import HouseGiven
from segue.service.house import House, refuse_unknown
from segue.service.pages import frame
from segue.service.pages.doorkeeper import Sent, Signed, may
from segue.service.pages.texts import text
from segue.service.shapes import Moment
from segue.service.v1 import past

router = frame.router()
SHOWN = 12  # months
SESSIONS = 6
STEPS = 5  # shades of a calendar


@router.get("/review")
def months(
    request: Request, here: HouseGiven, who: Signed, before: Annotated[Moment | None, Query()] = None
) -> Response:
    """The months of a listener."""
    may(who, "read")
    if who.listener is None:
        return frame.back("/whom")
    refuse_unknown(here.engines.current, who.whose)
    listener = who.whose
    found = here.asked(
        lambda engine: here.lately.of(engine, ("review", listener), lambda: review(engine, listener))
    )
    most = max((max(month.days) for month in found.months), default=1)
    values: dict[str, Any] = {
        "years": [(year, bars(year)) for year in found.years],
        "months": [
            (month, frame.month(month.month), calendar(month, most)) for month in found.months[:SHOWN]
        ],
        "lately": _lately(here, who.whose, before),
    }
    return frame.page(request, "review", who, review=found, before=before, **values)


@router.post("/review/exclusions")
def leave_out(request: Request, here: HouseGiven, who: Signed, fields: Sent) -> Response:
    """A session is left out of the listener's taste, or counts again."""
    may(who, "write")
    span = past.Left.model_validate({name: fields.get(name, "") for name in ("begins", "ends")})
    if fields.get("kind") == "back":
        past.take_back(here, who.whose, span.begins, span.ends)
    else:
        past.leave_out(here, who.whose, span)
    if frame.wants_part(request):
        before = TypeAdapter(Moment | None).validate_python(fields.get("before") or None)
        return frame.part("lately", who, lately=_lately(here, who.whose, before), before=before)
    return frame.back("/review#lately")


def _lately(here: House, listener: str, before: datetime | None) -> list[tuple[PastSession, str, str]]:
    """Sessions, newest first, each with its day and its time of day where the listener lives."""
    where = here.zone(listener)
    found = here.asked(
        lambda engine: here.lately.of(
            engine,
            ("sessions", listener, before),
            lambda: past_sessions(engine.library, listener, SESSIONS, before=before),
        )
    )
    local = [each.begins.astimezone(where) for each in found]
    return [
        (each, text("review.day", day=at.day, month=text(f"months.m{at.month}"), year=at.year), f"{at:%H:%M}")
        for each, at in zip(found, local, strict=True)
    ]


def bars(year: Year) -> list[tuple[int, float, str]]:
    """(plays, height of its bar from 0 to 100, name) of each month of a year."""
    most = max(year.months) or 1
    return [
        (plays, round(100 * plays / most, 1), text(f"months.m{number}"))
        for number, plays in enumerate(year.months, 1)
    ]


def calendar(month: Month, most: int) -> list[tuple[int, int, int, int]]:
    """(day, column, row, shade) of each day; a column is a week, a row a day of the week."""
    year, number = (int(part) for part in month.month.split("-"))
    first, length = monthrange(year, number)
    cells = []
    for day in range(1, length + 1):
        place = first + day - 1
        plays = month.days[day - 1]
        shade = 0 if not plays else 1 + min(STEPS - 2, int((STEPS - 1) * plays / most))
        cells.append((day, place // 7, date(year, number, day).weekday(), shade))
    return cells
