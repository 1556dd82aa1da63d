"""The loops that run for every listener, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.compiling import compiled


@compiled()
def largest(
    tracks: NDArray[np.int32],
    first: NDArray[np.int64],
    artists: NDArray[np.int32],
    told: NDArray,
    result: NDArray,
) -> None:
    """Raise `result` (t,) to the largest of `told` (n_artists,) over each track's credited artists."""
    for i in range(len(tracks)):
        for c in range(first[tracks[i]], first[tracks[i] + 1]):
            if told[artists[c]] > result[i]:
                result[i] = told[artists[c]]


@compiled()
def expand(
    tracks: NDArray[np.int32],
    work: NDArray[np.int32],
    work_first: NDArray[np.int64],
    work_tracks: NDArray[np.int32],
    stamps: NDArray[np.int64],
    now: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """`tracks` followed by the other versions of their works, and for each the place of the track it stands
    for.

    A version goes to the first of `tracks` that is of its work. `stamps` (n_tracks,) must hold `now` nowhere.
    """
    count = len(tracks)
    size = count
    for i in range(count):
        stamps[tracks[i]] = now
        size += work_first[work[tracks[i]] + 1] - work_first[work[tracks[i]]] - 1
    result, stands_for = np.empty(size, np.int32), np.empty(size, np.int32)
    result[:count] = tracks
    stands_for[:count] = np.arange(count)
    n = count
    for i in range(count):
        w = work[tracks[i]]
        for at in range(work_first[w], work_first[w + 1]):
            other = work_tracks[at]
            if stamps[other] != now:
                stamps[other] = now
                result[n] = other
                stands_for[n] = i
                n += 1
    return result[:n], stands_for[:n]


@compiled()
def best_of_each(
    works: NDArray[np.int32],
    allowed: NDArray[np.bool_],
    wanted: NDArray[np.float32],
    candidate: NDArray[np.bool_],
    popularity: NDArray[np.float32],
    best: NDArray[np.int32],
) -> NDArray[np.bool_]:
    """(t,) false for one track of each work: an allowed one before others, then by `wanted`, `candidate` and
    `popularity`, the first of equals. `best` (n_works,) is scratch, -1 everywhere before and after."""
    gives_way = np.ones(len(works), np.bool_)
    for i in range(len(works)):
        j = best[works[i]]
        if j < 0:
            best[works[i]] = i
            continue
        if allowed[i] != allowed[j]:
            better = allowed[i]
        elif wanted[i] != wanted[j]:
            better = wanted[i] > wanted[j]
        elif candidate[i] != candidate[j]:
            better = candidate[i]
        else:
            better = popularity[i] > popularity[j]
        if better:
            best[works[i]] = i
    for i in range(len(works)):
        if best[works[i]] == i:
            gives_way[i] = False
    for i in range(len(works)):
        best[works[i]] = -1
    return gives_way


@compiled()
def uncount(
    tracks: NDArray[np.int32],
    first: NDArray[np.int64],
    artists: NDArray[np.int32],
    album: NDArray[np.int32],
    on_artist: NDArray[np.int32],
    on_album: NDArray[np.int32],
) -> None:
    """Set the counts of these tracks' artists and albums to 0."""
    for track in tracks:
        for c in range(first[track], first[track + 1]):
            on_artist[artists[c]] = 0
        if album[track] >= 0:
            on_album[album[track]] = 0
