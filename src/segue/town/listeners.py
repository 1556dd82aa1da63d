"""Listeners: one to eight tastes that drift, a habit of skipping, hours of the day, how much they listen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.draws import Draws
from segue.town.catalogue import Artists, Floats, Ints, genres, unit
from segue.town.config import DAYS_A_MONTH, TownConfig
from segue.town.response import Listener

ZONES = (-8, -6, -5, -5, -3, 0, 0, 1, 1, 1, 2, 3, 5.5, 8, 9, 10)
NONE = -30.0  # log weight of an absent taste


@dataclass(frozen=True)
class Listeners:
    """What is true of listeners `number` (n,). Tastes are known at knots a month apart, and move between."""

    number: Ints  # (n,) place among all listeners
    tastes: Floats  # (n, knots, K, d) unit vectors
    log_weights: Floats  # (n, knots, K) log(w / max w); NONE where a listener has fewer tastes
    habit: Floats
    care: Floats
    energy: Floats
    swing: Floats
    peak: Floats
    zone: Floats  # hours ahead of UTC
    rate: Floats  # sessions a day
    owl: Floats  # hours later than others
    shuffler: Floats  # chance that a collection is played shuffled
    contexts: Floats  # (n, len(sessions.CONTEXTS)) chance of each way to begin a session
    podcasts: NDArray[np.bool_]

    def at(self, rows: NDArray[np.integer], day: NDArray[np.floating]) -> Listener:
        """The listeners in `rows` at `day` (days since the start), as the law sees them."""
        knots = self.tastes.shape[1]
        where = np.clip(day / DAYS_A_MONTH, 0, knots - 1 - 1e-6)
        left = where.astype(np.int64)
        part = (where - left).astype(np.float32)[:, None]
        weights = (1 - part) * self.log_weights[rows, left] + part * self.log_weights[rows, left + 1]
        tastes = (1 - part[..., None]) * self.tastes[rows, left] + part[..., None] * self.tastes[
            rows, left + 1
        ]
        return Listener(
            tastes=unit(tastes),
            log_weights=weights - weights.max(-1, keepdims=True),
            habit=self.habit[rows],
            care=self.care[rows],
            energy=self.energy[rows],
            swing=self.swing[rows],
            peak=self.peak[rows],
            index=self.number[rows].astype(np.uint32),
        )


def make_listeners(config: TownConfig, seed: int, artists: Artists, number: Ints) -> Listeners:
    """The listeners whose places are `number`; the same whoever else is asked for."""

    def draws(part: str) -> Draws:
        return Draws(seed, f"listener {part}")

    most = len(config.tastes)
    counts = 1 + (
        np.cumsum(config.tastes)[None] / sum(config.tastes) < draws("tastes").uniform(number)[:, None]
    ).sum(1)
    tastes, homes, log_weights = _drifting(config, seed, artists, number, np.minimum(counts, most))
    weights = np.exp(log_weights[:, 0])
    sound = np.array([g["sound"]["energy"] for g in genres().values()])
    energy = (weights * sound[artists.genre[homes]]).sum(1) / weights.sum(1)
    owl = 1.6 * draws("owl").normal(number)
    return Listeners(
        number=number,
        tastes=tastes,
        log_weights=log_weights,
        habit=_f(config.habit_spread * draws("habit").normal(number)),
        care=_f(np.exp(0.4 * draws("care").normal(number) - 0.08)),
        energy=_f(energy),
        swing=_f(0.05 + 0.13 * draws("swing").uniform(number)),
        peak=_f((15 + owl + 2 * draws("peak").normal(number)) % 24),
        zone=_f(np.array(ZONES)[(draws("zone").uniform(number) * len(ZONES)).astype(int)]),
        rate=_f(
            np.minimum(
                config.sessions_a_day * np.exp(config.sessions_spread * draws("rate").normal(number)),
                2.4 * max(1.0, config.sessions_a_day),
            )
        ),
        owl=_f(owl),
        shuffler=_f(draws("shuffler").uniform(number)),
        contexts=_f(_ways(draws("contexts"), number)),
        podcasts=draws("podcasts").uniform(number) < config.podcast_listeners,
    )


def knots(config: TownConfig) -> int:
    """Moments, a month apart from the start, at which tastes are given."""
    return int(np.ceil(config.months)) + 1


def _drifting(
    config: TownConfig, seed: int, artists: Artists, number: Ints, counts: Ints
) -> tuple[Floats, Ints, Floats]:
    """Tastes (n, knots, K, d), the artists they began at (n, K), log weights (n, knots, K)."""
    most, times = len(config.tastes), knots(config)
    pull = artists.popularity.astype(np.float64) ** config.taste_pull
    ladder = np.cumsum(pull) / pull.sum()
    places, d = np.arange(most), config.dimensions
    begin, step = Draws(seed, "taste begins"), Draws(seed, "taste steps")
    turn, size = Draws(seed, "taste turns"), Draws(seed, "taste sizes")
    who = number[:, None]

    def new(time: int) -> tuple[Ints, Floats]:
        home = np.searchsorted(ladder, begin.uniform(who, time, places[None])).clip(max=len(ladder) - 1)
        noise = unit(
            begin.normal(number[:, None, None], time + 1000, places[None, :, None], np.arange(d)[None, None])
        )
        return home.astype(np.int32), unit(artists.vector[home] + 0.3 * noise)

    homes, vector = new(0)
    present = places[None] < counts[:, None]
    weight = np.log(0.15 + size.uniform(who, 0, places[None]) ** 1.5)
    tastes, log_weights = [], []
    for time in range(times):
        if time:
            noise = unit(
                step.normal(number[:, None, None], time, places[None, :, None], np.arange(d)[None, None])
            )
            vector = unit(vector + config.drift * noise)
            weight = 0.9 * weight + 0.1 * np.log(0.5) + config.drift * size.normal(who, time, places[None])
            turned = turn.uniform(who, time, places[None]) < config.turnover
            vector = np.where(turned[..., None], new(time)[1], vector)
        masked = np.where(present, weight, NONE)
        tastes.append(vector)
        log_weights.append(np.maximum(masked - masked.max(1, keepdims=True), NONE))
    return _f(np.stack(tastes, 1)), homes, _f(np.stack(log_weights, 1))


def _ways(draws: Draws, number: Ints) -> NDArray[np.float64]:
    """How listeners like to begin a session: the town's shares (sessions.CONTEXTS), each with leanings."""
    from segue.town.sessions import SHARES

    leaning = np.exp(0.7 * draws.normal(number[:, None], np.arange(len(SHARES))[None]))
    ways = np.array(SHARES)[None] * leaning
    return ways / ways.sum(1, keepdims=True)


def _f(values: NDArray) -> Floats:
    return values.astype(np.float32)
