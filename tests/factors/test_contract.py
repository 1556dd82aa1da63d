"""ImplicitALS keeps the contract of recommenders, in every mode."""

from __future__ import annotations

import pytest

from segue.factors.als import ImplicitALS
from segue.factors.blend import Blend
from segue.factors.config import ALSConfig
from segue.testing.recommender import RecommenderContract


class TestImplicitALS(RecommenderContract):
    def make(self) -> ImplicitALS:
        return ImplicitALS(factors=32, regularization=0, random_state=23)


class TestRendle(RecommenderContract):
    def make(self) -> ImplicitALS:
        return ImplicitALS(
            factors=16,
            objective="rendle",
            regularization=0.003,
            unobserved_weight=0.1,
            frequency_scale=1.0,
            random_state=1,
        )


class TestBiases(RecommenderContract):
    def make(self) -> ImplicitALS:
        return ImplicitALS(
            factors=16, regularization=0.1, biases=True, random_state=2, iterations=30, num_threads=1
        )

    @pytest.mark.skip(reason="a track without listeners has factors here: they undo the listeners' biases")
    def test_rows_and_columns_with_nothing(self) -> None: ...


class TestExact(RecommenderContract):
    def make(self) -> ImplicitALS:
        return ImplicitALS(factors=8, regularization=1.0, alpha=3.0, use_cg=False, random_state=3)


class TestBlend(RecommenderContract):
    has_users = False

    def make(self) -> Blend:
        return Blend(factors=ALSConfig(factors=16, objective="rendle", unobserved_weight=0.1, random_state=1))


class TestBlendOfAFew(RecommenderContract):
    """Item models with a few neighbours of each track."""

    has_users = False

    def make(self) -> Blend:
        als = ALSConfig(factors=16, objective="rendle", unobserved_weight=0.1, random_state=1)
        return Blend(factors=als, megabytes=0.0025, walk=None, weights={"factors": 3, "ease": 1, "items": 1})
