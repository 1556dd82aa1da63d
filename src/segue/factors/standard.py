"""Scores of several models on one scale, added up: what a blend asks for each list, so it is quick.

All of a part's scores, shifted and scaled to mean 0 and deviation 1, are needed in the sum alone. Of factors
mean and deviation are known beforehand, so that all factorisations together are one matrix product; of a
sparse product only what is not 0 is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.factors import item_kernels
from segue.factors.folded import FactorScores
from segue.factors.mixing import standardised
from segue.factors.scored import ScoredModel
from segue.progress import told


def standard_mean(parts: Sequence[tuple[float, ScoredModel]], user_items: csr_matrix) -> NDArray[np.float32]:
    """The weighted sum of the parts' standardised scores: (n, n_items).

    Args:
        parts: (weight, model), all of the same items.
        user_items: (n, n_items) listeners' items.
    """
    n, m = user_items.shape
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
            total += queries @ part.item_factors_.T
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
    total += shift[:, None]
    return total
