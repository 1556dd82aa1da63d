"""Tastes of a few people, whose own sessions are all that is known: songs of one session are of one taste.

Vectors learned from a few people's sessions find groups even where songs were played in any order, so that
one taste falls into several, and songs of two tastes come into one. But tastes of a listener who has several
are seldom in one session, and an artist is seldom of two.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from scipy.sparse import csr_matrix, diags

from segue.tastes.profiles import find_profiles
from segue.tastes.space import Floats, Ints, Plays, TasteSpace

# Pairs of songs of two groups in one session, in parts of what chance would give, above which they are one
# taste. Of twenty made-up people who are alone groups of one taste had .76 or more, of two .19 or less.
TOGETHER = 0.4
SONGS = 3  # below which a group is not to be told from chance
TURNS = 20  # at most, in which sessions find their group and groups their artists
PARTS, PART = 3, 4  # into which a group is cut at most, and songs of each at least
PRIOR = 20.0  # places of a group's sessions that are taken to be of artists as all sessions have them
PULL = 1.0  # how far a song is moved in the direction of its taste, in lengths of its vector


def joined_by_sessions(
    space: TasteSpace, plays: Plays, sessions: csr_matrix, artists: NDArray[np.integer]
) -> TasteSpace:
    """The space with songs moved to their tastes: groups that are met in the same sessions are one.

    Groups that vectors give may mix two tastes, so they are cut into parts first; sessions make the parts
    pure, and parts are joined to tastes.

    Args:
        space: of vectors learned from the sessions.
        plays: of the few listeners.
        sessions: (n_sessions, n_tracks) above 0 where a track was played.
        artists: (n_tracks,) the main artist of each, -1 for none: an artist's songs are of one taste.
    """
    found = find_profiles(space, plays)
    if not len(found.ids):
        return space
    there = csr_matrix(sessions > 0, dtype=np.float64)
    _, artist = np.unique(np.where(artists >= 0, artists, -1 - np.arange(len(artists))), return_inverse=True)
    by_artist = csr_matrix((np.ones(len(artist)), (np.arange(len(artist)), artist)))
    groups: list[Ints] = []  # songs
    tastes: list[int] = []  # that each group is of
    owners: list[int] = []  # whose it is
    taste_of = np.full(len(space.vectors), -1, np.int32)
    for owner, listener in enumerate(found.listeners.tolist()):
        if not found.tastes(listener):
            continue
        # Of each person by their own songs: to who plays none of another's tastes these are all alike.
        own = np.zeros(len(space.vectors), bool)
        own[plays.matrix[owner].indices] = True
        heard = csr_matrix(there @ diags(own.astype(np.float64)))
        together = csr_matrix(heard @ by_artist)  # (n_sessions, n_artists) songs
        parts = _parts(space.vectors, [found.tracks_of(group) for group in found.tastes(listener)])
        settled = _settled(together, [np.unique(artist[its]).astype(np.int32) for its in parts])[artist]
        songs = [_places((settled == at) & space.known & own) for at in range(len(parts))]
        merged = len(groups) + _merged(heard, songs)
        groups += songs
        tastes += merged.tolist()
        owners += [owner] * len(parts)
        taste_of = np.where(own & (settled >= 0) & (taste_of < 0), merged[settled], taste_of)
    taste = np.array(tastes, np.int32)
    centres = np.zeros((len(groups), space.vectors.shape[1]), np.float32)
    for at, songs in enumerate(groups):
        centres[taste[at]] += space.vectors[songs].sum(axis=0)
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
    taste_of = np.where(taste_of >= 0, taste_of, taste[(space.vectors @ centres[taste].T).argmax(1)])
    # A direction of its own for each taste: the middles of two that vectors mixed may lie close together.
    names, number = np.unique(taste[taste_of], return_inverse=True)
    apart = np.zeros((len(space.vectors), len(names)), np.float32)
    apart[np.arange(len(apart)), number] = PULL
    moved = np.concatenate([space.vectors, apart], axis=1) / np.sqrt(1 + PULL**2)
    vectors = np.where(space.known[:, None], moved, 0).astype(np.float32)
    return replace(space, vectors=vectors, resolution=_between(vectors, groups, taste, np.array(owners)))


def _places(mask: NDArray[np.bool_]) -> Ints:
    return np.flatnonzero(mask).astype(np.int32)


def _parts(vectors: Floats, groups: list[Ints]) -> list[Ints]:
    """Each group cut into `PARTS`, or fewer where it is small, by its vectors (k-means)."""
    parts = []
    for songs in groups:
        # Episodes of a show may have one and the same vector, and can't be cut.
        k = min(PARTS, len(songs) // PART, len(np.unique(vectors[songs].round(4), axis=0)))
        if k < 2:
            parts.append(songs)
            continue
        with warnings.catch_warnings():  # that a part is empty
            warnings.simplefilter("ignore", UserWarning)
            _, label = kmeans2(vectors[songs], k, minit="++", seed=0)
        parts += [songs[label == at] for at in range(k) if (label == at).any()]
    return parts


def _settled(there: csr_matrix, groups: list[Ints]) -> Ints:
    """(n_artists,) the group of each artist, -1 where no session tells: groups made pure by the sessions.

    A mixture of multinomials, one for each group, with every session of one group; its likelihood is raised
    by turns, from the groups that vectors gave.

    Args:
        there: (n_sessions, n_artists) songs of each artist that were played.
        groups: the artists of each.
    """
    k = len(groups)
    counts = np.zeros((k, there.shape[1]))
    for at, artists in enumerate(groups):
        counts[at, artists] = np.asarray(there[:, artists].sum(axis=0)).ravel()
    # No artist is impossible in any group, or one session's logarithm would be minus infinity.
    usual = np.asarray(there.sum(axis=0)).ravel() + 1e-9
    usual = usual / usual.sum()
    owner = np.full(there.shape[0], -1)
    for _ in range(TURNS):
        given = (counts + PRIOR * usual) / (counts.sum(axis=1, keepdims=True) + PRIOR)
        before, owner = owner, np.asarray(there @ np.log(given).T).argmax(axis=1)
        if (owner == before).all():
            break
        sessions = csr_matrix((np.ones(len(owner)), (owner, np.arange(len(owner)))), (k, len(owner)))
        counts = (sessions @ there).toarray()
    return np.where(counts.sum(axis=0) > 0, counts.argmax(axis=0), -1).astype(np.int32)


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


def _between(vectors: Floats, groups: list[Ints], taste: Ints, owner: Ints) -> float:
    """A resolution between the likeness of groups of one taste and that of groups of two."""
    some = [at for at, songs in enumerate(groups) if len(songs)]
    mean = np.array([vectors[groups[at]].mean(0) for at in some])
    taste, owner = taste[some], owner[some]
    likeness = mean @ mean.T
    pairs = owner[:, None] == owner[None, :]
    same = taste[:, None] == taste[None, :]
    least, most = likeness[pairs & same].min(), likeness[pairs & ~same].max(initial=-1.0)
    return float(np.clip((least + most) / 2, -0.99, 0.99))
