"""Scores of several models on one scale, added up: what a blend asks for each list, so it is quick.

All of a part's scores, shifted and scaled to mean 0 and deviation 1, are needed in the sum alone. Of factors
mean and deviation are known beforehand, so that all factorisations together are one matrix product; of a
sparse product only what is not 0 is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.factors import item_kernels
from segue.factors.folded import FactorScores
from segue.factors.mixing import standardised
from segue.factors.quantised import products_of
from segue.factors.scored import ScoredModel
from segue.factors.selecting import best_of
from segue.progress import told

Parts = Sequence[tuple[float, ScoredModel]]
Floats = NDArray[np.float32]
SLACK = np.float32(1e-5)  # of a score: what sums of float32 may be off


class Scores(Protocol):
    """The scores of all items for one listener."""

    def of(self, items: NDArray[np.int32]) -> Floats:
        """(n,) those of some."""
        ...

    def best(self, open_: NDArray[np.bool_], n: int) -> NDArray[np.int32]:
        """The n items of the highest scores among those that are `open_` (n_items,); of equals the first."""
        ...


class Whole(NamedTuple):
    """All worked out."""

    scores: Floats  # (n_items,)

    def of(self, items: NDArray[np.int32]) -> Floats:
        """See `Scores`."""
        return self.scores[items]

    def best(self, open_: NDArray[np.bool_], n: int) -> NDArray[np.int32]:
        """See `Scores`."""
        return best_of(self.scores, open_, n)


class Wanted:
    """Worked out for those items that are asked for: a whole catalogue is read in a quarter of its size.

    Args:
        factors: the weighed queries (f,) of factorisations, and these.
        rest: (n_items,) what all others add.
    """

    def __init__(self, factors: Sequence[tuple[Floats, FactorScores]], rest: Floats) -> None:
        self._factors, self._rest = factors, rest

    def of(self, items: NDArray[np.int32]) -> Floats:
        """See `Scores`."""
        found = self._rest[items]
        for query, part in self._factors:
            products_of(part.item_factors_, items, query, found)
        return found

    def best(self, open_: NDArray[np.bool_], n: int) -> NDArray[np.int32]:
        """See `Scores`."""
        least, most = self._rest.copy(), self._rest.copy()
        for query, part in self._factors:
            part.quantised.bound(query, least, most)
        # The n-th highest lower bound is a floor: nothing whose upper bound lies below it can be among the n
        # best. What is left is worked out from the factors themselves.
        sure = best_of(least, open_, n)
        if len(sure) < n:
            return sure
        floor = least[sure].min()
        floor -= SLACK * (1 + abs(floor))
        places = np.flatnonzero(open_ & (most >= floor)).astype(np.int32)
        return places[best_of(self.of(places), np.ones(len(places), bool), n)]


def standard_mean(parts: Parts, user_items: csr_matrix) -> Floats:
    """The weighted sum of the parts' standardised scores: (n, n_items).

    Args:
        parts: (weight, model), all of the same items.
        user_items: (n, n_items) listeners' items.
    """
    factors, total, shift = _added(parts, user_items)
    for queries, part in factors:
        total += queries @ part.item_factors_.T
    total += shift[:, None]
    return total


def standard_wanted(parts: Parts, row: csr_matrix) -> Scores:
    """The same for one row (1, n_items), for questions after some of the scores."""
    factors, total, shift = _added(parts, row)
    total += shift
    return Wanted([(queries[0], part) for queries, part in factors], total[0])


def _added(parts: Parts, user_items: csr_matrix) -> tuple[list[tuple[Floats, FactorScores]], Floats, Floats]:
    """Queries (n, f) of factorisations, what all others add (n, n_items), what is alike in a row (n,)."""
    n, m = user_items.shape
    factors: list[tuple[Floats, FactorScores]] = []
    total = np.zeros((n, m), np.float32)
    shift = np.zeros(n, np.float32)
    for weight, part in parts:
        told(1 / len(parts))  # of what was asked for before
        if not weight:
            continue
        if isinstance(part, FactorScores):
            queries, mean = part.standard_queries(user_items)
            queries *= np.float32(weight)
            shift -= (weight * mean).astype(np.float32)
            factors.append((queries, part))
        elif (product := part.product(user_items)) is not None:
            left, right = product
            item_kernels.add_standard_products(
                left.indptr,
                left.indices,
                left.data,
                right.indptr,
                right.indices,
                right.data,
                weight,
                total,
                shift,
            )
        else:
            scores = part.scores(user_items)
            total += np.float32(weight) * standardised(scores, out=scores)
    return factors, total, shift
