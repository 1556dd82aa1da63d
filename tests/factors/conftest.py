"""Small matrices, and the objective written out densely: what the factor tests compare with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, random_array

from segue.factors.als import ImplicitALS
from segue.factors.config import ALSConfig


def taste_matrix(n: int, m: int, density: float, seed: int, dislikes: float = 0.1) -> csr_matrix:
    """Random confidences (n, m) between .5 and 4, a share of them negative."""
    rng = np.random.default_rng(seed)
    matrix = csr_matrix(random_array((n, m), density=density, rng=rng, dtype=np.float32))
    sign = np.where(rng.random(matrix.nnz) < dislikes, -1, 1)
    matrix.data = (sign * (0.5 + 3.5 * matrix.data)).astype(np.float32)
    return matrix


class Dense:
    """The objective over all pairs, in float64, one pair at a time: slow and plain."""

    def __init__(self, matrix: csr_matrix, config: ALSConfig) -> None:
        values = matrix.toarray().astype(np.float64)
        seen, a0 = values != 0, config.unobserved_weight
        size = np.abs(values)
        if config.objective == "hu":
            self.weight = np.where(seen, size, a0)
            self.target = (values > 0).astype(np.float64)
            self.rest = 0.0
        else:  # c (p - s)² + a0 s² = (c + a0) (c p / (c + a0) - s)² + what does not depend on s
            self.weight = size + a0
            self.target = np.where(values > 0, size, 0) / np.maximum(self.weight, 1e-30)
            self.rest = float(np.sum(np.where(values > 0, size, 0) - self.weight * self.target**2))
        self.config = config
        n, m = values.shape
        self.ridge_rows = config.regularization * (seen.sum(1) + a0 * m) ** config.frequency_scale
        self.ridge_columns = config.regularization * (seen.sum(0) + a0 * n) ** config.frequency_scale

    def loss(self, x: NDArray, y: NDArray) -> float:
        """Of factors as ImplicitALS shows them."""
        f, biases = self.config.factors, self.config.biases
        scores = x.astype(np.float64) @ y.astype(np.float64).T
        own = x[:, : f + biases].astype(np.float64)
        theirs = y[:, [*range(f), f + 1] if biases else range(f)].astype(np.float64)
        norms = (self.ridge_rows[:, None] * own**2).sum() + (self.ridge_columns[:, None] * theirs**2).sum()
        return float((self.weight * (self.target - scores) ** 2).sum() + self.rest + norms)

    def solve_rows(self, y: NDArray) -> NDArray:
        """The best listeners' factors (with their bias last) for given tracks, one dense solve each."""
        f, biases = self.config.factors, self.config.biases
        vectors = y[:, : f + biases].astype(np.float64)
        offsets = y[:, -1].astype(np.float64) if biases else np.zeros(len(y))
        rows = []
        for weight, target, ridge in zip(self.weight, self.target, self.ridge_rows, strict=True):
            matrix = (vectors.T * weight) @ vectors + ridge * np.eye(vectors.shape[1])
            rows.append(np.linalg.solve(matrix, (vectors.T * weight) @ (target - offsets)))
        return np.array(rows)


CONFIGS = {
    "hu": ALSConfig(factors=5, regularization=0.3, unobserved_weight=0.7, random_state=0),
    "rendle": ALSConfig(
        factors=5,
        objective="rendle",
        regularization=0.02,
        unobserved_weight=0.2,
        frequency_scale=0.8,
        random_state=0,
    ),
    "biases": ALSConfig(
        factors=5,
        objective="rendle",
        regularization=0.05,
        unobserved_weight=0.3,
        frequency_scale=1.0,
        biases=True,
        random_state=0,
    ),
    "hu with biases": ALSConfig(factors=4, regularization=0.3, alpha=2.0, biases=True, random_state=0),
}


@pytest.fixture(params=CONFIGS)
def config(request: pytest.FixtureRequest) -> ALSConfig:
    """One of each kind of objective."""
    return CONFIGS[request.param]


@pytest.fixture
def taste() -> Callable[..., csr_matrix]:
    """Makes random matrices."""
    return taste_matrix


@pytest.fixture
def dense() -> type[Dense]:
    """The dense objective."""
    return Dense


@pytest.fixture
def fit() -> Callable[..., ImplicitALS]:
    """Fits a model quietly."""

    def run(matrix: csr_matrix, config: ALSConfig, **changes: object) -> ImplicitALS:
        settings = config.model_copy(update=changes)
        return ImplicitALS.of(settings).fit(matrix, show_progress=False)

    return run
