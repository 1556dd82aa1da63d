"""Tastes of one person, told by their own sessions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from segue.tastes.apart import _merged, _parts, _settled, joined_by_sessions
from segue.tastes.profiles import find_profiles
from segue.tastes.space import Plays, TasteSpace


def listening(
    kinds: int, seed: int, *, songs: int = 40, artists: int = 10, sessions: int = 80
) -> tuple[csr_matrix, np.ndarray, np.ndarray]:
    """Sessions (n, n_tracks) of one kind each, some songs far more often; each track's kind and artist."""
    rng = np.random.default_rng(seed)
    kind = np.repeat(np.arange(kinds), songs)
    artist = kind * artists + rng.integers(artists, size=len(kind))
    liked = 1 / (1 + rng.permutation(songs))
    rows = np.zeros((sessions * kinds, len(kind)), np.float32)
    for session in range(len(rows)):
        of = session % kinds
        here = rng.choice(songs, size=rng.integers(2, 8), p=liked / liked.sum())
        rows[session, of * songs + here] = 1
    return csr_matrix(rows), kind, artist


@pytest.mark.parametrize("kinds", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", [0, 1])
def test_sessions_tell_tastes_that_vectors_mix(kinds: int, seed: int) -> None:
    sessions, kind, artist = listening(kinds, seed)
    rng = np.random.default_rng(seed + 7)
    # Vectors that know little: of the last two kinds they know nothing at all.
    known = np.eye(8)[np.maximum(np.minimum(kind, kinds - 2), 0)]
    vectors = known + 0.4 * rng.normal(size=(len(kind), 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    counts = csr_matrix(np.asarray(sessions.sum(axis=0)))
    plays = Plays(
        listeners=np.array(["me"], object),
        tracks=np.array([f"t{n}" for n in range(len(kind))], object),
        matrix=csr_matrix(np.log2(1 + counts.toarray())),
        faded=None,
    )
    space = joined_by_sessions(TasteSpace.of(vectors.astype(np.float32), plays), plays, sessions, artist)
    profiles = find_profiles(space, plays)
    tastes = profiles.tastes("me")
    assert len(tastes) == kinds
    assert all(len(set(kind[profiles.tracks_of(taste)].tolist())) == 1 for taste in tastes)


def test_tastes_of_a_household_are_told_for_each_by_their_own_songs() -> None:
    sessions, kind, artist = listening(3, 0)
    rng = np.random.default_rng(7)
    vectors = np.eye(8)[np.maximum(kind - 1, 0)] + 0.4 * rng.normal(size=(len(kind), 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    counts = np.asarray(sessions.sum(axis=0)).ravel()
    matrix = csr_matrix(
        np.log2(1 + np.stack([np.where(kind < 2, counts, 0), np.where(kind == 2, counts, 0)]))
    )
    plays = Plays(
        listeners=np.array(["ana", "ben"], object),
        tracks=np.array([f"t{n}" for n in range(len(kind))], object),
        matrix=matrix,
    )
    space = joined_by_sessions(TasteSpace.of(vectors.astype(np.float32), plays), plays, sessions, artist)
    profiles = find_profiles(space, plays)
    for who, kinds in (("ana", {0, 1}), ("ben", {2})):
        tastes = profiles.tastes(who)
        told = [set(kind[profiles.tracks_of(taste)].tolist()) for taste in tastes]
        assert sorted(map(sorted, told)) == [[one] for one in sorted(kinds)]


def test_songs_of_one_and_the_same_vector_are_not_cut() -> None:
    same, two = np.ones((12, 4), np.float32), np.repeat(np.eye(4, dtype=np.float32)[:2], 6, axis=0)
    (whole,) = _parts(same, [np.arange(12, dtype=np.int32)])
    assert whole.tolist() == list(range(12))
    parts = _parts(two, [np.arange(12, dtype=np.int32)])
    assert sorted(part.tolist() for part in parts) == [[*range(6)], [*range(6, 12)]]


def test_an_artist_goes_where_the_sessions_are() -> None:
    there = csr_matrix(np.array([[2, 1, 0, 0], [1, 2, 0, 0], [0, 0, 2, 2], [0, 0, 1, 3]] * 5, float))
    mixed = [np.array([0, 1, 2]), np.array([3])]
    found = _settled(there, mixed)
    assert found[0] == found[1] != found[2] == found[3]
    assert (_settled(csr_matrix((3, 2)), [np.array([0]), np.array([1])]) == -1).all()


def test_groups_met_together_are_one() -> None:
    there = csr_matrix(np.array([[1, 1, 1, 1, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1, 1, 1]] * 5, float))
    merged = _merged(there, [np.arange(3), np.arange(3, 6), np.arange(6, 9)])
    assert merged[0] == merged[1] != merged[2]
