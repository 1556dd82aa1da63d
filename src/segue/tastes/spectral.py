"""Spectral vectors of tracks: which are found in the same company, whatever their popularity.

The matrix of who has which track is divided by the square roots of its row and column sums, and the tracks'
singular vectors, scaled by their singular values, are taken (the embedding of spectral co-clustering: Dhillon
2001, section 4, without its first, constant direction; correspondence analysis). Unlike factors, which spend
directions on what many people like, these part kinds of music: tastes are found in them
(docs/measurements/taste-profiles.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array

DIMENSIONS = 64
SHAPES, KNOWN = 5, 3  # rows that must have a track for it to shape the directions, and to be laid into them
ROWS_A_DIRECTION = 4  # at least, or directions are of single rows
POWER = 1.5  # of the singular values, by which directions weigh
PASSES, MORE = 4, 16  # of the randomised search for the subspace, and directions beyond those wanted


def spectral_vectors(
    matrix: csr_matrix, dimensions: int = DIMENSIONS, *, seed: int = 0
) -> NDArray[np.float32]:
    """(n_tracks, d) a vector for each track; zeros for tracks that too few have to say where they belong.

    Args:
        matrix: (n_rows, n_tracks) of listeners' and playlists' tracks; what is not above 0 is left out.
        dimensions: d at most; less where there are fewer rows or tracks.
        seed: of the random start (Halko, Martinsson, Tropp 2011, algorithm 4.4).
    """
    liked = csr_matrix((matrix.data > 0, matrix.indices, matrix.indptr), shape=matrix.shape, dtype=np.float32)
    liked.eliminate_zeros()
    have = np.bincount(liked.indices, minlength=liked.shape[1])
    few = max(1, liked.shape[0] // 50)  # where rows are few, one is enough
    shaping = np.flatnonzero(have >= min(SHAPES, few))
    d = min(dimensions, liked.shape[0] // ROWS_A_DIRECTION, len(shaping) - 1)
    if d < 1:
        return np.zeros((liked.shape[1], 1), np.float32)
    weighed = _normalised(liked)
    rows, values = _left_singular(csr_matrix(weighed[:, shaping]), d + 1, seed)
    # The first direction is the square root of popularity, the same for all kinds of music.
    vectors = np.ascontiguousarray((weighed.T @ (rows * values ** (POWER - 1)))[:, 1:])
    vectors[have < min(KNOWN, few)] = 0  # one or two playlists may be of any mix
    return vectors


def beside_their_artist(
    unit: NDArray[np.float32], matrix: csr_matrix, artist: NDArray[np.int32]
) -> NDArray[np.float32]:
    """(n_tracks, d) the same with tracks of no vector laid where their artist is.

    Where songs are known, only their company counts; of one that hardly anybody has, its artist is all there
    is to go by. An artist is where the rows are that have any of their tracks, each by the root of how many
    it has: of twelve playlists that have one song each, none may say much, but all together do, and whoever
    has twenty does not outweigh them.

    Args:
        unit: (n_tracks, d) unit vectors, zeros where nothing is known.
        matrix: (n_rows, n_tracks) of listeners' and playlists' tracks; what is not above 0 is left out.
        artist: (n_tracks,) the main artist's number, -1 for none.
    """
    known = np.abs(unit).sum(axis=1) > 0
    liked = csr_matrix((matrix.data > 0, matrix.indices, matrix.indptr), shape=matrix.shape, dtype=np.float32)
    lost = np.flatnonzero(~known & (artist >= 0) & (np.bincount(liked.indices, minlength=len(unit)) > 0))
    if not known.any() or not len(lost):
        return unit
    rows = _mean_of_rows(liked, unit)
    by = np.flatnonzero(artist >= 0)
    shape = (len(unit), int(artist.max()) + 1)
    theirs = liked @ csr_matrix((np.ones(len(by), np.float32), (by, artist[by])), shape=shape)
    theirs.data = np.sqrt(theirs.data)
    enough = np.bincount(theirs.indices, minlength=shape[1]) >= min(KNOWN, max(1, len(rows) // 50))
    middle = theirs.T @ rows
    middle = np.where(
        enough[:, None], _length_one(middle * _stretch(unit[known], (liked.T @ rows)[known])), 0
    )
    filled = unit.copy()
    filled[lost] = middle[artist[lost]]
    return filled


def _mean_of_rows(liked: csr_matrix, unit: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n_rows, d) the direction in which a row's known tracks lie, shorter where they lie in several."""
    known = (np.abs(unit).sum(axis=1) > 0).astype(np.float32)
    return (liked @ unit) / np.maximum(liked @ known, 1)[:, None]


def _stretch(unit: NDArray[np.float32], means: NDArray[np.float32]) -> NDArray[np.float32]:
    """(d,) by how much each direction of means of rows is flatter than that of the tracks in them."""
    means = _length_one(means)
    return (unit * means).sum(axis=0) / np.maximum((means * means).sum(axis=0), 1e-12)


def _length_one(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _normalised(liked: csr_matrix) -> csr_matrix:
    rows = np.maximum(np.asarray(liked.sum(axis=1)).ravel(), 1.0) ** -0.5
    columns = np.maximum(np.asarray(liked.sum(axis=0)).ravel(), 1.0) ** -0.5
    return csr_matrix(diags_array(rows.astype(np.float32)) @ liked @ diags_array(columns.astype(np.float32)))


def _left_singular(matrix: csr_matrix, d: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(n_rows, d) left singular vectors, their signs fixed, of the d largest singular values, and these."""
    columns = csr_matrix(matrix.T)
    rng = np.random.default_rng(seed)
    basis = rng.standard_normal((matrix.shape[1], min(d + MORE, *matrix.shape)), dtype=np.float32)
    for _ in range(PASSES):
        # Made orthogonal at each pass: powers of the matrix turn all columns towards the first direction, and
        # in float32 the others would be lost.
        rows, _ = np.linalg.qr(matrix @ basis)
        basis, _ = np.linalg.qr(columns @ rows)
    vectors, values, _ = np.linalg.svd(matrix @ basis, full_matrices=False)
    vectors = vectors[:, :d]
    largest = np.abs(vectors).argmax(axis=0)
    # The sign of a singular vector is arbitrary: by its largest entry it is the same in every run.
    return vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])]), values[:d]
