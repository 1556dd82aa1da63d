from __future__ import annotations

import hashlib

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.errors import SegueError
from segue.evaluation.next_track import evaluate_sequences, part_of, split_documents
from segue.sequences.documents import Documents
from segue.sequences.neighbourhood import SequentialRules


class Fixed:
    """Gives every prefix the same scores."""

    def __init__(self, scores: NDArray[np.float32]) -> None:
        self.given = scores.astype(np.float32)

    def scores(self, codes: NDArray[np.int32], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.tile(self.given, (len(lengths), 1))


def test_parts_are_fixed_by_name() -> None:
    assert part_of("mpd:17") == part_of("17") == int(hashlib.sha1(b"17").hexdigest(), 16) % 10
    documents = Documents.from_lists([["a", "b"]] * 200, names=[f"mpd:{n}" for n in range(200)])
    parts = split_documents(documents)
    assert len(parts.train) + len(parts.validation) + len(parts.test) == 200
    assert all(part_of(name) == 9 for name in parts.test.names)
    with pytest.raises(SegueError, match="5 or more"):
        split_documents(Documents.from_lists([["a", "b"]] * 3))


def test_ranks_are_counted_by_hand() -> None:
    documents = Documents.from_lists([[f"{n:03d}" for n in range(10)], ["000"]])
    n = documents.n_tracks
    rising = evaluate_sequences(Fixed(np.arange(n)), documents)
    assert rising.ranks.tolist() == [5, 4, 3, 2, 1]  # unseen songs above each true one, and itself
    assert rising.owners.tolist() == [0] * 5
    assert rising.mean("HR@20", draws=10).mean == 1
    assert rising.mean("MRR@20", draws=10).mean == pytest.approx(np.mean([1 / 5, 1 / 4, 1 / 3, 1 / 2, 1]))
    assert rising.ndcg.tolist() == [1.0]  # the two last songs come first


def test_ties_count_against_the_model() -> None:
    documents = Documents.from_lists([[f"{n:03d}" for n in range(200)]])
    flat = evaluate_sequences(Fixed(np.zeros(200)), documents)
    assert len(flat.ranks) == 95  # positions 5 to 99
    assert flat.ranks[0] == 195
    assert flat.mean("HR@20", draws=10).mean == 0
    assert flat.ndcg.tolist() == [pytest.approx(1.0)]  # only the 40 targets are left, and 100 places


def test_a_paired_difference_is_of_the_same_places() -> None:
    random = np.random.default_rng(0)
    documents = Documents.from_lists([[f"{n}" for n in random.permutation(40)[:20]] for _ in range(30)])
    rules = evaluate_sequences(SequentialRules().fit(documents), documents)
    flat = evaluate_sequences(Fixed(np.zeros(documents.n_tracks)), documents)
    difference = rules.less(flat, "MRR@20", draws=200)
    assert difference.decided
    assert difference.mean > 0
    assert rules.less(rules, "NDCG@100", draws=10).mean == 0
    with pytest.raises(ValueError, match="no metric"):
        rules.mean("F1")


def test_a_subset_is_drawn_with_its_seed() -> None:
    documents = Documents.from_lists([[str(n) for n in range(k, k + 8)] for k in range(50)])
    scorer = Fixed(np.arange(documents.n_tracks))
    one, two = (evaluate_sequences(scorer, documents, most=10, seed=4) for _ in range(2))
    assert len(one.ndcg) == 10
    assert np.array_equal(one.ranks, two.ranks)
    soon = evaluate_sequences(scorer, documents, most=10, seed=4, next_track=False)
    assert not len(soon.ranks) and np.array_equal(soon.ndcg, one.ndcg)
