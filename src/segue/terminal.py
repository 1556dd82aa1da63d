"""How progress and events look on a terminal, for the command line and benchmarks; the rest never prints."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Generator

from segue.progress import Advance, report_to

_STANDARD = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class TerminalReporter:
    """Bars on standard error, only if that is a terminal; steps in words."""

    @contextlib.contextmanager
    def task(self, what: str, total: float | None, unit: str) -> Generator[Advance]:
        """A bar; without a total it has no end."""
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

    def step(self, what: str, number: int, total: int) -> None:
        """ "Step 2 of 4: song vectors"."""
        print(f"Step {number} of {total}: {what}", file=sys.stderr)


class PlainFormatter(logging.Formatter):
    """ "Read sessions: sessions 6,000, listeners 80"."""

    def format(self, record: logging.LogRecord) -> str:
        """The event, and its facts in the order in which they were given."""
        facts = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        shown = ", ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in facts.items())
        return f"{record.getMessage()}: {shown}" if shown else record.getMessage()


class _StandardError(logging.StreamHandler):
    """Writes to what is standard error now: it may be exchanged after the handler was made."""

    @property
    def stream(self) -> object:
        return sys.stderr

    @stream.setter
    def stream(self, value: object) -> None:
        pass


def _short(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def show() -> None:
    """From now on this program's progress and events are shown on standard error."""
    report_to(TerminalReporter())
    logger = logging.getLogger("segue")
    if not any(isinstance(handler, _StandardError) for handler in logger.handlers):
        handler = _StandardError()
        handler.setFormatter(PlainFormatter())
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
