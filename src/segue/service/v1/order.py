"""Put tracks in the order in which they are likely to be heard out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from segue.engine import Engine
from segue.errors import NotFoundError
from segue.library.search import find_tracks
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard
from segue.service.asking import HouseGiven, Reader
from segue.service.house import refuse_unknown
from segue.service.shapes import HELLO, List, Shape, Words, example

router = APIRouter(tags=["order"])


class Unordered(Shape):
    """Tracks to put in order."""

    model_config = example(title="Evening", tracks=["adele - hello", "adele - skyfall"], by="auto")

    title: str = Field("Playlist", max_length=200)
    tracks: list[Words] = Field(
        min_length=1,
        max_length=300,
        description="Ids of tracks, or words of artists and titles.",
    )
    by: Literal["auto", "agent", "greedy"] = "auto"
    take: int | None = Field(None, ge=1, le=300, description="How many to keep; by default all.")


class Ordered(Shape):
    """The tracks in order."""

    model_config = example(
        list={
            "title": "Evening",
            "listener": "ada",
            "created_at": "2026-11-28T20:00:00Z",
            "entries": [{"position": 1, "track": HELLO}],
        },
        by="agent",
        why="The agent's gain over greed was sure when it was trained.",
        worth=21.4,
        before=19.8,
    )

    list: List
    by: str = Field(description="agent or greedy.")
    why: str
    worth: float = Field(description="Tracks heard whole that are expected, in this order.")
    before: float = Field(description="The same, in the order they came in.")


@router.post("/order", summary="Put tracks in order")
def order(here: HouseGiven, listener: Reader, asked: Unordered) -> Ordered:
    """By the trained agent, or greedily on the user model."""

    def answered(engine: Engine) -> Ordered:
        known: str | None = listener
        try:
            refuse_unknown(engine, listener)
        except NotFoundError:
            known = None
        playlist = Playlist(asked.title, listener, None, datetime.now(UTC), _entries(engine, asked.tracks))
        done = engine.order(playlist, listener=known, by=asked.by, take=asked.take)
        return Ordered(
            list=List.of(done.playlist), by=done.by, why=done.why, worth=done.worth, before=done.before
        )

    return here.asked(answered)


def _entries(engine: Engine, tracks: list[str]) -> tuple[PlaylistEntry, ...]:
    """The tracks that are meant, each once."""
    found = {match.track_id: match for text in tracks for match in find_tracks(engine.library, text, 1)}
    return tuple(
        PlaylistEntry(number, TrackCard(match.track_id, match.title, match.artists))
        for number, match in enumerate(found.values(), 1)
    )
