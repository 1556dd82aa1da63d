"""Top-N against a full sort."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from segue.factors import topn


@pytest.mark.parametrize(("q", "m", "n"), [(1, 5, 3), (70, 9000, 10), (130, 4100, 50), (3, 20, 40)])
def test_the_best_of_all(q: int, m: int, n: int) -> None:
    rng = np.random.default_rng(0)
    queries = rng.integers(-3, 4, (q, 6)).astype(np.float32)  # whole numbers, so that there are ties
    items = rng.integers(-3, 4, (m, 6)).astype(np.float32)
    seen = csr_matrix(random_array((q, m), density=0.2, rng=rng))
    left_out = [0, m - 1]
    ids, scores = topn.best(queries, items, n, topn.Filter(seen, left_out))
    table = queries @ items.T
    table[seen.nonzero()] = topn.LEFT_OUT
    table[:, left_out] = topn.LEFT_OUT
    order = np.lexsort((np.broadcast_to(np.arange(m), table.shape), -table), axis=1)[:, :n]
    np.testing.assert_array_equal(ids, order)
    np.testing.assert_array_equal(scores, np.take_along_axis(table, order, axis=1))


def test_threads_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    queries, items = rng.normal(size=(300, 16)).astype("f4"), rng.normal(size=(5000, 16)).astype("f4")
    one, three = (topn.best(queries, items, 20, num_threads=count) for count in (1, 3))
    np.testing.assert_array_equal(one[0], three[0])
    np.testing.assert_array_equal(one[1], three[1])


def test_nobody_and_nothing() -> None:
    items = np.ones((4, 3), np.float32)
    ids, scores = topn.best(np.empty((0, 3), np.float32), items, 2)
    assert ids.shape == scores.shape == (0, 2)
    ids, _ = topn.best(np.ones((2, 3), np.float32), items, 0)
    assert ids.shape == (2, 0)
