"""Podcasts: shows with episodes week by week, and listeners who follow some of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.draws import Draws, generator
from segue.town.catalogue import Floats, Ints
from segue.town.config import TownConfig
from segue.town.names import Speller, words


@dataclass(frozen=True)
class Podcasts:
    """Shows and episodes, sorted by show, then by day."""

    shows: list[str]
    show: Ints  # (n_episodes,)
    day: Ints  # (n_episodes,) published, days since the town's start
    minutes: Floats  # (n_episodes,)
    titles: list[str]
    first: Ints  # (n_shows + 1,)
    seed: int

    def next(self, number: Ints, now: NDArray[np.float64], turn: int) -> tuple[Ints, Floats]:
        """An episode for each listener: of one of three followed shows, mostly a new one."""
        draws = Draws(self.seed, "podcast follows")
        slot = (3 * draws.uniform(number, 0, turn) ** 1.5).astype(np.int64)
        show = (len(self.shows) * draws.uniform(number, 1, slot) ** 1.6).astype(np.int64)
        # Show and day as one number, in which episodes are sorted: one search serves for all listeners.
        newest = np.searchsorted(self.show * 1e5 + self.day, show * 1e5 + now, side="right") - 1
        back = np.floor(4 * draws.uniform(number, 2, turn) ** 2).astype(np.int64)
        episode = np.clip(newest - back, self.first[show], self.first[show + 1] - 1)
        return episode, self.minutes[episode]


def make_podcasts(config: TownConfig, seed: int) -> Podcasts:
    """Shows in proportion to the catalogue, an episode a week from half a year before the town's start."""
    rng, speller = generator(seed, "podcasts"), Speller(seed, "podcasts")
    lists, english = words()["podcasts"], words()["en"]
    count = max(3, round(config.tracks / 700))
    shows: list[str] = []
    while len(shows) < count:
        name = speller.fill(lists["show"], lists, english)
        if name in shows:
            name = f"{name} {speller.pick(['Weekly', 'Daily', 'Radio', 'Club', 'Again'])}"
        if name not in shows:
            shows.append(name)
    show, day, titles, minutes = [], [], [], []
    for number in range(count):
        days = np.arange(-180 + int(rng.integers(0, 7)), config.days, 7)
        length, begun = np.exp(rng.normal(3.6, 0.4)), int(rng.integers(1, 300))
        for place, when in enumerate(days):
            title = speller.fill(lists["episode"], {"number": [str(begun + place)]}, lists, english)
            titles.append(title)
            show.append(number)
            day.append(int(when))
            minutes.append(float(np.clip(length * np.exp(rng.normal(0, 0.2)), 8, 150)))
    first = np.searchsorted(show, np.arange(count + 1)).astype(np.int32)
    return Podcasts(
        shows,
        np.array(show, np.int32),
        np.array(day, np.int32),
        np.array(minutes, np.float32),
        titles,
        first,
        seed,
    )
