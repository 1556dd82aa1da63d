"""What became of weekly lists, as they were served; and what lists without chance would have earned.

The reward is the share of a list's tracks that were played again within four weeks (`playlists.outcomes`).
Where the chance of each track was measured (`[weekly] draws`), a track that comes without chance in the
choice speaks for lists without it, by how seldom it came with it. A listener's lists are one cluster: their
taste is one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.evaluation.intervals import Interval, mean_interval
from segue.evaluation.off_policy import Events, Modelled, doubly_robust, folds, snips
from segue.evaluation.served import Compared, Estimate, compared

PLAIN = "no chance in the choice"


class Became(NamedTuple):
    """What became of lists."""

    which: str  # "all", a version, a familiar share
    lists: int
    heard: Interval  # share of tracks that were played within four weeks
    again: Interval  # on two days or more
    skipped: float


def became(rows: pa.Table) -> list[Became]:
    """Of all lists in `outcomes`, of each familiar share and of each version, the most lists first."""
    if not rows.num_rows:
        return []
    found = [_became("all", rows)]
    for name, label in (("familiar", "familiar share {:.0%}"), ("model", "{}")):
        column = rows[name].drop_null()
        values = column.unique().to_pylist()
        if len(values) > 1:
            parts = [_became(label.format(each), rows.filter(pc.equal(rows[name], each))) for each in values]
            found += sorted(parts, key=lambda each: (-each.lists, each.which))
    return found


def without_chance(rows: pa.Table) -> Estimate | None:
    """What lists without chance in the choice would have earned; None where no chance was measured."""
    rows = rows.filter(pc.and_(rows["chance"].is_valid(), rows["sure"].is_valid()))
    if not rows.num_rows:
        return None
    reward, who = _numbers(rows["again"]), np.unique(_names(rows["listener_id"]), return_inverse=True)[1]
    events = Events(reward, _numbers(rows["chance"]), _numbers(rows["sure"]), who)
    if not events.weight.sum() > 0:
        return None
    fold = folds(who)  # nothing is judged by what it was learned from
    rest = [reward[fold != each].mean() if (fold != each).any() else reward.mean() for each in range(2)]
    expected = np.array(rest)[np.minimum(fold, 1)]
    size = float(events.weight.sum() ** 2 / (events.weight**2).sum())
    return Estimate(PLAIN, snips(events), doubly_robust(events, Modelled(expected, expected)), size)


def trials(rows: pa.Table) -> list[Compared]:
    """What each trial of weekly lists says by now. A listener counts once, with the mean of their lists."""
    rows = rows.filter(pc.fill_null(pc.not_equal(rows["arm"], ""), False))
    return compared(rows["arm"].to_pylist(), rows["listener_id"].to_pylist(), _numbers(rows["again"]))


def _became(which: str, rows: pa.Table) -> Became:
    who = _names(rows["listener_id"])
    lists = rows.group_by(["week", "listener_id"]).aggregate([]).num_rows
    shares = (mean_interval(_numbers(rows[name]), who) for name in ("heard", "again"))
    return Became(which, lists, *shares, float(_numbers(rows["skipped"]).mean()))


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    return column.cast(pa.float64()).to_numpy()


def _names(column: pa.ChunkedArray) -> NDArray[np.object_]:
    return np.array(column.to_pylist(), object)
