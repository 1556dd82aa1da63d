"""Neighbours as a radio's guide."""

from __future__ import annotations

import numpy as np
import pytest

from segue.sequences.blend_config import SequenceBlendConfig
from segue.sequences.documents import Documents
from segue.sequences.guide import ASKED, NeighbourGuide
from segue.sequences.memory_based import MemoryBasedModels
from segue.sequences.vectors import unit


def test_after_one_song_what_is_near_it_comes_before_what_happened_to_follow_it():
    rows = [["seed", f"odd{n}", "a1"] for n in range(4)] + [["a1", "a2", "a3"]] * 3 + [["b1", "b2"]] * 3
    documents = Documents.from_lists([*rows, *([f"odd{n}", "b1"] for n in range(4))])
    likeness = {"seed": (1, 0), "a": (1, 0.1), "b": (0, 1), "o": (-0.2, 1)}
    known = [likeness[track if track == "seed" else track[0]] for track in documents.track_ids]
    directions = unit(np.array(known, np.float32))
    guide, codes = NeighbourGuide(documents, directions), {t: c for c, t in enumerate(documents.track_ids)}
    one = np.array([codes["seed"]], np.int32)
    found = guide.scores(one, np.array([1]))[0]
    assert found[codes["a1"]] > max(found[codes[f"odd{n}"]] for n in range(4))
    assert found[codes["a2"]] > found[codes["b1"]]
    # Where nothing tells which are near, neighbours say all.
    blind = NeighbourGuide(documents, np.zeros_like(directions))
    assert np.isfinite(blind.scores(one, np.array([1]))).all()


def test_prefixes_are_answered_as_each_alone():
    rows = [[f"t{(n + k) % 9}" for k in range(4)] for n in range(9)]
    documents = Documents.from_lists(rows)
    directions = unit(np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32))
    guide, codes = NeighbourGuide(documents, directions), np.array([3, 1, 4], np.int32)
    together = guide.scores(codes, np.array([1, 2, 3]))
    for row, length in enumerate((1, 2, 3)):
        alone = guide.scores_after(codes[:length], guide.start()[0])
        np.testing.assert_allclose(together[row], alone, rtol=1e-5)


def test_of_a_large_catalogue_those_that_may_come_are_exact_and_others_near(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(1)
    documents = Documents.from_lists([[f"t{(7 * n + k * k) % 80}" for k in range(6)] for n in range(80)])
    directions = unit(rng.normal(size=(80, 24)).astype(np.float32))
    guide, codes, among = (
        NeighbourGuide(documents, directions),
        np.arange(3, 9, dtype=np.int32),
        np.arange(20),
    )
    exact = guide.scores_after(codes, guide.start()[0])
    monkeypatch.setattr("segue.sequences.guide.LARGE", 0)
    found = guide.scores_after(codes, guide.start()[0], among=among.astype(np.int32))
    np.testing.assert_allclose(found[:20], exact[:20], atol=1e-3 * exact.std())
    np.testing.assert_allclose(found, exact, atol=0.02 * exact.std())
    assert (found[20:] != exact[20:]).any()


def test_the_mean_of_what_neighbours_say_is_that_of_each():
    documents = Documents.from_lists([[f"t{(n + k) % 9}" for k in range(4)] for n in range(12)])
    models = MemoryBasedModels(SequenceBlendConfig(), documents, ASKED)
    codes, lengths = np.array([3, 1, 4], np.int32), np.array([1, 2, 3])
    each = models.log_probabilities(ASKED, codes, lengths)
    mean = models.mean_log_probabilities(ASKED, codes, lengths)
    np.testing.assert_allclose(mean, np.mean(list(each.values()), axis=0), atol=1e-5)
    votes = models._models["near"].scores(codes, lengths).astype(np.float64)
    shares = votes / votes.sum(axis=1, keepdims=True)
    popular = documents.counts / documents.counts.sum()
    smoothing = models.smoothing
    expected = np.log((1 - smoothing) * shares + smoothing * popular)
    np.testing.assert_allclose(each["near"], expected, atol=1e-4)
