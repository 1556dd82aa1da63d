"""The list itself, track by track: best first, each taste its share, no artist or album too often."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.compiling import compiled

TAKEN, NOT_REACHED, ARTIST, ALBUM = 0, 1, 2, 3


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
