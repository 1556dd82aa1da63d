"""`SequenceBlend`: the taste network, neighbours of sequences and item models together. What the radio asks.

    blend = SequenceBlend().fit(documents, vectors)
    blend.scores(codes, lengths)               # as any SequenceScorer: after prefixes of a sequence
    blend.scores(codes, lengths, "soon")       # for the songs to come, not only the very next
    blend.scores_after(codes, states)          # of listeners: songs so far, and the network's states
    blend.save(folder); SequenceBlend.load(folder)

Codes are places in `blend.track_ids_`, which are the song vectors' and the network's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.errors import UsageError
from segue.factors.ease import EASE
from segue.factors.mixing import Bench
from segue.progress import progress
from segue.taste.arrays import load_arrays, pack_strings, save_arrays, unpack_strings
from segue.taste.blend_config import Purpose, SequenceBlendConfig
from segue.taste.documents import Documents
from segue.taste.network import TasteNetwork
from segue.taste.recent import RecentRows, rows_of
from segue.taste.sequences import Cooccurrence, SequenceNeighbours, SequenceScorer
from segue.taste.vectors import SongVectors

KIND = "sequence blend"
PURPOSES: tuple[Purpose, ...] = ("next", "soon")
SHORTEST = 5
"""Weights are chosen after so many songs or more."""


class SequenceBlend:
    """A product of what several models say: each song's log-probabilities, weighted and added.

        score(i) = Σ_k w_k log p_k(i)

    For a horizon of the network p is its softmax. Other parts give votes s: p = (1 - smoothing) s / Σ s +
    smoothing * popularity. There are two sets of weights: for the very next song, and for the songs to come.
    They maximise NDCG@100 of documents held out (with one song to be found, or all that follow).

    Learned:
        network_: the taste network. track_ids_: `(n_songs,)` str.
        weights_: weight by purpose and part.
        validation_: NDCG@100 of the documents held out, by purpose and part, and of the "blend".
    """

    def __init__(self, config: SequenceBlendConfig | None = None) -> None:
        self.config = config or SequenceBlendConfig()
        self.network_: TasteNetwork
        self.weights_: dict[Purpose, dict[str, float]]
        self.validation_: dict[Purpose, dict[str, float]]
        self._documents: Documents
        self._parts: dict[str, SequenceScorer]

    @property
    def track_ids_(self) -> NDArray[np.object_]:
        """The songs, by code."""
        return self.network_.track_ids_

    def fit(
        self,
        documents: Documents,
        vectors: SongVectors,
        *,
        validation: Documents | None = None,
        network: TasteNetwork | None = None,
        seed: int = 0,
        checkpoint: Path | None = None,
    ) -> SequenceBlend:
        """Train all parts and choose their weights.

        Args:
            documents: playlists, listening, or both joined.
            vectors: learned song vectors.
            validation: documents to choose weights on; None keeps `held_out` of `documents` aside, from the
                network too, and then teaches the other parts all of them.
            network: one that is trained already, on `documents` less the validation.
            seed: of the network, and of what is held out.
            checkpoint: a file from which a killed training of the network goes on.

        Raises:
            SegueError: nothing to learn from.
            UsageError: weights that name no part.
        """
        everything = vectors.recoded(documents)
        held = vectors.recoded(validation) if validation is not None else None
        train = everything
        if held is None:
            order = np.random.default_rng(seed).permutation(len(everything))
            n_held = max(1, round(self.config.held_out * len(everything)))
            held, train = everything.select(order[:n_held]), everything.select(np.sort(order[n_held:]))
        self.network_ = network or TasteNetwork(self.config.network).fit(
            train, vectors, validation=held, seed=seed, checkpoint=checkpoint
        )
        self.validation_ = {}
        if self.config.weights is None:
            self._learn(train)
            self.weights_ = self._chosen(held, seed)
        else:
            self.weights_ = {purpose: dict(weights) for purpose, weights in self.config.weights.items()}
        self._learn(everything)
        return self

    def scores(
        self, codes: NDArray[np.int32], lengths: NDArray[np.int64], purpose: Purpose = "next"
    ) -> NDArray[np.float32]:
        """See `SequenceScorer`: log-probabilities up to a constant, `(n_prefixes, n_songs)`."""
        wanted = self._weights(purpose)
        along = self.network_.tastes_along(codes)[:, np.asarray(lengths) - 1]
        return self._joined(wanted, along, self._votes(codes, lengths, wanted))

    def scores_after(
        self, codes: NDArray[np.int32], state: NDArray[np.float32], purpose: Purpose = "next"
    ) -> NDArray[np.float32]:
        """Scores `(n_songs,)` of all songs for one listener.

        Args:
            codes: (n,) the songs so far, without the skipped ones; what neighbours and item models are asked.
            state: (size,) the network's state after all plays, skipped ones too (`TasteNetwork.play`).
            purpose: whose weights.
        """
        wanted = self._weights(purpose)
        names = [horizon.name for horizon in self.config.network.horizons]
        tastes = np.stack([self.network_.taste(state[None], name) for name in names])
        votes = self._votes(codes, np.array([len(codes)]), wanted) if len(codes) else {}
        return self._joined(wanted, tastes, votes)[0]

    def extended(self, vectors: SongVectors) -> SequenceBlend:
        """A blend that also knows the songs of `vectors` it was not trained on: see `TasteNetwork.extended`.

        For these songs the network speaks for all parts.
        """
        other = SequenceBlend(self.config)
        other.__dict__.update(self.__dict__)
        other.network_ = self.network_.extended(vectors)
        return other

    @property
    def listeners_(self) -> list[str]:
        """Whose documents are kept, each once."""
        return list(dict.fromkeys(str(name) for name in self._documents.names if name is not None))

    def forget(self, name: str) -> bool:
        """Take out the documents of this name (a listener's); whether there were any.

        The network's parameters and the weights stay: nothing in them is one listener's own.
        """
        own = self._documents.names == name
        if own.any():
            self._learn(self._documents.select(~own))
        return bool(own.any())

    def save(self, folder: Path) -> None:
        """Write the network and what the other parts learn from to a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.network_.save(folder / "network.npz")
        facts = {
            "config": self.config.model_dump(mode="json"),
            "weights": self.weights_,
            "validation": self.validation_,
        }
        d = self._documents
        arrays = {"offsets": d.offsets, "codes": d.codes, "counts": d.counts, "names": pack_strings(d.names)}
        save_arrays(folder / "blend.npz", KIND, facts, arrays)

    @classmethod
    def load(cls, folder: Path) -> SequenceBlend:
        """Read what `save` wrote; item models and neighbours learn again from the documents, in seconds.

        Raises:
            NotFoundError, FormatError: the files are not there, or are something else.
        """
        facts, arrays = load_arrays(folder / "blend.npz", KIND)
        blend = cls(SequenceBlendConfig.model_validate(facts["config"]))
        blend.network_ = TasteNetwork.load(folder / "network.npz")
        blend.weights_, blend.validation_ = facts["weights"], facts["validation"]
        n = len(arrays["counts"])
        unknown = np.full(n, None, dtype=object)
        blend._learn(
            Documents(
                arrays["offsets"],
                arrays["codes"],
                blend.track_ids_,
                arrays["counts"],
                unknown,
                unknown,
                unpack_strings(arrays["names"]),
            )
        )
        return blend

    def _weights(self, purpose: Purpose) -> Mapping[str, float]:
        if purpose not in self.weights_:
            raise UsageError(
                "The blend has no such purpose", expected=", ".join(self.weights_), came=str(purpose)
            )
        return {name: weight for name, weight in self.weights_[purpose].items() if weight > 0}

    def _learn(self, documents: Documents) -> None:
        c = self.config
        parts: dict[str, SequenceNeighbours | Cooccurrence | RecentRows] = {}
        if c.near is not None:
            parts["near"] = SequenceNeighbours(c.near)
        if c.far is not None:
            parts["far"] = SequenceNeighbours(c.far)
        if c.items_decay is not None:
            parts["items"] = Cooccurrence(c.items_decay)
        if c.ease is not None:
            parts["ease"] = RecentRows(EASE(c.ease), c.ease_decay)
        used = (
            None if not hasattr(self, "weights_") else {n for w in self.weights_.values() for n in w if w[n]}
        )
        self._documents = documents
        self._popularity = documents.counts / max(documents.counts.sum(), 1)
        self._parts = {
            name: part.fit(documents) for name, part in parts.items() if used is None or name in used
        }

    def _votes(
        self, codes: NDArray[np.int32], lengths: NDArray[np.int64], wanted: Mapping[str, float]
    ) -> dict[str, NDArray[np.float32]]:
        """Log-probabilities `(n_prefixes, n_known)` of the parts that are no network."""
        known = codes < self._documents.n_tracks
        kept = np.concatenate([[0], np.cumsum(known)])[lengths]
        found = {}
        for name in wanted.keys() & self._parts.keys():
            votes = np.zeros((len(lengths), self._documents.n_tracks), np.float32)
            if (kept > 0).any():
                votes[kept > 0] = self._parts[name].scores(codes[known], kept[kept > 0])
            found[name] = self._log_shares(votes)
        return found

    def _log_shares(self, votes: NDArray[np.float32]) -> NDArray[np.float32]:
        votes = np.maximum(votes, 0)
        total = votes.sum(axis=1, keepdims=True)
        share = np.divide(votes, total, out=np.zeros_like(votes), where=total > 0)
        smooth = self.config.smoothing * np.maximum(self._popularity, 1e-9)
        return np.log((1 - self.config.smoothing) * share + smooth).astype(np.float32)

    def _joined(
        self,
        weights: Mapping[str, float],
        tastes: NDArray[np.float32],
        votes: Mapping[str, NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """The weighted sum; tastes `(n_horizons, n, d)`."""
        parts = {name: weight for name, weight in weights.items() if name in votes}
        heads = {
            number: weights.get(f"network {horizon.name}", 0.0)
            for number, horizon in enumerate(self.config.network.horizons)
        }
        if not any(heads.values()):
            heads = {0: 1e-6}  # it speaks for the others where they know nothing
        total = np.zeros((tastes.shape[1], len(self.track_ids_)), np.float32)
        for number, weight in heads.items():
            if weight:
                total += weight * _log_softmax(self.network_.scores_of(tastes[number]))
        if not votes:
            return total
        n_known = self._documents.n_tracks
        total[:, n_known:] *= 1 + sum(parts.values()) / sum(heads.values())
        for name, weight in parts.items():
            total[:, :n_known] += weight * votes[name]
        return total

    def _chosen(self, held: Documents, seed: int) -> dict[Purpose, dict[str, float]]:
        """Weights that rank best on some places of the documents held out."""
        random = np.random.default_rng(seed)
        names = [f"network {horizon.name}" for horizon in self.config.network.horizons] + list(self._parts)
        benches = {purpose: Bench(names) for purpose in PURPOSES}
        rows = np.flatnonzero(held.lengths > SHORTEST)
        rows = np.sort(random.permutation(rows)[: self.config.most_held_out])
        with progress("Weighing", len(rows), unit="documents") as advance:
            for row in rows:
                codes = held[row]
                places = np.arange(SHORTEST, len(codes))
                some = np.sort(random.permutation(places)[: self.config.positions])
                middle = np.array([max(SHORTEST, int(0.8 * len(codes)))])
                for purpose, lengths, ends in (
                    ("next", some, some + 1),
                    ("soon", middle, np.array([len(codes)])),
                ):
                    seen = _stretches(codes, np.zeros(len(lengths), np.int64), lengths, held.n_tracks)
                    benches[purpose].add(
                        self._each(codes, lengths, names),
                        seen,
                        _stretches(codes, lengths, ends, held.n_tracks),
                    )
                advance(1)
        chosen: dict[Purpose, dict[str, float]] = {}
        for purpose, bench in benches.items():
            chosen[purpose], reached = bench.best()
            units = zip(names, np.eye(len(names)), strict=True)
            self.validation_[purpose] = {name: bench.ndcg(unit) for name, unit in units} | {"blend": reached}
        return chosen

    def _each(
        self, codes: NDArray[np.int32], lengths: NDArray[np.int64], names: list[str]
    ) -> dict[str, NDArray[np.float32]]:
        along = self.network_.tastes_along(codes)[:, lengths - 1]
        heads = {
            f"network {horizon.name}": _log_softmax(self.network_.scores_of(along[number]))
            for number, horizon in enumerate(self.config.network.horizons)
        }
        return heads | self._votes(codes, lengths, dict.fromkeys(names, 1.0))


def _log_softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    scores = scores - scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def _stretches(
    codes: NDArray[np.int32], starts: NDArray[np.int64], ends: NDArray[np.int64], n_songs: int
) -> csr_matrix:
    """Rows `(n, n_songs)` of the songs in `codes[start:end]`."""
    pieces = [codes[start:end] for start, end in zip(starts, ends, strict=True)]
    return rows_of(np.concatenate(pieces), ends - starts, n_songs)


def named_in(folder: Path) -> list[str]:
    """Whose documents a saved blend keeps, without loading the rest.

    Raises:
        NotFoundError, FormatError: the files are not there, or are something else.
    """
    _, arrays = load_arrays(folder / "blend.npz", KIND)
    return list(dict.fromkeys(name for name in unpack_strings(arrays["names"]) if name is not None))
