"""The blend: its arithmetic, its weights, what it does with rare items, and saving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from segue.errors import UsageError
from segue.factors.als import ImplicitALS
from segue.factors.blend import Blend, BlendConfig
from segue.factors.config import ALSConfig
from segue.factors.ease import EASE
from segue.factors.folded import FactorScores
from segue.factors.items import Rarity
from segue.factors.mixing import Bench, mixed
from segue.factors.tune import ndcg

ALS = ALSConfig(factors=8, objective="rendle", unobserved_weight=0.1, regularization=0.01, random_state=0)


@pytest.fixture(scope="module")
def plays() -> csr_matrix:
    """120 listeners of three groups, 90 items of three kinds, some dislikes."""
    rng = np.random.default_rng(0)
    group, kind = rng.integers(0, 3, 120), np.arange(90) % 3
    chance = np.where(group[:, None] == kind, 0.4, 0.05) * np.linspace(1.5, 0.3, 90)
    values = (rng.random((120, 90)) < chance) * rng.integers(1, 4, (120, 90))
    values[rng.random(values.shape) < 0.01] = -1
    return csr_matrix(values.astype(np.float32))


def z(scores: np.ndarray) -> np.ndarray:
    return (scores - scores.mean(1, keepdims=True)) / scores.std(1, keepdims=True)


def test_it_is_the_weighted_mean_of_standardised_scores(plays):
    blend = Blend(factors=ALS, weights={"factors": 3, "ease": 1}).fit(plays)
    als = ImplicitALS.of(ALS).fit(plays, show_progress=False)
    factors = als.recalculate_user(np.arange(120), plays) @ als.item_factors.T
    expected = 0.75 * z(factors) + 0.25 * z(EASE(blend.config.ease).fit(plays).scores(plays))
    np.testing.assert_allclose(blend.scores(plays), expected, atol=1e-3)
    assert blend.weights_ == {"factors": 0.75, "ease": 0.25}


def test_what_a_loaded_blend_needs_of_the_whole_catalogue_is_kept(plays, tmp_path, monkeypatch):
    blend = Blend(factors=ALS, weights={"factors": 3, "second": 2, "ease": 1}).fit(plays)
    blend.save(tmp_path / "blend.npz")
    monkeypatch.setattr("segue.factors.folded.batches", None)  # which walks through all items
    loaded = Blend.load(tmp_path / "blend.npz")
    np.testing.assert_array_equal(loaded.scores(plays[:3]), blend.scores(plays[:3]))
    for name, part in loaded.parts_.items():
        if isinstance(part, FactorScores):
            covariance = np.cov(part.item_factors_.T.astype(float), bias=True)
            np.testing.assert_allclose(part._moments[1], covariance, atol=1e-5, err_msg=name)


def test_scores_are_mixed_in_place_as_their_weighted_mean():
    rng = np.random.default_rng(0)
    parts = {name: rng.normal(size=(5, 9)).astype(np.float32) for name in ("factors", "users", "ease")}
    weights = {"factors": 0.4, "ease": 0.6}
    expected = sum(weights[name] * z(parts[name]) for name in weights)
    np.testing.assert_allclose(mixed(parts, weights), expected, atol=1e-5)


@pytest.mark.parametrize("megabytes", [600.0, 0.02])
def test_scores_are_those_of_all_parts_standardised(plays, megabytes):
    names = ("factors", "second", "ease", "items", "walk", "listeners", "rarity")
    blend = Blend(factors=ALS, megabytes=megabytes, weights=dict.fromkeys(names, 1)).fit(plays)
    nobody = csr_matrix((1, 90), dtype=np.float32)
    for rows in (plays[:7], nobody):
        parts = {name: part.scores(rows) for name, part in blend.parts_.items()}
        np.testing.assert_allclose(blend.scores(rows), mixed(parts, blend.weights_), atol=1e-5)


def test_factors_that_are_there_are_not_fitted_again(plays):
    als = ImplicitALS.of(ALS).fit(plays, show_progress=False)
    weights = {"factors": 1.0, "items": 1.0}
    ours = Blend(factors=ALS, weights=weights).fit(plays, trained=als)
    np.testing.assert_array_equal(
        ours.scores(plays), Blend(factors=ALS, weights=weights).fit(plays).scores(plays)
    )


def test_in_little_memory_every_part_still_knows_every_item(plays):
    blend = Blend(factors=ALS, megabytes=0.02).fit(plays)
    part = dict(blend.parts_)
    assert part["ease"].near_.nnz and 8 * part["ease"].near_.nnz <= 0.02e6
    assert part["walk"].config.neighbours == 27
    popularity = np.asarray((plays > 0).sum(axis=0)).ravel()
    rare = np.argsort(popularity)[:30]
    for name in ("ease", "walk"):
        assert (part[name].scores(plays)[:, rare] != 0).any(axis=0).all()
    whole = Blend(factors=ALS, weights=blend.weights_).fit(plays).scores(plays)
    assert np.corrcoef(whole.ravel(), blend.scores(plays).ravel())[0, 1] > 0.98


def test_weights_are_chosen_and_beat_every_part(plays):
    blend = Blend(factors=ALS).fit(plays)
    assert abs(sum(blend.weights_.values()) - 1) < 1e-3
    by_head = Blend(factors=ALS, whole_order=0.0).fit(plays).validation_
    assert by_head["blend"] >= max(v for k, v in by_head.items() if k != "blend")
    assert Blend(factors=ALS).fit(plays).weights_ == blend.weights_


def test_the_bench_judges_as_ndcg_of_whole_lists_does():
    rng = np.random.default_rng(1)
    parts = {name: rng.normal(size=(20, 400)).astype(np.float32) for name in ("a", "b")}
    seen = csr_matrix(rng.random((20, 400)) < 0.05, dtype=np.float32)
    targets = csr_matrix((rng.random((20, 400)) < 0.03) & (seen.toarray() == 0), dtype=np.float32)
    bench = Bench(list(parts))
    bench.add(parts, seen, targets)
    mix = 0.6 * parts["a"] + 0.4 * parts["b"]
    mix[seen.nonzero()] = -np.inf
    lists = np.argsort(-mix, axis=1)[:, :100]
    np.testing.assert_allclose(bench.ndcg([0.6, 0.4]), ndcg(lists, targets).mean(), rtol=0.02)


def test_the_bench_judges_the_whole_order_by_auc():
    rng = np.random.default_rng(2)
    scores = rng.integers(0, 50, (20, 300)).astype(np.float32)  # with ties
    seen = csr_matrix(rng.random((20, 300)) < 0.05, dtype=np.float32)
    targets = csr_matrix((rng.random((20, 300)) < 0.05) & (seen.toarray() == 0), dtype=np.float32)
    bench = Bench(["a"], whole=1.0)
    bench.add({"a": scores}, seen, targets)
    expected = []
    for row, wanted, had in zip(scores, targets.toarray() > 0, seen.toarray() > 0, strict=True):
        above = row[wanted][:, None] - row[~wanted & ~had]
        expected.append(((above > 0) + (above == 0) / 2).mean())
    np.testing.assert_allclose(bench.auc([1.0]), np.mean(expected), rtol=1e-6)
    assert bench.worth([1.0]) == bench.ndcg([1.0])
    bench.floor = 0.9
    np.testing.assert_allclose(bench.worth([1.0]), bench.ndcg([1.0]) - (0.9 - bench.auc([1.0])))


def test_a_good_head_may_not_cost_the_order_of_the_rest():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=(40, 600)).astype(np.float32)
    targets = csr_matrix(truth > 0.5, dtype=np.float32)
    nothing = rng.normal(-3, 3, truth.shape).clip(max=0.9)
    parts = {
        "head": np.where(truth > 1.0, truth, nothing).astype(np.float32),  # knows only the best
        "rough": truth + rng.normal(size=truth.shape).astype(np.float32),
    }
    auc = {}
    for whole in (0.0, 3.0):
        bench = Bench(list(parts), whole)
        bench.add(parts, csr_matrix(targets.shape, dtype=np.float32), targets)
        weights, _ = bench.best()
        auc[whole] = bench.auc(list(weights.values()))
    assert auc[0.0] < bench.floor - 0.02
    assert auc[3.0] > bench.floor - 0.005


def test_dislikes_reach_the_factors(plays):
    without = plays.maximum(0).tocsr()
    without.eliminate_zeros()
    weights = {"factors": 1.0}
    ours = Blend(factors=ALS, weights=weights).fit(plays).scores(plays)
    assert not np.allclose(ours, Blend(factors=ALS, weights=weights).fit(without).scores(without))


@pytest.mark.parametrize("weights", [{"nothing": 1.0}, {"ease": 0.0}, {"walk": 1.0}])
def test_wrong_weights_are_refused(plays, weights):
    with pytest.raises(UsageError, match="blended"):
        Blend(BlendConfig(factors=ALS, walk=None, weights=weights)).fit(plays)


def test_what_is_saved_is_the_same_without_the_parts_that_weigh_nothing(plays, tmp_path: Path):
    blend = Blend(factors=ALS, megabytes=0.01, weights={"factors": 1, "listeners": 2}).fit(plays)
    assert set(blend.parts_) == {"factors", "listeners"}
    blend.save(tmp_path / "blend")
    loaded = Blend.load(tmp_path / "blend")
    assert loaded.weights_ == blend.weights_
    np.testing.assert_array_equal(loaded.scores(plays), blend.scores(plays))
    np.testing.assert_array_equal(loaded.similar_items(3)[0], blend.similar_items(3)[0])


def test_rarity_takes_off_what_popularity_gives(plays):
    count = np.asarray((plays > 0).sum(axis=0)).ravel()
    scores = Rarity().fit(plays).scores(plays[:2])
    np.testing.assert_allclose(scores, np.tile(-np.log1p(count / count.mean()), (2, 1)), rtol=1e-6)
    means = []
    for weight in (0.0, 0.3):
        blend = Blend(factors=ALS, weights={"factors": 1 - weight, "rarity": weight}).fit(plays)
        ids, _ = blend.recommend(np.arange(plays.shape[0]), plays, N=10)
        means.append(count[ids].mean())
    assert means[1] < means[0]


def test_rows_that_say_little_have_weights_of_their_own(plays, tmp_path: Path):
    weights, few = {"factors": 1, "ease": 3}, {"factors": 3, "walk": 1}
    blend = Blend(factors=ALS, weights=weights, few=few, little=4.0).fit(plays)
    assert set(blend.parts_) == {"factors", "ease", "walk"}
    rows = csr_matrix(
        np.stack([np.eye(90)[3], np.r_[np.ones(4) * 2, np.zeros(86)], np.r_[np.ones(5), np.zeros(85)]]),
        dtype=np.float32,
    )
    many = Blend(factors=ALS, weights=weights).fit(plays).scores(rows)
    little = Blend(factors=ALS, weights=few).fit(plays).scores(rows)
    expected = np.stack([little[0], little[1], many[2]])
    np.testing.assert_allclose(blend.scores(rows), expected, atol=1e-4)
    blend.save(tmp_path / "blend.npz")
    np.testing.assert_allclose(Blend.load(tmp_path / "blend.npz").scores(rows), expected, atol=1e-4)
    with pytest.raises(UsageError, match="can't be blended"):
        Blend(factors=ALS, weights=weights, few={"nobody": 1.0}).fit(plays)


def test_models_without_weights_for_few_tracks_open(plays):
    blend = Blend(factors=ALS, weights={"factors": 1, "ease": 3}).fit(plays)
    state = blend._state()
    del state["few_"]
    again = Blend(blend.config)
    again.n_items_ = blend.n_items_
    again._restore(state)
    np.testing.assert_allclose(again.scores(plays[:3]), blend.scores(plays[:3]), atol=1e-5)
