"""Who is in front of the pages: a token in a cookie, or the key that `segue serve` prints for this machine.

The cookie is the token itself, as an Authorization header would be; scripts cannot read it, and other sites
cannot have it sent. What changes something needs a second word that only our own pages know.
"""

# No `from __future__ import annotations`: FastAPI reads annotations that name variables of a function.

import hmac
import secrets
from hashlib import blake2b
from typing import Annotated, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from fastapi import Depends, Request
from fastapi.responses import Response

from segue.errors import NotFoundError
from segue.service.asking import holder
from segue.service.house import House, house, refuse_unknown
from segue.service.problems import Refused
from segue.service.tokens import SCOPES, Token

COOKIE, WHOM = "segue", "segue-whom"
LASTS = 180 * 24 * 3600  # seconds for which a browser keeps a token
LARGEST_FORM = 100_000  # bytes
FORM = "application/x-www-form-urlencoded"


class Unsigned(Exception):
    """Nobody has signed in here."""


class Doorkeeper:
    """Knows the key of this run, if there is one, and whom cookies belong to."""

    def __init__(self, key: str | None = None) -> None:
        self.key = key
        self._secret = secrets.token_bytes(32)

    def holds(self, text: str) -> bool:
        """Whether that is the key."""
        # In constant time: how long it takes must not tell how much of a guess is right.
        return self.key is not None and hmac.compare_digest(text.encode(), self.key.encode())

    def word(self, shown: str) -> str:
        """What a form must say that comes from a page of whoever showed this."""
        return blake2b(shown.encode(), key=self._secret, digest_size=16).hexdigest()


class Visitor(NamedTuple):
    """Somebody who has signed in."""

    token: Token
    listener: str | None  # whose pages they look at
    word: str  # that their forms must say

    @property
    def whose(self) -> str:
        """The listener.

        Raises:
            Refused: nobody was chosen yet.
        """
        if self.listener is None:
            raise Refused(409, "Whose music is meant?", hint="choose a listener first")
        return self.listener


def new_key() -> str:
    """A key for one run of the service."""
    return secrets.token_urlsafe(18)


def doorkeeper(request: Request) -> Doorkeeper:
    """That of the service."""
    return request.app.state.doorkeeper


async def token_of(request: Request, shown: str) -> Token | None:
    """What a cookie opens: the key opens everything on this machine."""
    if doorkeeper(request).holds(shown):
        return Token(0, None, frozenset(SCOPES), everybody=True)
    return await holder(request, shown) if shown else None


async def visitor(request: Request) -> Visitor:
    """Who asks for a page.

    Raises:
        Unsigned: nobody is known.
    """
    shown = request.cookies.get(COOKIE, "")
    token = await token_of(request, shown)
    if token is None:
        raise Unsigned
    listener = token.listener
    if token.everybody:
        listener = unquote(request.cookies.get(WHOM, "")) or _only(house(request))
    request.state.visitor = Visitor(token, listener, doorkeeper(request).word(shown))
    return request.state.visitor


def _only(here: House) -> str | None:
    """The one listener of a library of one person."""
    from segue.library.listening import listeners_of

    everybody = here.engines.current.once("listeners", lambda: listeners_of(here.engines.current.library))
    return everybody[0] if len(everybody) == 1 else None


async def form(request: Request) -> dict[str, str]:
    """The fields of a form that was sent from here.

    Raises:
        Refused: it comes from another site, or is none.
    """
    refuse_strangers(request)
    if not request.headers.get("content-type", "").startswith(FORM):
        raise Refused(415, "This is no form")
    body = await request.body()
    if len(body) > LARGEST_FORM:
        raise Refused(413, "This form is too large")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def refuse_strangers(request: Request) -> None:
    """Refuse what a page of another site sends.

    Raises:
        Refused: it does not come from here.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    # "none" is what a browser says where no page asks at all, as of an address that was typed.
    elsewhere = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if elsewhere or site not in (None, "same-origin", "none"):
        raise Refused(403, "This came from another site", hint="open the page here, and try again")


async def sent(request: Request, who: Annotated[Visitor, Depends(visitor)]) -> dict[str, str]:
    """The fields of a form of somebody who has signed in.

    Raises:
        Refused: it does not say their word.
    """
    fields = await form(request)
    refuse_without_word(fields.get("word", ""), who)
    return fields


def refuse_without_word(word: str, who: Visitor) -> None:
    """Refuse what does not say the word of a page of theirs.

    Raises:
        Refused: it does not.
    """
    if not hmac.compare_digest(word.encode(), who.word.encode()):
        raise Refused(403, "This page is from before the last start", hint="load it again")


def may(who: Visitor, scope: str) -> None:
    """Refuse who may not.

    Raises:
        Refused: their token does not allow it.
    """
    if not who.token.may(scope):
        raise Refused(403, f"This token may not {scope}", hint=f"sign in with one of the scope {scope}")


def let_in(request: Request, response: Response, shown: str, *, for_long: bool) -> None:
    """Have a browser keep what was shown."""
    # At home the service is often asked over plain http, where a browser would not send back a cookie that is
    # marked secure.
    forwarded = request.headers.get("x-forwarded-proto", request.url.scheme)
    response.set_cookie(
        COOKIE,
        shown,
        max_age=LASTS if for_long else None,
        httponly=True,
        secure=forwarded == "https",
        samesite="strict",
    )


def choose(request: Request, response: Response, listener: str) -> None:
    """Have a browser keep whose pages are looked at.

    Raises:
        NotFoundError: nothing was heard of them.
    """
    refuse_unknown(house(request).engines.current, listener)
    response.set_cookie(WHOM, quote(listener), max_age=LASTS, httponly=True, samesite="strict")


def knows(here: House, listener: str) -> bool:
    """Whether anything was heard of a listener."""
    try:
        refuse_unknown(here.engines.current, listener)
    except NotFoundError:
        return False
    return True


Signed = Annotated[Visitor, Depends(visitor)]
Sent = Annotated[dict[str, str], Depends(sent)]
