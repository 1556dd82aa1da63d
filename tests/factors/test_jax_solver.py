"""The solver in JAX beside the one of kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from segue.errors import NumericalError, UsageError
from segue.factors.als import ImplicitALS
from segue.factors.config import ALSConfig


def both(matrix: csr_matrix, config: ALSConfig, **settings: Any) -> tuple[ImplicitALS, ImplicitALS]:
    update = {"random_state": 7, "precision": "float32"} | settings
    engines = ("numba", "jax")
    models = [ImplicitALS.of(config.model_copy(update=update | {"engine": engine})) for engine in engines]
    return tuple(model.fit(matrix, show_progress=False) for model in models)  # type: ignore[return-value]


@pytest.mark.slow
@pytest.mark.parametrize("use_cg", [True, False])
def test_factors_and_losses_are_those_of_the_kernels(config: ALSConfig, taste: Any, use_cg: bool) -> None:
    matrix = taste(60, 40, 0.2, 4)
    ours, theirs = both(matrix, config, iterations=5, use_cg=use_cg)
    np.testing.assert_allclose(theirs.history_, ours.history_, rtol=2e-4)
    scores = ours.user_factors @ ours.item_factors.T
    np.testing.assert_allclose(theirs.user_factors @ theirs.item_factors.T, scores, atol=2e-3)


def test_biases_and_negative_values(taste: Any) -> None:
    settings = ALSConfig(
        factors=6, biases=True, objective="rendle", unobserved_weight=0.2, frequency_scale=0.9
    )
    matrix = taste(40, 30, 0.2, 2)
    matrix.data[::9] *= -1
    ours, theirs = both(matrix, settings, iterations=4)
    np.testing.assert_allclose(theirs.history_, ours.history_, rtol=1e-4)
    np.testing.assert_allclose(theirs.item_factors, ours.item_factors, atol=2e-3)


def test_long_rows_short_ones_and_none(taste: Any) -> None:
    matrix = taste(700, 40, 0.3, 1).tolil()
    matrix[5] = 0
    matrix[:, 7] = 0
    ours, theirs = both(csr_matrix(matrix), ALSConfig(factors=8, regularization=0.5), iterations=4)
    assert not theirs.user_factors[5].any() and not theirs.item_factors[7].any()
    np.testing.assert_allclose(theirs.history_, ours.history_, rtol=1e-4)


def test_what_overflows_is_told() -> None:
    matrix = csr_matrix(np.full((6, 5), 1e30, np.float32))
    with pytest.raises(NumericalError, match="overflowed"):
        ImplicitALS(factors=4, engine="jax", random_state=0, alpha=1e8).fit(matrix, show_progress=False)


def test_the_engine_is_one_of_two() -> None:
    with pytest.raises(UsageError, match="engine"):
        ImplicitALS(engine="cuda")
