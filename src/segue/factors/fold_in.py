"""Factors of both sides, and rows that are folded into them after the training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from segue.errors import UsageError
from segue.factors.arguments import ArgumentError, observed
from segue.factors.config import ALSConfig
from segue.factors.folding import LISTENERS, TRACKS, fold, frame_of
from segue.factors.solver import Floats, Frame


class FoldedIn:
    """The factors of an ALS model; listeners and tracks are folded in, nothing is trained again.

    `ImplicitALS` (als.py) trains them, and says what they look like.
    """

    def __init__(self, config: ALSConfig) -> None:
        self.config = config
        self._user_factors: Floats | None = None
        self._item_factors: Floats | None = None
        # Kept until the factors change: what each side is to rows of the other.
        self._frames: dict[int, Frame] = {}
        self._item_gram: NDArray[np.float64] | None = None
        self._item_lengths: Floats | None = None

    @property
    def user_factors(self) -> Floats | None:
        """Listeners' factors, (n_users, f) float32; None before `fit`. May be set, to start from."""
        return self._user_factors

    @user_factors.setter
    def user_factors(self, factors: Floats | None) -> None:
        self._user_factors = factors
        self._frames.clear()

    @property
    def item_factors(self) -> Floats | None:
        """Tracks' factors, (n_items, f) float32; None before `fit`. May be set, to start from."""
        return self._item_factors

    @item_factors.setter
    def item_factors(self, factors: Floats | None) -> None:
        self._item_factors = factors
        self._item_gram = self._item_lengths = None
        self._frames.clear()

    @property
    def shape(self) -> tuple[int, int]:
        """Number of listeners and of tracks."""
        x, y = self._fitted()
        return len(x), len(y)

    def recalculate_user(self, userid: int | ArrayLike, user_items: csr_matrix) -> Floats:
        """Factors of listeners from their rows (n, n_tracks) alone, to float precision; nothing is stored."""
        factors = self._fold(user_items, 1 if np.ndim(userid) == 0 else len(np.asarray(userid)), LISTENERS)
        return factors[0] if np.ndim(userid) == 0 else factors

    def recalculate_item(self, itemid: int | ArrayLike, item_users: csr_matrix) -> Floats:
        """Factors of tracks from their rows (n, n_listeners) alone, to float precision; nothing is stored.

        Rows may be narrower: listeners who were added since have not played these tracks.
        """
        factors = self._fold(item_users, 1 if np.ndim(itemid) == 0 else len(np.asarray(itemid)), TRACKS)
        return factors[0] if np.ndim(itemid) == 0 else factors

    def partial_fit_users(self, userids: ArrayLike, user_items: csr_matrix) -> Self:
        """Fold listeners (n,) in by their rows (n, n_items), and keep them under these ids, new or old.

        Ids between the old ones and the largest new one get factors of 0.
        """
        self.user_factors = _stored(
            self._fitted()[0], userids, self.recalculate_user(np.asarray(userids), user_items)
        )
        return self

    def partial_fit_items(self, itemids: ArrayLike, item_users: csr_matrix) -> Self:
        """Fold tracks (n,) in by their rows (n, n_users), and keep them under these ids, new or old.

        Ids between the old ones and the largest new one get factors of 0.
        """
        self.item_factors = _stored(
            self._fitted()[1], itemids, self.recalculate_item(np.asarray(itemids), item_users)
        )
        return self

    def kept(self) -> dict[str, NDArray]:
        """What folding in and explaining need of all tracks: made once, and kept with the model."""
        frame = self._frame(TRACKS)
        parts = {name: getattr(frame, name) for name in ("basis", "spectrum", "constant")}
        return {"item_gram": self._gram()} | {f"frame_{name}": value for name, value in parts.items()}

    def keep(self, arrays: Mapping[str, NDArray]) -> None:
        """Take what `kept` gave, where it is there: models of earlier versions make it anew."""
        if "item_gram" in arrays:
            self._item_gram = arrays["item_gram"]
            self._frames[TRACKS] = Frame(
                arrays["frame_basis"], arrays["frame_spectrum"], arrays["frame_constant"]
            )

    def _fold(self, rows: csr_matrix | None, count: int, side: int) -> Floats:
        fixed = self._fitted()[1 - side]
        matrix = self._weighted(self._rows(rows, count, len(fixed), "The rows to fold in", side == TRACKS))
        return fold(matrix, fixed, side, self._frame(1 - side), self.config)

    def _frame(self, side: int) -> Frame:
        if side not in self._frames:
            self._frames[side] = frame_of(self._fitted()[side], side, self.config)
        return self._frames[side]

    def _gram(self) -> NDArray[np.float64]:
        if self._item_gram is None:
            items = self._fitted()[1][:, : self.config.factors + self.config.biases]
            self._item_gram = items.T.astype(np.float64) @ items
        return self._item_gram

    def _lengths(self) -> Floats:
        """(n_items,) 1 over the length of each track's factors, without biases."""
        if self._item_lengths is None:
            self._item_lengths = one_over_lengths(self._fitted()[1][:, : self.config.factors])
        return self._item_lengths

    def _weighted(self, matrix: csr_matrix) -> csr_matrix:
        return matrix if self.config.alpha == 1 else self.config.alpha * matrix

    def _rows(
        self, rows: csr_matrix | None, count: int, wide: int, what: str, narrower: bool = False
    ) -> csr_matrix:
        if rows is None:
            raise ArgumentError(f"{what} are needed", hint="pass a CSR matrix with one row for each id")
        found = observed(rows, what, strict=True)
        if found.shape[0] != count or found.shape[1] > wide or (found.shape[1] < wide and not narrower):
            raise ArgumentError(
                f"{what} don't fit the request",
                expected=f"shape ({count}, {wide}): a row for each id, a column for each that the model has",
                got=f"shape {found.shape}",
                hint="make it as wide as the model, for instance by matrix.resize(rows, columns)",
            )
        return found

    def _fitted(self) -> tuple[Floats, Floats]:
        if self._user_factors is None or self._item_factors is None:
            raise UsageError("ImplicitALS has not been fitted", hint="call fit(user_items) first")
        return self._user_factors, self._item_factors


def one_over_lengths(factors: Floats) -> Floats:
    """(n,) 1 over the length of each row of `factors` (n, f); never infinite."""
    return 1 / np.maximum(np.sqrt(np.einsum("ij,ij->i", factors, factors)), np.float32(1e-10))


def _stored(factors: Floats, ids: ArrayLike, rows: Floats) -> Floats:
    """`factors` with `rows` put under `ids`, grown if an id is beyond its end."""
    array = np.atleast_1d(np.asarray(ids, dtype=np.int64))
    if len(array) and array.min() < 0:
        raise IndexError(f"Ids must not be negative; came {array.min()}")
    size = max(len(factors), int(array.max(initial=-1)) + 1)
    grown = np.zeros((size, factors.shape[1]), np.float32)
    grown[: len(factors)] = factors
    grown[array] = rows
    return grown
