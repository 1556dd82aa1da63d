"""The frame of every page: templates, assets, headers, and errors as a person reads them."""

# No `from __future__ import annotations`: FastAPI reads annotations.

from collections.abc import Callable, Coroutine
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from segue.errors import SegueError
from segue.playlists.playlist import TrackCard, monday
from segue.service.house import House
from segue.service.listenbrainz.doors import ours
from segue.service.pages import telling
from segue.service.pages.doorkeeper import Unsigned, Visitor, visitor
from segue.service.pages.texts import LANGUAGE, text
from segue.service.pages.tiles import tile
from segue.service.problems import Refused

HERE = Path(__file__).parent
PROGRAMS = ("/v1/", "/health/", "/static/", "/openapi.json", "/metrics")  # paths of the API, and files
PART = "x-segue-part"  # header of a script that wants the part that has changed, and no whole page
SAFE = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "cache-control": "private, no-store",
    "referrer-policy": "same-origin",  # without any, browsers do not say where a form comes from
}
MEDIA = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
# What stands in the navigation: its name, and the scope that it needs.
NAVIGATION = (
    *(("week", "read"), ("tastes", "read"), ("radio", "write"), ("session", "write"), ("order", "read")),
    *(("review", "read"), ("figures", "read"), ("import", "write"), ("operator", "admin")),
)


@cache
def assets() -> dict[str, tuple[bytes, str]]:
    """Files that pages are made with, by name: their bytes and their fingerprint."""
    found = {}
    for path in sorted((HERE / "static").iterdir()):
        if path.suffix in MEDIA:
            body = path.read_bytes()
            found[path.name] = body, blake2b(body, digest_size=6).hexdigest()
    return found


def asset(name: str) -> str:
    """The address of a file, which changes when the file does."""
    return f"/static/{name}?v={assets()[name][1]}"


def cover(card: TrackCard) -> Markup:
    """A tile for a track."""
    return tile(card.title or card.track_id, card.artists[0] if card.artists else "", card.album)


@cache
def templates() -> Environment:
    """The templates of all pages."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    known: dict[str, Any] = {"t": text, "asset": asset, "cover": cover, "tile": tile, "language": LANGUAGE}
    made.globals.update(known)
    made.filters.update(
        percent=percent, minutes=minutes, month=month, week=week, day=day, on_page=telling.on_page
    )
    return made


def percent(share: float) -> str:
    """0.123 as "12 %"."""
    return f"{100 * share:.0f}\u202f%"  # which no line is broken at


def minutes(milliseconds: float) -> str:
    """A length as people read it: "3:25", "1 h 48 min"."""
    seconds = round(milliseconds / 1000)
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02}"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def month(name: str) -> str:
    """ "2026-11" as "November 2026"."""
    year, number = name.split("-")
    return f"{text(f'months.m{int(number)}')} {year}"


def day(date: str) -> str:
    """ "2026-11-23" as "23 November 2026"."""
    return f"{int(date[8:10])} {month(date[:7])}"


def week(name: str) -> str:
    """An ISO week by its Monday: "2026-W48" as "23 November 2026"."""
    return day(monday(name).isoformat())


def page(
    request: Request, name: str, who: Visitor | None = None, /, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page from the template of that name; of somebody who has signed in, with the navigation."""
    shown = [each for each, scope in NAVIGATION if who is not None and who.token.may(scope)]
    demo = getattr(request.app.state, "demo", None)
    html = (
        templates()
        .get_template(f"{name}.html")
        .render(here=name, who=who, navigation=shown, demo=demo, path=request.url.path, **values)
    )
    return HTMLResponse(html, status, headers=SAFE)


def part(name: str, who: Visitor, /, **values: Any) -> HTMLResponse:
    """A part of a page, for a script that puts it in the place of the one before."""
    html = templates().get_template(f"parts/{name}.html").render(who=who, **values)
    return HTMLResponse(html, headers=SAFE)


def wants_part(request: Request) -> bool:
    """Whether a script asks, which changes the page in place."""
    return PART in request.headers


def back(address: str) -> RedirectResponse:
    """Go to a page, after a form was taken."""
    return RedirectResponse(address, 303)


class PageRoute(APIRoute):
    """A route whose errors are pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except Unsigned:
                target = request.url.path if request.method == "GET" else "/"
                return RedirectResponse(f"/sign-in?next={quote(target)}", 303)
            except (SegueError, Refused, HTTPException, RequestValidationError, ValidationError) as error:
                return wrong(request, error, await seen_by(request))

        return handled


def router() -> APIRouter:
    """A router of pages: they are no part of the API."""
    return APIRouter(route_class=PageRoute, include_in_schema=False)


def wrong(request: Request, error: Exception, who: Visitor | None = None) -> Response:
    """An error as a page, or as a line where a script asked.

    `request.state.called` may say what paths are called.
    """
    here: House | None = getattr(request.app.state, "house", None)
    called = dict(getattr(request.state, "called", {}))
    if here is not None:
        folder = str(here.engines.path)
        called |= {
            f"the library {folder}": text("wrong.library"),
            f"{folder}/": "",
            folder: text("wrong.library"),
        }
    said = telling.told(error, called, request.url.path)
    more = {name: value for name, value in said._asdict().items() if name != "status"}
    if wants_part(request):
        html = templates().get_template("parts/wrong.html").render(**more)
        return HTMLResponse(html, said.status, headers=SAFE)
    return page(request, "wrong", who, status=said.status, **more)


def for_browser(request: Request) -> bool:
    """Whether an answer is read in a browser, and by no program that asks the API."""
    if request.url.path.startswith(PROGRAMS) or ours(request.url.path):
        return False
    return wants_part(request) or "text/html" in request.headers.get("accept", "")


async def seen_by(request: Request) -> Visitor | None:
    """Who has signed in here, where that can be told."""
    try:
        return getattr(request.state, "visitor", None) or await visitor(request)
    except (Unsigned, Refused, SegueError, SQLAlchemyError):
        return None
