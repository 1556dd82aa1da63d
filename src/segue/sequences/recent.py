"""Models of listeners' matrices, asked by sequences: the songs of the prefix are the row."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.sequences.documents import Documents


class MatrixModel(Protocol):
    """What scores every song for rows of a matrix, as the models of `segue.factors` do."""

    def fit(self, user_items: csr_matrix) -> Self:
        """Learn from `(n_documents, n_songs)`."""
        ...

    def scores(self, user_items: csr_matrix) -> NDArray[np.float32]:
        """`(n, n_songs)` for rows `(n, n_songs)`."""
        ...

    def save(self, file: Path) -> None:
        """Write what was learned."""
        ...

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read what `save` wrote."""
        ...


class RecentRows:
    """A matrix model whose query row holds decay ** age for each song of the prefix; the last has age 0."""

    def __init__(self, model: MatrixModel, decay: float = 0.9) -> None:
        self.model, self.decay = model, decay

    def fit(self, documents: Documents) -> RecentRows:
        """Fit the model to documents x songs, every entry 1."""
        self._n_songs = documents.n_tracks
        matrix = rows_of(documents.codes, documents.lengths, documents.n_tracks)
        matrix.data[:] = 1
        self.model.fit(matrix)
        return self

    def save(self, file: Path) -> None:
        """Write what the model learned."""
        self.model.save(file)

    def take(self, file: Path, documents: Documents) -> RecentRows:
        """Instead of `fit`: what `save` wrote after fitting to the same documents."""
        self._n_songs, self.model = documents.n_tracks, type(self.model).load(file)
        return self

    def scores(self, codes: NDArray[np.int32], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `SequenceScorer`."""
        return self.model.scores(prefix_rows(codes, lengths, self._n_songs, self.decay))


def prefix_rows(
    codes: NDArray[np.int32], lengths: NDArray[np.int64], n_songs: int, decay: float
) -> csr_matrix:
    """Rows `(n_prefixes, n_songs)`: decay ** age for each song of `codes[:length]`."""
    lengths = np.asarray(lengths)
    at = np.concatenate([np.arange(length) for length in lengths])
    weights = (decay ** (np.repeat(lengths, lengths) - 1 - at)).astype(np.float32)
    return rows_of(codes[at], lengths, n_songs, weights)


def rows_of(
    codes: NDArray[np.int32],
    lengths: NDArray[np.int64],
    n_songs: int,
    weights: NDArray[np.float32] | None = None,
) -> csr_matrix:
    """A matrix with one row for each stretch of `codes`; weights of a song that is repeated add up."""
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    values = np.ones(len(codes), np.float32) if weights is None else weights
    # A copy: scipy sorts the rows in place, and the order of the documents is not to be lost.
    matrix = csr_matrix((values, codes.copy(), offsets), shape=(len(lengths), n_songs))
    matrix.sum_duplicates()
    return matrix
