"""What became of weekly lists: which of their tracks were played afterwards, and played again.

A list is judged when its four weeks are over, so that late listening counts and every list has had as long.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from segue.library.listening import plays
from segue.library.moments import DAY, seconds
from segue.playlists.memory import SCHEMA, Weeks
from segue.playlists.playlist import monday

if TYPE_CHECKING:
    from segue.library import Library

WITHIN = timedelta(weeks=4)  # from the list's Monday
LAST = 26  # weeks that are looked at
AGAIN = 2  # days on which a track was played, to be played again
COLUMNS = (
    *("listener_id", "position", "track_id", "model", "chosen_by"),
    *("chance", "sure", "arm", "familiar", "familiar_chance"),
)
OUTCOMES = pa.schema(
    [
        ("week", pa.string()),
        *(SCHEMA.field(name) for name in COLUMNS),
        ("heard", pa.bool_()),  # played within four weeks of the list's Monday, and not skipped
        ("again", pa.bool_()),  # on two days or more
        ("skipped", pa.bool_()),
    ]
)


def outcomes(library: Library, *, now: datetime | None = None, last: int = LAST) -> pa.Table:
    """The places of the last lists whose four weeks are over, and what came of each (`OUTCOMES`).

    Args:
        library: the listening, and the folder that remembers its lists.
        now: at which weeks must be over; a moment with a timezone.
        last: weeks, at most.
    """
    import ibis

    now, weeks = now or datetime.now(UTC), Weeks(library.path / "weeks")
    over = [week for week in weeks.names() if _begins(week) + WITHIN <= now][-last:]
    parts = [_placed(weeks.read(week), week) for week in over]
    rows = pa.concat_tables(parts) if parts else pa.table({})
    if not rows.num_rows:
        return OUTCOMES.empty_table()
    rows = rows.append_column("row", pa.array(np.arange(rows.num_rows)))
    lists = ibis.memtable(rows.select(["row", "listener_id", "track_id", "begins"]))
    told = plays(library)
    told = told.filter(told.started_at.notnull())
    told = told.select("listener_id", "track_id", "skipped", at=seconds(told.started_at))
    within = (told.at >= lists.begins) & (told.at < lists.begins + WITHIN.total_seconds())
    same = [lists.listener_id == told.listener_id, lists.track_id == told.track_id, within]
    both = lists.inner_join(told, same)
    skip = both.skipped.fill_null(False)
    came = both.group_by("row").aggregate(
        days=(both.at / DAY).floor().nunique(where=~skip), skips=skip.cast("int64").sum()
    )
    found = library.arrow(came).to_pydict()
    days, skips = np.zeros(rows.num_rows, np.int64), np.zeros(rows.num_rows, np.int64)
    days[found["row"]], skips[found["row"]] = found["days"], found["skips"]
    added = {"heard": days >= 1, "again": days >= AGAIN, "skipped": skips > 0}
    for name, column in added.items():
        rows = rows.append_column(name, pa.array(column))
    return rows.select(OUTCOMES.names).cast(OUTCOMES)


def _begins(week: str) -> datetime:
    return datetime.combine(monday(week), time(), UTC)


def _placed(rows: pa.Table, week: str) -> pa.Table:
    """Places of a week's lists, with the moment from which plays count."""
    count = rows.num_rows
    rows = rows.select(COLUMNS).append_column("week", pa.array([week] * count, pa.string()))
    return rows.append_column("begins", pa.array(np.full(count, _begins(week).timestamp())))
