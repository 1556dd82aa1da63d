"""What playlists say of the tracks they hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def share(
    said: NDArray[np.bool_],
    entry_playlists: NDArray[np.int32],
    entry_tracks: NDArray[np.int32],
    n_tracks: int,
    least: int = 3,
) -> NDArray[np.float32]:
    """(n_tracks,) share of a track's playlists of which something is `said`; 0 if fewer than `least` hold it.

    Args:
        said: (n_playlists,) whether it is.
        entry_playlists, entry_tracks: (n_entries,) playlist and track numbers, each pair once.
    """
    total = np.bincount(entry_tracks, minlength=n_tracks)
    such = np.bincount(entry_tracks, weights=said[entry_playlists], minlength=n_tracks)
    return np.where(total >= least, such / np.maximum(total, 1), 0).astype(np.float32)
