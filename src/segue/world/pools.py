"""What an agent chooses from: drawn songs in training, a longer list of the rules' for a weekly list."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import nlargest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

KNOWN_SHARE = 0.25  # of a drawn pool: the listener's most played


class SessionDraw(NamedTuple):
    """Which sessions are played: how many, from how many candidates each, and the seed of the draw."""

    count: int = 500
    pool: int = 100
    seed: int = 0


class Pool(NamedTuple):
    """What a list is chosen from."""

    listener: str | None  # whom it is for; None for somebody of whom nothing is known
    tracks: Sequence[str]  # ids
    length: int  # of the list
    group: Sequence[int] | None = None  # of each track
    quota: Sequence[int] | None = None  # most tracks of each group


def drawn_pool(
    popularity: NDArray[np.floating], plays: dict[int, float], size: int, rng: np.random.Generator
) -> NDArray[np.int32]:
    """A session's pool in training: numbers (size,) in the catalogue.

    A quarter is what the listener had played most by then, the rest is drawn by how much everybody plays it.

    Args:
        popularity: (n_tracks,) log weight of each track in the draw.
        plays: the listener's, by number of the track.
        size: at most n_tracks.
        rng: of the draw.
    """
    own = nlargest(int(KNOWN_SHARE * size), plays, key=lambda place: plays[place])
    # The largest sums of log weights and Gumbel noise are draws without replacement, in proportion to the
    # weights.
    score = popularity + rng.gumbel(size=len(popularity))
    score[own] = np.inf
    return rng.permutation(np.argpartition(-score, size - 1)[:size]).astype(np.int32)


def pool_of_list(
    listener: str, tracks: Sequence[str], tastes: NDArray[np.integer], list_tastes: NDArray[np.integer]
) -> Pool:
    """A weekly list's pool: a longer list of the rules', with as many places for each taste as the list has.

    Args:
        listener: whom it is for.
        tracks: ids of the longer list.
        tastes: of the longer list's tracks, in their order.
        list_tastes: of the list's own tracks.
    """
    numbers = np.unique(tastes)
    quota = [int((list_tastes == number).sum()) for number in numbers]
    return Pool(listener, tracks, len(list_tastes), np.searchsorted(numbers, tastes).tolist(), quota)
