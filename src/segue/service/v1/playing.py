"""What radios and sessions have in common over HTTP: the track that comes, what became of it, the end."""

# No `from __future__ import annotations`: FastAPI reads annotations that name variables of a function.

from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple, TypeVar
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import Field

from segue.engine import Engine
from segue.errors import NotFoundError
from segue.library.listening import stage_of
from segue.service.asking import Changer, HouseGiven
from segue.service.house import House, refuse_unknown
from segue.service.shapes import HELLO, Shape, Track, example
from segue.service.streams import Playing

S = TypeVar("S", bound=Shape)
NOW: dict[str, Any] = {
    "number": 1,
    "track": HELLO,
    "reason": "Because you played Someone Like You by Adele.",
    "model": "network/20261129T105719.162Z-f7b806b0",
}


class Now(Shape):
    """The track that comes now."""

    model_config = example(**NOW)

    number: int = Field(description="From 1.")
    track: Track
    reason: str
    model: str

    @classmethod
    def of(cls, playing: Playing | None) -> "Now | None":
        """From what the stream says."""
        if playing is None:
            return None
        track = Track.of(playing.track)
        return cls(number=playing.number, track=track, reason=playing.reason, model=playing.model)


class Answer(Shape):
    """What became of a track."""

    model_config = example(number=1, skipped=True, played_ms=8000)

    number: Annotated[int, Field(ge=1, le=1_000_000, description="Of the track, as it was told.")]
    skipped: bool
    played_ms: int | None = Field(
        None, ge=0, le=86_400_000, description="How long it was heard, where that is known."
    )


class Kind(NamedTuple):
    """A kind of stream, and how it is told."""

    name: str
    shape: Any  # made of a `Moved` by its `of`
    what_comes: str
    next: str

    def begun(self, here: House, listener: str, asked: dict[str, Any], arm: str) -> Any:
        """Begin a stream."""
        return self.shape.of(here.streams.begin(listener, {"kind": self.name, **asked}, arm))

    def now(self, here: House, listener: str, stream: UUID) -> Any:
        """Where a stream is."""
        return self.shape.of(here.streams.now(str(stream), listener, self.name))

    def answer(self, here: House, listener: str, stream: UUID, told: Answer) -> Any:
        """A track was heard so far: the next one."""

        def stage(now: Playing | None) -> int:
            return stage_of(told.skipped, told.played_ms, now.track.duration_ms if now else None)

        return self.shape.of(here.streams.answer(str(stream), listener, self.name, told.number, stage))


def router_of(kind: Kind) -> APIRouter:
    """The endpoints of one stream: what comes, what became of it, the end."""
    router = APIRouter(prefix=f"/{kind.name}", tags=[kind.name])
    Which = Annotated[UUID, Path(alias=kind.name)]

    def now(here: HouseGiven, listener: Changer, stream: Which) -> Any:
        return kind.now(here, listener, stream)

    def answer(here: HouseGiven, listener: Changer, stream: Which, answered: Answer) -> Any:
        # Written here: what is returned as a shape would be checked once more, in another thread.
        told = kind.answer(here, listener, stream, answered)
        return Response(told.model_dump_json(), media_type="application/json")

    def end(here: HouseGiven, listener: Changer, stream: Which) -> Response:
        here.streams.end(str(stream), listener, kind.name)
        return Response(status_code=204)

    one = f"/{{{kind.name}}}"
    told: tuple[tuple[str, str, Callable[..., Any], dict[str, Any]], ...] = (
        ("GET", one, now, {"summary": "What comes now?", "description": kind.what_comes}),
        (
            "POST",
            f"{one}/answers",
            answer,
            {"summary": "It was played, or skipped", "description": kind.next},
        ),
    )
    for method, path, endpoint, words in told:
        router.add_api_route(
            path, endpoint, methods=[method], response_model=kind.shape, name=endpoint.__name__, **words
        )
    router.add_api_route(
        one,
        end,
        methods=["DELETE"],
        status_code=204,
        name="end",
        summary=f"End a {kind.name}",
        description="What it played stays in the log of choices: exported, and forgotten, with the listener.",
    )
    return router


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
