"""For who runs the service: other servers to which listens are passed on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field

from segue.service.asking import HouseGiven, needs
from segue.service.etags import Conditional
from segue.service.shapes import Shape, example

router = APIRouter(
    prefix="/relays",
    tags=["administration"],
    dependencies=[Depends(needs("admin"))],
    route_class=Conditional,
)
Number = Annotated[int, Path(ge=1, le=2**53)]
_PLAIN = r"^[^\x00-\x1f\x7f]+$"


class NewRelay(Shape):
    """Another server that speaks ListenBrainz' protocol."""

    model_config = example(
        listener="ada", address="https://api.listenbrainz.org", token="e7c4bd1a-4f5c-44e6-9cb1-6d7b1ddbb12f"
    )

    listener: str = Field(min_length=1, max_length=200, pattern=_PLAIN)
    address: str = Field(max_length=500, pattern=_PLAIN)
    token: str = Field(
        min_length=1, max_length=200, pattern=r"^[!-~]+$", description="The listener's token there."
    )
    past: bool = Field(False, description="All that ever came in here, too; else from now on.")


class Relay(Shape):
    """A relay."""

    model_config = example(
        id=1,
        listener="ada",
        address="https://api.listenbrainz.org",
        waiting=0,
        refused=0,
        failures=0,
        problem="",
    )

    id: int
    listener: str
    address: str
    waiting: int = Field(description="Listens that have not arrived there yet.")
    refused: int = Field(description="Listens that the other server would not take.")
    failures: int = Field(description="In a row; the next try comes later each time.")
    problem: str = Field(description="What went wrong last; empty if nothing did.")


@router.get("", summary="Where listens are passed on to")
def relays(here: HouseGiven) -> list[Relay]:
    """Oldest first; tokens are not shown."""
    names = Relay.model_fields
    return [Relay(**{k: v for k, v in each.items() if k in names}) for each in here.relays.all()]


@router.post("", status_code=201, summary="Pass listens on")
def add(here: HouseGiven, asked: NewRelay) -> Relay:
    """Tried until they arrive, in their order; each is there once."""
    number = here.relays.add(asked.listener, asked.address, asked.token, past=asked.past)
    return next(each for each in relays(here) if each.id == number)


@router.delete("/{number}", status_code=204, summary="Pass nothing on any more")
def remove(here: HouseGiven, number: Number) -> Response:
    """What arrived there stays there."""
    here.relays.remove(number)
    return Response(status_code=204)
