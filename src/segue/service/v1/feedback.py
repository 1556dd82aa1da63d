"""What a listener says of tracks: save, love, skip, not for me, never again; and what they have said."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import Field, model_validator

from segue.engine import Engine
from segue.library.listening import LibrarySubset
from segue.library.search import Found, find_tracks
from segue.service.asking import Changer, HouseGiven, Reader
from segue.service.etags import Conditional
from segue.service.house import House, from_json
from segue.service.inbox import Listen
from segue.service.listenbrainz.reading import msid
from segue.service.shapes import HELLO, Moment, Shape, Track, Words, example
from segue.service.tables import FEEDBACK

router = APIRouter(prefix="/feedback", tags=["own data"], route_class=Conditional)
Kind = Literal["love", "save", "skip", "hate", "ban", "clear"]
SCORES = {"love": 1, "save": 1, "hate": -1, "ban": -1, "clear": 0}
TAKEN_BACK = "unlove"
AHEAD = 3600  # seconds that a client's clock may be ahead


class Said(Shape):
    """What a listener says of a track."""

    model_config = example(track="adele - hello", kind="love")

    track: Words = Field(description="Its id, or words of its artists and title.")
    kind: Kind = Field(
        description="skip: it was skipped somewhere else than in a radio or session here, which counts "
        "against it a little. hate (not for me) and ban: never again in any list or radio. clear takes back "
        "what was said, but no skip."
    )
    at: Moment | None = Field(None, description="Of a skip: when the track began; by default now.")
    played_ms: int | None = Field(
        None, ge=0, le=86_400_000, description="Of a skip: how long it was heard, where that is known."
    )

    @model_validator(mode="after")
    def _of_a_skip(self) -> Self:
        if self.kind != "skip" and (self.at, self.played_ms) != (None, None):
            raise ValueError("at and played_ms are of skips alone")
        return self


class Heard(Shape):
    """Feedback that was taken in."""

    model_config = example(track=HELLO, kind="love")

    track: Track
    kind: Kind


class Word(Shape):
    """A listener's last word on a track."""

    track: Track
    kind: str = Field(description="love, save, hate or ban.")
    given_at: datetime | None = Field(description="Null where a source does not tell.")


class Feedback(Shape):
    """What a listener has said of tracks, the latest first."""

    model_config = example(
        feedback=[{"track": HELLO, "kind": "love", "given_at": "2026-11-28T20:00:00Z"}], next=None
    )

    feedback: list[Word]
    next: str | None = Field(None, description="The cursor of the next page; null on the last one.")


@router.post("", summary="Save a track, love it, skip it, or never hear it again")
def say(here: HouseGiven, listener: Changer, said: Said) -> Heard:
    """On the disk at once, and counted from the next taking in of listens: a minute at most, by default."""
    (found,) = here.asked(lambda engine: find_tracks(engine.library, said.track, 1))
    names = {"artist_name": ", ".join(found.artists), "track_name": found.title or found.track_id}
    recording = msid(names["artist_name"], names["track_name"])
    if said.kind == "skip":
        listen = _skip(said, found, recording, names)
        here.writer.write(lambda connection: here.inbox.accept(connection, listener, [listen]))
        return Heard(track=Track.found(found), kind=said.kind)
    row: dict[str, Any] = {
        "recording_msid": recording,
        "score": SCORES[said.kind],
        "created": int(time.time()),
        "track_id": found.track_id,
        "kind": said.kind,
    }
    if found.title and found.artists:
        row["track_metadata"] = names
    here.writer.write(lambda connection: here.inbox.say(connection, listener, row))
    return Heard(track=Track.found(found), kind=said.kind)


@router.get("", summary="What have I said of tracks?")
def every(
    here: HouseGiven,
    listener: Reader,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=600, pattern=r"^\d{1,16} [^\x00]+$")] = None,
) -> Feedback:
    """The last word on each track, from whatever source; what was taken back is left out."""
    words = here.asked(lambda engine: _words(engine, here, listener))
    if cursor is not None:
        moment, track = cursor.split(" ", 1)
        words = [each for each in words if (each[0], each[1]) < (int(moment), track)]
    page = words[:limit]
    cards = here.asked(lambda engine: engine.cards([track for _, track, _ in page])) if page else []
    told = [
        Word(
            track=Track.of(card),
            kind=kind,
            given_at=datetime.fromtimestamp(at / 1e6, UTC) if at else None,
        )
        for (at, _, kind), card in zip(page, cards, strict=True)
    ]
    more = f"{page[-1][0]} {page[-1][1]}" if len(words) > limit else None
    return Feedback(feedback=told, next=more)


def _skip(said: Said, found: Found, recording: str, names: dict[str, str]) -> Listen:
    moment = said.at.timestamp() if said.at else time.time() - (said.played_ms or 0) / 1000
    moment = min(moment, time.time() + AHEAD)
    info = {"additional_info": {"ms_played": said.played_ms}} if said.played_ms is not None else {}
    return Listen(int(moment), recording, {**names, **info}, found.track_id)


def _words(engine: Engine, here: House, listener: str) -> list[tuple[int, str, str]]:
    """(microseconds since 1970, track, kind) of the last word on each track, the latest first."""
    rows = engine.library.arrow(LibrarySubset(engine.library, [listener]).table("feedback")).to_pylist()
    said = [
        (int(row["given_at"].timestamp() * 1e6) if row["given_at"] else 0, row["track_id"], row["kind"])
        for row in rows
        if row["track_id"]
    ]
    waiting = sa.select(FEEDBACK.c.row).where(FEEDBACK.c.listener == listener, FEEDBACK.c.taken_at.is_(None))
    with here.database.connect() as connection:
        told = [from_json(row.row) for row in connection.execute(waiting)]
    for row in told:
        if "track_id" in row:
            kind = row["kind"] if row["score"] else TAKEN_BACK
            said.append((int(row["created"] * 1e6), row["track_id"], kind))
    last: dict[str, tuple[int, str, str]] = {}
    for each in sorted(said):
        last[each[1]] = each
    return sorted((each for each in last.values() if each[2] != TAKEN_BACK), reverse=True)
