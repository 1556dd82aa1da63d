"""Progress on work that takes more than a moment. The caller hands in who shows it; else nothing is shown.

with reporting(TerminalReporter()):      # once, by whoever talks to people
    train(library)                       # in it: with progress("Factorising", 15) as advance: advance(1)
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from contextvars import ContextVar
from itertools import count
from typing import Protocol

Advance = Callable[[float], None]


class Reporter(Protocol):
    """Shows people how far work is."""

    def task(self, what: str, total: float | None, unit: str) -> AbstractContextManager[Advance]:
        """A piece of work; what it yields is called with amounts done, which add up to a known `total`."""

    def step(self, what: str, number: int, total: int) -> None:
        """Step `number` of `total` of a longer piece of work begins."""


_REPORTER: ContextVar[Reporter | None] = ContextVar("reporter", default=None)
_PORTION: ContextVar[Advance | None] = ContextVar("portion", default=None)
_STEPS: ContextVar[tuple[count, int] | None] = ContextVar("steps", default=None)


@contextlib.contextmanager
def reporting(reporter: Reporter) -> Generator[None]:
    """What happens inside, in this thread, is shown by `reporter`."""
    token = _REPORTER.set(reporter)
    try:
        yield
    finally:
        _REPORTER.reset(token)


def report_to(reporter: Reporter) -> None:
    """From now on this thread's progress is shown by `reporter`; for the main function of a program."""
    _REPORTER.set(reporter)


@contextlib.contextmanager
def progress(what: str, total: float | None = None, *, unit: str = "") -> Generator[Advance]:
    """Yield `advance(amount)`, which tells the reporter that so much more is done.

    `total` is in the unit of `advance`; None where the end is not known.
    """
    reporter = _REPORTER.get()
    if reporter is None:
        yield lambda amount: None
    else:
        with reporter.task(what, total, unit) as advance:
            yield advance


@contextlib.contextmanager
def portion(amount: float = 1.0, of: float = 1.0, advance: Advance | None = None) -> Generator[None]:
    """Work that is `amount` of a task, and tells by `told` how much of `of` is done; its end tells the rest.

        with progress("Learning", 2) as advance:
            with portion(advance=advance):
                ...  # told(0.3), wherever that is called
            with portion(advance=advance): ...

    Portions may lie within portions: without `advance` it is `amount` of what the one around it tells.
    What is told outside of all is lost, so that functions need not know who calls them.
    """
    outer = advance or _PORTION.get() or _nobody
    done = 0.0

    def tell(more: float) -> None:
        nonlocal done
        more = min(more / of, 1 - done)
        done += more
        outer(more * amount)

    token = _PORTION.set(tell)
    try:
        yield
    finally:
        _PORTION.reset(token)
    outer((1 - done) * amount)


def _nobody(amount: float) -> None:
    """Who is told where there is no task."""


def told(amount: float) -> None:
    """So much more of the portion around is done."""
    tell = _PORTION.get()
    if tell is not None:
        tell(amount)


@contextlib.contextmanager
def steps(total: int) -> Generator[None]:
    """Work of so many steps, each of which `step` announces. Steps within steps are not counted anew."""
    if _STEPS.get() is not None:
        yield
        return
    token = _STEPS.set((count(1), total))
    try:
        yield
    finally:
        _STEPS.reset(token)


def step(what: str) -> None:
    """Tell the reporter which step begins. Nothing outside of `steps`."""
    known, reporter = _STEPS.get(), _REPORTER.get()
    if known is not None and reporter is not None:
        reporter.step(what, next(known[0]), known[1])


@contextlib.contextmanager
def one_step(what: str) -> Generator[None]:
    """A step whose own steps are not told."""
    step(what)
    token = _STEPS.set(None)
    try:
        yield
    finally:
        _STEPS.reset(token)


def about(seconds: float) -> str:
    """ "less than a minute", "about 5 minutes", "about 2 hours"."""
    from segue.wording import count as counted

    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    return f"about {counted(minutes, 'minute') if minutes < 100 else counted(round(minutes / 60), 'hour')}"
