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

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.taste.arrays import load_arrays, pack_strings, save_arrays, unpack_strings
from segue.taste.blend_config import Purpose, SequenceBlendConfig
from segue.taste.blend_parts import BlendParts
from segue.taste.choosing import PURPOSES, Weights, choose
from segue.taste.documents import Documents
from segue.taste.network import TasteNetwork
from segue.taste.vectors import SongVectors

KIND = "sequence blend"


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
    """

    def __init__(self, config: SequenceBlendConfig | None = None) -> None:
        self.config = config or SequenceBlendConfig()
        self.weights_: Weights
        self.validation_: Weights
        self._parts: BlendParts

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
        self._parts = BlendParts(self.config, network, everything, None if given is None else _used(given))
        even = dict.fromkeys(self._parts.names, round(1 / len(self._parts.names), 4))
        self.weights_ = {purpose: dict(given[purpose] if given else even) for purpose in PURPOSES}
        return self

    def scores(
        self, codes: NDArray[np.int32], lengths: NDArray[np.int64], purpose: Purpose = "next"
    ) -> NDArray[np.float32]:
        """See `SequenceScorer`: log-probabilities up to a constant, `(n_prefixes, n_songs)`."""
        wanted = self._weights(purpose)
        along = self.network_.tastes_along(codes)[:, np.asarray(lengths) - 1]
        return self._joined(wanted, along, self._parts.votes(wanted, codes, lengths))

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
        votes = self._parts.votes(wanted, codes, np.array([len(codes)])) if len(codes) else {}
        return self._joined(wanted, tastes, votes)[0]

    def extended(self, vectors: SongVectors) -> SequenceBlend:
        """A blend that also knows the songs of `vectors` it was not trained on: see `TasteNetwork.extended`.

        For these songs the network speaks for all parts.
        """
        other = SequenceBlend(self.config)
        other.__dict__.update(self.__dict__)
        other._parts = self._parts.with_network(self.network_.extended(vectors))
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
        d = self._parts.documents
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
        network = TasteNetwork.load(folder / "network.npz")
        blend.weights_, blend.validation_ = facts["weights"], facts["validation"]
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
        blend._parts = BlendParts(blend.config, network, documents, _used(blend.weights_))
        return blend

    def _weights(self, purpose: Purpose) -> Mapping[str, float]:
        if purpose not in self.weights_:
            raise UsageError(
                "The blend has no such purpose", expected=", ".join(self.weights_), came=str(purpose)
            )
        return {name: weight for name, weight in self.weights_[purpose].items() if weight > 0}

    def _joined(
        self,
        weights: Mapping[str, float],
        tastes: NDArray[np.float32],
        votes: Mapping[str, NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """The weighted sum; tastes `(n_horizons, n, d)`."""
        asked = {name: weight for name, weight in weights.items() if name in votes}
        heads = {name: weights[name] for name in self._parts.horizons if name in weights}
        if not heads:
            heads = {self._parts.horizons[0]: 1e-6}  # it speaks for the others where they know nothing
        total = np.zeros((tastes.shape[1], len(self.track_ids_)), np.float32)
        for name, said in self._parts.heads(heads, tastes).items():
            total += heads[name] * said
        if not votes:
            return total
        n_known = self._parts.documents.n_tracks
        total[:, n_known:] *= 1 + sum(asked.values()) / sum(heads.values())
        for name, weight in asked.items():
            total[:, :n_known] += weight * votes[name]
        return total


def _used(weights: Weights) -> set[str]:
    """Names of the parts that weigh anything."""
    return {name for each in weights.values() for name, weight in each.items() if weight > 0}


def named_in(folder: Path) -> list[str]:
    """Whose documents a saved blend keeps, without loading the rest.

    Raises:
        NotFoundError, FormatError: the files are not there, or are something else.
    """
    _, arrays = load_arrays(folder / "blend.npz", KIND)
    return list(dict.fromkeys(name for name in unpack_strings(arrays["names"]) if name is not None))


def _signature(documents: Documents, vectors: SongVectors, config: SequenceBlendConfig, seed: int) -> str:
    """Changes with the data, all settings and the seed."""
    texts = [vectors.config.model_dump_json(), str(vectors.seed_), config.model_dump_json(), str(seed)]
    digest = hashlib.sha256("\n".join([*texts, *documents.track_ids.tolist()]).encode())
    digest.update(documents.codes.tobytes() + documents.offsets.tobytes())
    return digest.hexdigest()[:16]
