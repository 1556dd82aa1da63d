"""Radio: a stream that moves with each play and each skip."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from segue.errors import NotFoundError
from segue.service.asking import Changer, HouseGiven
from segue.service.house import refuse_unknown
from segue.service.radios import Playing
from segue.service.shapes import Shape, Track, Words

router = APIRouter(prefix="/radio", tags=["radio"])


class Asked(Shape):
    """What a radio begins with."""

    seeds: list[Words] = Field(
        default_factory=list,
        max_length=50,
        description="Ids of tracks, or words of artists and titles; without any, the listener's tastes.",
        examples=[["adele - hello"]],
    )
    new: bool = Field(False, description="Only tracks that the listener has not heard before.")


class Now(Shape):
    """The track that comes now."""

    number: int = Field(description="From 1.")
    track: Track
    reason: str
    model: str

    @classmethod
    def of(cls, playing: Playing | None) -> Now | None:
        """From what the radio says."""
        if playing is None:
            return None
        track = Track.of(playing.track)
        return cls(number=playing.number, track=track, reason=playing.reason, model=playing.model)


class Radio(Shape):
    """A radio."""

    id: UUID
    notes: list[str] = Field(default_factory=list)
    now: Now | None = Field(description="Null where no track is left that may come.")


class Answer(Shape):
    """What became of a track."""

    number: Annotated[int, Field(ge=1, le=1_000_000, description="Of the track, as the radio told it.")]
    skipped: bool


@router.post("", status_code=201, summary="Begin a radio")
def begin(here: HouseGiven, listener: Changer, asked: Asked) -> Radio:
    """From the listener's tastes, from tracks that are named, or from both."""
    config = here.settings.radio
    if asked.new:
        config = config.model_copy(update={"familiar": False})
    known = True
    try:
        refuse_unknown(here.engines.current, listener)
    except NotFoundError:
        if not asked.seeds:
            raise
        known = False
    made = here.radios.begin(listener, asked.seeds, known, config)
    return Radio(id=UUID(made.id), notes=list(made.notes), now=Now.of(made.now))


@router.get("/{radio}", summary="What comes now?")
def now(here: HouseGiven, listener: Changer, radio: UUID) -> Radio:
    """The track that comes now; asking twice gives the same."""
    return Radio(id=radio, now=Now.of(here.radios.now(str(radio), listener)))


@router.post("/{radio}/answers", summary="It was played, or skipped")
def answer(here: HouseGiven, listener: Changer, radio: UUID, answered: Answer) -> Radio:
    """The next track, which follows from the answer. Telling the same answer again changes nothing."""
    coming = here.radios.answer(str(radio), listener, answered.number, skipped=answered.skipped)
    return Radio(id=radio, now=Now.of(coming))


@router.delete("/{radio}", status_code=204, summary="End a radio")
def end(here: HouseGiven, listener: Changer, radio: UUID) -> Response:
    """Nothing of it is kept."""
    here.radios.end(str(radio), listener)
    return Response(status_code=204)
