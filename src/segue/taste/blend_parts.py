"""The parts of a blend, fitted to the same documents: what each says of all songs, as log-probabilities."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Self

import numpy as np
from numpy.typing import NDArray

from segue.factors.ease import EASE
from segue.taste.blend_config import SequenceBlendConfig
from segue.taste.documents import Documents
from segue.taste.network import TasteNetwork
from segue.taste.recent import RecentRows
from segue.taste.sequences import Cooccurrence, SequenceNeighbours

NETWORK = "network "
"""Before a horizon's name: the name of its part."""

LogShares = dict[str, NDArray[np.float32]]


class BlendParts:
    """The taste network's horizons, and models that give votes.

    For a horizon p is its softmax. Votes s become p = (1 - smoothing) s / Σ s + smoothing * popularity.

    Args:
        config: which parts, and their settings.
        network: a trained one; its codes are everybody's.
        documents: in the network's codes; what the other parts are fitted to.
        used: names of the parts that are asked; None for all. The others are not fitted.
    """

    def __init__(
        self,
        config: SequenceBlendConfig,
        network: TasteNetwork,
        documents: Documents,
        used: Collection[str] | None = None,
    ) -> None:
        self.config, self.network = config, network
        self.horizons = tuple(NETWORK + horizon.name for horizon in config.network.horizons)
        models = _models(config)
        self._models = {name: model for name, model in models.items() if used is None or name in used}
        self.learn(documents)

    @property
    def names(self) -> tuple[str, ...]:
        """All parts."""
        return self.horizons + tuple(self._models)

    def learn(self, documents: Documents) -> None:
        """Fit the models that give votes."""
        self.documents = documents
        self._popularity = documents.counts / max(documents.counts.sum(), 1)
        for model in self._models.values():
            model.fit(documents)

    def with_network(self, network: TasteNetwork) -> Self:
        """The same parts beside another network, which may know more songs."""
        other = copy.copy(self)
        other.network = network
        return other

    def heads(self, names: Collection[str], tastes: NDArray[np.float32]) -> LogShares:
        """What the network's horizons say, each `(n, n_songs)`, for their tastes `(n_horizons, n, d)`."""
        return {
            name: log_softmax(self.network.scores_of(tastes[number]))
            for number, name in enumerate(self.horizons)
            if name in names
        }

    def votes(
        self, names: Collection[str], codes: NDArray[np.int32], lengths: NDArray[np.int64]
    ) -> LogShares:
        """What the other parts say after prefixes of a sequence, each `(n_prefixes, n_known)`."""
        n_known = self.documents.n_tracks
        known = codes < n_known
        kept = np.concatenate([[0], np.cumsum(known)])[lengths]
        found = {}
        for name, model in self._models.items():
            if name not in names:
                continue
            votes = np.zeros((len(lengths), n_known), np.float32)
            if (kept > 0).any():
                votes[kept > 0] = model.scores(codes[known], kept[kept > 0])
            found[name] = self._log_shares(votes)
        return found

    def said(self, codes: NDArray[np.int32], lengths: NDArray[np.int64]) -> LogShares:
        """What all parts say after prefixes of a sequence, each `(n_prefixes, n_songs)`."""
        along = self.network.tastes_along(codes)[:, np.asarray(lengths) - 1]
        return self.heads(self.names, along) | self.votes(self.names, codes, lengths)

    def _log_shares(self, votes: NDArray[np.float32]) -> NDArray[np.float32]:
        votes = np.maximum(votes, 0)
        total = votes.sum(axis=1, keepdims=True)
        share = np.divide(votes, total, out=np.zeros_like(votes), where=total > 0)
        smooth = self.config.smoothing * np.maximum(self._popularity, 1e-9)
        return np.log((1 - self.config.smoothing) * share + smooth).astype(np.float32)


def _models(config: SequenceBlendConfig) -> dict[str, SequenceNeighbours | Cooccurrence | RecentRows]:
    """The models that give votes, not fitted yet."""
    models: dict[str, SequenceNeighbours | Cooccurrence | RecentRows] = {}
    if config.near is not None:
        models["near"] = SequenceNeighbours(config.near)
    if config.far is not None:
        models["far"] = SequenceNeighbours(config.far)
    if config.items_decay is not None:
        models["items"] = Cooccurrence(config.items_decay)
    if config.ease is not None:
        models["ease"] = RecentRows(EASE(config.ease), config.ease_decay)
    return models


def log_softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-probabilities of rows of logits."""
    scores = scores - scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
