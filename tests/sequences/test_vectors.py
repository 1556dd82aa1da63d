from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from segue.errors import FormatError, NotFoundError, SegueError
from segue.sequences.documents import UNKNOWN, Documents
from segue.sequences.unseen import FROM_ARTIST, FROM_SOUND, FROM_WORK, TrackFacts, extend
from segue.sequences.vectors import LEARNED, SongVectors, SongVectorsConfig, best, unit

CONFIG = SongVectorsConfig(dim=16, window=3, epochs=20)


@pytest.fixture(scope="module")
def styles() -> Documents:
    """300 documents, each of one of four styles of 15 songs; songs of a style never meet another's."""
    random = np.random.default_rng(0)
    documents = []
    for number in range(300):
        style = number % 4
        documents.append([f"s{style}-{song:02d}" for song in random.choice(15, 8, replace=False)])
    tracks = {track for document in documents for track in document}
    return Documents.from_lists(documents, artists={track: f"artist {track[1]}" for track in tracks})


@pytest.fixture(scope="module")
def vectors(styles: Documents) -> SongVectors:
    return SongVectors(CONFIG).fit(styles, seed=3)


def test_songs_of_a_style_are_neighbours(vectors: SongVectors) -> None:
    right = [
        other[1] == track[1] for track in vectors.track_ids_ for other, _ in vectors.similar([track], 10)
    ]
    assert np.mean(right) > 0.95
    query = ["s1-00", "s1-01"]
    found = vectors.similar([*query, "unknown"], 5, exclude=["s1-02"])
    assert not {track for track, _ in found} & {*query, "s1-02"}
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


def test_one_thread_gives_the_same_vectors_for_a_seed(styles: Documents, vectors: SongVectors) -> None:
    again = SongVectors(CONFIG).fit(styles, seed=3)
    assert np.array_equal(again.in_, vectors.in_)
    assert np.array_equal(again.out_, vectors.out_)
    assert not np.array_equal(SongVectors(CONFIG).fit(styles, seed=4).in_, vectors.in_)


def test_it_comes_back_from_disk_whole(vectors: SongVectors, tmp_path: Path) -> None:
    vectors.save(tmp_path / "vectors.npz")
    back = SongVectors.load(tmp_path / "vectors.npz")
    assert back.config == vectors.config
    assert back.seed_ == 3
    assert list(back.track_ids_) == list(vectors.track_ids_)
    for name in ("in_", "out_", "counts_", "artists_", "works_", "origins_"):
        assert np.array_equal(getattr(back, name), getattr(vectors, name))
    assert back.similar(["s0-00"], 3) == vectors.similar(["s0-00"], 3)


def test_mistakes_are_named(styles: Documents, vectors: SongVectors, tmp_path: Path) -> None:
    with pytest.raises(SegueError, match="min_count"):
        SongVectors(SongVectorsConfig(min_count=1000)).fit(styles)
    with pytest.raises(NotFoundError, match="nobody"):
        vectors.similar(["nobody"])
    with pytest.raises(NotFoundError):
        SongVectors.load(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(FormatError):
        SongVectors.load(tmp_path / "bad.npz")
    with pytest.raises(ValidationError):
        SongVectorsConfig.model_validate({"dims": 3})


def test_the_vocabulary_is_the_most_popular(styles: Documents) -> None:
    small = SongVectors(SongVectorsConfig(dim=8, epochs=2, max_songs=20)).fit(styles)
    assert list(small.track_ids_) == list(styles.track_ids[:20])
    assert small.codes(["nobody", small.track_ids_[4]]).tolist() == [UNKNOWN, 4]


def test_targets_and_queries_have_length_one(vectors: SongVectors) -> None:
    for centred in (False, True):
        assert np.allclose(np.linalg.norm(vectors.targets(centred=centred), axis=1), 1, atol=1e-5)
    query = vectors.query(np.array([0, 1], np.int32), decay=0.5)
    assert np.allclose(query, unit(0.5 * unit(vectors.in_[0]) + unit(vectors.in_[1])), atol=1e-6)


def test_best_is_sorted_and_stable() -> None:
    scores = np.array([1.0, 3.0, -np.inf, 3.0, 2.0], np.float32)
    assert best(scores, 3).tolist() == [1, 3, 4]
    assert best(scores, 10).tolist() == [1, 3, 4, 0]
    assert best(np.full(3, -np.inf, np.float32), 2).tolist() == []


def test_unseen_songs_take_after_work_artist_and_sound(vectors: SongVectors) -> None:
    random = np.random.default_rng(1)
    style = np.array([int(track[1]) for track in vectors.track_ids_])
    sound = np.eye(4)[style] + random.normal(0, 0.05, (len(style), 4))
    artists, works = ["artist 0", "artist 1", "somebody", None], ["work s0-03", None, None, None]
    new = ["live", "b-side", "stranger", "nothing"]
    facts = TrackFacts(
        np.array([*vectors.track_ids_, *new], dtype=object),
        np.array([*(f"artist {s}" for s in style), *artists], dtype=object),
        np.array([*(f"work {track}" for track in vectors.track_ids_), *works], dtype=object),
        np.concatenate([sound, [[np.nan] * 4, [np.nan] * 4, [0, 0, 1, 0], [np.nan] * 4]]).astype(np.float32),
    )
    extended = extend(vectors, facts)
    assert extended.codes(new).tolist() == [60, 61, 62, UNKNOWN]
    assert extended.origins_.tolist() == [LEARNED] * 60 + [FROM_WORK, FROM_ARTIST, FROM_SOUND]
    assert np.allclose(extended.in_[60], vectors.in_[vectors.codes(["s0-03"])[0]], atol=1e-5)
    assert extended.artists_[60:].tolist() == artists[:3]
    for track, expected in (("live", "0"), ("b-side", "1"), ("stranger", "2")):
        assert {other[1] for other, _ in extended.similar([track], 5, exclude=new)} == {expected}
    assert len(vectors) == 60  # the vectors themselves are not touched
