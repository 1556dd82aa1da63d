"""Agents beside each other in several worlds: what they earn, how it sounds, how far a world can be trusted.

Every agent plays the same sessions of a world: same listeners, pools and chance. So agents are compared in
pairs, and an interval is about the difference. Three kinds of world are told apart:

    training      the learned world an agent was trained in: it flatters the agent
    independent   learned from other listeners, or of the other form: what an agent is judged by
    truth         a simulated town's own law, where there is one: what the judging itself is judged by
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.evaluation.intervals import Interval, mean_interval, ratio_interval

Floats = NDArray[np.floating]
Kind = Literal["training", "independent", "truth"]
CLOSE = 0.05  # agents nearer than this in truth are a close pair


class Played(NamedTuple):
    """Sessions that an agent played; arrays (n, T), rows in the same order for every agent of a world."""

    track: NDArray[np.integer]  # places in the catalogue
    there: NDArray[np.bool_]  # the listener was still there: the track was played
    completed: NDArray[np.bool_]
    skipped: NDArray[np.bool_]
    reward: Floats


class Tracks(NamedTuple):
    """What the measures need of the catalogue."""

    vector: Floats  # (n_tracks, d) unit vectors
    artist: NDArray[np.integer]  # (n_tracks,)


# What is measured of a session, and what it says.
MEASURES = {
    "return": "tracks heard to the end, in a session",
    "completed": "share of tracks heard to the end",
    "skipped": "share of tracks skipped",
    "length": "tracks until the listener leaves or the list is full",
    "coherence": "cosine of one track to the next",
    "artists": "different artists among the tracks",
    "new": "share of tracks that the listener had not heard before",
}


def measured(played: Played, tracks: Tracks, known: NDArray[np.bool_] | None = None) -> dict[str, Floats]:
    """Measures by session, each (n,); NaN where a session says nothing of one. `known` (n, T) for "new"."""
    there = played.there
    length = there.sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = 1.0 / np.where(length, length, np.nan)
    vector = tracks.vector[played.track]
    both = there[:, 1:] & there[:, :-1]
    cosine = np.einsum("ntd,ntd->nt", vector[:, 1:], vector[:, :-1])
    pairs = np.where(both.sum(1), both.sum(1), np.nan)
    artist = np.where(there, tracks.artist[played.track], -1)
    ordered = np.sort(artist, axis=1)
    fresh = (np.diff(ordered, axis=1, prepend=-2) != 0) & (ordered >= 0)
    found = {
        "return": (played.reward * there).sum(1),
        "completed": (played.completed & there).sum(1) * share,
        "skipped": (played.skipped & there).sum(1) * share,
        "length": length.astype(float),
        "coherence": (cosine * both).sum(1) / pairs,
        "artists": fresh.sum(1) * share,
    }
    if known is not None:
        found["new"] = (~known & there).sum(1) * share
    return found


class Order(NamedTuple):
    """A pair of agents, in the world that judges and in truth; gains of the first over the second."""

    first: str
    second: str
    world: Interval
    truth: Interval

    @property
    def right(self) -> bool:
        """Whether the world has the order of the truth."""
        return (self.world.mean > 0) == (self.truth.mean > 0)


@dataclass(frozen=True)
class Comparison:
    """What agents did in worlds."""

    kinds: Mapping[str, Kind]  # world -> what it is
    sessions: Mapping[str, Mapping[str, Mapping[str, Floats]]]  # world -> agent -> measure -> (n,)

    @property
    def worlds(self) -> list[str]:
        """Names of the worlds."""
        return list(self.sessions)

    def agents(self, world: str) -> list[str]:
        """Agents of a world, the best first."""
        return sorted(self.sessions[world], key=lambda agent: -self.mean(world, agent))

    def mean(self, world: str, agent: str, measure: str = "return") -> float:
        """Mean over sessions."""
        return float(np.nanmean(self.sessions[world][agent][measure]))

    def interval(self, world: str, agent: str, measure: str = "return") -> Interval:
        """Mean over sessions with its 95% interval."""
        return mean_interval(self.sessions[world][agent][measure])

    def gain(self, world: str, agent: str, other: str) -> Interval:
        """What an agent earns more than another, as a share of that; 95% interval over paired sessions.

        One that played fewer sessions played the first of them. NaN where the other earned nothing: there
        is no share of that (listening of which nothing is known to be heard to its end).
        """
        ours, theirs = (self.sessions[world][name]["return"] for name in (agent, other))
        both = min(len(ours), len(theirs))
        ours, theirs = ours[:both], theirs[:both]
        if not theirs.sum() > 0:
            return Interval(np.nan, np.nan, np.nan)
        return ratio_interval(ours - theirs, theirs, np.arange(len(ours)))

    def best(self, world: str, among: list[str]) -> str:
        """The best of some agents in a world."""
        return max(among, key=lambda agent: self.mean(world, agent))

    def inflation(self, world: str, agent: str, truth: str) -> float:
        """What an agent earns in a learned world, over what it earns in truth."""
        return self.mean(world, agent) / self.mean(truth, agent)

    def rank_correlation(self, world: str, truth: str) -> float:
        """Spearman's rank correlation of the agents' returns in a world with those in truth."""
        names = [agent for agent in self.sessions[world] if agent in self.sessions[truth]]
        if len(names) < 3:
            return float("nan")
        here, true = (
            np.argsort(np.argsort([self.mean(where, agent) for agent in names])) for where in (world, truth)
        )
        return float(np.corrcoef(here, true)[0, 1])

    def close_pairs(self, world: str, truth: str) -> list[Order]:
        """Pairs of agents less than 5% apart in truth, where the truth is sure which is better."""
        names = [agent for agent in self.agents(truth) if agent in self.sessions[world]]
        found = []
        for first, second in combinations(names, 2):
            true = self.gain(truth, first, second)
            if abs(true.mean) < CLOSE and true.decided:
                found.append(Order(first, second, self.gain(world, first, second), true))
        return found


def verdict(comparison: Comparison, agent: str, greedy: list[str]) -> tuple[bool, str]:
    """Whether the agent is to be used, and why: only where an independent world is sure of its gain.

    The gain is over the best greedy agent there, in every independent world.
    """
    judges = [name for name, kind in comparison.kinds.items() if kind == "independent"]
    if not judges:
        return False, "There is no independent world to judge the trained agent by, so it is not used."
    told = []
    sure = True
    for world in judges:
        rival = comparison.best(world, greedy)
        gain = comparison.gain(world, agent, rival)
        sure &= gain.low > 0
        if np.isnan(gain.mean):
            told.append(f"for in {world} greed hears nothing to its end")
            continue
        told.append(f"{gain.mean:+.1%} ({gain.low:+.1%} to {gain.high:+.1%}) against {rival} in {world}")
    what = f"The trained agent is {'used' if sure else 'not used'}"
    why = "its gain is sure" if sure else "its gain is not sure"
    return sure, f"{what}: {why}, {'; '.join(told)}."
