from __future__ import annotations

import numpy as np
import pytest

from segue.sequences.documents import Documents
from segue.sequences.neighbourhood import (
    STAN,
    Cooccurrence,
    Popularity,
    SequenceNeighbours,
    SequenceNeighboursConfig,
    SequenceScorer,
    SequentialRules,
)

N_SONGS = 30


@pytest.fixture(scope="module")
def documents() -> Documents:
    random = np.random.default_rng(5)
    return Documents.from_lists(
        [
            [f"s{song}" for song in random.choice(N_SONGS, size, replace=False)]
            for size in random.integers(1, 15, 40)
        ]
    )


def slow_neighbours(
    documents: Documents, config: SequenceNeighboursConfig, prefix: list[int]
) -> dict[int, float]:
    """The formulas of `SequenceNeighbours`, word by word."""
    relative = documents.counts / documents.counts.mean()

    def decay(scale: float | None, at: int) -> float:
        return 1.0 if scale is None else float(np.exp(-at / scale))

    voices = []
    for document in documents:
        songs = [int(song) for song in document]
        shared = []
        for age, song in enumerate(reversed(prefix)):
            if song in songs:
                weight = (decay(config.recency, age) + config.recency_floor) * relative[
                    song
                ] ** -config.rarity
                shared.append((songs.index(song), weight))
        if shared:
            similarity = sum(weight for _, weight in shared) / len(songs) ** config.length_exponent
            voices.append((similarity, songs, shared[: config.anchors]))
    least = sorted((voice[0] for voice in voices), reverse=True)[: config.neighbours]
    scores: dict[int, float] = {}
    for similarity, songs, anchors in voices:
        if least and similarity < least[-1] - 1e-12:
            continue
        total = sum(weight for _, weight in anchors)
        for place, weight in anchors:
            for at, song in enumerate(songs):
                if at != place:
                    near = decay(config.distance, abs(at - place)) + config.distance_floor
                    near *= config.backwards if at < place else 1
                    voice = similarity**config.similarity_exponent * weight / total * near
                    scores[song] = scores.get(song, 0) + voice * relative[song] ** -config.popularity_exponent
    return scores


@pytest.mark.parametrize("config", [SequenceNeighboursConfig(), STAN, SequenceNeighboursConfig(neighbours=9)])
def test_neighbours_are_the_formula(documents: Documents, config: SequenceNeighboursConfig) -> None:
    random = np.random.default_rng(1)
    model = SequenceNeighbours(config).fit(documents)
    for _ in range(10):
        codes = random.choice(documents.n_tracks, 8, replace=False).astype(np.int32)
        lengths = np.array([1, 3, 8])
        for row, length in zip(model.scores(codes, lengths), lengths, strict=True):
            expected = np.zeros(documents.n_tracks)
            for song, score in slow_neighbours(documents, config, codes[:length].tolist()).items():
                expected[song] = score
            assert np.allclose(row, expected, atol=1e-5)


def test_rules_count_pairs_by_distance() -> None:
    documents = Documents.from_lists([["a", "b", "c"], ["a", "c"]])
    a, b, c = (list(documents.track_ids).index(track) for track in "abc")
    rules = SequentialRules(steps=2, backwards=0.5).fit(documents)
    row = rules.scores(np.array([c, a], np.int32), np.array([1, 2]))
    assert row[1][[a, b, c]].tolist() == [0, 1, 1.5]
    assert row[0][[a, b, c]].tolist() == [0.75, 0.5, 0]
    markov = SequentialRules(steps=1, backwards=0).fit(documents)
    assert markov.scores(np.array([a], np.int32), np.array([1]))[0][[a, b, c]].tolist() == [0, 1, 1]


def test_cooccurrence_is_a_cosine_with_decay() -> None:
    documents = Documents.from_lists([["a", "b"], ["a", "c"], ["b"]])
    a, b, c = (list(documents.track_ids).index(track) for track in "abc")
    model = Cooccurrence(decay=0.5).fit(documents)
    scores = model.scores(np.array([c, a], np.int32), np.array([2]))[0]
    assert scores[b] == pytest.approx(1 / 2)  # of a: one document together, two each; of c: none
    assert scores[c] == pytest.approx(0.5 * 1 + 1 / np.sqrt(2))


@pytest.mark.parametrize("model", [Popularity(), SequentialRules(), Cooccurrence(), SequenceNeighbours()])
def test_fitting_leaves_the_documents_alone(documents: Documents, model: SequenceScorer) -> None:
    before = documents.codes.copy()
    fitted = model.fit(documents)  # ty: ignore[unresolved-attribute]
    assert np.array_equal(documents.codes, before)
    scores = fitted.scores(documents[0], np.array([1]))
    assert scores.shape == (1, documents.n_tracks)
    assert scores.dtype == np.float32


def test_a_popular_song_is_remembered_in_a_spread_of_documents() -> None:
    documents = Documents.from_lists([["hit", f"song {number}"] for number in range(1000)])
    model = SequenceNeighbours(SequenceNeighboursConfig(max_postings=100, neighbours=1000)).fit(documents)
    found = np.flatnonzero(model.scores(np.array([0], np.int32), np.array([1]))[0])
    assert len(found) == 100
    numbers = sorted(int(documents.track_ids[code].split()[1]) for code in found)
    assert max(np.diff(numbers)) == 10
