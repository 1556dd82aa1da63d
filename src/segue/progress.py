"""Progress on work that takes more than a moment: a bar on a terminal, silence elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator

Advance = Callable[[float], None]


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
