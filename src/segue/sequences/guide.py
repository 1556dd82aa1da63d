"""What a radio asks which track comes next: the trained blend, or, where there is none, neighbours alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from segue.sequences.blend_config import Purpose, SequenceBlendConfig
from segue.sequences.documents import Documents
from segue.sequences.memory_based import MemoryBasedModels

if TYPE_CHECKING:
    from segue.sequences.documents import Context

ASKED = ("near", "far", "items")  # fitted in seconds, whatever the size of the catalogue
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
        self, codes: NDArray[np.int32], state: NDArray[np.float32], purpose: Purpose = "next"
    ) -> NDArray[np.float32]:
        """(n_tracks,) of one listener: the tracks so far, and the state (size,)."""
        ...


class NeighbourGuide:
    """Neighbours of sequences and item neighbours, evenly: the mean of their log-probabilities.

    It remembers what was played by the codes alone and has no state.

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
        return np.mean(list(self._memory_based.log_probabilities(ASKED, codes, lengths).values()), axis=0)

    def scores_after(
        self, codes: NDArray[np.int32], state: NDArray[np.float32], purpose: Purpose = "next"
    ) -> NDArray[np.float32]:
        """See `Guide`; by popularity where nothing was played."""
        return self.scores(codes, np.array([len(codes)]), purpose)[0]
