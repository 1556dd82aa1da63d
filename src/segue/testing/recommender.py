"""The contract of a recommender, as tests: inherit `RecommenderContract`, say how yours is made, run pytest.

    class TestMine(RecommenderContract):
        def make(self):
            return Mine(random_state=0)

It checks what users of the `implicit` package rely on, and what Segue asks beyond that: unmistakable errors,
saving without pickle, the same answer twice.
"""

from __future__ import annotations

import abc
import pickle
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from segue.errors import NumericalError, UsageError

LEFT_OUT = np.finfo(np.float32).min


def checkerboard(n: int) -> csr_matrix:
    """Even listeners like even items and odd ones odd items, (n, n), but nobody item u of listener u.

    So the one right recommendation for listener u is item u.
    """
    grid = np.indices((n, n)).sum(0) % 2 == 0
    return csr_matrix(grid & ~np.eye(n, dtype=bool), dtype=np.float32)


class RecommenderContract(abc.ABC):
    """What every recommender of `implicit`'s interface does."""

    folds_in: ClassVar[bool] = (
        True  # recommend(recalculate_user=True) serves listeners who were not trained on
    )
    has_users: ClassVar[bool] = True  # similar_users is there
    size: ClassVar[int] = 50

    @abc.abstractmethod
    def make(self) -> Any:
        """A recommender that has not been fitted, able to learn a checkerboard of `size`."""

    @pytest.fixture
    def board(self) -> csr_matrix:
        """What the recommender learns from."""
        return checkerboard(self.size)

    @pytest.fixture
    def fitted(self, board: csr_matrix) -> Any:
        """The recommender, fitted."""
        model = self.make()
        assert model.fit(board, show_progress=False) is model
        return model

    def test_recommends_what_alike_listeners_like(self, fitted: Any, board: csr_matrix) -> None:
        for user in range(self.size):
            ids, scores = fitted.recommend(user, board[user], N=1)
            assert ids.tolist() == [user]
            assert scores.shape == (1,)

    def test_a_batch_is_the_same_as_one_by_one(self, fitted: Any, board: csr_matrix) -> None:
        users = np.arange(self.size)
        for filtered in (True, False):
            ids, scores = fitted.recommend(users, board, N=5, filter_already_liked_items=filtered)
            assert ids.shape == scores.shape == (self.size, 5)
            for user in users:
                one, its = fitted.recommend(user, board[user], N=5, filter_already_liked_items=filtered)
                np.testing.assert_allclose(its, scores[user], rtol=1e-4, atol=1e-5)
                assert one[0] == ids[user, 0] or scores[user, 0] - scores[user, 1] < 1e-4

    def test_scores_descend(self, fitted: Any, board: csr_matrix) -> None:
        _, scores = fitted.recommend(np.arange(self.size), board, N=self.size)
        assert (np.diff(scores, axis=1) <= 0).all()

    def test_asking_for_too_many_gives_what_there_is(self, fitted: Any, board: csr_matrix) -> None:
        ids, _ = fitted.recommend(0, board[0], N=10 * self.size)
        assert 0 < len(ids) <= self.size

    def test_what_is_already_liked_has_no_score(self, fitted: Any, board: csr_matrix) -> None:
        ids, scores = fitted.recommend(0, board[0], N=self.size)
        real = ids[scores > LEFT_OUT]
        assert not set(real) & set(board[0].indices)

    def test_filter_items(self, fitted: Any, board: csr_matrix) -> None:
        left_out = np.arange(0, self.size, 2)
        for user, row in ((0, board[0]), (np.array([2, 3]), board[[2, 3]])):
            ids, scores = fitted.recommend(user, row, N=3, filter_items=left_out)
            assert not np.isin(ids[scores > LEFT_OUT], left_out).any()

    def test_items_are_the_only_ones_ranked(self, fitted: Any, board: csr_matrix) -> None:
        chosen = np.array([5, 1, 9, 2])
        ids, _ = fitted.recommend(0, board[0], N=20, items=chosen, filter_already_liked_items=False)
        assert sorted(ids) == sorted(chosen)
        ids, _ = fitted.recommend(
            np.arange(3), board[:3], N=2, items=chosen, filter_already_liked_items=False
        )
        assert np.isin(ids, chosen).all()

    @pytest.mark.parametrize("wrong", [[-1, 3], [3, 300]])
    def test_unknown_ids_are_index_errors(self, fitted: Any, board: csr_matrix, wrong: list[int]) -> None:
        with pytest.raises(IndexError):
            fitted.recommend(0, board[0], items=wrong)
        with pytest.raises(IndexError):
            fitted.similar_items(wrong)

    def test_both_filters_are_refused(self, fitted: Any, board: csr_matrix) -> None:
        with pytest.raises(UsageError):
            fitted.recommend(0, board[0], items=[1], filter_items=[2])

    @pytest.mark.parametrize("wrong", [-1, 2.5, None, True])
    def test_what_is_no_number_of_results_is_refused(
        self, fitted: Any, board: csr_matrix, wrong: Any
    ) -> None:
        for call in (
            lambda: fitted.recommend(0, board[0], N=wrong),
            lambda: fitted.recommend(np.arange(3), board[:3], N=wrong, items=[1, 2]),
            lambda: fitted.similar_items(3, N=wrong),
        ):
            with pytest.raises(UsageError, match="N can't be taken"):
                call()

    @pytest.mark.parametrize("change", [-1, -20, 1])
    def test_rows_that_are_not_as_wide_as_the_model_are_refused(
        self, fitted: Any, board: csr_matrix, change: int
    ) -> None:
        other = board[:2].copy()
        other.resize(2, self.size + change)
        for recalculate in (False, self.folds_in):
            with pytest.raises(UsageError, match="don't fit"):
                fitted.recommend(np.arange(2), other, recalculate_user=recalculate)

    def test_folds_in(self, fitted: Any, board: csr_matrix) -> None:
        if not self.folds_in:
            pytest.skip("this recommender does not fold in")
        ids, scores = fitted.recommend(np.arange(self.size), board, N=1)
        again, its = fitted.recommend(np.arange(self.size), board, N=1, recalculate_user=True)
        assert (ids == again).all()
        np.testing.assert_allclose(scores, its, atol=1e-2)
        stranger, _ = fitted.recommend(0, board[7], N=1, recalculate_user=True)
        assert stranger.tolist() == [7]

    def test_similar_items(self, fitted: Any) -> None:
        items = np.arange(self.size)
        ids, scores = fitted.similar_items(items, N=5)
        assert ids.shape == scores.shape == (self.size, 5)
        assert (ids % 2 == items[:, None] % 2).all()
        tied = scores[:, 0] - scores[:, 1] < 1e-4
        assert ((ids[:, 0] == items) | tied).all()
        one, _ = fitted.similar_items(3, N=5)
        assert one.shape == (5,)
        ids, scores = fitted.similar_items(items, N=5, filter_items=[0, 1])
        assert not np.isin(ids[scores > LEFT_OUT], [0, 1]).any()
        ids, _ = fitted.similar_items(items, N=5, items=[4, 5, 6])
        assert np.isin(ids, [4, 5, 6]).all()

    def test_similar_users(self, fitted: Any) -> None:
        if not self.has_users:
            pytest.skip("this recommender has no listeners")
        users = np.arange(self.size)
        ids, scores = fitted.similar_users(users, N=5)
        assert (ids % 2 == users[:, None] % 2).all()
        tied = scores[:, 0] - scores[:, 1] < 1e-4
        assert ((ids[:, 0] == users) | tied).all()
        np.testing.assert_allclose(scores[:, 0], 1, atol=1e-4)
        ids, _ = fitted.similar_users(users, N=5, filter_users=[0, 1])
        assert not np.isin(ids, [0, 1]).any()
        ids, _ = fitted.similar_users(users, N=5, users=[4, 5, 6])
        assert np.isin(ids, [4, 5, 6]).all()

    def test_rows_and_columns_with_nothing(self, board: csr_matrix) -> None:
        empty = board.toarray()
        empty[[42, -1]] = 0
        empty[:, [42, -1]] = 0
        model = self.make()
        model.fit(csr_matrix(empty), show_progress=False)
        ids, scores = model.similar_items(np.arange(40), N=5)
        assert not np.isin(ids, [42, self.size - 1]).any()
        assert np.isfinite(scores).all()
        _, scores = model.recommend(np.arange(self.size), csr_matrix(empty), N=5)
        assert np.isfinite(scores).all()

    @pytest.mark.parametrize("dtype", [np.float64, np.int64])
    def test_takes_other_numbers_and_leaves_them_alone(self, board: csr_matrix, dtype: type) -> None:
        matrix = board.astype(dtype)
        copy = matrix.copy()
        self.make().fit(matrix, show_progress=False)
        assert matrix.dtype == dtype
        assert (matrix != copy).nnz == 0

    def test_the_same_twice(self, fitted: Any, board: csr_matrix) -> None:
        again = self.make().fit(board, show_progress=False)
        for one, other in zip(
            fitted.recommend(np.arange(9), board[:9]), again.recommend(np.arange(9), board[:9]), strict=True
        ):
            np.testing.assert_array_equal(one, other)

    def test_saves_and_loads(self, fitted: Any, board: csr_matrix, tmp_path: Path) -> None:
        for name in ("bare", "whole.npz"):
            fitted.save(tmp_path / name)
            loaded = type(fitted).load(tmp_path / name)
            assert loaded.config == fitted.config
            for one, other in zip(
                fitted.recommend(np.arange(9), board[:9]),
                loaded.recommend(np.arange(9), board[:9]),
                strict=True,
            ):
                np.testing.assert_array_equal(one, other)

    def test_pickles(self, fitted: Any) -> None:
        pickle.loads(pickle.dumps(fitted))

    def test_refuses_what_it_cannot_take(self, fitted: Any, board: csr_matrix) -> None:
        with pytest.raises(UsageError):
            self.make().fit(board.toarray(), show_progress=False)
        with pytest.raises(UsageError):
            self.make().recommend(0, board[0])
        with pytest.raises(UsageError):
            fitted.recommend([0, 1], board[0])
        spoilt = board.copy()
        spoilt.data[3] = np.nan
        with pytest.raises(NumericalError):
            self.make().fit(spoilt, show_progress=False)
