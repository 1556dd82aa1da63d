"""The endpoints of ListenBrainz that its clients ask."""

# No `from __future__ import annotations`: FastAPI reads annotations that name variables of a function.

import asyncio
import time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from segue.service.asking import HouseGiven, holder, shown
from segue.service.house import House, written
from segue.service.listenbrainz import listened, playlists, reading
from segue.service.listenbrainz.reading import Invalid
from segue.service.tables import FEEDBACK
from segue.service.tokens import Token


class Wrong(BaseModel):
    """What is wrong with a request, as ListenBrainz tells it."""

    code: int
    error: str


# Documented as they are answered, in the place of the problems of Segue's own API.
_WRONG: dict[int | str, dict[str, Any]] = {
    status: {"model": Wrong, "description": text, "content": {"application/json": {}}}
    for status, text in (
        (400, "Something in the request cannot be taken."),
        (401, "No token, or one that does not hold."),
        (403, "The token does not allow this."),
        (404, "No such thing."),
        (413, "Too large."),
        (422, "Never: what cannot be taken is a 400."),
    )
}
router = APIRouter(tags=["listenbrainz"], responses=_WRONG)
DONE = {"status": "ok"}
PLAYING = 600  # seconds for which something is playing whose length is not known
Count = Annotated[int, Query(ge=1)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]
_HELLO = {"artist_name": "Adele", "track_name": "Hello", "release_name": "25"}
_MSID = reading.msid("Adele", "Hello")


def _sends(**example: Any) -> dict[str, Any]:
    """What the OpenAPI document says of a body, which is taken with any Content-Type."""
    told = {"schema": {"type": "object"}, "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": told}}}


_LISTENS = _sends(listen_type="single", payload=[{"listened_at": 1_796_000_000, "track_metadata": _HELLO}])
_LISTEN = _sends(listened_at=1_796_000_000, recording_msid=_MSID)
_LOVE = _sends(recording_msid=_MSID, score=1)


async def authorized(request: Request) -> Token:
    """The token of a request, in ListenBrainz' words where there is none."""
    header = request.headers.get("authorization")
    if not header:
        raise Invalid("You need to provide an Authorization header.", 401)
    token = await holder(request, shown(header))
    if token is None:
        raise Invalid("Invalid authorization token.", 401)
    return token


Authorized = Annotated[Token, Depends(authorized)]


async def submitter(token: Authorized) -> str:
    """The listener whose plays a token sends."""
    if not token.may("submit") or token.listener is None:
        raise Invalid("You don't have permission to submit listens.", 403)
    return token.listener


async def read(user: str, token: Authorized) -> str:
    """The listener of the path, whose data the token must open."""
    if not token.may("read") or not token.opens(user):
        raise Invalid(f"You don't have permission to view the data of {user[:100]}.", 403)
    return user


Submitter = Annotated[str, Depends(submitter)]
User = Annotated[str, Depends(read)]


@router.post("/submit-listens", openapi_extra=_LISTENS)
async def submit(here: HouseGiven, request: Request, listener: Submitter, return_msid: bool = False) -> Any:
    """Take listens in; once it is answered, they are on the disk."""
    kind, listens = reading.submission(await request.body())
    if kind == reading.PLAYING_NOW:
        (listen,) = listens
        info = listen.track_metadata.get("additional_info", {})
        lasts = info.get("duration") or info.get("duration_ms", 0) / 1000 or PLAYING
        here.playing[listener] = (time.time() + lasts, listen)
        return DONE | ({"recording_msid": listen.msid} if return_msid else {})
    await written(here, lambda connection: here.inbox.accept(connection, listener, listens))
    return DONE


@router.post("/delete-listen", openapi_extra=_LISTEN)
async def delete(here: HouseGiven, request: Request, listener: Submitter) -> Any:
    """Delete a listen, by its moment and MSID as they are told; it is told no longer."""
    value = reading.parsed(await request.body())
    if "listened_at" not in value:
        raise Invalid("Listen timestamp missing.")
    if "recording_msid" not in value:
        raise Invalid("Recording MSID missing.")
    at, name = value["listened_at"], value["recording_msid"]
    if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at < 2**40:
        raise Invalid(f"{str(at)[:60]}: Listen timestamp invalid.")
    name = reading.mbid(name, "recording_msid")
    await written(here, lambda connection: here.inbox.delete(connection, listener, at, name))
    return DONE


@router.get("/validate-token")
async def validate(request: Request, token: str | None = None) -> Any:
    """Whether a token holds: 200 either way."""
    header = request.headers.get("authorization", "")
    text = token or (shown(header) if header.lower().startswith("token ") else "")
    if not text:
        raise Invalid("You need to provide an Authorization token.")
    found = await holder(request, text)
    if found is None or found.listener is None:
        return {"code": 200, "message": "Token invalid.", "valid": False}
    return {"code": 200, "message": "Token valid.", "valid": True, "user_name": found.listener}


@router.get("/user/{user}/listens")
def listens(
    here: HouseGiven,
    user: User,
    max_ts: Annotated[int | None, Query(ge=0, le=2**40)] = None,
    min_ts: Annotated[int | None, Query(ge=0, le=2**40)] = None,
    count: Count = 25,
) -> Any:
    """Newest first."""
    if max_ts is not None and min_ts is not None and max_ts <= min_ts:
        raise Invalid("max_ts should be greater than min_ts")
    most, bounds = min(count, 1000), (min_ts, max_ts)
    found = here.asked(lambda engine: listened.listens(engine, here.database, user, bounds, most))
    payload = {"count": len(found), "listens": found, "user_id": user}
    payload["latest_listen_ts"] = found[0]["listened_at"] if found else 0
    payload["oldest_listen_ts"] = found[-1]["listened_at"] if found else 0
    return {"payload": payload}


@router.get("/user/{user}/listen-count")
def listen_count(here: HouseGiven, user: User) -> Any:
    """How many there are."""
    return {"payload": {"count": here.asked(lambda engine: listened.count(engine, here.database, user))}}


@router.get("/user/{user}/playing-now")
async def playing_now(here: HouseGiven, user: User) -> Any:
    """What plays, until it must be over."""
    until, listen = here.playing.get(user, (0.0, None))
    found = []
    if listen is not None and until > time.time():
        found = [listened.told(user, None, listen.track_metadata) | {"playing_now": True}]
    return {"payload": {"count": len(found), "listens": found, "playing_now": True, "user_id": user}}


@router.post("/feedback/recording-feedback", openapi_extra=_LOVE)
async def feedback(here: HouseGiven, request: Request, listener: Submitter) -> Any:
    """Love, hate, or neither, a recording."""
    value = reading.parsed(await request.body())
    score, row = value.get("score"), {}
    if isinstance(score, bool) or score not in (-1, 0, 1):
        raise Invalid("Feedback can have a value of 1, 0 or -1.")
    for key in ("recording_mbid", "recording_msid"):
        if value.get(key) not in (None, ""):
            row[key] = reading.mbid(value[key], key)
    if not row:
        raise Invalid("Feedback must have either a recording_msid or a recording_mbid.")
    row |= {"score": int(score), "created": int(time.time())}
    if metadata := await asyncio.to_thread(here.recording, listener, row):
        row["track_metadata"] = metadata
    await written(here, lambda connection: here.inbox.say(connection, listener, row))
    return DONE


@router.get("/feedback/user/{user}/get-feedback")
def given(
    here: HouseGiven,
    user: User,
    score: Annotated[int | None, Query(ge=-1, le=1)] = None,
    count: Count = 25,
    offset: Offset = 0,
) -> Any:
    """What was said, newest first."""
    return _feedback(here, user, (score,) if score is not None else (-1, 1), None, (min(count, 1000), offset))


@router.get("/feedback/recording/{mbid}/get-feedback-mbid")
def said_of(here: HouseGiven, token: Authorized, mbid: UUID, count: Count = 25, offset: Offset = 0) -> Any:
    """What the token's listener said of a recording; what others said is theirs."""
    if not token.may("read") or token.listener is None:
        raise Invalid("You don't have permission to view this.", 403)
    return _feedback(here, token.listener, (-1, 1), str(mbid), (min(count, 1000), offset))


@router.get("/user/{user}/playlists")
def own_playlists(user: User, count: Count = 25, offset: Offset = 0) -> Any:
    """Playlists that a user made: none are made here; see createdfor."""
    return {"count": count, "offset": offset, "playlist_count": 0, "playlists": []}


@router.get("/user/{user}/playlists/createdfor")
def created_for(here: HouseGiven, request: Request, user: User, count: Count = 25, offset: Offset = 0) -> Any:
    """The weekly lists, newest first, without their tracks."""
    address = str(request.base_url).rstrip("/")
    page = lambda engine: playlists.created_for(here.stored, engine, user, count, offset, address)  # noqa: E731
    return here.asked(page)


@router.get("/playlist/{mbid}")
def playlist(here: HouseGiven, request: Request, token: Authorized, mbid: UUID) -> Any:
    """A weekly list with its tracks."""
    listener = token.listener
    if not token.may("read") or listener is None:
        raise Invalid("You don't have permission to view this playlist.", 403)
    found = here.asked(lambda engine: playlists.find(here.stored, engine, listener, str(mbid)))
    if found is None:
        raise Invalid("Cannot find playlist: " + str(mbid), 404)
    return playlists.document(found, str(request.base_url).rstrip("/"), tracks=True)


@router.get(
    "/cf/recommendation/user/{user}/recording", responses={204: {"description": "There is no list yet."}}
)
def recommended(here: HouseGiven, user: User, count: Count = 25, offset: Offset = 0) -> Any:
    """The newest weekly list, as recordings that have an MBID; 204 where there are none."""
    weeks = here.stored.names(user)
    if not weeks:
        return Response(status_code=204)
    made = here.asked(lambda engine: here.stored.playlist(engine, weeks[0], user))
    rows = [
        {"recording_mbid": entry.track.mbid, "score": entry.score, "latest_listened_at": None}
        for entry in made.entries
        if entry.track.mbid
    ]
    if not rows:
        return Response(status_code=204)
    page = rows[offset : offset + min(count, 100)]
    payload: dict[str, Any] = {"user_name": user, "entity": "recording", "mbids": page, "count": len(page)}
    payload |= {"offset": offset, "total_mbid_count": len(rows), "type": "cf"}
    payload["last_updated"] = int(made.created_at.timestamp())
    return JSONResponse({"payload": payload})


def _feedback(
    here: House, user: str, scores: tuple[int, ...], recording: str | None, page: tuple[int, int]
) -> Any:
    from segue.service.house import from_json

    count, offset = page
    query = FEEDBACK.select().where(FEEDBACK.c.listener == user, FEEDBACK.c.score.in_(scores))
    if recording is not None:
        query = query.where(FEEDBACK.c.recording == recording)
    with here.database.connect() as connection:
        rows = connection.execute(query.order_by(FEEDBACK.c.given_at.desc(), FEEDBACK.c.id.desc())).all()
    found = []
    for row in rows[offset : offset + count]:
        said = from_json(row.row)
        found.append(
            {
                "created": row.given_at,
                "recording_mbid": said.get("recording_mbid"),
                "recording_msid": said.get("recording_msid"),
                "score": row.score,
                "track_metadata": said.get("track_metadata"),
                "user_id": user,
            }
        )
    return {"count": len(found), "feedback": found, "offset": offset, "total_count": len(rows)}
