"""Published facts of streaming sessions, and the same figures of a town.

Published: the Music Streaming Sessions Dataset (Brost, Mehrotra, Jehan, WWW 2019), as counted on samples of
its public part. Its sessions have 10 tracks or more and are cut at 20; a town's are cut in the same way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.town.living import Plays

SHORTEST, LONGEST = 10, 20
# Percent of tracks; the first three are nested: at most very brief, at most brief, not whole.
SHARES = {"skip_1": 41.52, "skip_2": 50.89, "skip_3": 63.86, "whole": 34.41}
SKIP_2_BY_POSITION = (
    37.4, 46.7, 49.4, 51.6, 52.4, 53.2, 53.1, 53.0, 52.1, 50.3,
    50.7, 51.3, 51.7, 52.2, 52.5, 53.0, 53.3, 53.5, 53.6, 53.6,
)  # fmt: skip
LENGTHS = (8.82, 7.69, 6.73, 5.88, 5.17, 4.53, 4.00, 3.52, 3.14, 2.78, 47.74)
# How often the first track of a session's second half ends (skip_2) as the one before it.
REPEAT_LAST = 74.2


class Figures(NamedTuple):
    """A town's sessions, counted as MSSD's are. All in percent."""

    shares: dict[str, float]
    by_position: NDArray[np.float64]  # (LONGEST,)
    lengths: NDArray[np.float64]  # (LONGEST - SHORTEST + 1,)
    repeat_last: float
    sessions: int


def measure(plays: Plays) -> Figures:
    """The figures of a town's music sessions (episodes are left out)."""
    music = np.isfinite(plays.utility)
    order = np.lexsort((plays.position[music], plays.session[music], plays.row[music]))
    row, session = plays.row[music][order], plays.session[music][order]
    stage, place = plays.stage[music][order], plays.position[music][order]
    begins = np.flatnonzero(place == 1)
    length = np.diff(np.append(begins, len(place)))
    assert np.array_equal(
        np.diff(row * 10_000_000 + session)[begins[1:] - 1] != 0, np.ones(len(begins) - 1, bool)
    )
    table = np.full((len(begins), LONGEST), -1)
    inside = place <= LONGEST
    number = np.repeat(np.arange(len(begins)), length)
    table[number[inside], place[inside] - 1] = stage[inside]
    table = table[length >= SHORTEST]
    cut = np.minimum(length[length >= SHORTEST], LONGEST)
    there, brief = table >= 0, (table >= 0) & (table <= 1)
    half = cut // 2  # places before the second half begins (position * 2 > length)
    rows = np.arange(len(table))
    same = brief[rows, half] == brief[rows, half - 1]
    total = there.sum()
    return Figures(
        shares={
            "skip_1": 100 * (table == 0).sum() / total,
            "skip_2": 100 * brief.sum() / total,
            "skip_3": 100 * ((table >= 0) & (table <= 2)).sum() / total,
            "whole": 100 * (table == 3).sum() / total,
        },
        by_position=100 * brief.sum(0) / there.sum(0),
        lengths=100 * np.bincount(cut - SHORTEST, minlength=LONGEST - SHORTEST + 1) / len(cut),
        repeat_last=100 * float(same.mean()),
        sessions=len(cut),
    )
