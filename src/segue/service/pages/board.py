"""What the demo has done, and what it is doing: told on every page while it goes on."""

# No `from __future__ import annotations`: FastAPI reads annotations.

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Literal

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from segue.errors import NotFoundError
from segue.service.pages import frame
from segue.service.pages.doorkeeper import Signed
from segue.service.pages.texts import text

router = frame.router()
LOOK, ALIVE = 0.5, 15.0  # seconds
State = Literal["waiting", "doing", "done", "failed"]


@dataclass
class Step:
    """A step of the demo."""

    name: str
    state: State = "waiting"
    seconds: float = 0.0
    since: float = 0.0

    @property
    def text(self) -> str:
        """In words."""
        told = text(f"demo.{self.name}")
        return f"{told}, {text('demo.seconds', n=round(self.seconds))}" if self.state == "done" else told


@dataclass
class Board:
    """The steps in order, and whose pages are shown."""

    steps: list[Step]
    listener: str | None = None
    figures: list[tuple[str, list[str], list[list[str]]]] = field(default_factory=list)

    @classmethod
    def of(cls, *names: str) -> "Board":
        """With these steps, none of them begun."""
        return cls([Step(name) for name in names])

    @property
    def mark(self) -> str:
        """What changes with every step."""
        return "".join(step.state[0] + step.state[-1] for step in self.steps)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return all(step.state in ("done", "failed") for step in self.steps)

    def begins(self, name: str) -> None:
        """A step begins."""
        step = self._step(name)
        step.state, step.since = "doing", time.monotonic()

    def ends(self, name: str, *, failed: bool = False) -> None:
        """A step is done, or failed."""
        step = self._step(name)
        step.state, step.seconds = "failed" if failed else "done", time.monotonic() - step.since

    def _step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)


@router.get("/demo/events")
async def events(request: Request, _: Signed) -> Response:
    """Server-sent events: the strip, whenever it changes."""
    board: Board | None = getattr(request.app.state, "demo", None)
    if board is None:
        raise NotFoundError("This is no demo")
    headers = {**frame.SAFE, "x-accel-buffering": "no"}
    return StreamingResponse(_told(board), media_type="text/event-stream", headers=headers)


async def _told(board: Board) -> AsyncGenerator[str]:
    last, quiet = "", 0.0
    while True:
        mark, done = board.mark, board.finished
        if mark != last:
            last, quiet = mark, 0.0
            html = frame.templates().get_template("parts/demo.html").render(state=board)
            data = json.dumps({"html": html, "mark": mark, "done": done, "reload": True})
            yield f"event: state\ndata: {data}\n\n"
        if done:
            return
        await asyncio.sleep(LOOK)
        quiet += LOOK
        if quiet >= ALIVE:
            quiet = 0.0
            yield ": still there\n\n"
