"""The music itself: search, what is similar, a list for somebody who names what they like."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field, model_validator

from segue.errors import NotFoundError
from segue.library.search import find_tracks
from segue.service.asking import AnyReader, HouseGiven
from segue.service.etags import Conditional
from segue.service.shapes import HELLO, List, Shape, Track, TrackAsked, Words, example

router = APIRouter(tags=["music"], route_class=Conditional)


class Search(Shape):
    """Tracks that were found, the likeliest first."""

    model_config = example(tracks=[HELLO], hint=None)

    tracks: list[Track]
    hint: str | None = Field(None, description="What may have been meant, where nothing was found.")


class Neighbour(Shape):
    """A track near another."""

    track: Track
    likeness: float = Field(description="Cosine; less where few people have the track.")


class Similar(Shape):
    """What is near a track, nearest first."""

    model_config = example(
        of=HELLO,
        also=[],
        model="factors/20261129T105719.162Z-f7b806b0",
        near=[
            {
                "track": {
                    "id": "spotify:1zwMYTA5nlNjZxYrvBB2pV",
                    "title": "Someone Like You",
                    "artists": ["Adele"],
                },
                "likeness": 0.92,
            }
        ],
    )

    of: Track
    also: list[Track] = Field(description="Other tracks that the words may mean.")
    model: str
    near: list[Neighbour]


class Likes(Shape):
    """What somebody likes."""

    model_config = example(likes=["adele - hello"])

    likes: list[Words] = Field(
        [],
        max_length=100,
        description="Ids of tracks, or words of artists and titles.",
    )
    title: Words | None = Field(
        None, description="What the list is called: it holds what playlists called like it hold."
    )

    @model_validator(mode="after")
    def _something(self) -> Likes:
        if not self.likes and self.title is None:
            raise ValueError("name a track, or a title")
        return self


@router.get("/search", summary="Find tracks")
def search(
    here: HouseGiven,
    _: AnyReader,
    q: Annotated[str, Query(min_length=1, max_length=500, pattern=r"^[^\x00]*$", examples=["adele hello"])],
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Search:
    """By words of artists and title; case and accents do not matter."""
    try:
        found = here.asked(lambda engine: find_tracks(engine.library, q, limit))
    except NotFoundError as error:
        return Search(tracks=[], hint=error.hint)
    return Search(tracks=[Track.found(each) for each in found])


@router.get("/similar", summary="What is near a track?")
def similar(
    here: HouseGiven,
    _: AnyReader,
    track: TrackAsked,
    count: Annotated[int, Query(ge=1, le=200)] = 15,
    kind: Annotated[
        Literal["factors", "songs"],
        Query(description="Heard by the same people, or found in the same playlists and sessions."),
    ] = "factors",
) -> Similar:
    """One version of each song."""
    found = here.asked(lambda engine: engine.similar(track, count, kind=kind))
    cards = found.catalogue.cards([each.number for each in found.near])
    near = [
        Neighbour(track=Track.of(card), likeness=each.score)
        for card, each in zip(cards, found.near, strict=True)
    ]
    also = [Track.found(each) for each in found.also]
    return Similar(of=Track.found(found.of), also=also, model=found.model, near=near)


@router.post(
    "/recommendations", summary="A list from tracks that are named, or from a title", response_model=List
)
def recommendations(here: HouseGiven, _: AnyReader, asked: Likes) -> Response:
    """For somebody who is not in the library: what they like is folded in, and nothing is kept."""
    config = here.settings.weekly
    made, _found = here.asked(
        lambda engine: engine.weekly_for_guest(asked.likes, title=asked.title, config=config)
    )
    # Written here: what is returned as a shape would be checked once more, in another thread.
    return Response(List.of(made).model_dump_json(), media_type="application/json")
