"""Copies: one recording under several ids, of which one has taught everybody what it is like.

A service often has a recording under several ids, a single's and an album's, or a new one after it was
licensed again. A person's plays name one of them, the playlists of a library another. The ids stay apart,
for their source keeps them apart; but plays of a copy that no playlist has are plays of the one that
playlists have.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segue.library.versions.text import main_artist, spelling, title_key
from segue.library.versions.words import ORIGINAL

# The same recording, mastered or cut otherwise.
SAME_RECORDING = (ORIGINAL, "remaster", "single version", "radio edit", "clean", "mono", "stereo")


def canonical_ids(tracks: pa.Table, support: pa.Table, *, least: int) -> pa.Array:
    """For each track the id of the copy whose plays its own are; null where they are its own.

    A track of too little support is a copy of the track of the same recording that has most: one of the same
    work and artist, and where it is a remix, live or the like, also of the same title.

    Args:
        tracks: a table of `segue.library.tables.TRACKS`, grouped into works.
        support: (track_id, support), how many playlists hold a track, or how many people heard it.
        least: the support up to which nothing is learned of a track but from who plays it.
    """
    ids = tracks["track_id"].combine_chunks()
    counted = pc.index_in(ids, value_set=support["track_id"].combine_chunks())
    have = pc.fill_null(support["support"].combine_chunks().take(counted), 0).to_numpy().astype(np.int64)
    work = tracks["work_id"].combine_chunks().dictionary_encode().indices
    work = pc.fill_null(work, -1).to_numpy(zero_copy_only=False)
    alone = np.bincount(work[work >= 0], minlength=1) < 2
    work = np.where(pc.fill_null(pc.equal(tracks["medium"], "song"), True), work, -1)
    versions, titles, artists = tracks["version"], tracks["title"], tracks["artists"]
    best: dict[tuple[int, str, str], int] = {}
    groups: list[tuple[int, tuple[int, str, str]]] = []
    for at in np.flatnonzero((work >= 0) & ~alone[work]).tolist():
        version = versions[at].as_py()
        other = version is not None and version not in SAME_RECORDING
        title = spelling(title_key(titles[at].as_py() or "")) if other else ""
        group = (int(work[at]), main_artist(artists[at].as_py()), title)
        groups.append((at, group))
        first = best.setdefault(group, at)
        if (-have[at], ids[at].as_py()) < (-have[first], ids[first].as_py()):
            best[group] = at
    canonical: list[str | None] = [None] * len(ids)
    for at, group in groups:
        if have[at] <= least < have[best[group]]:
            canonical[at] = ids[best[group]].as_py()
    return pa.array(canonical, pa.string())
