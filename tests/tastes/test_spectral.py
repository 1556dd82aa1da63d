"""Spectral vectors part kinds of music, not popularity; songs that few have stand with their artist's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from segue.tastes.spectral import beside_their_artist, spectral_vectors

KINDS, SONGS, ROWS = 4, 60, 300


@pytest.fixture(scope="module")
def matrix() -> csr_matrix:
    """Rows of one or two of four kinds; within a kind, the first songs are the most popular."""
    rng = np.random.default_rng(5)
    dense = np.zeros((ROWS, KINDS * SONGS), np.float32)
    for row in dense:
        for kind in rng.choice(KINDS, rng.integers(1, 3), replace=False):
            row[kind * SONGS + (SONGS * rng.random(25) ** 2).astype(int)] = rng.random() + 0.5
    return csr_matrix(dense)


def test_songs_of_a_kind_are_alike_and_others_are_not(matrix: csr_matrix) -> None:
    vectors = spectral_vectors(matrix)
    assert vectors.shape == (KINDS * SONGS, 64)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    known = np.abs(vectors).sum(1) > 0
    kind = np.repeat(np.arange(KINDS), SONGS)
    likeness = unit @ unit.T
    pairs = np.ix_(known, known)
    same = (kind[:, None] == kind)[pairs] & ~np.eye(known.sum(), dtype=bool)
    assert likeness[pairs][same].mean() > 0.3
    assert likeness[pairs][kind[known][:, None] != kind[known]].mean() < 0


def test_the_same_rows_give_the_same_vectors_and_dislikes_say_nothing(matrix: csr_matrix) -> None:
    first = spectral_vectors(matrix)
    assert np.array_equal(first, spectral_vectors(matrix.copy()))
    disliked = matrix.tolil()
    disliked[0, np.flatnonzero(matrix[0].toarray() == 0)[:5]] = -1
    assert spectral_vectors(csr_matrix(disliked)) == pytest.approx(first, abs=1e-4)


def test_few_rows_give_few_directions_or_none() -> None:
    assert not spectral_vectors(csr_matrix(np.ones((1, 5)))).any()
    assert not spectral_vectors(csr_matrix((3, 5))).any()
    assert spectral_vectors(csr_matrix(np.eye(40) + np.eye(40, k=1))).shape == (40, 10)


def test_a_song_that_few_have_stands_where_its_artist_is_heard() -> None:
    """One song of the artist is known, in other company than most of their listeners keep."""
    unit = np.array([[1, 0], [0, 1], [1, 0], [0, 0], [0, 0], [0, 0], [0, 0]], np.float32)
    artist = np.array([0, 0, 1, 1, 1, -1, 1], np.int32)
    rows = np.zeros((5, 7))
    for row, tracks in enumerate([[0, 2], [0], [1, 3], [1, 3, 5], [1, 4]]):
        rows[row, tracks] = 1
    filled = beside_their_artist(unit, csr_matrix(rows), artist)
    assert filled[3] == pytest.approx([10**-0.5, 3 * 10**-0.5], abs=0.05)
    assert filled[4] == pytest.approx(filled[3])
    assert not filled[5].any()  # of nobody
    assert not filled[6].any()  # had by nobody
    assert np.array_equal(filled[:3], unit[:3])
