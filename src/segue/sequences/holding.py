"""Documents kept aside, so that nothing is chosen on what was learned from, and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.sequences.blend_config import Purpose
from segue.sequences.documents import Documents

SHORTEST = 5
"""What is to come is asked for after so many songs or more."""

GIVEN = (0.6, 0.7, 0.8, 0.9)
"""Shares of a document after each of which all that follows is asked for."""


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


class Question(NamedTuple):
    """Prefixes of a held-out document, and what came after each."""

    codes: NDArray[np.int32]
    lengths: NDArray[np.int64]  # (n_prefixes,)
    ends: NDArray[np.int64]  # what is asked for ends here, (n_prefixes,)

    def targets(self, row: int) -> NDArray[np.int32]:
        """The songs to be found after one prefix."""
        return self.codes[self.lengths[row] : self.ends[row]]


def questions(
    held: Documents, most: int, positions: int, seed: int
) -> Iterator[tuple[int, dict[Purpose, Question]]]:
    """For up to `most` documents: the next song at `positions` places, and all that follows after `GIVEN`."""
    random = np.random.default_rng(seed)
    rows = np.flatnonzero(held.lengths > SHORTEST)
    for row in np.sort(random.permutation(rows)[:most]).tolist():
        codes = held[row]
        some = np.sort(random.permutation(np.arange(SHORTEST, len(codes)))[:positions])
        most_of_it = np.unique([max(SHORTEST, int(share * len(codes))) for share in GIVEN])
        end = np.full(len(most_of_it), len(codes))
        yield row, {"next": Question(codes, some, some + 1), "soon": Question(codes, most_of_it, end)}
