"""Coming in and going out: sign-in, the key of this machine, whose pages are looked at; and the files."""

# No `from __future__ import annotations`: FastAPI reads annotations.

from typing import Annotated

from fastapi import Path, Query, Request
from fastapi.responses import Response

from segue.errors import NotFoundError
from segue.library.listening import listeners_of
from segue.service.asking import HouseGiven
from segue.service.house import House
from segue.service.pages import frame
from segue.service.pages.doorkeeper import (
    COOKIE,
    WHOM,
    Sent,
    Signed,
    choose,
    doorkeeper,
    form,
    let_in,
    refuse_strangers,
    token_of,
)
from segue.service.pages.texts import text

router = frame.router()
SHOWN = 60  # listeners at a time
FOREVER = "public, max-age=31536000, immutable"


@router.get("/")
def home(here: HouseGiven, who: Signed) -> Response:
    """What there is to see first."""
    if who.token.may("read"):
        return frame.back("/week" if who.listener else "/whom" if _everybody(here) else "/import")
    return frame.back("/operator" if who.token.may("admin") else "/import")


@router.get("/static/{name}")
def file(name: Annotated[str, Path(pattern=r"^[a-z0-9.-]{1,60}$")]) -> Response:
    """A stylesheet, a module, a picture."""
    if name not in frame.assets():
        raise NotFoundError(f"There is no file {name}")
    body, mark = frame.assets()[name]
    media = frame.MEDIA[f".{name.rsplit('.', 1)[1]}"]
    return Response(body, media_type=media, headers={"cache-control": FOREVER, "etag": f'"{mark}"'})


@router.get("/favicon.ico")
def favicon() -> Response:
    """The mark, for browsers that ask of themselves."""
    return frame.back(frame.asset("mark.svg"))


@router.get("/enter/{key}")
def enter(request: Request, key: Annotated[str, Path(max_length=100)]) -> Response:
    """By the address that `segue serve` prints to whoever runs it."""
    if not doorkeeper(request).holds(key):
        return frame.back("/sign-in?why=key")
    response = frame.back("/")
    let_in(request, response, key, for_long=False)
    demo = getattr(request.app.state, "demo", None)
    if demo is not None and demo.listener:
        choose(request, response, demo.listener)
    return response


@router.get("/sign-in")
def sign_in(request: Request, next: str = "/", why: str = "") -> Response:
    """With a token."""
    return frame.page(request, "sign-in", next=_own(next), why=why if why in ("key", "token") else "")


@router.post("/sign-in")
async def signed_in(request: Request) -> Response:
    """A token was given."""
    refuse_strangers(request)
    fields = await form(request)
    shown, target = fields.get("token", "").strip(), _own(fields.get("next", "/"))
    if await token_of(request, shown) is None:
        return frame.page(request, "sign-in", status=401, next=target, why="token")
    response = frame.back(target)
    let_in(request, response, shown, for_long=not doorkeeper(request).holds(shown))
    response.delete_cookie(WHOM)
    return response


@router.post("/sign-out")
def sign_out(_: Sent) -> Response:
    """The browser forgets the token."""
    response = frame.back("/sign-in")
    response.delete_cookie(COOKIE)
    response.delete_cookie(WHOM)
    return response


@router.get("/whom")
def whom(
    request: Request, here: HouseGiven, who: Signed, q: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Whose pages are looked at, where a token opens everybody's."""
    if not who.token.everybody:
        return frame.back("/")
    everybody = _everybody(here)
    if not everybody:
        return frame.back("/import")
    found = [each for each in everybody if q.casefold() in each.casefold()]
    note = text("whom.more", n=len(found) - SHOWN) if len(found) > SHOWN else ""
    return frame.page(request, "whom", who, listeners=found[:SHOWN], q=q, note=note, count=len(everybody))


@router.post("/whom")
def chosen(request: Request, who: Signed, fields: Sent) -> Response:
    """They were chosen."""
    response = frame.back("/week")
    if who.token.everybody:
        choose(request, response, fields.get("listener", ""))
    return response


def _everybody(here: House) -> list[str]:
    engine = here.engines.current
    return engine.once("listeners", lambda: listeners_of(engine.library))


def _own(address: str) -> str:
    """An address here, and nowhere else."""
    # Browsers take "//host" and "/\host" for addresses of another site.
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if plain else "/"
