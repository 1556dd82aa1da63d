"""The parts of a blend, fitted to the same documents: what each says of all songs, as log-probabilities."""

from __future__ import annotations

import copy
from collections.abc import Collection
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from segue.sequences.blend_config import SequenceBlendConfig
from segue.sequences.documents import Documents
from segue.sequences.memory_based import LogProbabilities, MemoryBasedModels
from segue.sequences.network import TasteNetwork

NETWORK = "network "
"""Before a horizon's name: the name of its part."""


class BlendParts:
    """The taste network's horizons, and memory-based models.

    For a horizon p is its softmax.

    Args:
        config: which parts, and their settings.
        network: a trained one; its codes are everybody's.
        documents: in the network's codes; what the other parts are fitted to.
        used: names of the parts that are asked; None for all. The others are not fitted.
        kept: a folder where `save` has written what takes long to be fitted to these documents.
    """

    def __init__(
        self,
        config: SequenceBlendConfig,
        network: TasteNetwork,
        documents: Documents,
        used: Collection[str] | None = None,
        kept: Path | None = None,
    ) -> None:
        self.config, self.network = config, network
        self.horizons = tuple(NETWORK + horizon.name for horizon in config.network.horizons)
        self._memory_based = MemoryBasedModels(config, documents, used, kept)

    @property
    def names(self) -> tuple[str, ...]:
        """All parts."""
        return self.horizons + self._memory_based.names

    @property
    def documents(self) -> Documents:
        """What the memory-based models are fitted to."""
        return self._memory_based.documents

    def learn(self, documents: Documents) -> None:
        """Fit the memory-based models."""
        self._memory_based.learn(documents)

    def save(self, folder: Path) -> None:
        """Write what of the memory-based models takes long to be fitted."""
        self._memory_based.save(folder)

    def with_network(self, network: TasteNetwork) -> Self:
        """The same parts beside another network, which may know more songs."""
        other = copy.copy(self)
        other.network = network
        return other

    def heads(self, names: Collection[str], tastes: NDArray[np.float32]) -> LogProbabilities:
        """What the network's horizons say, each `(n, n_songs)`, for their tastes `(n_horizons, n, d)`."""
        return {
            name: log_softmax(self.network.scores_of(tastes[number]))
            for number, name in enumerate(self.horizons)
            if name in names
        }

    def memory_based(
        self, names: Collection[str], codes: NDArray[np.int32], lengths: NDArray[np.int64]
    ) -> LogProbabilities:
        """What the other parts say after prefixes of a sequence, each `(n_prefixes, n_known)`."""
        return self._memory_based.log_probabilities(names, codes, lengths)

    def log_probabilities(self, codes: NDArray[np.int32], lengths: NDArray[np.int64]) -> LogProbabilities:
        """What all parts say after prefixes of a sequence, each `(n_prefixes, n_songs)`."""
        along = self.network.tastes_along(codes)[:, np.asarray(lengths) - 1]
        return self.heads(self.names, along) | self.memory_based(self.names, codes, lengths)


def log_softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-probabilities of rows of logits."""
    scores = scores - scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
