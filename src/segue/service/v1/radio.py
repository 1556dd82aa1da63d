"""Radio: a stream that moves with each play and each skip."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from segue.service.asking import Changer, HouseGiven
from segue.service.shapes import Shape, Words, example
from segue.service.streams import Moved
from segue.service.v1.playing import NOW, Kind, Now, known_to, router_of


class Asked(Shape):
    """What a radio begins with."""

    model_config = example(seeds=["adele - hello"], new=False)

    seeds: list[Words] = Field(
        default_factory=list,
        max_length=50,
        description="Ids of tracks, or words of artists and titles; without any, the listener's tastes.",
    )
    new: bool = Field(False, description="Only tracks that the listener has not heard before.")


class Radio(Shape):
    """A radio."""

    model_config = example(id="8f3471b5-7e6a-48da-86a9-c1c07a0f47ae", notes=[], now=NOW)

    id: UUID
    notes: list[str] = Field(default_factory=list)
    now: Now | None = Field(description="Null where no track is left that may come.")

    @classmethod
    def of(cls, moved: Moved) -> Radio:
        """From where the stream is."""
        return cls(id=UUID(moved.id), notes=list(moved.notes), now=Now.of(moved.now))


KIND = Kind(
    "radio",
    Radio,
    "The track that comes now; asking twice gives the same.",
    "The next track, which follows from the answer. Telling the same answer again changes nothing.",
)
router = router_of(KIND)


@router.post("", status_code=201, summary="Begin a radio")
def begin(here: HouseGiven, listener: Changer, asked: Asked) -> Radio:
    """From the listener's tastes, from tracks that are named, or from both."""
    arm = here.trial.arm(listener)
    config = here.trial.radio(here.settings.radio, arm)
    if asked.new:
        config = config.model_copy(update={"familiar": False})
    known = known_to(here.engines.current, listener, asked.seeds)
    begun = {"seeds": asked.seeds, "known": known, "config": config.model_dump(mode="json")}
    return KIND.begun(here, listener, begun, arm)
