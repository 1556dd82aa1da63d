"""This week's podcasts: the list of who plays some, beside that of music. It is shown, and not kept."""

# No `from __future__ import annotations`: FastAPI reads annotations.

from typing import Any

from fastapi import Request
from fastapi.responses import Response

from segue.engine import Engine
from segue.library.few_listeners import media_played
from segue.playlists import rediscover
from segue.playlists.playlist import Playlist
from segue.service.asking import HouseGiven
from segue.service.house import House, refuse_unknown
from segue.service.pages import frame, order, week
from segue.service.pages.doorkeeper import Signed, may
from segue.service.v1 import lists

router = frame.router()
PODCAST = "podcast"
OFFERED = ("m3u8", "csv")  # as which the list can be had


@router.get("/podcasts")
def podcasts(request: Request, here: HouseGiven, who: Signed) -> Response:
    """Episodes of this week, made from what is known by now."""
    may(who, "read")
    if who.listener is None:
        return frame.back("/whom")
    listener, current = who.whose, lists.current(here, who.whose)
    refuse_unknown(here.engines.current, listener)
    if PODCAST not in played(here, listener):
        return frame.back("/week")  # as where what they played is withdrawn
    playlist = here.asked(
        lambda engine: here.lately.of(
            engine, ("podcasts", current, listener), lambda: _made(engine, here, current, listener)
        )
    )
    title = f"{listener} podcasts {current}"
    files = [(name.upper(), order.file_name(title, name), order.address(playlist, name)) for name in OFFERED]
    sides = week.by_taste(playlist, week.said_by(here, listener))
    known = playlist.title.startswith(rediscover.TITLE)
    of_list: dict[str, Any] = {"playlist": playlist, "sides": sides, "known": known}
    of_list |= {"kind": PODCAST, "files": files}
    return frame.page(request, "week", who, **week.frame_of(here, listener, current, current) | of_list)


def _made(engine: Engine, here: House, current: str, listener: str) -> Playlist:
    config = here.settings.weekly.model_copy(update={"medium": PODCAST})
    return engine.weekly(listener, current, config=config)


def played(here: House, listener: str) -> list[str]:
    """The media of which a listener has played anything, the most played first."""
    return here.asked(
        lambda engine: here.lately.of(
            engine, ("media", listener), lambda: list(media_played(engine.library, [listener]))
        )
    )
