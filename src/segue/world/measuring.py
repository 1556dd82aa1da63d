"""How good a user model is on sessions it has not seen: log loss, AUC, calibration.

Three responses, from the chances of the four stages: completed (the last), skipped (the first two), and
played longer than X seconds. This needs no model of its own: it is the chance of each stage times how often a
track of that length is played for X seconds when it ends in that stage. So the three never contradict.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from segue.world.known import Floats

RESPONSES = ("completed", "skipped", "longer")
POSITIONS = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (21, 10_000))
BINS = 10
QUANTILES = 33
RESAMPLES = 400
# Share of a track that its stages end at (`segue.library.listening`), where no log tells.
BOUNDS = ((0.0, 0.05), (0.05, 0.25), (0.25, 0.9), (0.9, 1.0))


class Events(NamedTuple):
    """Plays (n,), in any order."""

    position: NDArray[Any]  # from 1
    stage: NDArray[Any]
    before: NDArray[Any]  # stage of the play before; 4 at a session's first
    minutes: Floats  # of the track
    share: Floats  # that was played; NaN if not known
    session: NDArray[Any]  # its number
    track: NDArray[Any]  # its number; 0 where nobody says


def events_of(
    stage: NDArray, there: NDArray, minutes: NDArray, share: Floats, track: NDArray | None = None
) -> Events:
    """The plays of sessions (n, T)."""
    rows = np.asarray(there) > 0
    before = np.concatenate([np.full((len(stage), 1), 4), stage[:, :-1]], 1)
    position = np.broadcast_to(np.arange(1, stage.shape[1] + 1), stage.shape)
    session = np.broadcast_to(np.arange(len(stage))[:, None], stage.shape)
    songs = np.zeros(stage.shape, np.int64) if track is None else track
    told = (np.asarray(values)[rows] for values in (position, stage, before))
    return Events(*told, np.asarray(minutes)[rows], np.asarray(share)[rows], session[rows], songs[rows])


def shares_by_stage(events: Events) -> Floats:
    """Quantiles (4, QUANTILES) of the share played, by stage."""
    result = np.stack([np.linspace(*bounds, QUANTILES) for bounds in BOUNDS])
    for stage in range(4):
        told = events.share[(events.stage == stage) & np.isfinite(events.share)]
        if len(told) >= QUANTILES:
            result[stage] = np.quantile(told, np.linspace(0, 1, QUANTILES))
    return result


def longer_than(chances: Floats, minutes: Floats, shares: Floats, seconds: float) -> Floats:
    """Chance (n,) that tracks of `minutes` (n,) are played for more than `seconds`.

    Args:
        chances: of the stages (n, 4).
        minutes: length of the tracks.
        shares: quantiles of the share played, by stage (`shares_by_stage`).
        seconds: X.
    """
    needed = seconds / (60 * np.maximum(minutes, 1e-3))
    result = np.zeros(len(minutes))
    levels = np.linspace(0, 1, shares.shape[1])
    for stage, quantiles in enumerate(shares):
        result += chances[:, stage] * (1 - np.interp(needed, quantiles, levels, left=0.0, right=1.0))
    return result


def predicted(chances: Floats, events: Events, shares: Floats, seconds: float) -> dict[str, Floats]:
    """Chance of each response (n,)."""
    return {
        "completed": chances[:, 3],
        "skipped": chances[:, 0] + chances[:, 1],
        "longer": longer_than(chances, events.minutes, shares, seconds),
    }


def happened(events: Events, seconds: float) -> dict[str, Floats]:
    """What came (n,): 0 or 1; NaN where it is not known."""
    longer = (events.share * events.minutes * 60 > seconds).astype(float)
    return {
        "completed": (events.stage == 3).astype(float),
        "skipped": (events.stage < 2).astype(float),
        "longer": np.where(np.isfinite(events.share), longer, np.nan),
    }


def log_loss(chance: Floats, came: Floats) -> float:
    """Mean of -log of the chance given to what came, in nats."""
    return float(np.mean(losses(chance, came)))


def losses(chance: Floats, came: Floats) -> Floats:
    """-log of the chance given to what came, of each (n,), in nats."""
    chance = np.clip(chance, 1e-7, 1 - 1e-7)
    return -(came * np.log(chance) + (1 - came) * np.log(1 - chance))


def interval(values: Floats, session: NDArray, *, seed: int = 0) -> tuple[float, float]:
    """95% interval of the mean of values (n,): a bootstrap over sessions, whose plays go together."""
    # Plays of one session are alike: drawn one by one they would make the interval too narrow.
    number = np.unique(session, return_inverse=True)[1]
    total, count = np.bincount(number, values), np.bincount(number)
    draws = np.random.default_rng(seed).integers(len(total), size=(RESAMPLES, len(total)))
    means = total[draws].sum(1) / count[draws].sum(1)
    low, high = np.quantile(means, (0.025, 0.975)).tolist()
    return low, high


def auc(chance: Floats, came: Floats) -> float:
    """Chance that something that came was given more than something that did not; NaN if one is missing."""
    ones = int(came.sum())
    zeros = len(came) - ones
    if not ones or not zeros:
        return float("nan")
    # The rank sum of Mann and Whitney: ranks of ties are averaged, so that a tie counts half.
    return float((rankdata(chance)[came == 1].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def reliability(chance: Floats, came: Floats) -> list[tuple[float, float, int]]:
    """Mean chance, share that came, and number, in BINS bins of equal width (Guo et al. 2017)."""
    place = np.minimum((chance * BINS).astype(int), BINS - 1)
    rows = [(chance[place == b], came[place == b]) for b in range(BINS)]
    return [(float(p.mean()), float(y.mean()), len(p)) for p, y in rows if len(p)]


def calibration_error(chance: Floats, came: Floats) -> float:
    """Expected calibration error: mean distance of the two in `reliability`, by number."""
    rows = reliability(chance, came)
    return sum(abs(p - y) * n for p, y, n in rows) / sum(n for *_, n in rows)


class Measured(NamedTuple):
    """Of one model and one response."""

    log_loss: float
    auc: float
    calibration: float  # expected calibration error
    by_position: dict[str, float]  # the same, by places in the session; those with 200 plays or more
    interval: tuple[float, float]  # 95% of the log loss, over sessions
    earlier: float  # log loss of the first half of the sessions
    later: float  # of the second


def measured(chances: Floats, events: Events, shares: Floats, seconds: float) -> dict[str, Measured]:
    """Every response that the events tell of."""
    found, came = {}, happened(events, seconds)
    for name, chance in predicted(chances, events, shares, seconds).items():
        known = np.isfinite(came[name])
        if not known.any():
            continue
        p, y, position = chance[known], came[name][known], events.position[known]
        by_position = {}
        for low, high in POSITIONS:
            here = (position >= low) & (position <= high)
            if here.sum() >= 200:
                label = str(low) if low == high else f"{low}+" if high > 1000 else f"{low}-{high}"
                by_position[label] = calibration_error(p[here], y[here])
        lost, session = losses(p, y), events.session[known]
        early = session < np.median(events.session)
        halves = (float(lost[rows].mean()) if rows.any() else float("nan") for rows in (early, ~early))
        found[name] = Measured(
            *(float(lost.mean()), auc(p, y), calibration_error(p, y), by_position),
            interval(lost, session),
            *halves,
        )
    return found
