"""Tastes of a few people, whose own sessions are all that is known: songs of one session are of one taste.

Vectors learned from a few people's sessions find groups even where songs were played in any order, so that
one taste falls into several. But tastes of a listener who has several are seldom in one session.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.tastes.profiles import Profiles, find_profiles
from segue.tastes.space import Floats, Ints, Plays, TasteSpace

# Pairs of songs of two groups in one session, in parts of what chance would give, above which they are one
# taste. Chosen on twenty made-up people; two true tastes were seen at .30.
TOGETHER = 0.32
SESSIONS = 3  # in fewer, a song says nothing
SONGS = 3  # of such songs, below which a group is not to be told from chance
PULL = 1.0  # how far a song is moved to its taste, in lengths of its vector


def joined_by_sessions(space: TasteSpace, plays: Plays, sessions: csr_matrix) -> TasteSpace:
    """The space with songs moved to their tastes: groups that are met in the same sessions are one.

    Args:
        space: of vectors learned from the sessions.
        plays: of the few listeners.
        sessions: (n_sessions, n_tracks) above 0 where a track was played.
    """
    found = find_profiles(space, plays)
    if not len(found.ids):
        return space
    there = csr_matrix(sessions > 0, dtype=np.float64)
    often = np.asarray(there.sum(axis=0)).ravel() >= SESSIONS
    taste = np.empty(len(found.ids), np.int32)  # that each group is of
    for listener in found.listeners.tolist():
        groups = found.tastes(listener)
        songs = [found.tracks_of(group) for group in groups]
        merged = _merged(there, [tracks[often[tracks]] for tracks in songs])
        taste[groups.start : groups.stop] = groups.start + merged
    nearest = (space.vectors @ found.centres.T).argmax(1)
    centres = np.zeros_like(found.centres)
    np.add.at(centres, taste, found.centres * found.weights[:, None])
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
    moved = space.vectors + PULL * centres[taste[nearest]]
    moved /= np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
    vectors = np.where(space.known[:, None], moved, 0).astype(np.float32)
    return replace(space, vectors=vectors, resolution=_between(vectors, found, taste))


def _merged(there: csr_matrix, songs: list[Ints]) -> Ints:
    """(k,) the lowest group that each is one taste with: those met together most are merged first."""
    taste = np.arange(len(songs), dtype=np.int32)
    counts = {at: np.asarray(there[:, tracks].sum(axis=1)).ravel() for at, tracks in enumerate(songs)}
    known = {at: len(tracks) for at, tracks in enumerate(songs)}
    while len(counts) > 1:
        pairs = [(one, other) for one in counts for other in counts if one < other]
        ratios = {pair: _together(counts[pair[0]], counts[pair[1]]) for pair in pairs}
        few = [pair for pair in pairs if min(known[at] for at in pair) < SONGS]
        one, other = max(few or pairs, key=ratios.__getitem__)
        if not few and ratios[one, other] <= TOGETHER:
            break
        taste[taste == other] = one
        counts[one] = counts[one] + counts.pop(other)
        known[one] += known.pop(other)
    return taste


def _together(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Pairs across, in parts of those expected if each place of a session were drawn by itself."""
    both = one + other
    share = one.sum() / max(both.sum(), 1.0)
    expected = (both * (both - 1)).sum() * share * (1 - share)
    return float((one * other).sum() / expected) if expected > 0 else 1.0


def _between(vectors: Floats, found: Profiles, taste: Ints) -> float:
    """A resolution between the likeness of groups of one taste and that of groups of two."""
    mean = np.array([vectors[found.tracks_of(group)].mean(0) for group in range(len(taste))])
    likeness = mean @ mean.T
    owner = np.repeat(np.arange(len(found.listeners)), np.diff(found.first))
    pairs = owner[:, None] == owner[None, :]
    same = taste[:, None] == taste[None, :]
    least, most = likeness[pairs & same].min(), likeness[pairs & ~same].max(initial=-1.0)
    return float(np.clip((least + most) / 2, -0.99, 0.99))
