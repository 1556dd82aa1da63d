"""Months in review: what was played, discovered, left and found again."""

# No `from __future__ import annotations`: FastAPI reads annotations.

from calendar import monthrange
from datetime import date

from fastapi import Request
from fastapi.responses import Response

from segue.engine.months import Month, review
from segue.service.asking import HouseGiven
from segue.service.house import refuse_unknown
from segue.service.pages import frame
from segue.service.pages.doorkeeper import Signed, may
from segue.service.pages.texts import text

router = frame.router()
SHOWN = 12  # months
STEPS = 5  # shades of a calendar


@router.get("/review")
def months(request: Request, here: HouseGiven, who: Signed) -> Response:
    """The months of a listener."""
    may(who, "read")
    if who.listener is None:
        return frame.back("/whom")
    refuse_unknown(here.engines.current, who.whose)
    found = here.asked(lambda engine: review(engine, who.whose))
    most = max((max(month.days) for month in found.months), default=1)
    shown = [(month, name_of(month.month), calendar(month, most)) for month in found.months[:SHOWN]]
    return frame.page(request, "review", who, review=found, months=shown)


def name_of(month: str) -> str:
    """ "November 2026"."""
    year, number = month.split("-")
    return f"{text(f'months.m{int(number)}')} {year}"


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
