"""Which id stands in which row, and which rows are gone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segue.errors import UsageError

Ids = NDArray[np.int64]


class Rows:
    """Ids of rows 0 to n - 1. A removed row keeps its place until the index is built anew."""

    def __init__(self, ids: Ids, alive: NDArray[np.bool_] | None = None) -> None:
        self.ids = ids
        self.alive = alive  # None while no row is gone
        self._order: Ids | None = None  # rows that are alive, in order of their ids
        self._with_none = np.append(ids, -1)  # row -1 reads the last place

    def __len__(self) -> int:
        """Ids that are there."""
        return len(self.ids) if self.alive is None else int(np.count_nonzero(self.alive))

    @property
    def gone(self) -> int:
        """Rows that are there without an id."""
        return len(self.ids) - len(self)

    def living(self) -> Ids:
        """Rows that are alive."""
        return np.arange(len(self.ids)) if self.alive is None else np.flatnonzero(self.alive)

    def ids_of(self, rows: Ids) -> Ids:
        """The ids of rows; -1 for row -1."""
        return self._with_none[rows]

    def find(self, ids: ArrayLike) -> Ids:
        """The rows of `ids`, -1 where an id is not there."""
        wanted = as_ids(ids)
        if self._order is None:
            living = self.living()
            self._order = living[np.argsort(self.ids[living], kind="stable")]
        if not len(self._order):
            return np.full(len(wanted), -1)
        ordered = self.ids[self._order]
        at = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
        return np.where(ordered[at] == wanted, self._order[at], -1)

    def without(self, rows: Ids) -> Rows:
        """The same with `rows` gone."""
        alive = np.ones(len(self.ids), bool) if self.alive is None else self.alive.copy()
        alive[rows] = False
        return Rows(self.ids, alive)

    def followed_by(self, ids: Ids) -> Rows:
        """The same with new rows at the end."""
        alive = None if self.alive is None else np.append(self.alive, np.ones(len(ids), bool))
        return Rows(np.concatenate([self.ids, ids]), alive)


def as_ids(ids: ArrayLike) -> Ids:
    """One dimension of int64.

    Raises:
        UsageError: numbers that are no integers, or several dimensions.
    """
    array = np.asarray(ids)
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise UsageError(
            "Ids must be whole numbers in one dimension", got=f"{array.dtype} of shape {array.shape}"
        )
    return array.astype(np.int64, copy=False)


def new_ids(ids: ArrayLike | None, count: int, rows: Rows) -> Ids:
    """Ids for `count` new vectors: those given, else the numbers that follow the largest id.

    Raises:
        UsageError: the wrong number of ids, a negative one, or one twice.
    """
    if ids is None:
        first = int(rows.ids.max()) + 1 if len(rows.ids) else 0
        return np.arange(first, first + count)
    array = as_ids(ids)
    if len(array) != count:
        raise UsageError("Each vector needs one id", expected=f"{count} ids", got=str(len(array)))
    if count and array.min() < 0:
        raise UsageError("Ids must not be negative", got=str(array.min()))
    if len(np.unique(array)) != count:
        raise UsageError("An id was given twice", hint="give every vector an id of its own")
    return array


def excluded_rows(
    exclude: NDArray | Sequence[int] | Sequence[ArrayLike], queries: int, rows: Rows
) -> list[Ids]:
    """For each query the sorted rows that it may not find; `exclude` is ids for all, or ids for each.

    Raises:
        UsageError: ids for another number of queries.
    """
    if isinstance(exclude, np.ndarray) or all(np.ndim(each) == 0 for each in exclude):
        found = rows.find(np.asarray(exclude))
        return [np.unique(found[found >= 0])] * queries
    lists = [as_ids(each) for each in exclude]
    if len(lists) != queries:
        raise UsageError(
            "Ids to exclude must be given for all queries together or for each",
            expected=f"{queries} lists",
            got=str(len(lists)),
        )
    found = rows.find(np.concatenate(lists))
    parts = np.split(found, np.cumsum([len(each) for each in lists])[:-1])
    return [np.unique(part[part >= 0]) for part in parts]


def allowed_rows(allow: ArrayLike | None, rows: Rows) -> NDArray[np.bool_] | None:
    """The mask of rows that may be found, None for all; `allow` is ids, or a mask in the index's order.

    Raises:
        UsageError: a mask of another length.
    """
    if allow is None:
        return rows.alive
    array = np.asarray(allow)
    mask = np.zeros(len(rows.ids), bool)
    if array.dtype == bool:
        if array.shape != (len(rows),):
            raise UsageError(
                "A mask must have one place for each id", expected=f"({len(rows)},)", got=str(array.shape)
            )
        mask[rows.living()] = array
    else:
        found = rows.find(array)
        mask[found[found >= 0]] = True
    return mask
