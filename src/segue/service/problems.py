"""Errors as RFC 9457 asks (application/problem+json): what was expected, what came, what to do."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from segue.errors import BusyError, FormatError, NotFoundError, SegueError, UsageError
from segue.service.listenbrainz.doors import ours
from segue.service.listenbrainz.reading import Invalid

MEDIA = "application/problem+json"
_STATUS: tuple[tuple[type[SegueError], int], ...] = (
    (NotFoundError, 404),
    (BusyError, 409),
    (UsageError, 422),
    (FormatError, 422),
)
BROKEN = "Something is wrong here, not in the request"
AGAIN = "5"  # seconds after which what was busy may be tried again


class Problem(BaseModel):
    """What is wrong with a request."""

    type: str = "about:blank"
    title: str
    status: int
    expected: str | None = None
    got: str | None = None
    hint: str | None = None


class Refused(Exception):
    """A request that is refused for a reason of HTTP: no token, not allowed, too many."""

    def __init__(
        self, status: int, title: str, *, hint: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(title)
        self.status, self.title, self.hint, self.headers = status, title, hint, headers or {}


def answer(status: int, title: str, *, headers: dict[str, str] | None = None, **more: str) -> JSONResponse:
    """A problem as a response; of `more` (expected, got, hint) what is said."""
    told = {name: value for name, value in more.items() if value}
    body = {"type": "about:blank", "title": title, "status": status, **told}
    return JSONResponse(body, status, headers, media_type=MEDIA)


def of(error: SegueError) -> JSONResponse:
    """A mistake the user can mend, as a response."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    headers = {"Retry-After": AGAIN} if status == 409 else {}
    return answer(
        status, error.what, headers=headers, expected=error.expected, got=error.got, hint=error.hint
    )


def install(app: FastAPI) -> None:
    """Let `app` tell its errors so."""

    @app.exception_handler(SegueError)
    async def segue(_: Request, error: SegueError) -> Response:
        return of(error)

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> Response:
        return answer(error.status, error.title, headers=error.headers, hint=error.hint)

    @app.exception_handler(Invalid)
    async def listenbrainz(_: Request, error: Invalid) -> Response:
        return JSONResponse({"code": error.code, "error": error.error}, error.code)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first: dict[str, Any] = error.errors()[0]
        where = ".".join(str(each) for each in first["loc"])
        came = ascii(first.get("input"))[:200]
        if ours(request.url.path):
            return JSONResponse({"code": 400, "error": f"{where}: {first['msg']}"}, 400)
        return answer(422, f"{where} cannot be taken", expected=str(first["msg"]), got=came)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        if ours(request.url.path):
            body = {"code": error.status_code, "error": str(error.detail)}
            return JSONResponse(body, error.status_code, error.headers)
        return answer(error.status_code, str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> Response:
        if ours(request.url.path):
            return JSONResponse({"code": 500, "error": BROKEN}, 500)
        return answer(500, BROKEN, hint="tell who runs the service, whose log says what it was")


# What every path may answer beside what it is for, for the OpenAPI document.
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text, "content": {MEDIA: {}}}
    for status, text in (
        (401, "No token, or one that does not hold."),
        (403, "The token does not allow this."),
        (404, "No such thing."),
        (409, "Another process is writing; try again."),
        (413, "Too large."),
        (422, "Something in the request cannot be taken."),
        (429, "Too many requests; see Retry-After."),
    )
}
