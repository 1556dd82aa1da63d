"""Answers that need not be sent again: an ETag on what is read, and 304 where the client has it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from fastapi.routing import APIRoute

# Most answers are one listener's: no cache that is shared may keep them, and a browser asks each time if they
# still hold.
KEPT = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}
NOT_CHANGED: Mapping[int | str, dict[str, Any]] = {
    304: {"description": "It is as it was: If-None-Match named its ETag."}
}
_HEADERS = {"ETag": {"description": "Names this answer.", "schema": {"type": "string"}}}
_ASKED = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "An ETag: 304 if the answer is as it was then.",
    "schema": {"type": "string"},
}


class Conditional(APIRoute):
    """A route whose GET answers have an ETag, made of what is sent, and are sent only if they changed."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        if "GET" in (settings.get("methods") or ["GET"]):
            responses = dict(settings.get("responses") or {})
            good = {"description": "Successful Response", "headers": _HEADERS}
            responses[200] = good | responses.get(200, {})
            extra = dict(settings.get("openapi_extra") or {})
            extra["parameters"] = [*extra.get("parameters", ()), _ASKED]
            settings |= {"responses": {**NOT_CHANGED, **responses}, "openapi_extra": extra}
        super().__init__(path, endpoint, **settings)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, which knows what it answered."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            answer = await handle(request)
            if request.method != "GET" or answer.status_code != 200 or isinstance(answer, StreamingResponse):
                return answer
            etag = answer.headers.get("etag") or etag_of(bytes(answer.body))
            answer.headers.update({**KEPT, "ETag": etag})
            if matches(request.headers.get("if-none-match"), etag):
                return Response(status_code=304, headers={**KEPT, "ETag": etag})
            return answer

        return handled


def etag_of(body: bytes) -> str:
    """The name of a body: another one for another body."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches(header: str | None, etag: str) -> bool:
    """Whether If-None-Match names that ETag."""
    if header is None:
        return False
    named = [each.strip().removeprefix("W/") for each in header.split(",")]
    return etag in named or "*" in named
