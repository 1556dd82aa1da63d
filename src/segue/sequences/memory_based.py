"""Models of what stands with what, each with a vote for every song. They need no training by epochs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.factors.ease import EASE
from segue.factors.folded import FactorScores
from segue.sequences.blend_config import SequenceBlendConfig
from segue.sequences.documents import Documents
from segue.sequences.kernels import add_log_shares
from segue.sequences.neighbourhood import Cooccurrence, SequenceNeighbours
from segue.sequences.recent import RecentRows

LogProbabilities = dict[str, NDArray[np.float32]]


class MemoryBasedModels:
    """Neighbours of sequences and item models, fitted to the same documents.

    Votes s of a model become p = (1 - smoothing) s / Σ s + smoothing * popularity.

    Args:
        config: which models, and their settings.
        documents: what they are fitted to; their codes are everybody's.
        used: names of the models that are asked; None for all. The others are not fitted.
        kept: a folder where `save` has written what takes long to be fitted to these documents.
    """

    def __init__(
        self,
        config: SequenceBlendConfig,
        documents: Documents,
        used: Collection[str] | None = None,
        kept: Path | None = None,
    ) -> None:
        self.smoothing = config.smoothing
        models = _models(config)
        self._models = {name: model for name, model in models.items() if used is None or name in used}
        self.learn(documents, kept)

    @property
    def names(self) -> tuple[str, ...]:
        """All models."""
        return tuple(self._models)

    def learn(self, documents: Documents, kept: Path | None = None) -> None:
        """Fit the models, but for those of which `kept` holds what they learned of the same documents."""
        self.documents = documents
        popularity = documents.counts / max(documents.counts.sum(), 1)
        # A song that no document holds has a chance all the same, or its logarithm would be minus infinity.
        self._smooth = self.smoothing * np.maximum(popularity, 1e-9)
        self._without_votes = np.log(self._smooth).astype(np.float32)
        for name, model in self._models.items():
            if kept is not None and isinstance(model, RecentRows) and (kept / f"{name}.npz").is_file():
                model.take(kept / f"{name}.npz", documents)
            else:
                model.fit(documents)

    def save(self, folder: Path) -> None:
        """Write what takes long to be fitted: EASE and factors. Neighbours and counts take a moment."""
        for name, model in self._models.items():
            if isinstance(model, RecentRows):
                model.save(folder / f"{name}.npz")

    def log_probabilities(
        self, names: Collection[str], codes: NDArray[np.int32], lengths: NDArray[np.int64]
    ) -> LogProbabilities:
        """Log-probabilities by each of `names` after prefixes of a sequence, each `(n_prefixes, n_tracks)`.

        Songs of the sequence that the documents do not have are passed over.
        """
        found = {}
        for name, votes in self._votes(names, codes, lengths):
            found[name] = np.tile(self._without_votes, (len(lengths), 1))
            self._add(votes, 1.0, found[name])
        return found

    def mean_log_probabilities(
        self, names: Collection[str], codes: NDArray[np.int32], lengths: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """The mean of `log_probabilities` of `names`, which are all there: `(n_prefixes, n_tracks)`."""
        mean = np.tile(self._without_votes, (len(lengths), 1))
        for _, votes in self._votes(names, codes, lengths):
            self._add(votes, 1 / len(names), mean)
        return mean

    def _votes(
        self, names: Collection[str], codes: NDArray[np.int32], lengths: NDArray[np.int64]
    ) -> Iterator[tuple[str, NDArray[np.float32]]]:
        known = codes < self.documents.n_tracks
        kept = np.concatenate([[0], np.cumsum(known)])[lengths]
        for name, model in self._models.items():
            if name not in names:
                continue
            if (kept > 0).all():
                yield name, model.scores(codes[known], kept)
                continue
            votes = np.zeros((len(lengths), self.documents.n_tracks), np.float32)
            if (kept > 0).any():
                votes[kept > 0] = model.scores(codes[known], kept[kept > 0])
            yield name, votes

    def _add(self, votes: NDArray[np.float32], weight: float, to: NDArray[np.float32]) -> None:
        for its, row in zip(np.ascontiguousarray(votes, np.float32), to, strict=True):
            add_log_shares(its, self._smooth, self._without_votes, self.smoothing, weight, row)


def _models(config: SequenceBlendConfig) -> dict[str, SequenceNeighbours | Cooccurrence | RecentRows]:
    """The models, not fitted yet."""
    models: dict[str, SequenceNeighbours | Cooccurrence | RecentRows] = {}
    if config.near is not None:
        models["near"] = SequenceNeighbours(config.near)
    if config.far is not None:
        models["far"] = SequenceNeighbours(config.far)
    if config.items_decay is not None:
        models["items"] = Cooccurrence(config.items_decay)
    if config.ease is not None:
        models["ease"] = RecentRows(EASE(config.ease), config.ease_decay)
    if config.factors is not None:
        models["factors"] = RecentRows(FactorScores(config.factors), config.factors_decay)
    return models
