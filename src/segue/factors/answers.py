"""What factors answer: recommendations, what is alike, and which plays led to a score."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from segue.factors import topn
from segue.factors.arguments import ArgumentError, how_many, ids_in, observed
from segue.factors.explaining import bias_part, contributions, system
from segue.factors.fold_in import FoldedIn, one_over_lengths
from segue.factors.folding import LISTENERS, TRACKS
from segue.factors.solver import Floats

Explanation = tuple[float, list[tuple[int, float]], tuple[NDArray, bool]]


class Answers(FoldedIn):
    """Answers from factors, with the interface of the `implicit` package."""

    def recommend(
        self,
        userid: int | ArrayLike,
        user_items: csr_matrix | None = None,
        N: int = 10,
        filter_already_liked_items: bool = True,
        filter_items: ArrayLike | None = None,
        recalculate_user: bool = False,
        items: ArrayLike | None = None,
    ) -> tuple[NDArray[np.int32], Floats]:
        """The best N tracks for one listener or many.

        Args:
            userid: a number, or (n,) numbers.
            user_items: (n, n_tracks), a row for each of them; needed for filtering and recalculating.
            N: how many.
            filter_already_liked_items: leave out what is stored in the listener's row, dislikes included.
            filter_items: ids left out for all.
            recalculate_user: fold the rows in instead of taking the trained factors.
            items: the only ids to rank; not together with `filter_items`.

        Returns:
            ids int32 and scores float32, (N,) or (n, N), best first; N is at most the number of tracks. Where
            too few are left, left-out tracks follow with the lowest float32 as score, as in `implicit`.

        Raises:
            ArgumentError: rows and ids that do not match, or both filters.
            IndexError: an id that is not in the model.
        """
        x, y = self._fitted()
        single = np.ndim(userid) == 0
        count = 1 if single else len(np.asarray(userid))
        seen = None
        if filter_already_liked_items or recalculate_user:
            seen = self._rows(user_items, count, len(y), "user_items")
        if recalculate_user:
            queries = self._fold(seen, count, LISTENERS)
        else:
            queries = x[ids_in(userid, len(x), "Listener ids")]
        among = topn.Filter(seen if filter_already_liked_items else None, filter_items, items)
        ids, scores = topn.best(queries, y, N, among, num_threads=self.config.num_threads)
        return (ids[0], scores[0]) if single else (ids, scores)

    def similar_items(
        self,
        itemid: int | ArrayLike,
        N: int = 10,
        recalculate_item: bool = False,
        item_users: csr_matrix | None = None,
        filter_items: ArrayLike | None = None,
        items: ArrayLike | None = None,
    ) -> tuple[NDArray[np.int32], Floats]:
        """The N tracks nearest one track or many by cosine of factors (biases left aside), itself first.

        Args:
            itemid: a track, or (n,) of them.
            N: how many of each.
            recalculate_item: take the track's factors from its row in `item_users`, folded in anew.
            item_users: (n, n_users) CSR, rows of these tracks; read only with `recalculate_item`.
            filter_items: tracks that are left out.
            items: the only tracks that may come.

        Returns:
            Ids and cosines, (N,) for one track and (n, N) for many, the nearest first.
        """
        _, y = self._fitted()
        count = len(np.atleast_1d(np.asarray(itemid)))
        folded = self._fold(item_users, count, TRACKS) if recalculate_item else None
        return self._nearest(y, itemid, folded, N, filter_items, items)

    def similar_users(
        self,
        userid: int | ArrayLike,
        N: int = 10,
        filter_users: ArrayLike | None = None,
        users: ArrayLike | None = None,
    ) -> tuple[NDArray[np.int32], Floats]:
        """The N listeners nearest one listener or many by cosine of factors, itself first.

        Args:
            userid: a listener, or (n,) of them.
            N: how many of each.
            filter_users: listeners who are left out.
            users: the only listeners who may come.

        Returns:
            Ids and cosines, (N,) for one listener and (n, N) for many, the nearest first.
        """
        x, _ = self._fitted()
        return self._nearest(x, userid, None, N, filter_users, users)

    def explain(
        self,
        userid: int,
        user_items: csr_matrix,
        itemid: int,
        user_weights: tuple[NDArray, bool] | None = None,
        N: int = 10,
    ) -> Explanation:
        """Which of a listener's tracks led to the score of a track (Hu et al. 2008, section 5).

        The score of a folded-in listener is a sum over its tracks j of t_j yᵢᵀ W y_j, W being the inverse of
        its system. With biases what the biases bring is in the total, but is no track's contribution.

        Args:
            userid: the listener's row in `user_items`.
            user_items: (n_listeners, n_tracks).
            itemid: the track explained.
            user_weights: what an earlier call returned for the same listener; saves most of the work.
            N: how many contributions.

        Returns:
            The score, the N largest (track, contribution), and the listener's factorised system.
        """
        _, y = self._fitted()
        matrix = self._weighted(observed(user_items, "user_items"))
        if matrix.shape[1] != len(y):
            raise ArgumentError(
                "user_items don't fit the model", expected=f"{len(y)} columns", got=f"shape {matrix.shape}"
            )
        N = how_many(N)
        row = matrix[ids_in(userid, matrix.shape[0], "Listener ids")[0]]
        target = ids_in(itemid, len(y), "Track ids")
        if user_weights is None:
            user_weights = system(row, y, self._gram(), self.config)
        scores = contributions(row, y, target, user_weights, self.config)[0]
        total = float(scores.sum()) + bias_part(row, y, int(target[0]), user_weights, self.config)
        liked = np.flatnonzero(row.data > 0)
        order = liked[np.lexsort((row.indices[liked], -scores[liked]))]
        return total, [(int(row.indices[k]), float(scores[k])) for k in order[:N]], user_weights

    def contributions(
        self, user_items: csr_matrix, items: ArrayLike
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """What each of a listener's tracks adds to the scores of `items`, as `explain` has it, all at once.

        Args:
            user_items: (1, n_tracks), the listener's row.
            items: (n,) tracks explained.

        Returns:
            The listener's tracks (n_heard,) and their contributions (n, n_heard); dislikes contribute 0.
        """
        _, y = self._fitted()
        row = self._weighted(self._rows(user_items, 1, len(y), "user_items"))
        weights = system(row, y, self._gram(), self.config)
        return row.indices, contributions(row, y, ids_in(items, len(y), "Track ids"), weights, self.config)

    def _nearest(
        self,
        factors: Floats,
        ids: int | ArrayLike,
        folded: Floats | None,
        n: int,
        left_out: ArrayLike | None,
        only: ArrayLike | None,
    ) -> tuple[NDArray[np.int32], Floats]:
        f = self.config.factors
        plain = factors[:, :f]
        queries = (plain[ids_in(ids, len(factors), "Ids")] if folded is None else folded[:, :f]).copy()
        queries /= np.maximum(np.linalg.norm(queries, axis=1, keepdims=True), 1e-10)
        scale = self._lengths() if factors is self.item_factors else one_over_lengths(plain)
        among = topn.Filter(left_out=left_out, only=only)
        found, scores = topn.best(queries, plain, n, among, scale=scale, num_threads=self.config.num_threads)
        return (found[0], scores[0]) if np.ndim(ids) == 0 else (found, scores)
