"""Song vectors: word2vec's continuous bag of words with negative sampling (Mikolov et al. 2013) on documents.

For a song w amid the songs C around it, h = mean of v_c over c in C, and the loss of one place is

    -log s(u_w . h) - sum over k negatives n of log s(-u_n . h),    s(x) = 1 / (1 + exp(-x))

v are the IN vectors, u the OUT vectors. Both are kept: u_i . v_j says how likely i is in the company of j,
so what goes with a song is asked from IN to OUT. From IN to IN, rare songs, whose vectors hardly left their
random start, crowd in (docs/measurements/song-vectors.md has both measured).

The settings matter more than in language (Caselles-Dupre et al. 2018): the defaults here were measured on
playlists.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from segue.errors import NotFoundError, NumericalError, SegueError
from segue.files import reading
from segue.progress import Advance, progress
from segue.sequences.documents import UNKNOWN, Documents, Tracks
from segue.shelf.arrays import AGAIN, load_arrays, pack_strings, save_arrays, unpack_strings
from segue.wording import count

LEARNED = 0
"""In `SongVectors.origins_`: the vector was learned from documents; other origins are in unseen.py."""


class SongVectorsConfig(BaseModel):
    """Settings of the song vectors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dim: int = Field(64, ge=2, description="length of a vector")
    window: int = Field(10, ge=1, description="songs to each side that count as company")
    shrink_windows: bool = Field(
        True, description="draw each place's window from 1 to `window`, so that near songs weigh more"
    )
    negatives: int = Field(20, ge=1, description="songs drawn at random against each true one")
    ns_exponent: float = Field(
        0.0, description="negatives are drawn with probability ~ count ** this; 0 draws all songs alike"
    )
    subsampling: float = Field(
        1.7,
        ge=0,
        description="songs with more than this many times the mean share of all places are thinned out "
        "(gensim's `sample` is this divided by the number of songs); 0 keeps all",
    )
    alpha: float = Field(0.1, gt=0, description="learning rate at the start")
    min_alpha: float = Field(1e-4, gt=0, description="learning rate at the end; it falls linearly")
    epochs: int = Field(60, ge=1, description="passes over the documents")
    min_count: int = Field(5, ge=1, description="a song must be in this many documents")
    max_songs: int | None = Field(None, ge=2, description="keep the N most popular songs; None keeps all")
    threads: int = Field(
        1,
        ge=1,
        description="gensim's worker threads. One gives the same vectors for the same seed; more are faster, "
        "but they write to the same arrays without locks, so every run differs a little",
    )


class SongVectors:
    """IN and OUT vectors of songs.

    Learned:
        track_ids_: `(n_songs,)` str, the most popular first.
        in_, out_: `(n_songs, dim)` float32.
        counts_: `(n_songs,)` documents that held the song; 0 for songs that were not in the documents.
        artists_, works_: `(n_songs,)` str, the main artist and the work; None if not known.
        origins_: `(n_songs,)` LEARNED, or where the vector came from (unseen.py).
    """

    def __init__(self, config: SongVectorsConfig | None = None) -> None:
        self.config = config or SongVectorsConfig()
        self.seed_: int | None = None
        self._places: dict[str, int] | None = None
        self.track_ids_: NDArray[np.object_]
        self.in_: NDArray[np.float32]
        self.out_: NDArray[np.float32]
        self.counts_: NDArray[np.int64]
        self.artists_: NDArray[np.object_]
        self.works_: NDArray[np.object_]
        self.origins_: NDArray[np.int8]

    def fit(self, documents: Documents, *, seed: int = 0) -> SongVectors:
        """Learn the vectors of the most popular songs of `documents`.

        Raises:
            SegueError: fewer than two songs are in `min_count` documents, or no document holds two of them.
            NumericalError: the vectors grew without bound (`alpha` too large).
        """
        config = self.config
        vocabulary = documents.vocabulary(min_count=config.min_count, max_songs=config.max_songs)
        if len(vocabulary) < 2:
            raise SegueError(
                f"Songs in {count(config.min_count, 'document')} or more: {len(vocabulary)}",
                expected="at least 2",
                hint="import more playlists or lower min_count",
            )
        restricted = documents.restrict(vocabulary)
        sentences = [document for document in restricted if len(document) > 1]
        if not sentences:
            raise SegueError("No document holds two songs of the vocabulary", hint="lower min_count")
        self.in_, self.out_ = _cbow(sentences, restricted.n_tracks, config, seed)
        if not (np.isfinite(self.in_).all() and np.isfinite(self.out_).all()):
            raise NumericalError("The song vectors grew without bound", hint="lower alpha")
        self.track_ids_ = restricted.track_ids
        self.counts_ = restricted.counts
        self.artists_, self.works_ = restricted.artists, restricted.works
        self.origins_ = np.full(len(self.track_ids_), LEARNED, np.int8)
        self.seed_ = seed
        self._places = None
        return self

    def __len__(self) -> int:
        return len(self.track_ids_)

    def codes(self, track_ids: Sequence[str]) -> NDArray[np.int32]:
        """Each track's row, UNKNOWN for those without a vector. `(len(track_ids),)`."""
        if self._places is None:
            self._places = {track: place for place, track in enumerate(self.track_ids_)}
        return np.array([self._places.get(track, UNKNOWN) for track in track_ids], np.int32)

    def recoded(self, documents: Documents) -> Documents:
        """The documents in this vocabulary's codes; songs without a vector are left out of the order."""
        codes = self.codes(list(documents.track_ids))
        return documents.recoded(codes, Tracks(self.track_ids_, self.artists_, self.works_))

    def targets(self, *, centred: bool = False) -> NDArray[np.float32]:
        """OUT vectors of length 1, `(n_songs, dim)`: what a query from `query` is compared with.

        `centred` takes their mean away first. OUT vectors share a direction, since each song refuses most
        company, and a network that is to predict them by distance would spend itself on that direction.
        """
        return unit(self.out_ - self.out_[self.counts_ > 0].mean(axis=0) if centred else self.out_)

    def query(self, codes: NDArray[np.int32], *, decay: float = 0.85) -> NDArray[np.float32]:
        """Weighted mean of the songs' IN directions, `(dim,)`, of length 1.

        The last song weighs 1, and each before it `decay` times the one after.
        """
        weights = (decay ** np.arange(len(codes) - 1, -1, -1)).astype(np.float32)
        return unit(weights @ unit(self.in_[codes]))

    def similar(
        self, track_ids: Sequence[str], n: int = 10, *, exclude: Sequence[str] = ()
    ) -> list[tuple[str, float]]:
        """The `n` songs that best go with `track_ids` (which are left out), by cosine from IN to OUT.

        Raises:
            NotFoundError: none of `track_ids` has a vector.
        """
        codes = self.codes(track_ids)
        if not (codes >= 0).any():
            raise NotFoundError(
                "None of these tracks has a song vector",
                got=", ".join(track_ids) or "no tracks",
                hint="train on more playlists or with a lower min_count",
            )
        known = codes[codes >= 0]
        scores = self.targets() @ self.query(known, decay=1.0)
        left_out = self.codes(exclude)
        scores[np.concatenate([known, left_out[left_out >= 0]])] = -np.inf
        return [(self.track_ids_[code], float(scores[code])) for code in best(scores, n)]

    def save(self, path: Path) -> None:
        """Write the vectors to one .npz file."""
        save_arrays(
            path,
            "song vectors",
            {"config": self.config.model_dump(), "seed": self.seed_},
            {name: getattr(self, f"{name}_") for name in _ARRAYS}
            | {name: pack_strings(getattr(self, f"{name}_")) for name in _TEXTS},
        )

    @classmethod
    def load(cls, path: Path) -> SongVectors:
        """Read what `save` wrote.

        Raises:
            NotFoundError, FormatError: the file is not there, or is something else.
        """
        facts, arrays = load_arrays(path, "song vectors")
        with reading(path, "song vectors", AGAIN):
            vectors = cls(SongVectorsConfig.model_validate(facts["config"]))
            vectors.seed_ = facts["seed"]
            for name in _ARRAYS:
                setattr(vectors, f"{name}_", arrays[name])
            for name in _TEXTS:
                setattr(vectors, f"{name}_", unpack_strings(arrays[name]))
            return vectors


_ARRAYS = ("in", "out", "counts", "origins")
_TEXTS = ("track_ids", "artists", "works")


def unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Vectors `(..., dim)` divided by their length; a zero stays a zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.where(length > 0, length, 1)).astype(np.float32)


def best(scores: NDArray[np.float32], n: int) -> NDArray[np.intp]:
    """Places of the `n` largest finite scores `(n_songs,)`, the largest first, equals by place."""
    n = min(n, int(np.isfinite(scores).sum()))
    if n == 0:
        return np.zeros(0, np.intp)
    least = np.partition(scores, len(scores) - n)[len(scores) - n]
    # All that are level with the last one stay in, so that the stable sort decides between equals and not the
    # partition.
    candidates = np.flatnonzero(scores >= least)
    return candidates[np.argsort(-scores[candidates], kind="stable")][:n]


def _cbow(
    sentences: list[NDArray[np.int32]], n_songs: int, config: SongVectorsConfig, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """gensim's CBOW. Songs that are alone in all their documents keep their random start."""
    from gensim.models import Word2Vec
    from gensim.models.callbacks import CallbackAny2Vec
    from gensim.models.word2vec import MAX_WORDS_IN_BATCH

    class Report(CallbackAny2Vec):
        def __init__(self, advance: Advance) -> None:
            self.advance = advance

        def on_epoch_end(self, model: Word2Vec) -> None:
            self.advance(1)

    model = Word2Vec(
        vector_size=config.dim,
        window=config.window,
        shrink_windows=config.shrink_windows,
        sg=0,
        hs=0,
        negative=config.negatives,
        ns_exponent=config.ns_exponent,
        sample=config.subsampling / n_songs,
        alpha=config.alpha,
        min_alpha=min(config.min_alpha, config.alpha),
        min_count=1,
        workers=config.threads,
        seed=seed,
    )
    words = [str(code) for code in range(n_songs)]
    texts = [
        [words[code] for code in sentence[start : start + MAX_WORDS_IN_BATCH]]
        for sentence in sentences
        for start in range(0, len(sentence), MAX_WORDS_IN_BATCH)  # gensim drops what is beyond
    ]
    # Each song once more, alone: a document of one song trains nothing, but puts every song into gensim's
    # vocabulary, so that rows can be taken back for all codes.
    model.build_vocab(texts + [[word] for word in words])
    with progress("Song vectors", config.epochs, unit="epochs") as advance:
        model.train(texts, total_examples=len(texts), epochs=config.epochs, callbacks=[Report(advance)])
    rows = np.array([model.wv.key_to_index[word] for word in words])
    return model.wv.vectors[rows].astype(np.float32), model.syn1neg[rows].astype(np.float32)
