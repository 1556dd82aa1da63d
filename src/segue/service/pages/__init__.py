"""The pages of the service, for people: they ask the same functions that `/v1` answers with."""

from __future__ import annotations

from fastapi import FastAPI

from segue.service.pages import (
    board,
    entering,
    figures,
    importing,
    operator,
    order,
    radio,
    review,
    session,
    tastes,
    week,
)
from segue.service.pages.doorkeeper import Doorkeeper

PAGES = (board, entering, week, tastes, radio, session, order, review, figures, importing, operator)


def install(app: FastAPI, key: str | None = None) -> None:
    """Let `app` show pages; `key` opens them all, for who runs the service on this machine."""
    app.state.doorkeeper = Doorkeeper(key)
    for each in PAGES:
        app.include_router(each.router)
