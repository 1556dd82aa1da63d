"""Which taste a track belongs to: as near as the listener's own songs, and shrunk to its artist's others."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from segue.playlists.belonging import Belonging, ListenerTastes
from segue.playlists.rules import Context, Listening
from segue.tastes.likeness import OTHERS
from segue.tastes.space import TasteSpace

# Nine songs of a narrow taste, and four by an electronic act of which one is found beside it.
ARTISTS = ["Bach", "Bach", "Bach", "Satie", "Satie", "Satie", "Glass", "Glass", "Glass", *["Autechre"] * 4]
NARROW, FAR = np.array([1.0, 0.0], np.float32), np.array([-0.6, 0.8], np.float32)
LOST = 12  # the electronic act's song beside the narrow taste


def directions(angles: list[float]) -> np.ndarray:
    return np.array([[np.cos(a), np.sin(a)] for a in angles], np.float32)


def belonging(support: int) -> Belonging:
    near = directions([0.0, 0.05, -0.05, 0.1, -0.1, 0.12, -0.12, 0.08, -0.08])
    vectors = np.vstack([near, np.tile(FAR, (3, 1)), directions([0.1])])
    ids = [f"t{n}" for n in range(len(vectors))]
    rows = {
        "track_id": ids,
        "title": ids,
        "artists": [[name] for name in ARTISTS],
        "album": [None] * len(ids),
        "medium": ["song"] * len(ids),
        "explicit": [None] * len(ids),
        "popularity": [None] * len(ids),
        "work_id": ids,
        "version": [None] * len(ids),
    }
    context = Context.build(pa.table(rows), ids)
    weights = np.full(len(ids), 20)
    weights[LOST] = support
    return Belonging(TasteSpace(vectors, 0.4), context, weights)


TASTES = ListenerTastes(NARROW[None], np.ones(1, np.float32), ("piano",))
HEARD = Listening(heard=np.arange(6, dtype=np.int32), plays=np.ones(6, np.float32))


def test_likeness_is_shrunk_to_the_artists_others_the_more_the_fewer_have_a_track() -> None:
    for support in (1, 5, 1000):
        (likeness,) = belonging(support).likeness(TASTES)
        own, others = np.cos(0.1), float(FAR @ NARROW)
        expected = (support * own + OTHERS * others) / (support + OTHERS)
        np.testing.assert_allclose(likeness[LOST], expected, atol=1e-5)
    # The same for some tracks as for all, and a lone artist's track stays where it is.
    some = np.array([LOST, 0, 9], np.int32)
    model = belonging(5)
    np.testing.assert_allclose(model.likeness(TASTES, some)[0], model.likeness(TASTES)[0][some], atol=1e-6)


def test_what_belongs_is_as_near_as_what_is_played() -> None:
    model = belonging(5)
    told = model.with_thresholds(TASTES, HEARD)
    assert 0.95 < told.least[0] < 1
    tracks = np.arange(13, dtype=np.int32)
    assert model.of(told, tracks).tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1]
    assert belonging(100_000).of(told, np.array([LOST], np.int32)).tolist() == [0]


def test_a_song_of_ones_own_goes_by_its_artist_in_thresholds_too() -> None:
    both = ListenerTastes(np.stack([NARROW, FAR]), np.full(2, 0.5, np.float32), ("piano", "electronic"))
    model = belonging(1)
    heard = Listening(heard=np.array([0, 1, 2, LOST, 9, 10, 11], np.int32), plays=np.ones(7, np.float32))
    assert model.played_for(both, heard.heard).tolist() == [0, 0, 0, 1, 1, 1, 1], "by its artist"
    likeness = model.likeness(both, heard.heard)
    least = model.with_thresholds(both, heard).least
    assert least is not None
    # The lost song is the electronic taste's furthest, and says nothing of the piano's.
    assert least.tolist() == [likeness[0, :3].min(), likeness[1, 3]]
    assert least[0] > 0.99 > least[1] > 0.4


def test_too_few_songs_leave_it_to_the_space() -> None:
    model = belonging(5)
    few = Listening(heard=np.array([0, 9], np.int32), plays=np.ones(2, np.float32))
    assert model.with_thresholds(TASTES, few).least.tolist() == [np.float32(0.4)]
    nothing = ListenerTastes(np.empty((0, 2), np.float32), np.empty(0, np.float32))
    assert model.with_thresholds(nothing, few).least.tolist() == []
    assert model.of(nothing, np.array([0], np.int32)).tolist() == [-1]
    assert model.of(TASTES, np.array([9], np.int32)).tolist() == [-1], "the space's own line"
