"""`SequenceBlend`: the taste network, neighbours of sequences and item models together. What the radio asks.

    blend = SequenceBlend().fit(documents, vectors)
    blend.scores(codes, lengths)               # as any SequenceScorer: after prefixes of a sequence
    blend.scores(codes, lengths, "soon")       # for the songs to come, not only the very next
    blend.scores_after(codes, states)          # of listeners: songs so far, and the network's states
    blend.save(folder); SequenceBlend.load(folder)

Codes are places in `blend.track_ids_`, which are the song vectors' and the network's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.files import reading
from segue.ranking.ranker import Ranker
from segue.sequences.blend_config import KIND, Purpose, SequenceBlendConfig
from segue.sequences.blend_parts import BlendParts
from segue.sequences.candidates import Candidates
from segue.sequences.choosing import PURPOSES, Weights, choose
from segue.sequences.documents import Context, Documents
from segue.sequences.network import TasteNetwork
from segue.sequences.second_stage import Facts, reordered
from segue.sequences.vectors import SongVectors, unit
from segue.shelf.arrays import AGAIN, load_arrays, pack_strings, save_arrays, unpack_strings


class SequenceBlend:
    """A product of what several models say: each song's log-probabilities, weighted and added.

        score(i) = Σ_k w_k log p_k(i)

    The parts are those of `BlendParts`. There are two sets of weights: for the very next song, and for the
    songs to come. They maximise NDCG@100 of documents held out, with one song to be found or all that follow.

    Learned:
        network_: the taste network. track_ids_: `(n_songs,)` str.
        weights_: weight by purpose and part.
        validation_: NDCG@100 of the documents held out, by purpose and part, and of the "blend"; from a trial
            that had learned nothing from them. Empty if weights were given, or there was too little.
        ranking_: by purpose, what the second stage is worth: NDCG "before" and "after" on lists that it had
            not learned from, the 95% interval "low", "high" of the gain, whether it is "on", which features
            "led".

    Where its gain is sure, a second stage (second_stage.py) puts the best candidates in another order.
    """

    def __init__(self, config: SequenceBlendConfig | None = None) -> None:
        self.config = config or SequenceBlendConfig()
        self.weights_: Weights
        self.validation_: Weights
        self.ranking_: dict[Purpose, Facts]
        self._rankers: dict[Purpose, Ranker]
        self._parts: BlendParts
        self._candidates: Candidates

    @property
    def network_(self) -> TasteNetwork:
        """The taste network."""
        return self._parts.network

    @property
    def track_ids_(self) -> NDArray[np.object_]:
        """The songs, by code."""
        return self.network_.track_ids_

    def fit(
        self, documents: Documents, vectors: SongVectors, *, seed: int = 0, folder: Path | None = None
    ) -> SequenceBlend:
        """Choose weights and epochs by a trial on a part of the documents, then train on everything.

        Args:
            documents: playlists, listening, or both joined.
            vectors: song vectors learned from `documents`. The trial learns its own, with the same settings.
            seed: of the parts, the trial's vectors, the networks.
            folder: where what is finished is kept, so that a killed training goes on.

        Raises:
            SegueError: nothing to learn from.
        """
        if folder is not None:
            folder = folder / _signature(documents, vectors, self.config, seed)
            folder.mkdir(parents=True, exist_ok=True)
        choice = choose(documents, vectors.config, self.config, seed=seed, folder=folder)
        everything = vectors.recoded(documents)
        network = TasteNetwork(self.config.network).fit(
            everything,
            vectors,
            epochs=choice.epochs or self.config.network.epochs,
            seed=seed,
            checkpoint=folder and folder / "network.npz",
        )
        given = self.config.weights or choice.weights
        self.validation_ = choice.validation or {}
        self._rankers, self.ranking_ = choice.second
        used = None if given is None or self._rankers else _used(given)
        self._take(BlendParts(self.config, network, everything, used))
        even = dict.fromkeys(self._parts.names, round(1 / len(self._parts.names), 4))
        self.weights_ = {purpose: dict(given[purpose] if given else even) for purpose in PURPOSES}
        return self

    def scores(
        self, codes: NDArray[np.int32], lengths: NDArray[np.int64], purpose: Purpose = "next"
    ) -> NDArray[np.float32]:
        """See `SequenceScorer`: log-probabilities up to a constant, `(n_prefixes, n_songs)`."""
        along = self.network_.tastes_along(codes)[:, np.asarray(lengths) - 1]
        return self._scores(purpose, along, codes, lengths)

    def scores_after(
        self,
        codes: NDArray[np.int32],
        state: NDArray[np.float32],
        purpose: Purpose = "next",
        among: NDArray[np.int32] | None = None,
    ) -> NDArray[np.float32]:
        """Scores `(n_songs,)` of all songs for one listener.

        Args:
            codes: (n,) the songs so far, without the skipped ones; what neighbours and item models are asked.
            state: (size,) the network's state after all plays, skipped ones too (`TasteNetwork.play`).
            purpose: whose weights.
            among: see `Guide`; here all scores are exact.
        """
        names = [horizon.name for horizon in self.config.network.horizons]
        tastes = np.stack([self.network_.taste(state[None], name) for name in names])
        return self._scores(purpose, tastes, codes, np.array([len(codes)]))[0]

    @property
    def directions(self) -> NDArray[np.float32]:
        """See `Guide`: the network's vectors of the songs, centred."""
        vectors = self.network_.table().vectors
        return unit(vectors - vectors.mean(axis=0))

    def start(self) -> NDArray[np.float32]:
        """See `Guide`: the network's."""
        return self.network_.start()

    def play(
        self, state: NDArray[np.float32], track: int, context: Context | None = None
    ) -> NDArray[np.float32]:
        """See `Guide`: the network's."""
        return self.network_.play(state, np.array([track], np.int32), context)

    def extended(self, vectors: SongVectors) -> SequenceBlend:
        """A blend that also knows the songs of `vectors` it was not trained on: see `TasteNetwork.extended`.

        For these songs the network speaks for all parts.
        """
        other = SequenceBlend(self.config)
        other.__dict__.update(self.__dict__)
        other._take(self._parts.with_network(self.network_.extended(vectors)))
        return other

    def without_second_stage(self) -> SequenceBlend:
        """The same without rankers: to compare with."""
        other = SequenceBlend(self.config)
        other.__dict__.update(self.__dict__, _rankers={})
        return other

    @property
    def listeners_(self) -> list[str]:
        """Whose documents are kept, each once."""
        return list(dict.fromkeys(str(name) for name in self._parts.documents.names if name is not None))

    def forget(self, name: str) -> bool:
        """Take out the documents of this name (a listener's); whether there were any.

        The network's parameters and the weights stay: nothing in them is one listener's own.
        """
        documents = self._parts.documents
        own = documents.names == name
        if own.any():
            self._parts.learn(documents.select(~own))
            self._take(self._parts)
        return bool(own.any())

    def save(self, folder: Path) -> None:
        """Write the network and what the other parts learn from to a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.network_.save(folder / "network.npz")
        facts = {
            "config": self.config.model_dump(mode="json"),
            "weights": self.weights_,
            "validation": self.validation_,
            "ranking": self.ranking_,
            "rankers": {purpose: ranker.names_ for purpose, ranker in self._rankers.items()},
        }
        d = self._parts.documents
        arrays = {"offsets": d.offsets, "codes": d.codes, "counts": d.counts, "names": pack_strings(d.names)}
        for purpose, ranker in self._rankers.items():
            arrays |= {f"{purpose} {name}": array for name, array in ranker.arrays().items()}
        save_arrays(folder / "blend.npz", KIND, facts, arrays)
        self._parts.save(folder)

    @classmethod
    def load(cls, folder: Path) -> SequenceBlend:
        """Read what `save` wrote; neighbours learn again from the documents, in a moment.

        Raises:
            NotFoundError, FormatError: the files are not there, or are something else.
        """
        facts, arrays = load_arrays(folder / "blend.npz", KIND)
        with reading(folder, KIND, AGAIN):
            blend = cls(SequenceBlendConfig.model_validate(facts["config"]))
            network = TasteNetwork.load(folder / "network.npz")
            blend.weights_, blend.validation_ = facts["weights"], facts["validation"]
            blend.ranking_ = facts.get("ranking", {})
            blend._rankers = {
                purpose: Ranker.of(_beginning(arrays, purpose), names)
                for purpose, names in facts.get("rankers", {}).items()
            }
            n = len(arrays["counts"])
            unknown = np.full(n, None, dtype=object)
            documents = Documents(
                arrays["offsets"],
                arrays["codes"],
                network.track_ids_,
                arrays["counts"],
                unknown,
                unknown,
                unpack_strings(arrays["names"]),
            )
        used = None if blend._rankers else _used(blend.weights_)
        blend._take(BlendParts(blend.config, network, documents, used, kept=folder))
        return blend

    def _take(self, parts: BlendParts) -> None:
        self._parts, self._candidates = parts, Candidates(parts)

    def _weights(self, purpose: Purpose) -> Mapping[str, float]:
        if purpose not in self.weights_:
            raise UsageError(
                "The blend has no such purpose", expected=", ".join(self.weights_), got=str(purpose)
            )
        return {name: weight for name, weight in self.weights_[purpose].items() if weight > 0}

    def _scores(
        self,
        purpose: Purpose,
        tastes: NDArray[np.float32],
        codes: NDArray[np.int32],
        lengths: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        """Scores after prefixes; tastes `(n_horizons, n, d)`."""
        weights, ranker = self._weights(purpose), self._rankers.get(purpose)
        # The network speaks for the others where they know nothing.
        names = {*weights, self._parts.horizons[0]} if ranker is None else set(self._parts.names)
        log_probabilities = self._parts.heads(names, tastes)
        if len(codes):
            log_probabilities |= self._parts.memory_based(names, codes, lengths)
        total = self._joined(weights, log_probabilities)
        if ranker is None or not len(codes):
            return total
        for row, length in enumerate(np.asarray(lengths).tolist()):
            one = {name: values[row] for name, values in log_probabilities.items()}
            prefix, most = codes[:length], self.config.candidates
            total[row] = reordered(ranker, self._candidates, prefix, one, total[row], most)
        return total

    def _joined(
        self, weights: Mapping[str, float], log_probabilities: Mapping[str, NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """The weighted sum."""
        asked = {name: weight for name, weight in weights.items() if name in log_probabilities}
        heads = {name: asked.pop(name) for name in self._parts.horizons if name in asked}
        # Where the network weighs nothing it needs a little, to speak for the others below.
        heads = heads or {self._parts.horizons[0]: 1e-6}
        total = np.sum([weight * log_probabilities[name] for name, weight in heads.items()], axis=0)
        if asked:
            n_known = self._parts.documents.n_tracks
            # Of songs that the others do not know the network speaks with the weight of all, so that they
            # compare with the rest.
            total[:, n_known:] *= 1 + sum(asked.values()) / sum(heads.values())
            for name, weight in asked.items():
                total[:, :n_known] += weight * log_probabilities[name]
        return total


def _beginning(arrays: Mapping[str, NDArray[Any]], purpose: str) -> dict[str, NDArray[Any]]:
    """The arrays of one purpose's ranker."""
    start = f"{purpose} "
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}


def _used(weights: Weights) -> set[str]:
    """Names of the parts that weigh anything."""
    return {name for each in weights.values() for name, weight in each.items() if weight > 0}


def _signature(documents: Documents, vectors: SongVectors, config: SequenceBlendConfig, seed: int) -> str:
    """Changes with the data, all settings and the seed."""
    texts = [vectors.config.model_dump_json(), str(vectors.seed_), config.model_dump_json(), str(seed)]
    digest = hashlib.sha256("\n".join([*texts, *documents.track_ids.tolist()]).encode())
    digest.update(documents.codes.tobytes() + documents.offsets.tobytes())
    return digest.hexdigest()[:16]
