"""For who runs the service: tokens and models."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field

from segue.errors import NotFoundError
from segue.service.asking import HouseGiven, needs
from segue.service.etags import Conditional
from segue.service.house import House
from segue.service.shapes import Shape, example
from segue.service.tokens import OF_A_LISTENER
from segue.shelf.names import shelf_of

router = APIRouter(tags=["administration"], dependencies=[Depends(needs("admin"))], route_class=Conditional)
Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", examples=["factors"])]
Number = Annotated[int, Path(ge=1, le=2**53)]


class NewToken(Shape):
    """A token to make."""

    model_config = example(listener="ada", note="Navidrome in the kitchen")

    listener: str | None = Field(None, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
    everybody: bool = Field(False, description="Opens every listener's data, by ?listener=NAME.")
    scopes: list[Literal["submit", "read", "write", "admin"]] = Field(default=list(OF_A_LISTENER))
    note: str = Field("", max_length=200, pattern=r"^[^\x00]*$")


class Made(Shape):
    """A token that was made, shown this once."""

    model_config = example(token="0b0c8f5e-0f4e-4cbb-8f2e-3f6f0b2b5a52")

    token: str


class Held(Shape):
    """A token that holds."""

    model_config = example(
        id=3,
        listener="ada",
        everybody=False,
        scopes=["submit", "read", "write"],
        note="Navidrome in the kitchen",
        created_at="2026-11-28T20:00:00Z",
    )

    id: int
    listener: str | None
    everybody: bool
    scopes: list[str]
    note: str
    created_at: datetime


class Model(Shape):
    """A trained model."""

    model_config = example(
        name="factors",
        current="20261129T105719.162Z-f7b806b0",
        answering="20261129T105719.162Z-f7b806b0",
        versions=["20261122T030002.511Z-11d9c0aa", "20261129T105719.162Z-f7b806b0"],
    )

    name: str
    current: str = Field(description="The version that is published.")
    answering: str | None = Field(description="The version that answers.")
    versions: list[str] = Field(description="All that are kept, oldest first.")


class Published(Shape):
    """Which version is to answer."""

    model_config = example(version="20261129T105719.162Z-f7b806b0")

    version: str = Field(max_length=100)


class Rollback(Shape):
    """Which version to go back to."""

    model_config = example(version=None)

    version: str | None = Field(None, max_length=100, description="By default the one before.")


@router.get("/tokens", summary="Tokens that hold")
def tokens(here: HouseGiven) -> list[Held]:
    """Oldest first; the tokens themselves are known to nobody."""
    return [Held(**each) for each in here.tokens.all()]


@router.post("/tokens", status_code=201, summary="Make a token")
def create(here: HouseGiven, asked: NewToken) -> Made:
    """It is shown this once."""
    made = here.tokens.create(asked.listener, asked.scopes, everybody=asked.everybody, note=asked.note)
    return Made(token=made)


@router.delete("/tokens/{number}", status_code=204, summary="Revoke a token")
def revoke(here: HouseGiven, number: Number) -> Response:
    """It holds no longer."""
    here.tokens.revoke(number)
    return Response(status_code=204)


@router.get("/models", summary="Models and their versions")
def models(here: HouseGiven) -> list[Model]:
    """What is published, and what answers."""
    shelf, answering = shelf_of(here.engines.current.library), here.engines.models
    return [
        Model(
            name=name,
            current=shelf.current(name),
            answering=answering.get(name),
            versions=shelf.versions(name),
        )
        for name in shelf.names()
    ]


@router.post("/models/{name}/publish", summary="Let a version answer")
def publish(here: HouseGiven, name: Name, asked: Published) -> Model:
    """Any version that is kept, earlier or later; it answers at once, without a dropped request."""
    return _current(here, name, asked.version)


@router.post("/models/{name}/rollback", summary="Go back to an earlier version")
def rollback(here: HouseGiven, name: Name, asked: Rollback) -> Model:
    """The version before the current one, or the one that is named; it answers at once."""
    return _current(here, name, asked.version)


def _current(here: House, name: str, version: str | None) -> Model:
    shelf = shelf_of(here.engines.current.library)
    if name not in shelf.names():
        raise NotFoundError(f"There is no model {name}", expected=", ".join(shelf.names()) or "none yet")
    current = shelf.rollback(name, version)
    here.engines.look()
    return Model(
        name=name,
        current=current,
        answering=here.engines.models.get(name),
        versions=shelf.versions(name),
    )
