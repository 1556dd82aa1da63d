"""What follows what, counted: neighbours of sequences, sequential rules, co-occurrence, popularity.

They are honest baselines (on playlists they beat most networks: Ludewig et al. 2020), and the neighbours are
a part of what the radio asks. All answer the same question, as does the taste network: `scores(codes,
lengths)` gives each song's score after each prefix `codes[:length]` of a sequence.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import csr_matrix

from segue.sequences.documents import Documents
from segue.sequences.kernels import score_by_neighbours
from segue.sequences.recent import prefix_rows, rows_of

FURTHEST = 1000
"""Distances beyond this many places weigh alike."""


class SequenceScorer(Protocol):
    """A model of what comes next in a sequence of songs."""

    def scores(self, codes: NDArray[np.int32], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores `(n_prefixes, n_songs)`, larger is better, after each prefix `codes[:length]`.

        Every length is at least 1. Songs of the prefix have scores too: the caller leaves them out.
        """
        ...


class SequenceNeighboursConfig(BaseModel):
    """Settings of `SequenceNeighbours`; distances are in places of a document."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recency: float | None = Field(
        4.0,
        gt=0,
        description="a song played a places ago weighs exp(-a / recency) + floor; None: all alike",
    )
    recency_floor: float = Field(0.1, ge=0, description="added to the weight of every song of the sequence")
    distance: float | None = Field(
        6.0, gt=0, description="a song d places from a shared one weighs exp(-d / distance); None: all alike"
    )
    distance_floor: float = Field(0.02, ge=0, description="added to the weight at every distance")
    backwards: float = Field(0.6, ge=0, le=1, description="factor on songs that stand before the shared one")
    rarity: float = Field(0.4, ge=0, description="a shared song weighs (count / mean count) ** -rarity")
    length_exponent: float = Field(0.2, ge=0, description="similarity is divided by length ** this")
    similarity_exponent: float = Field(
        1.0, gt=0, description="power of the similarity in a neighbour's voice"
    )
    anchors: int = Field(
        3, ge=1, description="shared songs, the latest ones, from which distance is measured"
    )
    neighbours: int = Field(
        300, ge=1, description="most similar documents that have a voice, and their equals"
    )
    popularity_exponent: float = Field(
        0.3, ge=0, description="scores are divided by (count / mean count) ** this"
    )
    songs_read: int = Field(200, ge=1, description="how many of the last songs are read")
    max_postings: int = Field(
        5000,
        ge=1,
        description="documents remembered for a song, spread over all; bounds the time of a query",
    )


STAN = SequenceNeighboursConfig(
    recency_floor=0, distance_floor=0, backwards=1, rarity=0, length_exponent=0.5, anchors=1,
    popularity_exponent=0, neighbours=1500,
)  # fmt: skip
"""STAN (Garg et al. 2019) without its decay over days, which playlists do not have."""

STAN_LONG = STAN.model_copy(update={"recency": 20.0, "distance": 60.0, "neighbours": 1500})
"""STAN with long decays: what goes with a playlist as a whole."""

S_KNN = STAN.model_copy(update={"recency": None, "distance": None, "neighbours": 300})
"""S-KNN (Jannach and Ludewig 2017): cosine of sets of songs."""

V_SKNN = S_KNN.model_copy(update={"recency": 8.0, "rarity": 0.5})
"""V-SKNN (Ludewig and Jannach 2018): late songs and rare songs weigh more in the similarity."""

AROUND = SequenceNeighboursConfig(recency=12.0, distance=20.0, distance_floor=0.05, neighbours=300)
"""What continues a sequence as a whole: settings chosen by NDCG@100 of playlists' last fifths."""


class SequenceNeighbours:
    """Documents like the sequence so far vote for the songs near what they share with it.

    A document n shares the songs S with the sequence; song j of S was played a_j places ago and stands at
    p_n(j) in the document. With r(a) = exp(-a / recency) + recency_floor, w_j = r(a_j) (c_j / c)^-rarity:

        sim(n) = sum over S of w_j / |n|^length_exponent
        score(i) = (c_i / c)^-popularity_exponent * sum over n of sim(n)^similarity_exponent
                   * sum over anchors j of (w_j / sum of the anchors' w) g(p_n(i) - p_n(j))

    g(d) = exp(-|d| / distance) + distance_floor, times `backwards` where d < 0; the anchors are the latest
    songs of S; n runs over the `neighbours` most similar documents. With one anchor and no floors this is
    STAN (Garg et al. 2019, eq. 1 to 5). Departures: several anchors, floors, rarity, popularity, the songs
    before the anchor (which STAN weighs like those behind it), and no decay over days.
    """

    def __init__(self, config: SequenceNeighboursConfig | None = None) -> None:
        self.config = config or SequenceNeighboursConfig()

    def fit(self, documents: Documents) -> SequenceNeighbours:
        """Remember the documents."""
        config, counts = self.config, np.maximum(documents.counts, 1)
        relative = counts / counts.mean()
        owner = np.repeat(np.arange(len(documents), dtype=np.int32), documents.lengths)
        place = (np.arange(len(owner)) - documents.offsets[owner]).astype(np.int32)
        order = np.argsort(documents.codes, kind="stable")
        number = np.bincount(documents.codes, minlength=documents.n_tracks)
        rank = np.arange(len(owner)) - np.repeat(np.concatenate([[0], np.cumsum(number)[:-1]]), number)
        # Of n postings, those whose rank crosses a whole multiple of n / max are kept: evenly spread.
        total, most = number[documents.codes[order]], config.max_postings
        kept = (total <= most) | (rank * most // total != (rank - 1) * most // total)
        order = order[kept]
        self._documents = documents
        self._postings = (
            np.append(0, np.cumsum(np.bincount(documents.codes[order], minlength=documents.n_tracks))),
            owner[order],
            place[order],
        )
        self._rarity = relative**-config.rarity
        self._length = np.maximum(documents.lengths, 1.0) ** -config.length_exponent
        self._recency = _decay(config.recency, config.songs_read) + config.recency_floor
        self._distance = _decay(config.distance, FURTHEST) + config.distance_floor
        self._popularity = (relative**-config.popularity_exponent).astype(np.float32)
        return self

    def scores(self, codes: NDArray[np.int32], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `SequenceScorer`. Songs in no neighbour have 0."""
        config, documents = self.config, self._documents
        out = np.zeros((len(lengths), documents.n_tracks), np.float32)
        score_by_neighbours(
            np.asarray(codes, np.int32),
            np.asarray(lengths, np.int64),
            documents.offsets,
            documents.codes,
            *self._postings,
            self._rarity,
            self._length,
            self._recency,
            self._distance,
            config.backwards,
            config.neighbours,
            config.similarity_exponent,
            config.anchors,
            out,
        )
        out *= self._popularity
        return out


class SequentialRules:
    """Rules j -> i from songs within `steps` places of each other; only the last song of a prefix is asked.

    A pair d places apart adds 1 / d forwards (Ludewig and Jannach 2018, SR), `backwards` / d backwards. With
    one step and nothing backwards it is a first-order Markov chain.
    """

    def __init__(self, steps: int = 10, backwards: float = 0.5) -> None:
        self.steps, self.backwards = steps, backwards

    def fit(self, documents: Documents) -> SequentialRules:
        """Count the rules."""
        owner = np.repeat(np.arange(len(documents)), documents.lengths)
        n = documents.n_tracks
        self._rules = csr_matrix((n, n), dtype=np.float32)
        for step in range(1, self.steps + 1):
            same = np.flatnonzero(owner[step:] == owner[:-step])
            first, second = documents.codes[same], documents.codes[same + step]
            ahead = csr_matrix((np.full(len(same), 1 / step, np.float32), (first, second)), shape=(n, n))
            self._rules = self._rules + ahead + ahead.T * self.backwards
        return self

    def scores(self, codes: NDArray[np.int32], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `SequenceScorer`."""
        return self._rules[codes[np.asarray(lengths) - 1]].toarray()


class Cooccurrence:
    """Cosine of songs' columns in the matrix of documents, summed over the sequence with a decay."""

    def __init__(self, decay: float = 0.8) -> None:
        self.decay = decay

    def fit(self, documents: Documents) -> Cooccurrence:
        """Count who is in one document with whom."""
        matrix = rows_of(documents.codes, documents.lengths, documents.n_tracks)
        matrix.data[:] = 1
        scale = np.sqrt(np.maximum(np.asarray(matrix.sum(axis=0)).ravel(), 1)).astype(np.float32)
        matrix.data /= scale[matrix.indices]
        self._matrix, self._columns = matrix, matrix.T.tocsr()
        return self

    def scores(self, codes: NDArray[np.int32], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `SequenceScorer`."""
        queries = prefix_rows(codes, lengths, self._matrix.shape[1], self.decay)
        # From the left: a few rows by all documents, and by all songs. Songs by songs are never formed.
        return (queries @ self._columns @ self._matrix).toarray()


class Popularity:
    """The same for everybody: in how many documents a song is."""

    def fit(self, documents: Documents) -> Popularity:
        """Count."""
        self._counts = documents.counts.astype(np.float32)
        return self

    def scores(self, codes: NDArray[np.int32], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `SequenceScorer`."""
        return np.broadcast_to(self._counts, (len(lengths), len(self._counts)))


def _decay(scale: float | None, n: int) -> NDArray[np.float64]:
    return np.ones(n) if scale is None else np.exp(-np.arange(n) / scale)
