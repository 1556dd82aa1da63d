"""The solver against a dense one, and what the estimator promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from segue.errors import FormatError, NotFoundError, NumericalError, UsageError
from segue.factors.als import ImplicitALS
from segue.factors.arguments import ParameterWarning
from segue.factors.config import ALSConfig


def test_rows_are_the_minimisers(config: ALSConfig, taste: Any, dense: Any, fit: Any) -> None:
    matrix = taste(40, 30, 0.2, 1)
    model = fit(matrix, config, iterations=3)
    rows = model.recalculate_user(np.arange(40), matrix)
    expected = dense(config.alpha * matrix, config).solve_rows(model.item_factors)
    np.testing.assert_allclose(rows[:, : expected.shape[1]], expected, atol=2e-5)


def test_columns_are_the_minimisers(config: ALSConfig, taste: Any, dense: Any, fit: Any) -> None:
    matrix = taste(40, 30, 0.2, 2)
    model = fit(matrix, config, iterations=3)
    rows = model.recalculate_item(np.arange(30), matrix.T.tocsr())
    x = model.user_factors
    if config.biases:  # seen from the other side: (x, 1, b_u)
        x = x[:, [*range(config.factors), config.factors + 1, config.factors]]
    expected = dense(config.alpha * matrix.T.tocsr(), config).solve_rows(x)
    got = rows[:, [*range(config.factors), config.factors + 1]] if config.biases else rows
    np.testing.assert_allclose(got, expected, atol=2e-5)


def test_the_history_is_the_loss(config: ALSConfig, taste: Any, dense: Any, fit: Any) -> None:
    matrix = taste(50, 35, 0.15, 3)
    model = fit(matrix, config, iterations=6)
    assert len(model.history_) == 6
    exact = dense(config.alpha * matrix, config).loss(model.user_factors, model.item_factors)
    assert model.history_[-1] == pytest.approx(exact, rel=2e-5)


@pytest.mark.parametrize("relaxation", [1.0, 1.5, 1.9])
@pytest.mark.parametrize("use_cg", [True, False])
def test_the_loss_never_rises(
    config: ALSConfig, taste: Any, fit: Any, relaxation: float, use_cg: bool
) -> None:
    history = fit(taste(60, 40, 0.2, 4), config, iterations=25, relaxation=relaxation, use_cg=use_cg).history_
    assert (np.diff(history) <= 1e-5 * abs(history[0])).all()


def test_it_converges_to_where_the_gradient_vanishes(
    config: ALSConfig, taste: Any, dense: Any, fit: Any
) -> None:
    matrix = taste(40, 30, 0.3, 5)
    model = fit(matrix, config, iterations=400, use_cg=False)
    rows = model.recalculate_user(np.arange(40), matrix)
    np.testing.assert_allclose(rows, model.user_factors, atol=5e-3)
    plain = fit(matrix, config, iterations=400, use_cg=False, relaxation=1.0)
    assert model.history_[-1] == pytest.approx(plain.history_[-1], rel=0.02)


def test_relaxing_and_balancing_need_fewer_epochs(taste: Any, fit: Any) -> None:
    matrix = abs(taste(300, 200, 0.1, 6))
    config = ALSConfig(factors=16, regularization=1.0, alpha=5.0, random_state=0)
    plain = fit(matrix, config, iterations=12, relaxation=1.0).history_
    relaxed = fit(matrix, config, iterations=12).history_
    assert relaxed[8] < plain[11]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_result_does_not_depend_on_the_threads(taste: Any, fit: Any, precision: str) -> None:
    matrix = taste(3000, 500, 0.02, 7)
    config = ALSConfig(factors=24, regularization=0.1, iterations=4, random_state=3, precision=precision)
    one, three = (fit(matrix, config, num_threads=count) for count in (1, 3))
    np.testing.assert_array_equal(one.user_factors, three.user_factors)
    np.testing.assert_array_equal(one.item_factors, three.item_factors)
    assert one.history_ == three.history_


def test_bfloat16_hardly_moves_the_loss(taste: Any, fit: Any) -> None:
    matrix = abs(taste(400, 300, 0.1, 8))
    config = ALSConfig(factors=16, regularization=1.0, alpha=3.0, random_state=0)
    whole, half = (fit(matrix, config, precision=p).history_[-1] for p in ("float32", "bfloat16"))
    assert half == pytest.approx(whole, rel=1e-3)


def test_long_rows_are_taken_in_tiles(taste: Any, dense: Any, fit: Any) -> None:
    matrix = taste(5, 3000, 0.6, 9)
    config = ALSConfig(factors=20, regularization=1.0, random_state=0, iterations=2)
    model = fit(matrix, config)
    expected = dense(matrix, config).solve_rows(model.item_factors)
    np.testing.assert_allclose(model.recalculate_user(np.arange(5), matrix), expected, atol=1e-4)


def test_dislikes_push_down(fit: Any) -> None:
    likes = np.kron(np.eye(2), np.ones((10, 10)))
    disliked = likes.copy()
    disliked[0, 5] = -20
    config = ALSConfig(factors=4, regularization=0.1, alpha=5.0, random_state=0)
    before = fit(csr_matrix(likes), config)
    after = fit(csr_matrix(disliked), config)
    score = [float(model.user_factors[0] @ model.item_factors[5]) for model in (before, after)]
    assert score[1] < 0.5 * score[0]


def test_a_fit_goes_on_from_the_factors_there(taste: Any, fit: Any) -> None:
    matrix = taste(60, 40, 0.2, 10)
    config = ALSConfig(factors=6, regularization=0.1, random_state=0, iterations=10)
    model = fit(matrix, config)
    first = model.history_
    model.fit(matrix, show_progress=False)
    assert model.history_[0] <= first[-1] * (1 + 1e-4)
    grown = csr_matrix(np.vstack([matrix.toarray(), matrix.toarray()[:5]]))
    model.fit(grown, show_progress=False)  # new listeners are added at the end
    assert model.shape == (65, 40)
    with pytest.raises(UsageError, match="already there"):
        model.fit(matrix[:, :20].tocsr(), show_progress=False)


def test_it_stops_by_tolerance(taste: Any, fit: Any) -> None:
    config = ALSConfig(factors=4, regularization=1.0, random_state=0, iterations=500, tolerance=1e-3)
    history = fit(taste(60, 40, 0.2, 11), config).history_
    assert len(history) < 100
    assert history[-2] - history[-1] < 1e-3 * history[-2]


def test_new_ones_are_kept(taste: Any, fit: Any) -> None:
    matrix = taste(30, 20, 0.3, 12, 0.0)
    model = fit(matrix, ALSConfig(factors=4, regularization=0.1, random_state=0))
    rows = model.recalculate_user([0, 1], matrix[[3, 4]])
    model.partial_fit_users([32, 2], matrix[[3, 4]])
    assert model.shape == (33, 20)
    np.testing.assert_array_equal(model.user_factors[[32, 2]], rows)
    assert not model.user_factors[30:32].any()
    model.partial_fit_items([20], matrix.T.tocsr()[3])
    np.testing.assert_allclose(model.item_factors[20], model.item_factors[3], atol=0.3)


def test_explanations_add_up_to_the_score(config: ALSConfig, taste: Any, fit: Any) -> None:
    matrix = taste(40, 30, 0.3, 13)
    model = fit(matrix, config)
    rows = model.recalculate_user(np.arange(40), matrix)
    score, parts, weights = model.explain(7, matrix, 11, N=100)
    assert score == pytest.approx(float(rows[7] @ model.item_factors[11]), abs=1e-4)
    assert {track for track, _ in parts} == set(matrix[7].indices[matrix[7].data > 0])
    if not config.biases:
        assert sum(part for _, part in parts) == pytest.approx(score, abs=1e-6)
    again, two, _ = model.explain(7, matrix, 11, user_weights=weights, N=2)
    assert again == score
    assert two == parts[:2]


def test_callbacks_hear_of_each_epoch(taste: Any) -> None:
    heard: list[tuple[int, float, float]] = []
    model = ImplicitALS(factors=3, iterations=4, random_state=0)
    model.fit(taste(20, 10, 0.3, 14), show_progress=False, callback=lambda *said: heard.append(said))
    assert [epoch for epoch, _, _ in heard] == [0, 1, 2, 3]
    assert [loss for _, _, loss in heard] == model.history_
    assert all(seconds > 0 for _, seconds, _ in heard)


def test_overflow_is_said(taste: Any) -> None:
    matrix = taste(20, 10, 0.3, 15)
    matrix.data[:] = 1e38
    with pytest.raises(NumericalError, match="overflow"):
        ImplicitALS(factors=3, random_state=0).fit(matrix, show_progress=False)


def test_settings_are_checked() -> None:
    with pytest.raises(UsageError, match="factors"):
        ImplicitALS(factors=0)
    with pytest.raises(UsageError, match="colour"):
        ImplicitALS(colour="red")
    with pytest.raises(UsageError, match="GPU"):
        ImplicitALS(use_gpu=True)
    with pytest.raises(UsageError, match="random_state"):
        ImplicitALS(random_state="seven")
    for seed in (np.int64(3), np.random.default_rng(1), np.random.RandomState(1), None):
        ImplicitALS(random_state=seed)


def test_damaged_files_are_refused(tmp_path: Any) -> None:
    with pytest.raises(NotFoundError):
        ImplicitALS.load(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(FormatError):
        ImplicitALS.load(tmp_path / "bad.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(2))
    with pytest.raises(FormatError):
        ImplicitALS.load(tmp_path / "other.npz")


def test_an_empty_matrix_has_empty_tastes(fit: Any) -> None:
    model = fit(csr_matrix((4, 3), dtype=np.float32), ALSConfig(factors=2, random_state=0))
    ids, scores = model.recommend(np.arange(4), csr_matrix((4, 3), dtype=np.float32), N=2)
    assert ids.shape == (4, 2)
    assert np.isfinite(scores).all()


def test_what_is_not_csr_is_taken_with_a_warning(taste: Any) -> None:
    matrix = taste(20, 15, 0.3, 8)
    plain = ImplicitALS(4, random_state=0).fit(matrix, show_progress=False)
    for other in (matrix.tocoo(), matrix.tolil()):
        with pytest.warns(ParameterWarning, match=other.format):
            model = ImplicitALS(4, random_state=0).fit(other, show_progress=False)
        np.testing.assert_array_equal(model.item_factors, plain.item_factors)


def test_settings_can_be_saved_before_a_fit(tmp_path: Path) -> None:
    ImplicitALS(7, alpha=3.0).save(tmp_path / "bare")
    loaded = ImplicitALS.load(tmp_path / "bare")
    assert (loaded.config.factors, loaded.config.alpha) == (7, 3.0)
    assert loaded.item_factors is None


def test_noise_sets_the_regularisation_by_the_size_of_the_matrix(taste: Any) -> None:
    config = ALSConfig(
        objective="rendle", noise=0.4, unobserved_weight=0.2, frequency_scale=0.9, iterations=1
    )
    found = []
    for n, m in ((300, 200), (3000, 500)):
        matrix = taste(n, m, 0.05, 1)
        settled = config.settled(matrix)
        listener, track = matrix.nnz / n, matrix.nnz / m
        ridges = settled.ridge(listener, m) * settled.ridge(track, n)
        assert ridges**0.5 == pytest.approx(0.4 * (listener**0.5 + track**0.5))
        model = ImplicitALS.of(config).fit(matrix, show_progress=False)
        assert model.config == settled
        found.append(settled.regularization)
    assert found[0] > 1.5 * found[1]  # few listeners say little
    assert ALSConfig().settled(taste(300, 200, 0.05, 1)) == ALSConfig()


def test_explanations_refuse_what_does_not_fit(taste: Any, fit: Any, config: ALSConfig) -> None:
    matrix = taste(40, 30, 0.2, 1)
    model = fit(matrix, config, iterations=1)
    with pytest.raises(UsageError, match="N can't be taken"):
        model.explain(0, matrix, 3, N=-1)
    with pytest.raises(UsageError, match="don't fit the model"):
        model.explain(0, matrix[:, :20].tocsr(), 3)
