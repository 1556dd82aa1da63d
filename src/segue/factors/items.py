"""Item-to-item models and popularity: simple, fast, hard to beat, and part of every blend."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import csr_matrix, diags_array

from segue.factors.cooccurrence import largest_products, teaching
from segue.factors.scored import ScoredModel, positive

Weighting = Literal["binary", "log", "tfidf", "bm25"]


class PopularityConfig(BaseModel):
    """Settings of `Popularity` and of `Rarity`: none."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Popularity(ScoredModel):
    """The same order for everybody: score of item i = its number of listeners. What any model must beat."""

    config_type = PopularityConfig
    _learned = ("listeners_",)
    listeners_: NDArray[np.float32]

    def _fit(self, user_items: csr_matrix) -> None:
        self.listeners_ = np.bincount(user_items.indices, minlength=self.n_items_).astype(np.float32)

    def scores(self, user_items: csr_matrix) -> NDArray[np.float32]:
        """Number of listeners of every item, alike in all rows: (n, n_items)."""
        return np.tile(self.listeners_, (user_items.shape[0], 1))

    def _similarities(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        scores = np.tile(self.listeners_, (len(items), 1))
        scores[np.arange(len(items)), items] = np.inf  # an item is most like itself
        return scores


class Rarity(Popularity):
    """The opposite: score of item i = -log(1 + n_i / mean n), n_i its number of listeners.

    Of use beside other models only: their scores rise with popularity by more than ranks best, and what
    everybody has crowds out what suits this listener. Below the mean it hardly rises further: it takes off
    what is popular and does not put forward what nobody has.
    """

    def scores(self, user_items: csr_matrix) -> NDArray[np.float32]:
        """-log(1 + number of listeners / mean) of every item, alike in all rows: (n, n_items)."""
        return -np.log1p(super().scores(user_items) / max(float(self.listeners_.mean()), 1e-9))

    def _similarities(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.zeros((len(items), self.n_items_), dtype=np.float32)  # says nothing of likeness


class NeighboursConfig(BaseModel):
    """Settings of `ItemNeighbours`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    neighbours: int = Field(200, ge=1, description="Neighbours kept per item.")
    weighting: Weighting = Field(
        "tfidf",
        description="Weights of a listener's items: 1; log(1 + w); sqrt(w) times the listener's inverse "
        "frequency (listeners of few items say more); or BM25.",
    )
    shrink: float = Field(
        0.0, ge=0, description="Added to the product of norms: doubts cosines of rare items."
    )
    k1: float = Field(1.2, ge=0, description="BM25: how soon more plays stop counting.")
    b: float = Field(0.75, ge=0, le=1, description="BM25: how much an item's total weight is discounted.")


class ItemNeighbours(ScoredModel):
    """Item neighbours by cosine (Sarwar et al. 2001), on weights of choice.

    s_ij = w_i · w_j / (‖w_i‖ ‖w_j‖ + shrink) over listeners, the largest `neighbours` of each item kept;
    score(u, j) = Σ_{i in u} w'_ui s_ij, w' being 1, log(1 + w) or sqrt(w), as `weighting` says.
    """

    config_type = NeighboursConfig
    _learned = ("similarity_",)
    similarity_: csr_matrix

    def _fit(self, user_items: csr_matrix) -> None:
        weights = teaching(_weighted(user_items, self.config))
        norms = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=0)).ravel())
        norms = np.maximum(norms, np.float32(1e-30))  # nobody's item has no products
        shrink = self.config.shrink
        # Row j holds the neighbours of item j; scoring reads them from the listener's items' side.
        near = largest_products(weights.T, weights, (norms, norms), self.config.neighbours, shrink)
        near.data /= np.repeat(norms, np.diff(near.indptr)) * norms[near.indices] + np.float32(shrink)
        self.similarity_ = near

    def product(self, user_items: csr_matrix) -> tuple[csr_matrix, csr_matrix]:
        """The listeners' weights, and the likeness of items."""
        return _listener_weights(user_items, self.config.weighting), self.similarity_

    def scores(self, user_items: csr_matrix) -> NDArray[np.float32]:
        """Σ over the listener's items of their likeness to each item: (n, n_items)."""
        weights, likeness = self.product(user_items)
        return (weights @ likeness).toarray()

    def _similarities(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        scores = self.similarity_[items].toarray()
        scores[np.arange(len(items)), items] = 1.0
        return scores


class RP3betaConfig(BaseModel):
    """Settings of `RP3beta`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    neighbours: int = Field(500, ge=1, description="Neighbours kept per item.")
    alpha: float = Field(0.8, gt=0, description="Power of the transition probabilities.")
    beta: float = Field(
        0.4, ge=0, description="Power of an item's number of listeners that its score is divided by."
    )
    weighting: Literal["binary", "log"] = Field("binary", description="Weights of the walk: 1 or log(1 + w).")
    query_power: float = Field(
        0.0,
        ge=0,
        description="The first step goes to a listener's items by their weights to this power; 0 as learned.",
    )


class RP3beta(ScoredModel):
    """Three-step random walk from listener over items and listeners to items, popular ones held back.

    w_ij = Σ_v p_iv^α p_vj^α / n_j^β (Paudel et al. 2017, RP³β), p_iv the probability to step from item i to
    its listener v, p_vj from v to one of its items; the largest `neighbours` of each item kept;
    score(u, j) = Σ_{i in u} p_ui^α w_ij, p_ui in proportion to the weight of i to the `query_power`.
    """

    config_type = RP3betaConfig
    _learned = ("walk_",)
    walk_: csr_matrix

    def _fit(self, user_items: csr_matrix) -> None:
        c = self.config
        weights = teaching(_listener_weights(user_items, c.weighting))
        to_items = _rows_sum_to_one(weights).power(c.alpha)
        to_listeners = _rows_sum_to_one(weights.T.tocsr()).power(c.alpha)
        listeners = np.bincount(weights.indices, minlength=self.n_items_).astype(np.float32)
        divisor = np.maximum(listeners, np.float32(1)) ** np.float32(c.beta)
        # The divisor has a say in which are the largest, but products come back undivided.
        walk = largest_products(to_listeners, to_items, (np.ones_like(divisor), divisor), c.neighbours)
        walk.data /= divisor[walk.indices]
        self.walk_ = walk

    def product(self, user_items: csr_matrix) -> tuple[csr_matrix, csr_matrix]:
        """The first step, and where the next two lead."""
        weights = _listener_weights(user_items, self.config.weighting)
        if self.config.query_power:
            weights.data = positive(csr_matrix(user_items, dtype=np.float32)).data ** self.config.query_power
        return _rows_sum_to_one(weights).power(self.config.alpha), self.walk_

    def scores(self, user_items: csr_matrix) -> NDArray[np.float32]:
        """Where a walk from the listener ends, popular items held back: (n, n_items)."""
        first, rest = self.product(user_items)
        return (first @ rest).toarray()

    def _similarities(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        scores = self.walk_[items].toarray()
        scores[np.arange(len(items)), items] = np.inf  # an item is most like itself
        return scores


def _listener_weights(user_items: csr_matrix, weighting: Weighting) -> csr_matrix:
    liked = positive(csr_matrix(user_items, dtype=np.float32))
    change = {"binary": np.ones_like, "log": np.log1p, "tfidf": np.sqrt, "bm25": np.log1p}[weighting]
    return csr_matrix((change(liked.data), liked.indices, liked.indptr), shape=liked.shape)


def _weighted(user_items: csr_matrix, config: NeighboursConfig) -> csr_matrix:
    """Weights for the cosine; factors per item cancel in it, so inverse frequencies are per listener."""
    weights = _listener_weights(user_items, config.weighting)
    if config.weighting not in ("tfidf", "bm25"):
        return weights
    sizes = np.diff(weights.indptr)
    rarity = np.log(weights.shape[1] / (1.0 + sizes)).clip(min=0).astype(np.float32)
    if config.weighting == "bm25":
        totals = np.asarray(user_items.sum(axis=0)).ravel()
        mean = totals.sum() / max(np.count_nonzero(totals), 1)
        discount = config.k1 * (1 - config.b + config.b * totals / mean)
        data = user_items.data * (config.k1 + 1) / (discount[user_items.indices] + user_items.data)
        weights = csr_matrix(
            (data.astype(np.float32), user_items.indices, user_items.indptr), user_items.shape
        )
    return csr_matrix(diags_array(rarity) @ weights)


def _rows_sum_to_one(matrix: csr_matrix) -> csr_matrix:
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    inverse = np.divide(1.0, sums, out=np.zeros_like(sums, dtype=np.float32), where=sums > 0)
    return csr_matrix(diags_array(inverse.astype(np.float32)) @ matrix)
