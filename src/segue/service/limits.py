"""Limits of requests: how large, how many, how long; and what makes every answer safe in a browser."""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segue.service import problems
from segue.settings import ServiceConfig

WINDOW = 10.0  # seconds
FAILURES = 30  # wrong tokens that one address may show in a window
MOST = 50_000  # askers counted at a time
# Endings of paths that answer as long as somebody listens, or as an archive takes to be read.
WITHOUT_END = ("/events", "/import/file")
SAFE = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-site",
}


class Rates:
    """How many requests each asker has made in this window."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._window, self._counts = 0, dict[str, int]()

    def count(self, who: str) -> int:
        """One more request of `who`; how many it has made in this window."""
        window = int(time.time() // WINDOW)
        if window != self._window or len(self._counts) >= MOST:
            self._window, self._counts = window, {}
        self._counts[who] = self._counts.get(who, 0) + 1
        return self._counts[who]

    def headers(self, made: int) -> dict[str, str]:
        """What ListenBrainz' clients read of it."""
        now = time.time()
        ends = (math.floor(now / WINDOW) + 1) * WINDOW
        return {
            "x-ratelimit-limit": str(self.most),
            "x-ratelimit-remaining": str(max(0, self.most - made)),
            "x-ratelimit-reset-in": str(math.ceil(ends - now)),
            "x-ratelimit-reset": str(int(ends)),
        }


class Limits:
    """Middleware: refuses what is too large, too often or too slow, and adds what makes answers safe."""

    def __init__(
        self,
        app: ASGIApp,
        config: ServiceConfig,
        rates: Rates,
        page: Callable[[Request, problems.Refused], Response | None] = lambda request, refused: None,
    ) -> None:
        self.app, self.config, self.rates, self._page = app, config, rates, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, within the limits."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers, added = Headers(scope=scope), dict(SAFE)
        if self.rates.most:
            made = self.rates.count(who(scope, headers))
            added |= self.rates.headers(made)
            if made > self.rates.most:
                again = added["x-ratelimit-reset-in"]
                refused = problems.Refused(429, "Too many requests", hint="wait, and ask again")
                await self._refusal(scope, refused, added | {"retry-after": again})(scope, receive, send)
                return
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                answer = MutableHeaders(scope=message)
                for name, value in added.items():
                    answer.setdefault(name, value)
            await send(message)

        limited = self._limited(headers, receive)
        if scope["path"].endswith(WITHOUT_END):
            await self.app(scope, limited, sent)
            return
        try:
            async with asyncio.timeout(self.config.timeout):
                await self.app(scope, limited, sent)
        except TimeoutError:
            # Part of an answer is on its way: nothing else can be said in its place any more.
            if begun:
                raise
            late = problems.Refused(408, "This took too long", hint="ask for less, or again later")
            await self._refusal(scope, late, added)(scope, receive, send)

    def _refusal(self, scope: Scope, refused: problems.Refused, headers: dict[str, str]) -> Response:
        """A problem, or a page for a browser."""
        page = self._page(Request(scope), refused)
        if page is None:
            return problems.answer(refused.status, refused.title, headers=headers, hint=refused.hint)
        for name, value in headers.items():
            page.headers.setdefault(name, value)
        return page

    def _limited(self, headers: Headers, receive: Receive) -> Receive:
        """`receive`, until more has come than may."""
        most, came = self.config.largest_body, 0
        told = headers.get("content-length", "")
        too_large = HTTPException(413, f"A request may have {most:,} bytes at most")

        async def limited() -> Message:
            nonlocal came
            # Before a byte is read. Who tells no length, or a wrong one, is counted below.
            if told.isdigit() and int(told) > most:
                raise too_large
            message = await receive()
            came += len(message.get("body", b""))
            if came > most:
                raise too_large
            return message

        return limited


def who(scope: Scope, headers: Headers) -> str:
    """Who asks: by the token they show, else by their address. A token is not kept, but a hash of it."""
    shown = headers.get("authorization")
    if shown:
        return hashlib.blake2b(shown.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return address(scope)


def address(scope: Scope) -> str:
    """The address that a request came from."""
    client = scope.get("client")
    return f"address {client[0]}" if client else "address unknown"
