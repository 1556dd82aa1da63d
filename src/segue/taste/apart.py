"""Whether tastes that a few people's sessions taught are apart in those sessions, or only by chance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.taste.profiles import Profiles

TOGETHER = (
    0.25  # of what chance would give: pairs of two tastes in one session, above which they are one taste
)
SESSIONS = 3  # in fewer, a track says nothing
TRACKS = 5  # of such tracks, below which a taste is not to be told from chance
COARSER = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0)  # by how much, in parts of the space's own resolution
ONE = -0.999  # a resolution at which everything is one taste


def told_apart(sessions: csr_matrix, resolution: float, find: Callable[[float], Profiles]) -> float:
    """The finest resolution at which sessions tell any two tastes of a listener apart.

    Vectors learned from sessions find groups even where songs were played in any order; tastes of a listener
    who has several are seldom in one session. Measured on made-up people: pairs of two true tastes are met in
    one session at most .07 times as often as by chance, of two made of one taste at least .38 times.

    Args:
        sessions: (n_sessions, n_tracks) above 0 where a track was played.
        resolution: that of the space, the finest.
        find: the tastes at a resolution.
    """
    for part in COARSER:
        at = max(resolution - part * abs(resolution), ONE)
        if together(sessions, find(at)) <= TOGETHER:
            return at
    return ONE


def together(sessions: csr_matrix, profiles: Profiles) -> float:
    """How often songs of two tastes are in one session, in parts of what chance would give; the worst pair.

    0 where no listener has two tastes; 1 where a taste has too few songs that were met in several sessions.
    """
    there = csr_matrix(sessions > 0, dtype=np.float64)
    often = np.asarray(there.sum(axis=0)).ravel() >= SESSIONS
    worst = 0.0
    for listener in profiles.listeners.tolist():
        tastes = profiles.tastes(listener)
        songs = [profiles.tracks_of(taste) for taste in tastes]
        songs = [tracks[often[tracks]] for tracks in songs]
        if len(tastes) > 1 and min(map(len, songs)) < TRACKS:
            return 1.0
        counts = [np.asarray(there[:, tracks].sum(axis=1)).ravel() for tracks in songs]
        for at, one in enumerate(counts):
            worst = max([worst, *(_ratio(one, other) for other in counts[:at])])
    return worst


def _ratio(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Pairs across, in parts of those expected if each place of a session were drawn by itself."""
    both = one + other
    share = one.sum() / max(both.sum(), 1.0)
    expected = (both * (both - 1)).sum() * share * (1 - share)
    return float((one * other).sum() / expected) if expected > 0 else 1.0
