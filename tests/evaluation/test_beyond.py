"""Measures beyond accuracy against brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from segue.evaluation import beyond

RNG = np.random.default_rng(3)
N_ITEMS, N = 30, 12
POPULARITY = RNG.integers(0, 50, size=N_ITEMS)
LISTS = np.array([RNG.permutation(N_ITEMS)[:8] for _ in range(N)])
LISTS[3, 5:] = -1
LISTS[4, :] = -1
HISTORY = csr_matrix(RNG.integers(1, 9, size=(N, N_ITEMS)) * (RNG.random((N, N_ITEMS)) < 0.3))


def real(row) -> list[int]:
    return [int(item) for item in row if item >= 0]


def test_novelty_is_mean_self_information():
    got = beyond.novelty(LISTS, POPULARITY, 100)
    for u, row in enumerate(LISTS):
        bits = [-math.log2((POPULARITY[i] + 1) / 101) for i in real(row)]
        assert got[u] == pytest.approx(sum(bits) / len(bits)) if bits else math.isnan(got[u])


def test_coverage_counts_distinct_items():
    assert beyond.coverage(LISTS, N_ITEMS) == len({i for row in LISTS for i in real(row)}) / N_ITEMS
    assert beyond.coverage(np.full((2, 3), -1), 5) == 0


def test_long_tail_is_what_the_head_leaves():
    tail = beyond.in_long_tail(np.array([50, 30, 15, 5]), head=0.8)
    assert tail.tolist() == [False, False, True, True]
    got = beyond.long_tail_share(LISTS, POPULARITY)
    is_tail = beyond.in_long_tail(POPULARITY)
    assert got[0] == pytest.approx(np.mean([is_tail[i] for i in real(LISTS[0])]))


@pytest.mark.parametrize("sparse", [False, True])
def test_diversity_is_the_mean_distance_of_pairs(sparse):
    vectors = RNG.random((N_ITEMS, 6)) - 0.3
    vectors[LISTS[0, 0]] = 0
    got = beyond.intra_list_diversity(LISTS, csr_matrix(vectors) if sparse else vectors)
    for u, row in enumerate(LISTS):
        gaps = []
        for i, j in itertools.combinations(real(row), 2):
            norms = np.linalg.norm(vectors[i]) * np.linalg.norm(vectors[j])
            gaps.append(1 - (vectors[i] @ vectors[j] / norms if norms else 0))
        assert got[u] == pytest.approx(np.mean(gaps)) if gaps else math.isnan(got[u])


def test_calibration_is_a_divergence():
    groups = RNG.random((N_ITEMS, 4))
    groups[:, 3] *= RNG.random(N_ITEMS) < 0.3
    shares = groups / groups.sum(axis=1, keepdims=True)
    got = beyond.calibration(LISTS, HISTORY, groups)
    dense = HISTORY.toarray()
    for u, row in enumerate(LISTS):
        if not real(row):
            assert math.isnan(got[u])
            continue
        p = sum(dense[u, i] * shares[i] for i in range(N_ITEMS)) / dense[u].sum()
        q = sum(shares[i] for i in real(row)) / len(real(row))
        smoothed = 0.99 * q + 0.01 * p
        assert got[u] == pytest.approx(
            sum(a * math.log(a / b) for a, b in zip(p, smoothed, strict=True) if a)
        )


def test_a_list_of_the_listeners_own_mix_is_calibrated():
    groups = np.eye(2)[[0, 1, 0, 1]]
    history = csr_matrix(np.array([[1, 1, 0, 0]]))
    assert beyond.calibration(np.array([[2, 3]]), history, groups)[0] == pytest.approx(0)
    assert beyond.calibration(np.array([[2, 0]]), history, groups)[0] > 0.5


def test_overlap_is_the_share_that_was_there_last_week():
    earlier = np.array([RNG.permutation(N_ITEMS)[:8] for _ in range(N)])
    got = beyond.overlap(LISTS, earlier)
    for u, row in enumerate(LISTS):
        now = set(real(row))
        assert (
            got[u] == pytest.approx(len(now & set(real(earlier[u]))) / len(now))
            if now
            else math.isnan(got[u])
        )


def test_popularity_bias_is_a_lift():
    got = beyond.popularity_bias(LISTS, HISTORY, POPULARITY)
    own = np.mean([POPULARITY[i] for i in HISTORY[0].indices])
    assert got[0] == pytest.approx(np.mean([POPULARITY[i] for i in real(LISTS[0])]) / own - 1)


def test_gini_is_the_mean_gap_of_pairs():
    counts = np.bincount(LISTS[LISTS >= 0], minlength=N_ITEMS)
    brute = np.abs(counts[:, None] - counts[None, :]).sum() / (2 * N_ITEMS**2 * counts.mean())
    assert beyond.gini(LISTS, N_ITEMS) == pytest.approx(brute)
    assert beyond.gini(np.arange(6).reshape(2, 3), 6) == pytest.approx(0)
    assert beyond.gini(np.zeros((4, 1), dtype=int), 100) == pytest.approx(0.99)
