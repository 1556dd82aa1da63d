"""Accuracy against a brute force that reads the definitions word by word."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from segue.evaluation import metrics


def rows(sets: list[set[int]], n_items: int) -> csr_matrix:
    dense = np.zeros((len(sets), n_items))
    for u, items in enumerate(sets):
        dense[u, list(items)] = 1
    return csr_matrix(dense)


@pytest.fixture(params=range(4))
def case(request):
    rng = np.random.default_rng(request.param)
    n, n_items, depth = 23, 40, 25
    ids = np.array([rng.permutation(n_items)[:depth] for _ in range(n)])
    scores = -np.sort(-rng.random((n, depth)), axis=1)
    targets = [set(rng.choice(n_items, size=rng.integers(1, 15), replace=False).tolist()) for _ in range(n)]
    hits = metrics.find_hits(ids, scores, rows(targets, n_items))
    return ids, targets, hits, np.array([len(t) for t in targets])


@pytest.mark.parametrize("k", [1, 3, 10, 24])
def test_every_metric_is_its_definition(case, k):
    ids, targets, hits, n_targets = case
    for u, wanted in enumerate(targets):
        found = [item in wanted for item in ids[u].tolist()][:k]
        dcg = sum(1 / math.log2(r + 2) for r, hit in enumerate(found) if hit)
        ideal = sum(1 / math.log2(r + 2) for r in range(min(k, len(wanted))))
        first = next((r + 1 for r, hit in enumerate(found) if hit), None)
        precision = sum(sum(found[: r + 1]) / (r + 1) for r, hit in enumerate(found) if hit)
        in_r = sum(item in wanted for item in ids[u, : len(wanted)].tolist())
        assert metrics.recall(hits, n_targets, k)[u] == pytest.approx(sum(found) / min(k, len(wanted)))
        assert metrics.recall(hits, n_targets, k, truncated=False)[u] == pytest.approx(
            sum(found) / len(wanted)
        )
        assert metrics.ndcg(hits, n_targets, k)[u] == pytest.approx(dcg / ideal)
        assert metrics.hit_rate(hits, k)[u] == float(any(found))
        assert metrics.reciprocal_rank(hits, k)[u] == pytest.approx(1 / first if first else 0)
        assert metrics.average_precision(hits, n_targets, k)[u] == pytest.approx(
            precision / min(k, len(wanted))
        )
        assert metrics.r_precision(hits, n_targets)[u] == pytest.approx(in_r / len(wanted))


def test_a_cut_off_below_the_end_of_the_list_counts_misses(case):
    _, _, hits, n_targets = case
    assert (metrics.ndcg(hits, n_targets, 1000) <= 1).all()
    assert (metrics.recall(hits, n_targets, 1000) == hits.sum(axis=1) / n_targets).all()


def test_ties_count_against_the_model():
    # Targets 0 and 1; the model gives 0, 2, 3 one score and lists the target first among them.
    hits = metrics.find_hits(
        np.array([[4, 0, 2, 3, 1, 5]]), np.array([[0.9, 0.5, 0.5, 0.5, 0.2, 0.1]]), rows([{0, 1}], 6)
    )
    assert hits.tolist() == [[False, False, False, True, True, False]]


def test_one_score_for_everything_finds_nothing():
    ids = np.arange(10)[None, :]
    hits = metrics.find_hits(ids, np.ones((1, 10)), rows([{0, 1}], 30))
    assert not hits.any()


def test_padding_says_that_nothing_follows():
    ids = np.array([[3, 2, -1, -1]])
    hits = metrics.find_hits(ids, np.array([[0.5, 0.5, -np.inf, -np.inf]]), rows([{3}], 4))
    assert hits.tolist() == [[False, True, False, False]]


def test_membership_in_many_rows_is_that_of_sets():
    rng = np.random.default_rng(0)
    sets = [set(rng.choice(50, size=rng.integers(0, 9), replace=False).tolist()) for _ in range(1200)]
    ids = rng.integers(-1, 50, size=(1200, 7))
    expected = [[item in wanted for item in row] for row, wanted in zip(ids.tolist(), sets, strict=True)]
    assert metrics.membership(ids, rows(sets, 50)).tolist() == expected


def test_a_listener_without_targets_is_refused():
    with pytest.raises(ValueError, match="1 listeners have no targets"):
        metrics.count_targets(rows([{1}, set()], 3))
