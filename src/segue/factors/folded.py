"""`ImplicitALS` as a model that scores a whole catalogue: what a blend mixes with others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.factors.als import ImplicitALS
from segue.factors.config import ALSConfig
from segue.factors.quantised import Quantised
from segue.factors.scored import ScoredModel, batches
from segue.progress import told


class FactorScores(ScoredModel):
    """The items' factors alone; every listener is folded in from the row that is passed."""

    config_type = ALSConfig
    _learned = ("item_factors_", "regularization_")
    _takes_dislikes = True
    item_factors_: NDArray[np.float32]
    regularization_: NDArray[np.float64]  # (), λ as it turned out

    def around(self, als: ImplicitALS) -> Self:
        """Take factors that are already there; returns self."""
        assert als.item_factors is not None
        self.item_factors_, self.n_items_ = als.item_factors, len(als.item_factors)
        for name in ("_moments", "quantised"):
            self.__dict__.pop(name, None)
        # Of the listeners' factors nothing is needed: everybody is folded in.
        self._als = ImplicitALS.of(als.config)
        self.regularization_ = np.array(als.config.regularization)
        self._als.item_factors = self.item_factors_
        self._als.user_factors = np.zeros((1, self.item_factors_.shape[1]), np.float32)
        return self

    def _fit(self, user_items: csr_matrix) -> None:
        als = ImplicitALS.of(self.config)
        told_of = 1 / als.config.iterations
        self.around(als.fit(user_items, show_progress=False, callback=lambda *_: told(told_of)))

    def _state(self) -> dict[str, NDArray]:
        mean, covariance = self._moments
        return super()._state() | self._als.kept() | {"mean": mean, "covariance": covariance}

    def _restore(self, arrays: Mapping[str, NDArray]) -> None:
        super()._restore(arrays)
        known = {"regularization": float(self.regularization_)}
        als = ImplicitALS.of(self.config.model_copy(update=known))
        als.item_factors = self.item_factors_
        self.around(als)
        self._als.keep(arrays)
        if "mean" in arrays:  # earlier versions did not keep it
            self._moments = arrays["mean"], arrays["covariance"]

    @cached_property
    def _moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean (f,) and covariance (f, f) of the items' factors; of a large catalogue they take seconds."""
        y = self.item_factors_
        mean, gram = y.mean(axis=0, dtype=np.float64), np.zeros((y.shape[1],) * 2)
        for part in batches(len(y), y.shape[1]):  # centred, or small deviations would be lost
            centred = (y[part] - mean).astype(np.float32)
            gram += centred.T @ centred
        return mean, gram / len(y)

    @cached_property
    def quantised(self) -> Quantised:
        """The items' factors as bytes."""
        return Quantised(self.item_factors_)

    def scores(self, user_items: csr_matrix) -> NDArray[np.float32]:
        """x · y for every row, folded in, and every item: (n, n_items)."""
        queries = self._als.recalculate_user(np.arange(user_items.shape[0]), user_items)
        return queries @ self.item_factors_.T

    def standard_queries(self, user_items: csr_matrix) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """What `scores` are at mean 0 and deviation 1: q (n, f) and c (n,) such that it is q · y − c.

        Mean and deviation over all items follow from those of the items' factors, without any score.
        """
        mean, covariance = self._moments
        queries = self._als.recalculate_user(np.arange(user_items.shape[0]), user_items)
        # In float64: the deviation is the root of a quadratic form, whose parts may nearly cancel.
        exact = queries.astype(np.float64)
        deviation = np.sqrt(np.maximum(((exact @ covariance) * exact).sum(axis=1), 0))
        scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > 1e-12)
        return (queries * scale[:, None]).astype(np.float32), exact @ mean * scale

    def _similarities(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        plain = self.item_factors_[:, : self.config.factors]
        unit = plain / np.maximum(np.linalg.norm(plain, axis=1, keepdims=True), 1e-10)
        scores = unit[items] @ unit.T
        scores[np.arange(len(items)), items] = np.inf  # an item is most like itself
        return scores
