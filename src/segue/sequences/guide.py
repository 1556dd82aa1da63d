"""What a radio asks which track comes next: the trained blend, or, where there is none, neighbours alone."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from segue.factors.products import products
from segue.factors.quantised import Quantised, products_of
from segue.sequences.blend_config import Purpose, SequenceBlendConfig
from segue.sequences.documents import Documents
from segue.sequences.kernels import add_standard
from segue.sequences.memory_based import MemoryBasedModels

if TYPE_CHECKING:
    from segue.sequences.documents import Context

ASKED = ("near", "far", "items")  # fitted in seconds, whatever the size of the catalogue
# What nearness to the tracks so far weighs beside neighbours, both in deviations. After one track a few
# playlists that happen to hold it would say all, whatever else they hold.
NEARNESS = 0.5
FADES = 0.9  # how much a track weighs in that against the one after it
LARGE = 1 << 21  # numbers of all directions from which to read them takes longest
FACTORS = "factors"


class Guide(Protocol):
    """Scores every track as the next one. Codes are places in `track_ids_`."""

    @property
    def track_ids_(self) -> NDArray[np.object_]:
        """The tracks, by code."""
        ...

    @property
    def directions(self) -> NDArray[np.float32]:
        """(n_tracks, d) unit vectors by which nearness is told; all zero where nothing is known."""
        ...

    def start(self) -> NDArray[np.float32]:
        """(1, size) the state of a listener who has played nothing."""
        ...

    def play(
        self, state: NDArray[np.float32], track: int, context: Context | None = None
    ) -> NDArray[np.float32]:
        """(1, size) the state one play later."""
        ...

    def scores(
        self, codes: NDArray[np.int32], lengths: NDArray[np.int64], purpose: Purpose = "next"
    ) -> NDArray[np.float32]:
        """(n_prefixes, n_tracks) after each prefix `codes[:length]` of at least one track."""
        ...

    def scores_after(
        self,
        codes: NDArray[np.int32],
        state: NDArray[np.float32],
        purpose: Purpose = "next",
        among: NDArray[np.int32] | None = None,
    ) -> NDArray[np.float32]:
        """(n_tracks,) of one listener: the tracks so far, and the state (size,).

        Where tracks `among` which one will be chosen are named, those of others need not be exact: they may
        be some hundredths of a deviation off.
        """
        ...


class NeighbourGuide:
    """Neighbours of sequences and item neighbours, evenly, and how near a track is to those so far.

    score(i) = l(i) + NEARNESS σ(l) z(i): l is the mean of the neighbours' log-probabilities, σ its deviation
    over the tracks, z the cosine of i to Σ_j FADES^age(j) v_j, standardised. It remembers what was played by
    the codes alone and has no state.

    Args:
        documents: playlists and sessions.
        directions: (n_tracks, d) unit vectors of the documents' tracks, by code.
        config: settings of the models.
    """

    def __init__(
        self,
        documents: Documents,
        directions: NDArray[np.float32],
        config: SequenceBlendConfig | None = None,
    ) -> None:
        self.directions, self.track_ids_ = directions, documents.track_ids
        self._memory_based = MemoryBasedModels(config or SequenceBlendConfig(), documents, ASKED)

    def start(self) -> NDArray[np.float32]:
        """See `Guide`."""
        return np.empty((1, 0), np.float32)

    def play(
        self, state: NDArray[np.float32], track: int, context: Context | None = None
    ) -> NDArray[np.float32]:
        """See `Guide`."""
        return state

    def scores(
        self, codes: NDArray[np.int32], lengths: NDArray[np.int64], purpose: Purpose = "next"
    ) -> NDArray[np.float32]:
        """See `Guide`; the same for both purposes."""
        return self._scores(codes, lengths, None)

    def scores_after(
        self,
        codes: NDArray[np.int32],
        state: NDArray[np.float32],
        purpose: Purpose = "next",
        among: NDArray[np.int32] | None = None,
    ) -> NDArray[np.float32]:
        """See `Guide`; by popularity where nothing was played."""
        return self._scores(codes, np.array([len(codes)]), among)[0]

    def _scores(
        self, codes: NDArray[np.int32], lengths: NDArray[np.int64], among: NDArray[np.int32] | None
    ) -> NDArray[np.float32]:
        found = self._memory_based.mean_log_probabilities(ASKED, codes, lengths)
        for row, length in zip(found, lengths.tolist(), strict=True):
            ages = np.arange(length, dtype=np.float32)[::-1]
            query = np.float32(FADES) ** ages @ self.directions[codes[:length]]
            add_standard(row, self._near(query, among), NEARNESS)
        return found

    def _near(self, query: NDArray[np.float32], among: NDArray[np.int32] | None) -> NDArray[np.float32]:
        if among is None or self.directions.size < LARGE:
            return products(query[None], self.directions)[0]
        near, exact = self._quantised.products(query), np.zeros(len(among), np.float32)
        products_of(self.directions, among, query, exact)
        near[among] = exact
        return near

    @cached_property
    def _quantised(self) -> Quantised:
        return Quantised(self.directions)
