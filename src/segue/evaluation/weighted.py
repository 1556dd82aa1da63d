"""What recommenders are given: confidences instead of plays, for raw counts mislead every one of them; and of
what has an order, what came last with most weight."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from segue.evaluation.histories import Histories
from segue.factors.places import LEAST


def log_confidence(user_items: csr_matrix, per: float, gain: float = 0.8) -> csr_matrix:
    """1 + gain log(1 + r / per) for every stored r, as `factors.observations` weighs plays."""
    weighed = user_items.copy()
    weighed.data = (1 + gain * np.log1p(weighed.data / per)).astype(np.float32)
    return weighed


class LogConfidence:
    """`model` on logarithmic confidences; `per` is the mean of what it is fitted to, as in training."""

    def __init__(self, model: Any, gain: float = 0.8) -> None:
        self.model, self.gain = model, gain
        self.per_ = 1.0

    def fit(self, user_items: csr_matrix) -> Self:
        """Learn from plays (n_listeners, n_items)."""
        self.per_ = float(user_items.data.mean())
        self.model.fit(log_confidence(user_items, self.per_, self.gain), show_progress=False)
        return self

    def recommend(
        self,
        userid: ArrayLike,
        user_items: csr_matrix,
        N: int = 10,
        filter_already_liked_items: bool = True,
        filter_items: ArrayLike | None = None,
        recalculate_user: bool = False,
    ) -> tuple[NDArray, NDArray]:
        """As the model's, from plays."""
        weighed = log_confidence(user_items, self.per_, self.gain)
        return self.model.recommend(
            userid, weighed, N, filter_already_liked_items, filter_items, recalculate_user
        )


class Recent:
    """`model`, asked by rows in which an item so many places before the last weighs decay to that power.

    It learns from rows of 1, as playlists teach in `factors.observations`, and is asked as they are asked.
    """

    def __init__(self, model: Any, decay: float) -> None:
        self.model, self.decay = model, decay

    def fit(self, user_items: csr_matrix) -> Self:
        """Learn from what listeners have (n_listeners, n_items), whatever its weights."""
        ones = user_items.copy()
        ones.data = np.ones_like(ones.data)
        self.model.fit(ones, show_progress=False)
        return self

    def rows(self, given: Histories) -> csr_matrix:
        """(n_listeners, n_items) weights by place."""
        sizes = given.sizes
        behind = np.repeat(given.offsets[1:], sizes) - 1 - np.arange(len(given.items))
        weights = np.maximum(self.decay**behind, LEAST).astype(np.float32)
        return replace(given, weights=weights).matrix()

    def recommend(
        self,
        userid: ArrayLike,
        user_items: csr_matrix,
        N: int = 10,
        filter_already_liked_items: bool = True,
        filter_items: ArrayLike | None = None,
        recalculate_user: bool = False,
    ) -> tuple[NDArray, NDArray]:
        """As the model's, of `rows`."""
        return self.model.recommend(
            userid, user_items, N, filter_already_liked_items, filter_items, recalculate_user
        )
