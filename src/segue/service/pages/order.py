"""A playlist in order: a file is dropped, and what is expected along it is seen before and after."""

# No `from __future__ import annotations`: FastAPI reads annotations.

import asyncio
import base64
import tempfile
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from fastapi import Query, Request
from fastapi.responses import Response

from segue.engine.named_playlist import weekly_list
from segue.engine.sequence import Sequenced
from segue.playlists.formats import read
from segue.playlists.formats.writing import FORMATS
from segue.playlists.playlist import Playlist
from segue.service.asking import HouseGiven
from segue.service.house import House
from segue.service.pages import frame
from segue.service.pages.doorkeeper import (
    Sent,
    Signed,
    Visitor,
    knows,
    may,
    refuse_strangers,
    refuse_without_word,
)
from segue.service.problems import Refused
from segue.service.v1.lists import MEDIA

router = frame.router()
LARGEST = 4 << 20  # bytes of a playlist file
OFFERED = ("m3u8", "jspf", "csv")  # as which the list in order can be had
WIDTH, HEIGHT = 300, 120  # of the picture


class Curve(NamedTuple):
    """The chance to be heard along a list."""

    before: str
    after: str
    low: float
    high: float


@router.get("/order")
def order(request: Request, here: HouseGiven, who: Signed) -> Response:
    """Where a file is dropped."""
    may(who, "read")
    if who.listener is None:
        return frame.back("/whom")
    weeks = here.stored.names(who.whose)
    return frame.page(request, "order", who, weeks=weeks, done=None)


@router.post("/order/week")
def week(request: Request, here: HouseGiven, who: Signed, fields: Sent) -> Response:
    """Put a weekly list in order."""
    may(who, "read")
    given = weekly_list(here.engines.current.library, fields.get("week", ""), who.whose)
    return _answer(request, here, who, given)


@router.post("/order/file")
async def file(
    request: Request, here: HouseGiven, who: Signed, name: Annotated[str, Query(max_length=300)]
) -> Response:
    """Put a file in order, which comes as the body."""
    may(who, "read")
    refuse_strangers(request)
    refuse_without_word(request.headers.get("x-segue-word", ""), who)
    body = await request.body()
    if len(body) > LARGEST:
        raise Refused(413, "This file is too large for a playlist")
    return await asyncio.to_thread(_ordered_file, request, here, who, name, body)


def _ordered_file(request: Request, here: House, who: Visitor, name: str, body: bytes) -> Response:
    with tempfile.TemporaryDirectory(prefix="segue-order-") as folder:
        path = Path(folder) / (_plain(name).lstrip(".") or "list.m3u8")
        request.state.called = {str(path): name, f"{folder}/": ""}
        path.write_bytes(body)
        given = read(path)
    return _answer(request, here, who, given)


def _answer(request: Request, here: House, who: Visitor, given: Playlist) -> Response:
    listener = who.whose if knows(here, who.whose) else None
    done = here.asked(lambda engine: engine.order(given, listener=listener))
    values: dict[str, Any] = {
        "done": done,
        "given": given,
        "curve": _curve(done),
        "files": [
            (name.upper(), file_name(given.title, name), address(done.playlist, name)) for name in OFFERED
        ],
    }
    if frame.wants_part(request):
        return frame.part("ordered", who, **values)
    return frame.page(request, "order", who, weeks=here.stored.names(who.whose), **values)


def _plain(name: str) -> str:
    """A name that a file may have anywhere."""
    return "".join(each if each.isalnum() or each in " .-_" else "_" for each in Path(name).name)[-100:]


def file_name(title: str, format: str) -> str:
    """What a list is called as a file."""
    return f"{_plain(title)}.{format}"


def address(playlist: Playlist, name: str) -> str:
    """The list in a format, all of it in an address: nothing of it is kept here."""
    media = MEDIA[name].replace(" ", "")
    return f"data:{media};base64,{base64.b64encode(FORMATS[name].render(playlist)).decode()}"


def _curve(done: Sequenced) -> Curve:
    """Points of both orders; the height is the chance that a track is heard whole by somebody who began."""
    both = [(each.whole * each.there).tolist() for each in (done.course_before, done.course)]
    high = max(max(each) for each in both)
    lines = []
    for values in both:
        step = WIDTH / max(1, len(values) - 1)
        lines.append(
            " ".join(
                f"{step * at:.1f},{HEIGHT * (1 - each / max(high, 1e-9)):.1f}"
                for at, each in enumerate(values)
            )
        )
    return Curve(lines[0], lines[1], 0.0, high)
