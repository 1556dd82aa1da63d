"""Where ListenBrainz' API is found, however a client puts its address together; and how it tells errors."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

DOORS = ("/1", "/apis/listenbrainz/1")
# What users make of an address that a client adds "/1/" to, and slashes at the end.
_PATH = re.compile(r"/+(?:apis/listenbrainz/+)?(?:1/+)+(?P<rest>.*?)/*")
CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": "Authorization, Content-Type",
    "access-control-max-age": "3600",
}


def ours(path: str) -> bool:
    """Whether a path is of ListenBrainz' API."""
    return any(path.startswith(f"{door}/") for door in DOORS)


class Doors:
    """Middleware: every way in leads to `/1/...`, from any origin, for the token is what opens it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        found = _PATH.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        path = f"/1/{found['rest']}"
        scope = {**scope, "path": path, "raw_path": path.encode("utf-8", "surrogateescape")}
        headers = [(name.encode(), value.encode()) for name, value in CORS.items()]
        if scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def sent(message: dict) -> None:
            if message["type"] == "http.response.start":
                message = message | {"headers": [*message.get("headers", []), *headers]}
            await send(message)

        await self.app(scope, receive, sent)  # ty: ignore[invalid-argument-type]
