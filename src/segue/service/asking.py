"""Who asks, and for whom: every endpoint takes its token, and the listener it is about, from here."""

# No `from __future__ import annotations`: FastAPI reads annotations that name variables of a function.

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.security import HTTPBearer

from segue.service.house import House, house
from segue.service.limits import FAILURES, WINDOW, address
from segue.service.problems import Refused
from segue.service.tokens import Token

_SCHEME = HTTPBearer(auto_error=False, description="Authorization: Bearer TOKEN (or Token TOKEN).")


async def given(request: Request) -> House:
    """A dependency: the service that a request came to. What is no coroutine would wait for a thread."""
    return house(request)


HouseGiven = Annotated[House, Depends(given)]
ListenerAsked = Annotated[
    str | None,
    Query(
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="Whose; for tokens of everybody. By default the token's own listener.",
    ),
]


def shown(header: str | None) -> str:
    """The token of an Authorization header: its second word, whatever the first one is."""
    words = (header or "").split()
    return words[1] if len(words) == 2 else ""


async def holder(request: Request, text: str) -> Token | None:
    """The token of that text, if it holds. Addresses that guess are refused after some tries.

    Raises:
        Refused: too many wrong ones came from there.
    """
    here = house(request)
    token = here.tokens.known(text)
    if token is None:
        token = await asyncio.to_thread(here.tokens.find, text)
    if token is None and here.failures.count(address(request.scope)) > FAILURES:
        again = {"Retry-After": str(int(WINDOW))}
        raise Refused(429, "Too many wrong tokens", hint="wait, and look at the token", headers=again)
    return token


def needs(scope: str) -> Callable[..., Awaitable[Token]]:
    """A dependency: the request's token, which must allow `scope`."""

    async def asked(request: Request, _: Annotated[object, Depends(_SCHEME)]) -> Token:
        text = shown(request.headers.get("authorization"))
        token = await holder(request, text) if text else None
        if token is None:
            raise Refused(
                401,
                "This needs a token that holds" if text else "This needs a token",
                hint="send the header Authorization: Bearer TOKEN; segue token create makes one",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if not token.may(scope):
            raise Refused(403, f"This token may not {scope}", hint=f"use one with the scope {scope}")
        return token

    return asked


def listener_for(scope: str) -> Callable[..., Awaitable[str]]:
    """A dependency: the listener whom a request is about, whose data the token must open."""

    async def asked(token: Annotated[Token, Depends(needs(scope))], listener: ListenerAsked = None) -> str:
        whom = listener if listener is not None else token.listener
        if whom is None:
            raise Refused(422, "Whose data is meant?", hint="add ?listener=NAME")
        if not token.opens(whom):
            raise Refused(403, "This token opens another listener's data", hint="leave out ?listener=")
        return whom

    return asked


Reader = Annotated[str, Depends(listener_for("read"))]
Changer = Annotated[str, Depends(listener_for("write"))]
AnyReader = Annotated[Token, Depends(needs("read"))]
