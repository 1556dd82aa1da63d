"""Which weekly lists are kept: the one rule, for every way in which lists are made.

A list is kept of this week and of the next one, which may be made ahead. A week further ahead is only looked
at: a list kept of it would stand before those of the weeks until then. So is a week gone by, for listeners
who have a later list: what they were given since was not chosen beside it, and is not to change.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from segue.errors import UsageError
from segue.library import Library
from segue.library.listening import LibrarySubset, plays
from segue.playlists.memory import Weeks
from segue.playlists.playlist import monday, week_of


def newest_kept(now: datetime | None = None) -> str:
    """The last week of which lists are kept by now: the next one, by the time of whoever is furthest east."""
    return week_of((now or datetime.now(UTC)) + timedelta(days=7, hours=14))


def to_be_kept(weeks: Weeks, week: str, listeners: Sequence[str], now: datetime | None = None) -> list[str]:
    """Those of the listeners whose list of `week` is kept, in their order.

    Args:
        weeks: the lists that there are.
        week: ISO week.
        listeners: ids.
        now: by default, now.
    """
    if week > newest_kept(now):
        return []
    if week >= week_of(now or datetime.now(UTC)):
        return list(listeners)
    later = weeks.with_later(week, listeners)
    return [each for each in listeners if each not in later]


def refuse_before_first_play(library: Library, week: str, listeners: Sequence[str]) -> None:
    """Say that nothing can be told of a week gone by in which a listener had played nothing yet.

    Raises:
        UsageError: there is such a listener.
    """
    if week >= week_of(datetime.now(UTC)):
        return
    end = datetime.combine(monday(week) + timedelta(days=7), time(), UTC)
    for listener in listeners:
        played = plays(LibrarySubset(library, [listener]), excluded=True)
        first = library.arrow(played.aggregate(first=played.started_at.min()))["first"][0].as_py()
        if first is not None and first >= end:
            raise UsageError(
                f"There is nothing to tell of {week} for {listener}, who had played nothing by then",
                expected=f"a week from {week_of(first)} on",
            )
