"""This week: the list by taste with its reasons; save, not for me, why not, the familiar share, weeks."""

# No `from __future__ import annotations`: FastAPI reads annotations.

from typing import Annotated, Any, NamedTuple

from fastapi import Path, Query, Request
from fastapi.responses import Response

from segue.errors import NotFoundError
from segue.players import accounts, pushing
from segue.players.accounts import Account
from segue.playlists import rediscover
from segue.playlists.playlist import Playlist, PlaylistEntry, monday
from segue.playlists.reasons import without_side
from segue.service.asking import HouseGiven
from segue.service.house import House, from_json
from segue.service.pages import frame, podcasts
from segue.service.pages.doorkeeper import Sent, Signed, may
from segue.service.pages.texts import text
from segue.service.problems import Refused
from segue.service.tables import FEEDBACK
from segue.service.v1 import feedback, lists, music
from segue.service.v1 import listener as v1_listener

router = frame.router()
WEEKS = 8  # earlier weeks that are shown
SAID = {1: "love", -1: "hate"}
_ISO = r"^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$"
WeekAsked = Annotated[str | None, Query(pattern=_ISO)]
WeekPath = Annotated[str, Path(pattern=_ISO)]


class Side(NamedTuple):
    """A taste, with what the list has of it."""

    name: str
    rows: list["Row"]
    of_taste: bool  # or further afield


class Row(NamedTuple):
    """A place of the list, as it is shown."""

    entry: PlaylistEntry
    reason: str
    again: bool  # whether the one above has the same reason
    said: str  # love, hate or nothing


@router.get("/week")
def week(request: Request, here: HouseGiven, who: Signed, week: WeekAsked = None) -> Response:
    """The list of a week, by default the newest."""
    may(who, "read")
    if who.listener is None:
        return frame.back("/whom")
    listener, current = who.whose, lists.current(here, who.whose)
    names = here.stored.names(listener)
    wanted = week or (current if current in names or not names else names[0])
    values = frame_of(here, listener, wanted, current)
    try:
        playlist = here.asked(lambda engine: here.stored.playlist(engine, wanted, listener))
    except NotFoundError:
        return frame.page(request, "week", who, **values)
    values |= {"playlist": playlist, "sides": by_taste(playlist, said_by(here, listener)), "trained": True}
    # Whether it holds what the listener knows, as where one person's plays are all there is.
    values["known"] = playlist.title.startswith(rediscover.TITLE)
    return frame.page(request, "week", who, **values)


def frame_of(here: House, listener: str, week: str, current: str) -> dict[str, Any]:
    """What stands around a list: of music, unless another `kind` is put in; the list itself is not in it."""
    trained = _trained(here)
    media = podcasts.played(here, listener) if trained else []
    return {
        "week": week,
        "current": current,
        "weeks": here.stored.names(listener)[:WEEKS],
        "days": _days(week),
        "players": [each.name for each in _players(here, listener)],
        "trained": trained,
        "kind": "song",
        "podcasts": podcasts.PODCAST in media,
        "files": [],
        "playlist": None,
        "sides": [],
        "known": False,
    }


@router.post("/week")
def again(here: HouseGiven, who: Signed, fields: Sent) -> Response:
    """Make this week's list anew."""
    may(who, "write")
    try:
        share = min(max(float(fields.get("familiar", "")), 0.0), 1.0)
    except ValueError:
        share = here.settings.weekly.familiar
    lists.again(here, who.whose, share)
    return frame.back("/week")


@router.post("/week/{week}/push")
def push(request: Request, here: HouseGiven, who: Signed, week: WeekPath, fields: Sent) -> Response:
    """Play the list in a player: it is put there as a playlist."""
    may(who, "write")
    found = next((each for each in _players(here, who.whose) if each.name == fields.get("player")), None)
    if found is None:
        raise Refused(404, text("week.no_player"), hint=text("wrong.ask"))
    sent = pushing.push(here.engines.current.library, found, week=week, again=True)
    values = {"player": found.name, "title": found.title, "receipt": sent.receipt if sent else None}
    if frame.wants_part(request):
        return frame.part("pushed", who, **values)
    return frame.back(f"/week?week={week}")


@router.post("/said")
def said(request: Request, here: HouseGiven, who: Signed, fields: Sent) -> Response:
    """A track is loved, not wanted, or neither."""
    may(who, "write")
    said = feedback.Said.model_validate({"track": fields.get("track", ""), "kind": fields.get("kind", "")})
    feedback.say(here, who.whose, said)
    if frame.wants_part(request):
        now = "" if said.kind == "clear" else said.kind
        return frame.part("said", who, track=said.track, name=fields.get("name", ""), said=now)
    return frame.back(fields.get("back", "/week") if fields.get("back", "").startswith("/week") else "/week")


@router.get("/why-not")
def why_not(
    request: Request,
    here: HouseGiven,
    who: Signed,
    track: Annotated[str, Query(max_length=500)] = "",
    week: WeekAsked = None,
) -> Response:
    """What keeps a track off the list."""
    may(who, "read")
    said = v1_listener.why_not(here, who.whose, track, week) if track.strip() else None
    if frame.wants_part(request):
        return frame.part("why-not", who, said=said, track=track)
    return frame.page(request, "why-not", who, said=said, track=track)


@router.get("/search")
def search(
    here: HouseGiven, who: Signed, q: Annotated[str, Query(max_length=500)] = "", limit: int = 8
) -> Response:
    """Tracks by words, for fields that take a track."""
    may(who, "read")
    found = music.search(here, who.token, q, max(1, min(limit, 20))) if q.strip() else music.Search(tracks=[])
    return frame.part("found", who, tracks=found.tracks, hint=found.hint, q=q)


@router.get("/week/{week}.{format}")
async def download(here: HouseGiven, who: Signed, week: str, format: lists.Format) -> Response:
    """The list as a file that a player takes."""
    may(who, "read")
    answer = await lists.one(here, who.whose, week, format)
    name = f"segue-{week}.{format}"
    answer.headers["content-disposition"] = f'attachment; filename="{name}"'
    return answer


def by_taste(playlist: Playlist, said: dict[str, str]) -> list[Side]:
    """The list in groups, with what was said of each track."""
    sides = []
    for name, entries in playlist.by_taste():
        rows: list[Row] = []
        for entry in entries:
            reason = without_side(entry.reason or "", name)
            same = bool(rows) and bool(reason) and rows[-1].reason == reason
            rows.append(Row(entry, reason, same, said.get(entry.track.track_id, "")))
        sides.append(Side(name, rows, of_taste=bool(entries[0].taste)))
    return sides


def said_by(here: House, listener: str) -> dict[str, str]:
    """What a listener has said of tracks on these pages, by track."""
    with here.database.connect() as connection:
        rows = connection.execute(FEEDBACK.select().where(FEEDBACK.c.listener == listener)).all()
    found = {from_json(row.row).get("track_id"): SAID.get(row.score, "") for row in rows}
    return {track: kind for track, kind in found.items() if track and kind}


def _players(here: House, listener: str) -> list[Account]:
    """The listener's players that take lists."""
    return [
        each for each in accounts.read(here.engines.path).values() if each.listener == listener and each.push
    ]


def _trained(here: House) -> bool:
    return "factors" in here.engines.models


def _days(week: str) -> str:
    """The days of a week, as people say them."""
    first = monday(week)
    return text("week.of", day=first.day, month=text(f"months.m{first.month}"), year=first.year)
