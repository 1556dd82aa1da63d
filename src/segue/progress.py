"""Progress on work that takes more than a moment: a bar on a terminal; the steps of long work in words."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator
from contextvars import ContextVar
from itertools import count

Advance = Callable[[float], None]
_STEPS: ContextVar[tuple[count, int] | None] = ContextVar("steps", default=None)


@contextlib.contextmanager
def progress(what: str, total: float | None = None, *, unit: str = "") -> Generator[Advance]:
    """Yield `advance(amount)`. Drawn on standard error, only if that is a terminal.

    `total` is in the unit of `advance`; None draws a bar without an end.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = [
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%" if total else "{task.completed:,.0f} " + unit),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda amount=1.0: bar.advance(task, amount)


@contextlib.contextmanager
def steps(total: int) -> Generator[None]:
    """Work of so many steps, each of which `step` announces."""
    token = _STEPS.set((count(1), total))
    try:
        yield
    finally:
        _STEPS.reset(token)


def step(what: str) -> None:
    """Say on standard error which step begins: "Step 2 of 4: song vectors". Nothing outside of `steps`."""
    if (known := _STEPS.get()) is not None:
        print(f"Step {next(known[0])} of {known[1]}: {what}", file=sys.stderr)


def about(seconds: float) -> str:
    """ "less than a minute", "about 5 minutes", "about 2 hours"."""
    from segue.wording import count as counted

    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    return f"about {counted(minutes, 'minute') if minutes < 100 else counted(round(minutes / 60), 'hour')}"
