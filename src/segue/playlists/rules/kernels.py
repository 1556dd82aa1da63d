"""The loops that run for every listener, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.compiling import compiled

# What became of a track in `pick`.
TAKEN, NOT_REACHED, ARTIST, ALBUM = 0, 1, 2, 3
ANYBODY = -2  # of recordings that are nobody's own: any artist's stands for them


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
    by: NDArray[np.int32],
    stamps: NDArray[np.int64],
    now: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """`tracks` followed by the other versions of their works, and for each the place of the track it stands
    for.

    A version goes to the first of `tracks` that is of its work and by its artist, or of its work and ANYBODY.
    `by` is (n_tracks,); `stamps` (n_tracks,) must hold `now` nowhere.
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
            whose = by[tracks[i]]
            if stamps[other] != now and (whose == by[other] or whose == ANYBODY):
                stamps[other] = now
                result[n] = other
                stands_for[n] = i
                n += 1
    return result[:n], stands_for[:n]


@compiled()
def best_of_each(
    works: NDArray[np.int32],
    by: NDArray[np.int32],
    stands_for: NDArray[np.int32],
    allowed: NDArray[np.bool_],
    wanted: NDArray[np.float32],
    candidate: NDArray[np.bool_],
    popularity: NDArray[np.float32],
    best: NDArray[np.int32],
) -> NDArray[np.bool_]:
    """(t,) false for one track of each work: one by the artist `by` whose track is first in `stands_for` of
    those that are allowed; of theirs an allowed one before others, then by `wanted`, `candidate` and
    `popularity`, the first of equals. `best` (n_works,) is scratch, -1 everywhere before and after."""
    gives_way = np.ones(len(works), np.bool_)
    for i in range(len(works)):
        j = best[works[i]]
        if j < 0:
            best[works[i]] = i
            continue
        if allowed[i] != allowed[j]:
            better = allowed[i]
        elif (by[i] == ANYBODY) != (by[j] == ANYBODY):
            better = by[j] == ANYBODY
        else:
            better = stands_for[i] < stands_for[j]
        if better:
            best[works[i]] = i
    right = np.empty(len(works), np.bool_)
    for i in range(len(works)):
        right[i] = by[i] == by[best[works[i]]]
    for i in range(len(works)):
        best[works[i]] = -1
    for i in range(len(works)):
        if not right[i]:
            continue
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


@compiled()
def pick(
    tracks: NDArray[np.int32],
    sources: NDArray[np.int32],
    shares: NDArray[np.float32],
    wanted: int,
    first: NDArray[np.int64],
    artists: NDArray[np.int32],
    album: NDArray[np.int32],
    per_artist: int,
    per_album: int,
    on_artist: NDArray[np.int32],
    on_album: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Pick up to `wanted` of `tracks`, which stand best first.

    With shares, each place goes to the source that is furthest behind its share, and to that source's best
    track left; a source that runs out leaves its places to the others. Without shares, the best track left
    is next.

    Args:
        tracks: (t,) track numbers, best first.
        sources: (t,) place in `shares`; anything else counts for no source and comes when no source has more.
        shares: (s,) part of the list each source should have; empty for none.
        wanted: how many to pick.
        first, artists: every track's credits, as in `Context`.
        album: (n_tracks,) album numbers, -1 for none.
        per_artist, per_album: most of each.
        on_artist, on_album: (n_artists,), (n_albums,) how many are on the list already; counted up here, and
            not set back.

    Returns:
        Places in `tracks` that were picked, in order; and for each of `tracks` TAKEN, NOT_REACHED (the list
        was full), ARTIST or ALBUM (the cap that kept it out).
    """
    count = len(tracks)
    outcome = np.full(count, NOT_REACHED, np.int8)
    picked = np.empty(min(wanted, count), np.int64)
    n = 0
    n_sources = len(shares)
    had = np.zeros(n_sources, np.int64)
    at = np.zeros(n_sources + 1, np.int64)  # the last is for tracks of no source
    while n < wanted:
        best_source = -1
        best_behind = -np.inf
        for s in range(n_sources):
            if at[s] < count:
                behind = shares[s] * (n + 1) - had[s]
                if behind > best_behind:
                    best_behind = behind
                    best_source = s
        lane = n_sources if best_source < 0 else best_source
        if lane == n_sources and at[n_sources] >= count:
            break
        found = -1
        i = at[lane]
        while i < count:
            if outcome[i] == NOT_REACHED:
                source = sources[i]
                mine = (source == lane) if lane < n_sources else True
                if mine:
                    track = tracks[i]
                    fits = True
                    for c in range(first[track], first[track + 1]):
                        if on_artist[artists[c]] >= per_artist:
                            fits = False
                            outcome[i] = ARTIST
                            break
                    if fits and album[track] >= 0 and on_album[album[track]] >= per_album:
                        fits = False
                        outcome[i] = ALBUM
                    if fits:
                        found = i
                        break
            i += 1
        at[lane] = i + 1
        if found < 0:
            at[lane] = count
            continue
        track = tracks[found]
        outcome[found] = TAKEN
        for c in range(first[track], first[track + 1]):
            on_artist[artists[c]] += 1
        if album[track] >= 0:
            on_album[album[track]] += 1
        if lane < n_sources:
            had[lane] += 1
        picked[n] = found
        n += 1
    return picked[:n], outcome
