"""Jobs: training and lists, by hand; how far they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from segue.service.asking import HouseGiven, needs
from segue.service.etags import Conditional
from segue.service.house import House
from segue.service.shapes import Shape, example

router = APIRouter(
    prefix="/jobs", tags=["administration"], dependencies=[Depends(needs("admin"))], route_class=Conditional
)
Number = Annotated[int, Path(ge=1, le=2**53)]
LOOK = 0.5  # seconds
ALIVE = 15.0  # seconds after which a line is sent where nothing happens


TRAINING: dict[str, Any] = {
    "id": 7,
    "kind": "train",
    "state": "running",
    "message": "who likes what",
    "started_at": "2026-11-28T03:00:00Z",
    "ended_at": None,
}


class Asked(Shape):
    """A job to begin."""

    model_config = example(kind="train")

    kind: Literal["train", "lists"] = Field(description="Train, or make the lists that are due.")


class Job(Shape):
    """A job."""

    model_config = example(**TRAINING)

    id: int
    kind: str
    state: Literal["running", "done", "failed", "stopped"]
    message: str = Field(description="What it said last.")
    started_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> Job:
        """From a row of the database."""
        ended = row["ended_at"]
        return cls(
            id=row["id"],
            kind=row["kind"],
            state=row["state"],
            message=row["message"],
            started_at=datetime.fromtimestamp(row["started_at"], UTC),
            ended_at=None if ended is None else datetime.fromtimestamp(ended, UTC),
        )


class Jobs(Shape):
    """Jobs, the newest first."""

    model_config = example(jobs=[TRAINING], next=None)

    jobs: list[Job]
    next: str | None = Field(None, description="The cursor of the next page; null on the last one.")


@router.get("", summary="The jobs")
def latest(
    here: HouseGiven,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[int | None, Query(ge=1, le=2**53, description="What `next` said before.")] = None,
) -> Jobs:
    """The newest first."""
    rows = here.jobs.latest(limit + 1, before=cursor)
    more = str(rows[limit - 1]["id"]) if len(rows) > limit else None
    return Jobs(jobs=[Job.of(row) for row in rows[:limit]], next=more)


@router.post("", status_code=202, summary="Begin a job")
def begin(here: HouseGiven, asked: Asked) -> Job:
    """In a process of its own; one of a kind at a time."""
    return Job.of(here.jobs.find(here.jobs.begin(asked.kind)))


@router.get("/{number}", summary="A job")
def one(here: HouseGiven, number: Number) -> Job:
    """How far it is."""
    return Job.of(here.jobs.find(number))


@router.get(
    "/{number}/events",
    summary="A job, as it goes",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def events(here: HouseGiven, number: Number) -> StreamingResponse:
    """Server-sent events, each the job as it is then, until it has ended."""
    await asyncio.to_thread(here.jobs.find, number)  # a number that is none is told at once
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(here, number), media_type="text/event-stream", headers=headers)


async def _events(here: House, number: int) -> AsyncGenerator[str]:
    last, quiet = "", 0.0
    while True:
        job = Job.of(await asyncio.to_thread(here.jobs.find, number))
        if (told := job.model_dump_json()) != last:
            last, quiet = told, 0.0
            yield f"event: job\ndata: {told}\n\n"
        if job.state != "running":
            return
        await asyncio.sleep(LOOK)
        quiet += LOOK
        if quiet >= ALIVE:
            quiet = 0.0
            yield ": still there\n\n"
