"""What became of a listener's plays: of each song, of each artist, and of all of late.

Where a person hears songs out by habit, and then for a year leaves most of them, shares of all their past
tell little: so habits are means that fade, quickly and slowly, and a song is also compared with the habit of
its time.
"""

from __future__ import annotations

from collections import defaultdict
from math import exp, log, log1p

import numpy as np
from numpy.typing import NDArray

NEVER = 1000.0  # days
# Plays until 63% of what was before is forgotten.
HABITS = {"habit_now": 8, "habit_days": 40, "habit_weeks": 200, "habit_months": 1000}
USUAL = ("habit_weeks", "habit_months")  # what a song is compared with, and drawn to where little is told
PRIOR = 3.0  # plays that stand for what is usual
HOURS = 6.0  # until what came of the last play before a session counts for 37%


class Tally:
    """Plays of one song or artist; late ones count more."""

    __slots__ = ("day", "last", "over", "told", "whole")

    def __init__(self) -> None:
        self.told, self.whole, self.over, self.last, self.day = 0.0, 0.0, 0.0, 0.0, -NEVER

    def add(self, whole: float, usual: float, stays: float) -> None:
        """One more play, and the chance that was usual then."""
        self.told = stays * self.told + 1
        self.whole = stays * self.whole + whole
        self.over = stays * self.over + whole - usual
        self.last = 2 * whole - 1

    def out(self, usual: float) -> float:
        """Log odds of being heard out, drawn to what is usual, which is taken off."""
        return odds(self.whole + PRIOR * usual, self.told + PRIOR) - odds(usual, 1.0)

    def above(self) -> float:
        """How much more often it was heard out than was usual at the time, drawn to 0."""
        return 3 * self.over / (self.told + PRIOR)


NOTHING = Tally()


class Outcomes:
    """Of one listener, play by play."""

    def __init__(self) -> None:
        self._songs: dict[int, Tally] = defaultdict(Tally)
        self._artists: dict[int, Tally] = defaultdict(Tally)
        self._habits = dict.fromkeys(HABITS, 0.5)
        self._told, self._before, self._until = 0.0, 0.0, -NEVER

    def hears(self, song: int, artist: int, stage: int, day: float, until: float) -> None:
        """One more play; a stage below 0 is not told."""
        self._songs[song].day = self._artists[artist].day = day
        self._until = until
        if stage < 0:
            return
        whole, usual = float(stage == 3), self._habits[USUAL[0]]
        self._songs[song].add(whole, usual, 0.97)
        self._artists[artist].add(whole, usual, 0.99)
        self._told += 1
        for name, plays in HABITS.items():
            # At first a mean of all there is, with ten plays at one half, then a fading one.
            self._habits[name] += (whole - self._habits[name]) / min(plays, self._told + 10)
        self._before = 0.5 * self._before + 0.5 * (2 * whole - 1)

    def columns(
        self, songs: NDArray[np.integer], artists: NDArray[np.integer], day: float
    ) -> dict[str, NDArray[np.floating]]:
        """Features of songs (m,) by `artists` (m,), each (m,)."""
        usual, size = self._habits[USUAL[1]], len(songs)
        by_song = [self._songs.get(song, NOTHING) for song in songs.tolist()]
        by_artist = [self._artists.get(artist, NOTHING) for artist in artists.tolist()]
        hours = 24 * max(day - self._until, 0.0)
        same = {name: odds(rate, 1.0) / 2 for name, rate in self._habits.items()}
        same |= {"before": self._before * exp(-hours / HOURS), "pause": _away(hours / 24)}
        return {
            "out": np.array([each.out(usual) for each in by_song]),
            "out_over": np.array([each.above() for each in by_song]),
            "out_last": np.array([each.last for each in by_song]),
            "out_told": np.array([log1p(each.told) / 2 for each in by_song]),
            "away": np.array([_away(day - each.day) for each in by_song]),
            "artist_out": np.array([each.out(usual) for each in by_artist]),
            "artist_over": np.array([each.above() for each in by_artist]),
            "artist_told": np.array([log1p(each.told) / 3 for each in by_artist]),
            "artist_away": np.array([_away(day - each.day) for each in by_artist]),
            **{name: np.full(size, value) for name, value in same.items()},
        }


def odds(part: float, whole: float) -> float:
    """Log odds of part / whole, within what a hundred plays can tell."""
    share = min(max(part / whole, 0.01), 0.99)
    return log(share / (1 - share))


def _away(days: float) -> float:
    """0 just now, 1 long ago or never: on a scale of logarithms from minutes to NEVER days."""
    return min(log1p(max(days, 0.0) * 100) / log1p(NEVER * 100), 1.0)
