"""Why a score is what it is: a folded-in listener's is a sum over its tracks (Hu et al. 2008, section 5).

x = W (Σ_j t_j y_j - ...), W the inverse of the listener's system, so that y_i · x = Σ_j t_j y_iᵀ W y_j + what
the biases bring, and track j contributes t_j y_iᵀ W y_j. All of it is float64. With biases, tracks are read
as (y, 1): the listener's own bias is one more coordinate of x.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.factors.config import ALSConfig

System = tuple[NDArray, bool]  # as from scipy.linalg.cho_factor


def system(row: csr_matrix, y: NDArray[np.float32], gram: NDArray[np.float64], config: ALSConfig) -> System:
    """The Cholesky factor of a listener's matrix a0 G + Σ q y yᵀ + ridge I.

    Args:
        row: (1, n_tracks), weighted.
        y: (n_tracks, f or f + 2), as `ImplicitALS.item_factors`.
        gram: G, of all tracks.
    """
    from scipy.linalg import cho_factor  # takes long to load, and only explanations need it

    heard = _heard(row, y, config)
    a0 = config.unobserved_weight
    ridge = config.regularization * (row.nnz + a0 * len(y)) ** config.frequency_scale
    tiny = 1e-10 * float(np.trace(gram)) / len(gram)  # with no regularisation the system may be singular
    matrix = a0 * gram + (heard.T * _extra(row, config)) @ heard + (ridge + tiny) * np.eye(len(gram))
    return cho_factor(matrix)


def contributions(
    row: csr_matrix, y: NDArray[np.float32], items: NDArray[np.int64], weights: System, config: ALSConfig
) -> NDArray[np.float64]:
    """t_j y_iᵀ W y_j of every item i and every track j of the row: (n_items, n_heard)."""
    targets = y[items, : config.factors + config.biases].astype(np.float64)
    solved = _solved(weights, targets.T)
    return (_heard(row, y, config) @ solved).T * np.maximum(row.data, 0)


def bias_part(
    row: csr_matrix, y: NDArray[np.float32], item: int, weights: System, config: ALSConfig
) -> float:
    """What the biases bring to the score of `item`, which is no track's contribution."""
    if not config.biases:
        return 0.0
    every = y[:, : config.factors + 1]
    bias = y[:, -1].astype(np.float64)
    pull = (_extra(row, config) * bias[row.indices]) @ _heard(row, y, config)
    pull += config.unobserved_weight * (bias @ every)
    solved = _solved(weights, every[item].astype(np.float64))
    return float(bias[item] - solved @ pull)


def _solved(weights: System, right: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.linalg import cho_solve

    return cho_solve(weights, right)


def _heard(row: csr_matrix, y: NDArray[np.float32], config: ALSConfig) -> NDArray[np.float64]:
    return y[row.indices, : config.factors + config.biases].astype(np.float64)


def _extra(row: csr_matrix, config: ALSConfig) -> NDArray[np.float64]:
    """q of every observed pair: what it weighs beyond the weight of all pairs."""
    size = np.abs(row.data).astype(np.float64)
    return size - config.unobserved_weight if config.objective == "hu" else size
