"""What is near to single tracks: the same as when it is looked for anew, and kept within bounds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import random_array

from segue.factors.als import ImplicitALS
from segue.playlists import nearest
from segue.playlists.belonging import Belonging
from segue.playlists.nearest import NEIGHBOURS, Nearest
from segue.playlists.rules import Context
from segue.tastes.space import TasteSpace


def test_neighbours_and_what_is_around_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa

    rng = np.random.default_rng(0)
    als = ImplicitALS(factors=8, iterations=2, random_state=0, num_threads=1).fit(
        random_array((60, 90), density=0.1, format="csr", rng=rng, dtype=np.float32), show_progress=False
    )
    vectors = rng.normal(size=(90, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    columns = {"track_id": [str(n) for n in range(90)], "title": [f"Song {n}" for n in range(90)]}
    columns |= {"artists": [[f"Artist {n // 3}"] for n in range(90)], "album": [None] * 90}
    columns |= {name: pa.nulls(90) for name in ("medium", "explicit", "popularity", "work_id", "version")}
    context = Context.build(pa.table(columns), columns["track_id"])
    belonging = Belonging(TasteSpace(vectors, 0.4), context, np.full(90, 500))
    found = Nearest(als, belonging)

    tracks = np.array([4, 17, 4], np.int32)
    ids, _ = als.similar_items(tracks, NEIGHBOURS + 1)
    for near, mine, track in zip(found.neighbours(tracks), ids, tracks, strict=True):
        assert near.tolist() == mine[mine != track].tolist()
    whole = belonging.near.to(vectors[tracks])
    for (places, likeness), every in zip(found.around(tracks.tolist()), whole, strict=True):
        np.testing.assert_array_equal(places, np.flatnonzero(every >= np.float32(0.4)))
        np.testing.assert_array_equal(likeness, every[places])

    monkeypatch.setattr(als, "similar_items", None)
    assert found.neighbours(tracks[::-1]).shape == (3, NEIGHBOURS)
    first = found.around([4])[0]
    assert found.around([17, 4])[1] is first
    monkeypatch.setattr(nearest, "KEPT", len(first[0]))
    found.around([30])
    assert found.around([4])[0] is not first, "what was asked for longest ago is let go"
