"""Item models against dense definitions, and the interface they share."""

from __future__ import annotations

import io

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from segue.errors import FormatError, NotFoundError, NumericalError, UsageError
from segue.factors.items import ItemNeighbours, Popularity, RP3beta
from segue.factors.scored import top

N, M = 40, 25


@pytest.fixture(scope="module")
def plays() -> csr_matrix:
    rng = np.random.default_rng(0)
    dense = rng.integers(1, 50, size=(N, M)) * (rng.random((N, M)) < 0.25)
    dense[:, 7] = 0  # an item nobody has
    dense[0, :3] = 4
    return csr_matrix(dense.astype(np.float32))


def keep_best(square: np.ndarray, k: int) -> np.ndarray:
    square = square.copy()
    np.fill_diagonal(square, 0)
    kept = np.zeros_like(square)
    for row, values in enumerate(square):
        best = np.argsort(-values, kind="stable")[:k]
        kept[row, best] = values[best]
    return kept


@pytest.mark.parametrize("weighting", ["binary", "log"])
def test_item_neighbours_are_cosines(plays, weighting):
    w = np.log1p(plays.toarray()) if weighting == "log" else (plays.toarray() > 0).astype(float)
    norms = np.linalg.norm(w, axis=0)
    cosine = w.T @ w / np.maximum(np.outer(norms, norms), 1e-9)
    model = ItemNeighbours(weighting=weighting, neighbours=6).fit(plays)
    np.testing.assert_allclose(model.scores(plays), w @ keep_best(cosine, 6), rtol=1e-4, atol=1e-5)


def test_tfidf_says_that_listeners_of_few_items_say_more(plays):
    sizes = (plays.toarray() > 0).sum(axis=1)
    w = np.sqrt(plays.toarray()) * np.log(M / (1 + sizes)).clip(0)[:, None]
    norms = np.linalg.norm(w, axis=0)
    cosine = w.T @ w / np.maximum(np.outer(norms, norms), 1e-9)
    model = ItemNeighbours(neighbours=M).fit(plays)
    np.testing.assert_allclose(
        model.scores(plays), np.sqrt(plays.toarray()) @ keep_best(cosine, M), rtol=1e-4
    )


def test_bm25_saturates_and_discounts(plays):
    p = plays.toarray()
    totals = p.sum(axis=0)
    discount = 1.2 * (0.25 + 0.75 * totals / totals[totals > 0].mean())
    idf = np.log(M / (1 + (p > 0).sum(axis=1))).clip(0)[:, None]
    w = np.where(p > 0, p * 2.2 / (discount + p), 0) * idf
    norms = np.linalg.norm(w, axis=0)
    cosine = w.T @ w / np.maximum(np.outer(norms, norms) + 3.0, 1e-9)
    model = ItemNeighbours(weighting="bm25", neighbours=M, shrink=3.0).fit(plays)
    np.testing.assert_allclose(model.scores(plays), np.log1p(p) @ keep_best(cosine, M), rtol=1e-3, atol=1e-5)


def test_rp3beta_is_a_walk_of_three_steps(plays):
    b = (plays.toarray() > 0).astype(float)
    to_items = b / b.sum(axis=1, keepdims=True)
    listeners = b.sum(axis=0)
    to_listeners = (b / np.maximum(listeners, 1)).T
    walk = (to_listeners**0.8) @ (to_items**0.8) / np.maximum(listeners, 1)[None, :] ** 0.4
    model = RP3beta(neighbours=5).fit(plays)
    np.testing.assert_allclose(model.scores(plays), to_items**0.8 @ keep_best(walk, 5), rtol=1e-4, atol=1e-6)


def test_a_walk_begins_by_the_weights_that_it_is_asked_by(plays):
    model, asked = RP3beta(neighbours=5, query_power=0.5).fit(plays), np.sqrt(plays.toarray())
    first = (asked / asked.sum(axis=1, keepdims=True)) ** 0.8
    np.testing.assert_allclose(model.scores(plays), first @ model.walk_.toarray(), rtol=1e-4, atol=1e-6)
    assert (model.walk_ != RP3beta(neighbours=5).fit(plays).walk_).nnz == 0


def test_popularity_is_the_number_of_listeners(plays):
    model = Popularity().fit(plays)
    ids, scores = model.recommend(0, plays[0], N=5, filter_already_liked_items=False)
    listeners = (plays.toarray() > 0).sum(axis=0)
    assert scores.tolist() == sorted(listeners, reverse=True)[:5] and (listeners[ids] == scores).all()


@pytest.fixture(params=[Popularity, ItemNeighbours, RP3beta])
def model(request, plays):
    return request.param().fit(plays)


def test_one_listener_or_many(model, plays):
    ids, scores = model.recommend(np.arange(6), plays[:6], N=7)
    assert ids.shape == scores.shape == (6, 7) and ids.dtype == np.int32 and scores.dtype == np.float32
    one_ids, one_scores = model.recommend(2, plays[2], N=7)
    assert one_ids.tolist() == ids[2].tolist() and one_scores.tolist() == scores[2].tolist()
    assert (np.diff(scores[scores[:, -1] > -1e30], axis=1) <= 0).all()


def test_filters(model, plays):
    liked = set(plays[0].indices.tolist())
    ids, _ = model.recommend(0, plays[0], N=M)
    assert not set(ids[ids >= 0].tolist()) & liked and (ids == -1).sum() == len(liked)
    ids, _ = model.recommend(0, plays[0], N=5, filter_items=[11, 12], filter_already_liked_items=False)
    assert not {11, 12} & set(ids.tolist())
    ids, _ = model.recommend(0, plays[0], N=10, items=[3, 5, 9], filter_already_liked_items=False)
    assert sorted(ids.tolist()) == [3, 5, 9]
    with pytest.raises(UsageError, match="Both"):
        model.recommend(0, plays[0], items=[1], filter_items=[2])
    with pytest.raises(IndexError, match="from 0 to 24"):
        model.recommend(0, plays[0], items=[M])


def test_dislikes_are_left_out_and_teach_nothing(model, plays):
    disliked = plays[0].toarray()
    disliked[0, 15] = -3
    row = csr_matrix(disliked)
    ids, _ = model.recommend(0, row, N=M)
    assert 15 not in ids.tolist()
    only_likes = csr_matrix(np.where(disliked > 0, disliked, 0))
    np.testing.assert_array_equal(model.scores(row), model.scores(only_likes))


def test_a_listener_without_anything_gets_an_answer(model):
    ids, _ = model.recommend(0, csr_matrix((1, M), dtype=np.float32), N=3)
    assert len(set(ids.tolist())) == 3


def test_similar_items(model):
    ids, _ = model.similar_items(4, N=5)
    assert ids[0] == 4 and len(set(ids.tolist())) == 5
    many, _ = model.similar_items([4, 6], N=5)
    assert many[0].tolist() == ids.tolist() and many.shape == (2, 5)
    ids, _ = model.similar_items(4, N=5, filter_items=[4])
    assert 4 not in ids.tolist()
    with pytest.raises(IndexError):
        model.similar_items(M)
    with pytest.raises(UsageError, match="fold in"):
        model.similar_items(1, recalculate_item=True)


def test_saved_and_loaded_it_answers_the_same(model, plays, tmp_path):
    before = model.recommend(np.arange(N), plays, N=8)
    model.save(tmp_path / "model")
    again = type(model).load(tmp_path / "model.npz")
    assert again.config == model.config
    memory = io.BytesIO()
    model.save(memory)
    memory.seek(0)
    for loaded in (again, type(model).load(memory)):
        after = loaded.recommend(np.arange(N), plays, N=8)
        assert (before[0] == after[0]).all() and (before[1] == after[1]).all()


def test_what_is_not_a_model_is_refused(tmp_path):
    with pytest.raises(NotFoundError, match="no model"):
        ItemNeighbours.load(tmp_path / "none")
    np.savez(tmp_path / "other.npz", x=np.arange(3))
    with pytest.raises(FormatError, match="cannot be read as a saved ItemNeighbours"):
        ItemNeighbours.load(tmp_path / "other.npz")
    (tmp_path / "text.npz").write_text("not an archive")
    with pytest.raises(FormatError):
        Popularity.load(tmp_path / "text.npz")


def test_mistakes_are_explained(plays):
    with pytest.raises(UsageError, match="neighbours"):
        ItemNeighbours(neighbours=0)
    with pytest.raises(UsageError, match="can't take the setting k"):
        ItemNeighbours(k=3)
    with pytest.raises(UsageError, match="not been fitted"):
        Popularity().recommend(0, plays[0])
    with pytest.raises(UsageError, match="nothing to learn"):
        Popularity().fit(csr_matrix((3, 4)))
    with pytest.raises(UsageError, match="sparse"):
        Popularity().fit(plays.toarray())
    with pytest.raises(UsageError, match="don't fit"):
        Popularity().fit(plays).recommend([0, 1], plays[:3])
    spoiled = plays.copy()
    spoiled.data[0] = np.nan
    with pytest.raises(NumericalError, match="NaN"):
        RP3beta().fit(spoiled)


def test_top_orders_ties_by_id():
    ids, values = top(np.array([[1, 3, 3, 2, 3]], dtype=np.float32), 5)
    assert ids.tolist() == [[1, 2, 4, 3, 0]] and values.tolist() == [[3, 3, 3, 2, 1]]
    assert top(np.array([[1, 3, 2, 2, 2]], dtype=np.float32), 3)[0].tolist() == [[1, 2, 3]]
    assert top(np.zeros((2, 4), dtype=np.float32), 0)[0].shape == (2, 0)
