"""Radio: a stream that moves with each play and each skip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from segue.engine import Engine
from segue.errors import NotFoundError
from segue.library.listening import stage_of
from segue.service.asking import Changer, HouseGiven
from segue.service.house import refuse_unknown
from segue.service.shapes import Shape, Track, Words
from segue.service.streams import Moved, Playing

router = APIRouter(prefix="/radio", tags=["radio"])
KIND = "radio"


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

    @classmethod
    def of(cls, moved: Moved) -> Radio:
        """From where the stream is."""
        return cls(id=UUID(moved.id), notes=list(moved.notes), now=Now.of(moved.now))


class Answer(Shape):
    """What became of a track."""

    number: Annotated[
        int, Field(ge=1, le=1_000_000, description="Of the track, as it was told.", examples=[1])
    ]
    skipped: bool
    played_ms: int | None = Field(
        None, ge=0, le=86_400_000, description="How long it was heard, where that is known.", examples=[8000]
    )

    def stage(self, now: Playing | None) -> int:
        """How far it was heard (`library.stages`)."""
        return stage_of(self.skipped, self.played_ms, now.track.duration_ms if now else None)


@router.post("", status_code=201, summary="Begin a radio")
def begin(here: HouseGiven, listener: Changer, asked: Asked) -> Radio:
    """From the listener's tastes, from tracks that are named, or from both."""
    arm = here.trial.arm(listener)
    config = here.trial.radio(here.settings.radio, arm)
    if asked.new:
        config = config.model_copy(update={"familiar": False})
    known = known_to(here.engines.current, listener, asked.seeds)
    begun = {"seeds": asked.seeds, "known": known, "config": config.model_dump(mode="json")}
    return Radio.of(here.streams.begin(listener, {"kind": KIND, **begun}, arm))


@router.get("/{radio}", summary="What comes now?")
def now(here: HouseGiven, listener: Changer, radio: UUID) -> Radio:
    """The track that comes now; asking twice gives the same."""
    return Radio.of(here.streams.now(str(radio), listener, KIND))


@router.post("/{radio}/answers", summary="It was played, or skipped")
def answer(here: HouseGiven, listener: Changer, radio: UUID, answered: Answer) -> Radio:
    """The next track, which follows from the answer. Telling the same answer again changes nothing."""
    name = str(radio)
    stage = answered.stage(here.streams.now(name, listener, KIND).now)
    return Radio.of(here.streams.answer(name, listener, KIND, answered.number, stage))


@router.delete("/{radio}", status_code=204, summary="End a radio")
def end(here: HouseGiven, listener: Changer, radio: UUID) -> Response:
    """What it played stays in the log of choices, which is exported and forgotten with the listener."""
    here.streams.end(str(radio), listener, KIND)
    return Response(status_code=204)


def known_to(engine: Engine, listener: str, seeds: Sequence[str]) -> bool:
    """Whether anything is known of a listener.

    Raises:
        NotFoundError: nothing is, and no seeds say what they like.
    """
    try:
        refuse_unknown(engine, listener)
    except NotFoundError:
        if not seeds:
            raise
        return False
    return True
