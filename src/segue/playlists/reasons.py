"""One readable line for each track of a list: the plays that led to it, and the taste it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from segue.factors.model import Because

NAMED = 2  # plays in a reason
LEAST = 0.02  # share of a score below which a play is no reason


def telling(why: Sequence[tuple[Because, ...]], own: Sequence[set[str]]) -> list[list[str]]:
    """For each track of a list the two plays that led to it more than to the rest of the list.

    All are true contributions to its score; a favourite that speaks for every track would say little of any.
    Plays of the taste the track belongs to go before others.

    Args:
        why: (n,) the largest contributions to each track's score (`FactorModel.why`).
        own: (n,) tracks of the listener that are of the same taste.
    """
    usual: dict[str, float] = {}
    for reasons in why:
        for each in reasons:
            usual[each.track] = usual.get(each.track, 0.0) + each.share
    told = []
    for reasons, same in zip(why, own, strict=True):
        good = [each for each in reasons if each.share >= LEAST] or list(reasons[:1])
        good.sort(key=lambda each: (each.track not in same, -(each.share**2) / usual[each.track]))
        first = good[:1]
        # A second of another taste would contradict the first.
        more = [each for each in good[1:] if (each.track in same) == (good[0].track in same)]
        told.append([each.track for each in (*first, *more[: NAMED - 1])])
    return told


def because(names: Sequence[str], side: str, unit: str) -> str:
    """ "Because you played A and B: your Joy Division and Bauhaus side."

    Args:
        names: the plays, as a person reads them; none where the model has no single play to name.
        side: the name of the taste, or nothing.
        unit: "listeners", or "playlists" where playlists are taken for listeners.
    """
    mine = unit == "listeners"
    if not names:
        return "Popular with listeners who share this taste."
    line = f"Because {'you played' if mine else 'this playlist has'} {' and '.join(names)}"
    return f"{line}: {'your' if mine else 'its'} {side} side." if side else f"{line}."


def favourite(plays: float, days_ago: float, moment: datetime) -> str:
    """Why a familiar track is there: "You played it 12 times, last in March 2026"."""
    times = f"{plays:,.0f} times" if round(plays) > 1 else "once"
    if np.isnan(days_ago):
        return f"A favourite: you played it {times}."
    last = moment - timedelta(days=float(days_ago))
    return f"A favourite: you played it {times}, last in {_MONTHS[last.month - 1]} {last.year}."


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
