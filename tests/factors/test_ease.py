"""EASE in its three forms against its definition, and what goes together against whole products."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from segue.factors.cooccurrence import largest_products, teaching
from segue.factors.ease import EASE, EASEConfig


def listening(listeners: int, items: int, seed: int = 0) -> csr_matrix:
    rng = np.random.default_rng(seed)
    likes = rng.random((listeners, 3)) @ rng.random((3, items))
    values = rng.integers(1, 5, likes.shape) * (rng.random(likes.shape) < 0.3 * likes)
    return csr_matrix(values.astype(np.float32))


def defined(plays: csr_matrix, config: EASEConfig) -> np.ndarray:
    """B by its definition: each column a regression on all other items."""
    x = plays.toarray().astype(float)
    x = x[(x**2).sum(1) > 0]
    squares = (x**2).sum(1)
    x *= (squares / squares.mean())[:, None] ** -config.row_power
    gram = x.T @ x
    lengths = np.diagonal(gram)
    d = config.regularization * lengths.mean() + config.dropout * lengths
    b = np.zeros_like(gram)
    for j in range(len(gram)):
        others = np.delete(np.arange(len(gram)), j)
        b[others, j] = np.linalg.solve(gram[np.ix_(others, others)] + np.diag(d[others]), gram[others, j])
    return b


@pytest.fixture
def sparse(monkeypatch: pytest.MonkeyPatch) -> None:
    """B is sparse however small it is."""
    for form in ("_fit_by_items", "_fit_by_listeners"):
        monkeypatch.setattr(EASE, form, EASE._fit_neighbourhoods)


@pytest.mark.parametrize("shape", [(60, 20), (20, 60)])
def test_it_is_a_regression_on_all_other_items(shape):
    plays = listening(*shape)
    model = EASE(dropout=1.0).fit(plays)
    assert not model.near_.nnz
    expected = plays.toarray() @ defined(plays, model.config)
    np.testing.assert_allclose(model.scores(plays), expected, atol=1e-3)


def test_so_it_is_where_every_item_is_in_every_neighbourhood(sparse):
    plays = listening(300, 20)
    model = EASE(dropout=1.0).fit(plays)
    assert model.near_.nnz == 20 * 19 and not model.kernel_.size
    expected = plays.toarray() @ defined(plays, model.config)
    np.testing.assert_allclose(model.scores(plays), expected, atol=2e-3 * expected.max())


def test_a_neighbourhood_is_regressed_on_by_itself(sparse):
    plays = listening(80, 30)
    model = EASE(neighbours=4, row_power=0.0).fit(plays)
    x, config = plays.toarray().astype(float), model.config
    gram = x.T @ x
    lengths = np.diagonal(gram)
    d = config.regularization * lengths.mean() + config.dropout * lengths
    off = gram - np.diag(lengths)
    for j in range(30):
        near = np.argsort(-off[:, j] / np.sqrt(lengths + d), kind="stable")[:4]
        expected = np.linalg.solve(gram[np.ix_(near, near)] + np.diag(d[near]), gram[near, j])
        np.testing.assert_allclose(model.near_.toarray()[near, j], expected, rtol=2e-2, atol=1e-4)
        assert np.count_nonzero(model.near_.toarray()[:, j]) <= 4


def test_memory_is_bounded_in_advance():
    plays = listening(400, 100)
    for megabytes in (0.004, 0.016):
        model = EASE(megabytes=megabytes).fit(plays)
        assert 0 < 8 * model.near_.nnz <= megabytes * 1e6


def test_the_largest_of_a_product_are_those_of_the_whole():
    plays = listening(50, 40)
    plays.data[:] = np.minimum(plays.data, 2)  # many equal products
    whole = (plays.T @ plays).toarray()
    np.fill_diagonal(whole, 0)
    scale = np.linspace(1, 2, 40).astype(np.float32)
    judged = whole / (np.outer(scale, scale) + 0.5)
    found = largest_products(plays.T, plays, (scale, scale), 7, 0.5)
    for row in range(40):
        best = [int(i) for i in np.argsort(-judged[row], kind="stable")[:7] if judged[row, i] > 0]
        assert found[row].indices.tolist() == sorted(best)
        np.testing.assert_array_equal(found[row].data, whole[row, sorted(best)])
    empty = largest_products(csr_matrix((5, 3), dtype=np.float32), csr_matrix((3, 5)), (scale[:5],) * 2, 2)
    assert empty.shape == (5, 5) and empty.nnz == 0


def test_listeners_of_very_much_teach_by_some_of_it():
    plays = listening(50, 40)
    assert teaching(plays, most=1e9) is plays
    sizes = np.diff(plays.indptr)
    for most in (500.0, 2000.0, float((sizes**2).sum() - 1)):
        fewer = teaching(plays, most)
        cut = np.diff(fewer.indptr)
        assert (cut**2).sum() <= most and cut.max() < sizes.max()
        assert (cut[sizes <= cut.max()] == sizes[sizes <= cut.max()]).all()  # short ones are whole
        assert (cut[sizes > cut.max()] == cut.max()).all()
        assert (fewer - fewer.multiply(plays > 0)).nnz == 0 and fewer.has_canonical_format
        assert (fewer != teaching(plays, most)).nnz == 0
