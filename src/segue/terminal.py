"""How progress and events look to people, for the command line and benchmarks; the rest never prints."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable, Generator

from segue.progress import Advance, report_to

_STANDARD = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


EVERY = 10.0  # seconds after which standard error that is no terminal is told how far work is


class TerminalReporter:
    """Bars on standard error; plain lines, seldom, where that is no terminal. Steps in words."""

    def __init__(self) -> None:
        self._plain: list[_Plain] = []  # the innermost last: it alone speaks

    @contextlib.contextmanager
    def task(self, what: str, total: float | None, unit: str) -> Generator[Advance]:
        """A bar; without a total it has no end."""
        from rich.console import Console

        console = Console(stderr=True)
        if not console.is_terminal:
            task = _Plain(what, total, unit)
            self._plain.append(task)
            try:
                with task.told(lambda: self._plain[-1] is task):
                    yield task.advance
            finally:
                self._plain.remove(task)
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = [
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%" if total else "{task.completed:,.0f} " + unit),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        ]
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda amount=1.0: bar.advance(task, amount)

    def step(self, what: str, number: int, total: int) -> None:
        """ "Step 2 of 4: song vectors"."""
        print(f"Step {number} of {total}: {what}", file=sys.stderr)


class _Plain:
    """A piece of work whose progress goes to a file or a pipe: a line every ten seconds, and none before."""

    def __init__(self, what: str, total: float | None, unit: str) -> None:
        self._what, self._total, self._unit = what, total, unit
        self._done, self._began = 0.0, time.monotonic()

    def advance(self, amount: float = 1.0) -> None:
        """So much more is done."""
        self._done += amount

    def line(self) -> str:
        """ "Factorising: 40%, 20 s", "Reading: 3,000 rows, 2 min 5 s", "Looking for tastes: 10 s"."""
        minutes, seconds = divmod(round(time.monotonic() - self._began), 60)
        taken = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
        if self._total:
            return f"{self._what}: {min(self._done / self._total, 1):.0%}, {taken}"
        done = f"{self._done:,.0f} {self._unit}".strip()
        return f"{self._what}: {done}, {taken}" if self._done and self._unit else f"{self._what}: {taken}"

    @contextlib.contextmanager
    def told(self, mine: Callable[[], bool]) -> Generator[None]:
        """Meanwhile a thread tells, while it is `mine` to speak."""
        over = threading.Event()

        def tell() -> None:
            while not over.wait(EVERY):
                if mine():
                    print(self.line(), file=sys.stderr, flush=True)

        thread = threading.Thread(target=tell, name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


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
