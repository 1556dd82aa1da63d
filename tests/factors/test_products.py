"""Products of few vectors with many, exact and within bounds; and what a blend says of some items alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import random_array

from segue.factors.blend import OFTEN, Blend, BlendConfig
from segue.factors.config import ALSConfig
from segue.factors.products import FEW, products
from segue.factors.quantised import Quantised
from segue.factors.standard import Wanted, Whole


@pytest.mark.parametrize("d", [1, 16, 130])
def test_few_have_the_same_products_whoever_is_asked_beside_them(d: int) -> None:
    rng = np.random.default_rng(d)
    few, many = (rng.normal(size=(n, d)).astype(np.float32) for n in (FEW, 201))
    exact = few.astype(np.float64) @ many.astype(np.float64).T
    some = np.array([200, 3, 77])
    for k in range(1, FEW + 1):
        found = products(few[:k], many)
        np.testing.assert_allclose(found, exact[:k], atol=1e-5 * np.sqrt(d) * 10)
        np.testing.assert_array_equal(products(few[:k], many[some]), found[:, some])
    wide = np.concatenate([few, few])
    np.testing.assert_allclose(products(wide, many), np.concatenate([exact, exact]), atol=1e-3)
    np.testing.assert_allclose(products(few, np.asfortranarray(many)), exact, atol=1e-3)
    assert products(few[:0], many).shape == (0, 201)


def test_products_lie_within_the_bounds_of_what_was_rounded() -> None:
    rng = np.random.default_rng(0)
    vectors = (rng.normal(size=(500, 48)) * rng.gamma(0.3, size=(500, 1))).astype(np.float32)
    vectors[7] = 0
    query = rng.normal(size=48).astype(np.float32)
    least, most = np.ones(500, np.float32), np.ones(500, np.float32)
    Quantised(vectors).bound(query, least, most)
    exact = 1 + vectors.astype(np.float64) @ query
    assert (least <= exact + 1e-6).all() and (exact - 1e-6 <= most).all()
    assert (most - least).mean() < 0.05 * exact.std(), "so near that they tell apart"
    assert least[7] == most[7] == 1


@pytest.mark.parametrize("biases", [False, True])
def test_a_blend_says_the_same_of_some_items_as_of_all(biases: bool) -> None:
    rng = np.random.default_rng(3)
    matrix = random_array((120, 300), density=0.05, format="csr", rng=rng, dtype=np.float32)
    als = ALSConfig(factors=12, iterations=2, biases=biases, random_state=0)
    even = dict.fromkeys(("factors", "second", "ease", "walk", "rarity"), 0.2)
    config = BlendConfig(factors=als, second=als, weights=even, few={"factors": 0.5, "walk": 0.5}, little=3.0)
    blend = Blend(config).fit(matrix)
    open_ = rng.random(300) < 0.7
    for row in (matrix[[0]], matrix[[5]], matrix[[0]].multiply(matrix[[0]] > 2).tocsr()):
        whole = blend.scores(row)[0]
        early, first, scores = Whole(whole), blend.scored(row), blend.scored(row)
        for scores in (early, *(blend.scored(row) for _ in range(OFTEN))):
            every = np.arange(300, dtype=np.int32)
            np.testing.assert_allclose(scores.of(every), whole, atol=1e-5)
            if scores is not early:  # however often rows were asked for
                np.testing.assert_array_equal(scores.of(every), first.of(every))
            best = np.sort(scores.best(open_, 20))
            np.testing.assert_array_equal(best, np.sort(early.best(open_, 20)))
            assert open_[best].all() and whole[best].min() >= np.sort(whole[open_])[-20] - 1e-5
            assert len(scores.best(open_, 400)) == open_.sum()
        assert isinstance(scores, Wanted), "who is asked often works out what is wanted alone"
