"""The neighbourhood of a track."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from segue.engine import Engine
from segue.engine.similar import (
    DOUBT,
    _nearest,
    _Space,
    beside_its_artist,
    closeness,
    is_version,
    neighbourhood,
    weights,
)
from segue.errors import NotFoundError
from segue.factors.config import ALSConfig
from segue.factors.loading import load_factors
from segue.factors.model import FactorConfig
from segue.library import Library
from segue.library.tables import TRACKS
from segue.library.versions.titles import parse_title
from segue.library.vocabulary import Vocabulary
from segue.neighbours.picture import draw_neighbourhood
from segue.playlists.training import train
from segue.sequences.vectors import SongVectors, unit
from segue.shelf.names import VECTORS, shelf_of
from segue.tastes.likeness import OTHERS


def with_versions(library: Library) -> None:
    """t0-1 and t0-2 become versions of the work of t0-0; t0-4 one of that of t0-3."""
    rows = library.arrow(library.table("tracks")).to_pylist()
    for row in rows:
        works = {"t0-0": "w", "t0-1": "w", "t0-2": "w", "t0-3": "v", "t0-4": "v"}
        row["work_id"] = works.get(row["track_id"], row["track_id"])
    with library.writing() as writer:
        writer.rewrite("tracks", pa.Table.from_pylist(rows, schema=TRACKS))


def publish_song_vectors(library: Library, tracks: list[str], rng: np.random.Generator) -> SongVectors:
    """Vectors at random, learned from nothing."""
    vectors = SongVectors()
    vectors.track_ids_, n = np.array(tracks, object), len(tracks)
    vectors.in_, vectors.out_ = rng.normal(size=(2, n, 8)).astype(np.float32)
    vectors.counts_, vectors.origins_ = np.full(n, 5), np.zeros(n, np.int8)
    vectors.artists_ = np.array([f"Band {t[1]}-{int(t[3:]) % 20}" for t in tracks], object)
    vectors.works_ = np.full(n, None, object)
    shelf_of(library).publish(
        VECTORS,
        lambda folder: vectors.save(folder / "vectors.npz"),
        {"kind": "SongVectors", "config": {}, "data": library.fingerprint(), "seed": 0, "shapes": {}},
    )
    return vectors


def test_the_nearest_by_factors_are_those_of_a_brute_force_search(library: Library) -> None:
    model, version = load_factors(library)
    found = neighbourhood(Engine(library), "t1-3", 12)
    assert found.of.track_id == "t1-3" and found.model == f"factors/{version}" and found.learned
    directions = unit(np.asarray(model.als_.item_factors))
    own = int(np.flatnonzero(model.tracks_ == "t1-3")[0])
    listens = library.arrow(library.table("listens")).to_pylist()
    places = library.arrow(library.table("playlist_entries")).to_pylist()
    pairs = {(row["listener_id"], row["track_id"]) for row in listens}
    pairs |= {(row["playlist_id"], row["track_id"]) for row in places}
    rows = np.array([sum(t == track for _, t in pairs) for track in model.tracks_])
    facts = library.arrow(library.table("tracks")).to_pylist()
    band = {row["track_id"]: row["artists"][0] for row in facts}
    mates = [at for at, track in enumerate(model.tracks_) if at != own and band[track] == band["t1-3"]]
    assert mates
    asked = rows[own] * directions[own]
    part = min(OTHERS, rows[mates].sum()) / rows[mates].sum()
    asked = asked + part * sum(rows[at] * directions[at] for at in mates)
    cosine = directions @ (asked / np.linalg.norm(asked)) * rows / (rows + DOUBT)
    cosine[own] = -np.inf
    expected = np.sort(cosine)[::-1][:12]
    np.testing.assert_allclose([near.score for near in found.near], expected, atol=1e-5)
    names = [found.catalogue.card(near.number).track_id for near in found.near]
    assert len(set(names)) == 12 and all(name.startswith("t1") for name in names)


def test_one_version_of_a_song_is_shown_and_none_of_the_track_itself(library: Library) -> None:
    with_versions(library)
    train(library, FactorConfig(als=ALSConfig(factors=12, iterations=4)))
    everything = neighbourhood(Engine(library), "t0-0", 1000)
    names = [everything.catalogue.card(near.number).track_id for near in everything.near]
    assert not {"t0-0", "t0-1", "t0-2"} & set(names)
    assert len({"t0-3", "t0-4"} & set(names)) == 1
    model, _ = load_factors(library)
    heard = {str(track) for track in model.tracks_}
    assert len(names) == len(set(names)) == len(heard - {"t0-0", "t0-1", "t0-2", "t0-4"})


def test_songs_of_one_playlist_do_not_crowd_in_and_ties_do_not_decide() -> None:
    vectors = np.array([[1, 0], [1, 0], [1, 0], [0.9, 0.3]], np.float32)
    scores = closeness(vectors, vectors[0], weights(vectors, np.array([1, 1, 1, 60], np.float32)))
    assert scores.argmax() == 3  # less like it, and for sixty reasons instead of one
    ones, tracks = np.ones((6, 2), np.float32), Vocabulary("abcdef")
    likeness = np.full(6, 0.5, np.float32)
    nobody = np.full(6, -1, np.int32)
    space = _Space(tracks, ones, ones.copy(), 6, "", np.ones(6, np.float32), nobody, likeness, np.arange(6))
    space.found[5] = [1, 0.5]
    near = _nearest(space, 0, 3, lambda number: parse_title(f"Song {number}", ["Somebody"]))
    assert [each.number for each in near] == [1, 2, 5]  # no third of the same score before another


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Gasolina", "Gasolina Budda Remix - Remix", True),
        ("Gasolina", "Gasolina (Safari Riot Remix)", True),
        ("Gasolina", "Rompe (Remix)", False),
        ("Everybody Loves the Sunshine", "Everybody Loves The Sunshine", True),
        ("Home", "Home", False),  # of two songs
        ("Home", "Home (Cover)", True),
        ("Home", "Home Sweet Home (Remix)", False),
        ("Intro", "Intro", False),
        ("Walk the Line", "Walk the Line Again", False),  # nothing says that it is a version
    ],
)
def test_versions_by_others_are_told_by_their_titles(one: str, other: str, same: bool) -> None:
    asked, near = parse_title(one, ["A"]), parse_title(other, ["B"])
    assert is_version(near, asked) is is_version(asked, near) is same


def test_versions_by_others_are_not_among_the_nearest() -> None:
    titles = ["Gasolina", "Gasolina (A Remix)", "Dile", "Dile - B Remix", "Rompe", "Home"]
    vectors = np.array([[1, 0.1 * n] for n in range(6)], np.float32)
    support = np.full(6, 50, np.float32)
    known = weights(vectors, support)
    nobody = np.full(6, -1, np.int32)
    space = _Space(Vocabulary("abcdef"), vectors, vectors, 6, "", support, nobody, known, np.arange(6))
    near = _nearest(space, 0, 4, lambda number: parse_title(titles[number], [f"Artist {number}"]))
    assert [titles[each.number] for each in near] == ["Dile", "Rompe", "Home"]


def test_a_song_that_few_have_is_looked_for_where_its_artist_is() -> None:
    vectors = np.array([[2, 0], [0, 3], [0, 1], [1, 1]], np.float32)
    artists = np.array([0, 0, 0, 1], np.int32)
    support = np.array([1, 30, 10, 5], np.float32)
    np.testing.assert_allclose(beside_its_artist(vectors, 0, artists, support), [1, OTHERS])
    support[0] = 1000
    np.testing.assert_allclose(beside_its_artist(vectors, 0, artists, support), [1000, OTHERS])
    assert beside_its_artist(vectors, 3, artists, support).tolist() == [1, 1], "nothing else by its artist"


def test_song_vectors_are_asked_from_in_to_out(library: Library) -> None:
    tracks = [f"t0-{n}" for n in range(40)]
    vectors = publish_song_vectors(library, tracks, np.random.default_rng(0))
    found = neighbourhood(Engine(library), "t0-5", 5, kind="songs")
    expected = [track for track, _ in vectors.similar(["t0-5"], 5)]
    assert [found.catalogue.card(near.number).track_id for near in found.near] == expected


def test_a_song_too_rare_to_learn_from_is_asked_by_its_artist(library: Library) -> None:
    tracks = [f"t0-{n}" for n in range(40)]
    publish_song_vectors(library, tracks, np.random.default_rng(0))
    found = neighbourhood(Engine(library), "t0-45", 5, kind="songs")  # of the same band as t0-5 and t0-25
    assert not found.learned
    assert all(found.catalogue.card(near.number).track_id in tracks for near in found.near)
    with pytest.raises(NotFoundError, match="no vector among the songs"):
        neighbourhood(Engine(library), "t3-50", 5, kind="songs")  # nothing is known of its band


def test_it_says_what_is_missing(library: Library) -> None:
    with pytest.raises(NotFoundError, match="train vectors"):
        neighbourhood(Engine(library), "t0-5", kind="songs")
    with pytest.raises(NotFoundError, match="No track matches 'nothing like it'"):
        neighbourhood(Engine(library), "nothing like it")


def test_the_picture_shows_every_song_and_colours_by_artist() -> None:
    rng = np.random.default_rng(0)
    for n in (1, 2, 30):
        vectors = unit(rng.normal(size=(n, 4)))
        artists = [f"artist {k % 12}" for k in range(n)]
        chart, stress = draw_neighbourhood(
            vectors, [f"song {k}" for k in range(n)], artists, list(rng.random(n - 1))
        )
        drawn = chart.to_dict()
        assert len(drawn["layer"][1]["data"]["values"]) == n
        assert len({row["artist"] for row in drawn["layer"][1]["data"]["values"]}) <= 8
        assert 0 <= stress < 1
