"""The pages of the service, for people: they ask the same functions that `/v1` answers with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from segue.errors import SegueError
from segue.service.pages import (
    board,
    entering,
    figures,
    frame,
    importing,
    operator,
    order,
    podcasts,
    radio,
    review,
    session,
    tastes,
    week,
)
from segue.service.pages.doorkeeper import Doorkeeper
from segue.service.problems import Refused

PAGES = (board, entering, week, podcasts, tastes, radio, session, order, review, figures, importing, operator)


def install(app: FastAPI, key: str | None = None) -> None:
    """Let `app` show pages; `key` opens them all, for who runs the service on this machine."""
    app.state.doorkeeper = Doorkeeper(key)
    for each in PAGES:
        app.include_router(each.router)
    for kind in (HTTPException, Refused, SegueError, RequestValidationError, Exception):
        app.add_exception_handler(kind, _as_page(app.exception_handlers[kind]))


def _as_page(otherwise: Callable[[Request, Any], Any]) -> Callable[[Request, Exception], Awaitable[Response]]:
    """An error's answer: a page in a browser, and else what `otherwise` makes of it."""

    async def answer(request: Request, error: Exception) -> Response:
        if not frame.for_browser(request):
            return await otherwise(request, error)
        return frame.wrong(request, error, await frame.seen_by(request))

    return answer


def refusal(request: Request, refused: Refused) -> Response | None:
    """What is refused before any page is asked, as a page where a browser asked; else nothing."""
    return frame.wrong(request, refused) if frame.for_browser(request) else None
