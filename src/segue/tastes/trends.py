"""Whether a taste's share of the listening rises or fades: a line through the months, and how sure it is.

Whoever plays an album hears ten songs of one taste, so plays are far from independent. Days are less so: each
weighs the same, however much was played on it. What is left of it differs from listener to listener, and the
scatter of a listener's own months about the line tells it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.tastes.space import Floats

FEWEST_DAYS = 15  # in the later half of the time, and in the earlier, before anything is said
FEWEST_MONTHS = 5  # with plays: two are taken by the line, and three tell how they scatter
ROUNDING = 1e-6  # a slope that is no more, a month, is none
CHANCE = 0.05  # with which a taste that is steady is told to be none, rising or fading


class Trends(NamedTuple):
    """How the shares of tastes change.

    Attributes:
        change: (k,) log2 of the share at the end over that at the beginning, by the line; NaN where nothing
            can be said.
        sure: (k,) whether it is more than chance.
    """

    change: Floats
    sure: NDArray[np.bool_]


def trends(days: NDArray[np.floating]) -> Trends:
    """The trends of a listener's tastes.

    A line through the shares of the months by weighted least squares, a month weighing as much as it has
    days; its slope against its standard error by Student's t.

    Args:
        days: (k, n_months) of each taste, the newest month first; a day may be part of one, part of another.
    """
    from scipy.special import stdtrit  # takes long to load, and only where tastes are found anew is it needed

    k, of_months = len(days), days.sum(axis=0)
    there = np.flatnonzero(of_months > 0)
    nothing = Trends(np.full(k, np.nan, np.float32), np.zeros(k, bool))
    if len(there) < FEWEST_MONTHS:
        return nothing
    half = (there[0] + there[-1]) / 2
    n = of_months[there]
    if min(n[there <= half].sum(), n[there >= half].sum()) < FEWEST_DAYS:
        return nothing
    # Months are numbered from the newest, so that time runs with their negative.
    shares, weight, when = days[:, there] / n, n / n.sum(), -there.astype(np.float64)
    usual, middle = shares @ weight, float(when @ weight)
    spread = float(weight @ (when - middle) ** 2)
    slope = shares @ (weight * (when - middle)) / spread
    line = usual[:, None] + slope[:, None] * (when - middle)
    scatter = ((shares - line) ** 2 * n).sum(axis=1) / (len(there) - 2)
    error = np.sqrt(scatter / (n.sum() * spread))
    sure = np.abs(slope) > stdtrit(len(there) - 2, 1 - CHANCE / 2) * np.maximum(error, ROUNDING)
    # A line may end at or below 0, which has no logarithm: no share is less than one day of all would make.
    ends = np.clip(line[:, [0, -1]], 1 / (n.sum() + k), 1)
    return Trends(np.log2(ends[:, 0] / ends[:, 1]).astype(np.float32), sure)
