"""Leaving plays out of a listener's taste: they stay, and teach nothing until taken back.

Somebody else had the phone, or a party's music says nothing about who gave it. The table `exclusions` keeps
spans of time of a listener; `listening.plays` leaves out what began within them, whoever told of it and
whenever it is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from segue.errors import NotFoundError, UsageError
from segue.library.listening import refuse_unknown
from segue.library.tables import EXCLUSIONS

if TYPE_CHECKING:
    from segue.library.store import Library

LEAST = timedelta(microseconds=1)  # between two moments that the tables tell apart
WAIT = 10.0  # seconds for which another writer is waited for


class Span(NamedTuple):
    """A span of time, in UTC; both ends are in it."""

    begins: datetime
    ends: datetime


def exclusions(library: Library, listener: str) -> list[Span]:
    """The spans whose plays a listener leaves out of their taste, oldest first; no two meet."""
    if not library.has("exclusions"):
        return []
    table = library.table("exclusions")
    rows = library.arrow(table.filter(table.listener_id == listener)).to_pylist()
    return _joined(Span(row["begins"], row["ends"]) for row in rows)


def exclude(library: Library, listener: str, span: Span) -> list[Span]:
    """Leave out of a listener's taste what they play in `span`; returns all that is left out by then.

    Raises:
        UsageError: it ends before it begins, or tells no time zone.
        NotFoundError: the library has no such listener.
        BusyError: another process is writing to the library.
    """
    span = _checked(span)
    refuse_unknown(library, [listener])
    return _change(library, listener, lambda spans: _joined([*spans, span]))


def take_back(library: Library, listener: str, span: Span) -> list[Span]:
    """Let count again what was left out in `span`; returns what is left out still.

    Raises:
        UsageError: it ends before it begins, or tells no time zone.
        NotFoundError: nothing of it was left out.
        BusyError: another process is writing to the library.
    """
    span = _checked(span)
    out = exclusions(library, listener)
    if not any(each.begins <= span.ends and span.begins <= each.ends for each in out):
        raise NotFoundError(f"Nothing of {listener} was left out in that time")
    return _change(library, listener, lambda spans: _without(spans, span))


def _change(library: Library, listener: str, how: Callable[[list[Span]], list[Span]]) -> list[Span]:
    with library.writing(wait=WAIT) as writer:
        # Read anew with the lock held: what was read before may have been changed by another process.
        before = exclusions(library, listener)
        after = how(before)
        if after != before:
            rows = [row for row in library.arrow("exclusions").to_pylist() if row["listener_id"] != listener]
            rows += [{"listener_id": listener, **span._asdict()} for span in after]
            rows.sort(key=lambda row: (row["listener_id"], row["begins"]))
            writer.rewrite("exclusions", pa.Table.from_pylist(rows, schema=EXCLUSIONS))
    return after


def _checked(span: Span) -> Span:
    if span.begins.tzinfo is None or span.ends.tzinfo is None:
        raise UsageError("A moment needs a time zone", expected="2026-11-28T20:00:00Z")
    if span.ends < span.begins:
        raise UsageError(
            "That span ends before it begins", got=f"{span.begins.isoformat()} to {span.ends.isoformat()}"
        )
    return Span(span.begins.astimezone(UTC), span.ends.astimezone(UTC))


def _joined(spans: Iterable[Span]) -> list[Span]:
    """The same moments in as few spans as there can be."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.begins <= found[-1].ends + LEAST:
            found[-1] = Span(found[-1].begins, max(found[-1].ends, span.ends))
        else:
            found.append(span)
    return found


def _without(spans: Iterable[Span], gone: Span) -> list[Span]:
    found = []
    for span in spans:
        rest = (
            Span(span.begins, min(span.ends, gone.begins - LEAST)),
            Span(max(span.begins, gone.ends + LEAST), span.ends),
        )
        found += [each for each in rest if each.begins <= each.ends]
    return _joined(found)
