"""The same taste keeps its number and its name from week to week, whatever model found it.

Tastes are compared by the tracks in them, not by their centres: a newly trained model turns its space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix

from segue.tastes.kernels import assign
from segue.tastes.profiles import Profiles

# Part of the lighter taste's weight that must be in common.
IN_COMMON = 0.3


def carry_over(now: Profiles, before: Profiles | None, in_common: float = IN_COMMON) -> Profiles:
    """`now` with the numbers of `before` for tastes that are the same; the others get numbers never used
    before.

    What two tastes of a listener have in common is the sum over their common tracks of the smaller weight,
    as part of the lighter taste's. The most alike are matched first, each to one.

    Args:
        now: this week's tastes.
        before: last week's; None for the first time.
        in_common: what tastes must have in common to be the same.
    """
    if before is None:
        return now
    row = np.array([before.place.get(who, -1) for who in now.listeners.tolist()], np.int64)
    common = _in_common(now, before, row)
    last = np.where(row >= 0, before.last_ids[row] if len(before.last_ids) else -1, -1).astype(np.int32)
    ids = assign(
        now.first,
        before.first,
        row,
        before.ids,
        last,
        common.indptr.astype(np.int64),
        common.indices.astype(np.int64),
        common.data.astype(np.float32),
        in_common,
    )
    return replace(now, ids=ids, last_ids=last)


def _in_common(now: Profiles, before: Profiles, row: NDArray[np.int64]):
    """(n_tastes now, n_tastes before) CSR of what they have in common, within listeners."""
    track_before = {track: number for number, track in enumerate(before.tracks.tolist())}
    renumber = np.array([track_before.get(track, -1) for track in now.tracks.tolist()], np.int64)
    n_tracks = max(1, len(before.tracks))
    owner = np.repeat(row, np.diff(now.first))  # of each taste, as a listener of before
    taste = np.repeat(np.arange(len(now.ids)), np.diff(now.member_first))
    track = renumber[now.members]
    there = (owner[taste] >= 0) & (track >= 0)
    # One number for listener and track, so that all listeners' common tracks are found by one
    # intersection.
    key = owner[taste[there]] * n_tracks + track[there]
    taste, weight = taste[there], now.member_weights[there]
    owner_before = np.repeat(np.arange(len(before.listeners)), np.diff(before.first))
    taste_before = np.repeat(np.arange(len(before.ids)), np.diff(before.member_first))
    key_before = owner_before[taste_before] * n_tracks + before.members
    _, here, earlier = np.intersect1d(key, key_before, assume_unique=True, return_indices=True)
    both = np.minimum(weight[here], before.member_weights[earlier])
    rows, columns = taste[here], taste_before[earlier]
    common = coo_matrix((both, (rows, columns)), shape=(len(now.ids), len(before.ids))).tocsr()
    common.sum_duplicates()
    pairs = common.tocoo()
    lighter = np.minimum(now.weights[pairs.row], before.weights[pairs.col])
    common.data = common.data / np.maximum(lighter, 1e-9)
    return common


def names_before(now: Profiles, before: Profiles | None) -> Sequence[str]:
    """(n_tastes,) last week's names by number; empty for a new taste."""
    if before is None or not before.names:
        return [""] * len(now.ids)
    names = []
    for at, who in enumerate(now.listeners.tolist()):
        known = {int(before.ids[t]): before.names[t] for t in before.tastes(who)}
        names += [known.get(int(now.ids[t]), "") for t in range(now.first[at], now.first[at + 1])]
    return names
