"""What the taste network is told of each play beside the song."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.sequences.documents import UNKNOWN, Context, Documents

N_PLAIN_FEATURES = 7
"""gap known, log gap, hour known, sine and cosine of the hour, skipped, not skipped; then the sources."""

SKIPPED = 5
"""The column of "skipped"."""

_GAP_SCALE = float(np.log1p(30 * 86400))


def context_features(context: Context, sources: tuple[str, ...]) -> NDArray[np.float32]:
    """Features `(n_places, n_features)` of each place; zeros where nothing is known.

    Args:
        context: of the places.
        sources: the sources that are told apart; others are as if not known.
    """
    gap_known = np.isfinite(context.gap_s)
    hour_known = context.hour != UNKNOWN
    # On a circle, on which midnight lies between 23 and 1.
    angle = 2 * np.pi * context.hour / 24
    plain = np.stack(
        [
            gap_known,
            np.where(gap_known, np.log1p(np.maximum(np.nan_to_num(context.gap_s), 0)) / _GAP_SCALE, 0),
            hour_known,
            np.where(hour_known, np.sin(angle), 0),
            np.where(hour_known, np.cos(angle), 0),
            context.skipped == 1,
            context.skipped == 0,
        ],
        axis=1,
    ).astype(np.float32)
    place = np.array([sources.index(s) if s in sources else UNKNOWN for s in context.sources], np.int64)
    source = np.zeros((len(plain), len(sources)), np.float32)
    known = np.flatnonzero(context.source >= 0)
    known = known[place[context.source[known]] >= 0] if len(place) else known[:0]
    source[known, place[context.source[known]] if len(known) else known] = 1
    return np.concatenate([plain, source], axis=1)


def frequent_sources(documents: Documents, most: int) -> tuple[str, ...]:
    """The `most` most frequent sources."""
    if documents.context is None:
        return ()
    names = documents.context.sources
    counts = np.bincount(documents.context.source[documents.context.source >= 0], minlength=len(names))
    return tuple(names[place] for place in np.argsort(-counts, kind="stable")[:most] if counts[place])
