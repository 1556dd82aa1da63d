"""Which weekly lists are kept: the one rule, for every way in which lists are made.

A list is kept of this week and of the next one, which may be made ahead. A week further ahead is only looked
at: a list kept of it would stand before those of the weeks until then. So is a week gone by, for listeners
who have a later list: what they were given since was not chosen beside it, and is not to change.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from segue.playlists.memory import Weeks
from segue.playlists.playlist import week_of


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
