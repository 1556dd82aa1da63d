"""Documents kept aside, so that nothing is chosen on what was learned from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from segue.taste.documents import Documents


class Aside(NamedTuple):
    """Three parts of the documents, no document in two of them."""

    learn: Documents  # everything is fitted to these
    stop: Documents  # the network stops by these
    choose: Documents  # weights and rankers are chosen on these


def set_aside(documents: Documents, *, stop: float, choose: float, seed: int) -> Aside:
    """Draw the parts at random, document by document.

    Args:
        documents: playlists, sessions, or both. Documents of the same songs in the same order go together, so
            that no copy of what is held out is learned from.
        stop: share to stop by.
        choose: share to choose on.
        seed: of the draw.
    """
    same: dict[bytes, int] = {}
    group = np.array([same.setdefault(codes.tobytes(), len(same)) for codes in documents], np.int64)
    place = np.random.default_rng(seed).permutation(len(same))[group]
    first = round(choose * len(same))
    second = first + round(stop * len(same))
    return Aside(
        documents.select(place >= second),
        documents.select((place >= first) & (place < second)),
        documents.select(place < first),
    )
