"""For somebody of whom nothing is known: what many listeners or playlists have, of many kinds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.library.few_listeners import FEWEST_PEOPLE
from segue.playlists.candidates import BY_MODEL, Proposed
from segue.playlists.rules import Candidates, Context
from segue.playlists.rules.context import Bools, Floats, Ints
from segue.tastes.space import TasteSpace

POOL = 10  # popular tracks looked at, in lists' lengths
KINDS = 8  # of music on the list
MANY = "These are tracks that many listeners or playlists here have, of many kinds."
NOTE = f"Nothing is known of this listener yet. {MANY} Plays and saves make the next list their own."
REASON = "Many listeners or playlists here have it; your own taste is not known yet."
BEGIN = (
    "Import this listener's plays, or name tracks with segue weekly guest 'artist - title'; or import "
    "playlists, and segue train."
)
NOBODY = (
    f"Nothing is known of this listener yet, and fewer than {FEWEST_PEOPLE} people or playlists here share a "
    f"track, so that nothing can be told of what many like. {BEGIN}"
)
FEW = 10  # tracks below which a taste is known a little


def shared_popularity(owners: NDArray[np.int64]) -> Floats:
    """(n_tracks,) popularity, 0 to 1, by how many have each track: listeners, playlists.

    Of fewer than five nothing is told: in a household it would be what the others play.
    """
    counts = np.where(owners >= FEWEST_PEOPLE, owners, 0)
    return (counts / max(counts.max(initial=0), 1)).astype(np.float32)


def popular(context: Context, space: TasteSpace, allowed: Bools, tracks: int) -> Proposed:
    """The most popular tracks in `KINDS` groups of like ones, each group with the same part of the list.

    The groups stand around tracks far from each other: the most popular one, then always the one least like
    those before it, counting popularity (Gonzalez 1985, farthest-first traversal).
    """
    pool = np.flatnonzero(allowed & (context.popularity > 0))
    pool = pool[np.argsort(-context.popularity[pool], kind="stable")[: POOL * tracks]].astype(np.int32)
    # From here on in the order of their numbers, as all candidates are.
    first, pool = pool[:1], np.sort(pool)
    if not len(pool):
        nobody = np.empty(0, np.int32)
        return Proposed(Candidates.of([], []), nobody.astype(np.int8))
    groups = _groups(space.vectors[pool], context.popularity[pool], int(np.searchsorted(pool, first[0])))
    shares = np.full(int(groups.max()) + 1, 1 / (groups.max() + 1), np.float32)
    scores = np.log(context.popularity[pool]).astype(np.float32)
    return Proposed(Candidates(pool, scores, groups, shares), np.full(len(pool), BY_MODEL, np.int8))


def _groups(vectors: Floats, popularity: Floats, first: int) -> Ints:
    """(n,) the group of each, from 0; the first group stands around `first`."""
    chosen, nearest = [first], vectors @ vectors[first]
    group = np.zeros(len(vectors), np.int32)
    while len(chosen) < KINDS:
        far = (1 - nearest) * np.sqrt(popularity)
        at = int(far.argmax())
        if nearest[at] > 0.99:
            break
        likeness = vectors @ vectors[at]
        group[likeness > nearest] = len(chosen)
        nearest = np.maximum(nearest, likeness)
        chosen.append(at)
    return np.unique(group, return_inverse=True)[1].astype(np.int32)
