"""What models that score a whole catalogue per listener share: top-N, `implicit`'s interface, saving."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel
from scipy.sparse import csr_matrix, issparse

from segue.arrays import load_npz, save_npz
from segue.errors import NotFoundError, NumericalError, UsageError, checked
from segue.factors.arguments import how_many
from segue.files import reading

LEFT_OUT = np.finfo(np.float32).min  # the score of what may not be recommended, as `implicit` has it
SCORES_AT_ONCE = 1 << 24  # dense scores held at a time: 64 MB
_PART = "/"  # between the name of a sparse array and of its parts in the saved file


class ScoredModel(ABC):
    """A recommender that turns listeners' items into a score for every item.

    The listener is always read from `user_items`, so one who was not trained on is served like any other, and
    `userid` and `recalculate_user` only keep the interface. Learned arrays are the attributes in `_learned`.
    """

    config_type: ClassVar[type[BaseModel]]
    _learned: ClassVar[tuple[str, ...]]
    _takes_dislikes: ClassVar[bool] = False
    config: Any
    n_items_: int

    def __init__(self, config: BaseModel | None = None, **settings: Any) -> None:
        """Take a config, or its fields by name.

        Raises:
            UsageError: a setting that is unknown or out of range.
        """
        if config is not None and settings:
            raise UsageError("Settings were given twice", hint="pass either a config or single settings")
        what = f"{type(self).__name__} can't take the setting {{setting}}"
        do = f"see {self.config_type.__name__}"
        self.config = config or checked(self.config_type, settings, what=what, hint=do)

    @abstractmethod
    def _fit(self, user_items: csr_matrix) -> None:
        """Learn from float32 `user_items` (n_listeners, n_items); sets the attributes in `_learned`."""

    @abstractmethod
    def scores(self, user_items: csr_matrix) -> NDArray[np.float32]:
        """Scores of every item for every row of `user_items` (n, n_items): (n, n_items), higher is better."""

    @abstractmethod
    def _similarities(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """Likeness of the given items to every item: (len(items), n_items)."""

    def product(self, user_items: csr_matrix) -> tuple[csr_matrix, csr_matrix] | None:
        """Two sparse matrices whose product is `scores(user_items)`, where there are such; else None."""
        return None

    def fit(
        self,
        user_items: csr_matrix,
        show_progress: bool = False,
        callback: Callable[..., None] | None = None,
    ) -> Self:
        """Learn from listeners' items; returns self.

        Args:
            user_items: (n_listeners, n_items), the weight of each item a listener has. Entries that are not
                positive (dislikes) teach item models nothing.
            show_progress: taken for the interface's sake where a fit is one step.
            callback: likewise.

        Raises:
            UsageError: nothing to learn from.
            NumericalError: NaN or infinity among the weights.
        """
        matrix = _checked(user_items, keep_dislikes=self._takes_dislikes)
        if not matrix.nnz:
            raise UsageError(
                f"{type(self).__name__} has nothing to learn from",
                expected="listeners with items",
                got="an empty matrix",
            )
        self.n_items_ = matrix.shape[1]
        self._fit(matrix)
        return self

    def recommend(
        self,
        userid: int | ArrayLike,
        user_items: csr_matrix,
        N: int = 10,
        filter_already_liked_items: bool = True,
        filter_items: ArrayLike | None = None,
        recalculate_user: bool = False,
        items: ArrayLike | None = None,
        asked: csr_matrix | None = None,
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The best N items for one listener or many.

        Args:
            userid: a number, or (n,) numbers; says only how many rows to answer and in what shape.
            user_items: (n, n_items), what each of those listeners has.
            N: how many.
            filter_already_liked_items: leave out what is stored in the listener's row, dislikes included.
            filter_items: ids left out for all.
            recalculate_user: without effect here: the row is always read.
            items: the only ids to rank; not together with `filter_items`.
            asked: (n, n_items) what scores are asked by, where that is not `user_items`.

        Returns:
            ids int32 and scores float32, (N,) or (n, N), best first; where there are fewer than N items to
            recommend, id -1 and the lowest float32.

        Raises:
            UsageError: rows and ids that do not match, or both filters.
            IndexError: an id that is not in the model.
        """
        single = np.ndim(userid) == 0
        count = 1 if single else len(np.asarray(userid))
        rows = self._rows(user_items, count)
        by = rows if asked is None else self._rows(asked, count)
        allowed = allowed_items(self.n_items_, filter_items, items)
        depth = min(how_many(N), self.n_items_ if items is None else int(allowed.sum()))
        ids = np.empty((count, depth), dtype=np.int32)
        best = np.empty((count, depth), dtype=np.float32)
        for part in batches(count, self.n_items_):
            scores = self.scores(by[part])
            scores[:, ~allowed] = LEFT_OUT
            if filter_already_liked_items:
                seen = rows[part]
                scores[np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr)), seen.indices] = LEFT_OUT
            ids[part], best[part] = top(scores, depth)
        return (ids[0], best[0]) if single else (ids, best)

    def similar_items(
        self,
        itemid: int | ArrayLike,
        N: int = 10,
        recalculate_item: bool = False,
        item_users: csr_matrix | None = None,
        filter_items: ArrayLike | None = None,
        items: ArrayLike | None = None,
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The N items most like one item or many; an item is not left out of its own list.

        Raises:
            UsageError: `recalculate_item`, which item models can't do, or both filters.
            IndexError: an id that is not in the model.
        """
        if recalculate_item or item_users is not None:
            raise UsageError(
                f"{type(self).__name__} can't fold in an item", hint="fit it again with the item's listeners"
            )
        single = np.ndim(itemid) == 0
        wanted = np.atleast_1d(np.asarray(itemid, dtype=np.int64))
        self._fitted()
        _in_model(wanted, self.n_items_)
        allowed = allowed_items(self.n_items_, filter_items, items)
        depth = min(how_many(N), self.n_items_ if items is None else int(allowed.sum()))
        ids = np.empty((len(wanted), depth), dtype=np.int32)
        best = np.empty((len(wanted), depth), dtype=np.float32)
        for part in batches(len(wanted), self.n_items_):
            scores = self._similarities(wanted[part])
            scores[:, ~allowed] = LEFT_OUT
            ids[part], best[part] = top(scores, depth)
        return (ids[0], best[0]) if single else (ids, best)

    def save(self, file: str | Path | io.IOBase) -> None:
        """Write config and arrays as .npz, without pickle, all or nothing; ".npz" is added to a bare name."""
        self._fitted()
        arrays = {"config": np.array(self.config.model_dump_json()), "n_items": np.array(self.n_items_)}
        arrays |= self._state()
        if isinstance(file, str | Path):
            save_npz(npz_path(file), arrays)
        else:
            save_npz(cast("IO[bytes]", file), arrays)

    @classmethod
    def load(cls, file: str | Path | io.IOBase) -> Self:
        """Read what `save` wrote.

        Raises:
            NotFoundError: no such file.
            FormatError: not a model of this class.
        """
        source = npz_path(file) if isinstance(file, str | Path) else file
        if isinstance(source, Path) and not source.is_file():
            raise NotFoundError(f"There is no model at {source}", hint="save one there first")
        path = source if isinstance(source, Path) else Path("the file")
        with reading(path, f"a saved {cls.__name__}", "save the model again, or train again"):
            data = load_npz(cast("Path | IO[bytes]", source))
            model = cls(cls.config_type.model_validate_json(str(data["config"])))
            model.n_items_ = int(data["n_items"])
            model._restore(data)
        return model

    def _state(self) -> dict[str, NDArray]:
        """What was learned, as plain arrays."""
        return pack({name: getattr(self, name) for name in self._learned})

    def _restore(self, arrays: Mapping[str, NDArray]) -> None:
        """The inverse of `_state`."""
        for name, value in unpack(arrays, self._learned).items():
            setattr(self, name, value)

    def _rows(self, user_items: csr_matrix, count: int) -> csr_matrix:
        self._fitted()
        rows = _checked(user_items, keep_dislikes=True)
        if rows.shape != (count, self.n_items_):
            raise UsageError(
                "The listeners' items don't fit the request",
                expected=f"{count} rows of {self.n_items_} items, one for each userid",
                got=f"shape {rows.shape}",
            )
        return rows

    def _fitted(self) -> None:
        if not hasattr(self, "n_items_"):
            raise UsageError(f"{type(self).__name__} has not been fitted", hint="call fit(user_items) first")


def top(scores: NDArray[np.float32], n: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The n best columns of each row, best first, equal scores by lower id; `LEFT_OUT` becomes id -1.

    Args:
        scores: (rows, n_items).
        n: at most n_items.

    Returns:
        ids int32 and scores float32, (rows, n).
    """
    # A partition costs one pass over the catalogue, a sort log n of them; but it cuts equal scores anywhere.
    ids = np.argpartition(-scores, min(n, scores.shape[1] - 1), axis=1)[:, :n]
    if 0 < n < scores.shape[1]:
        last = np.take_along_axis(scores, ids, axis=1).min(axis=1)
        for row in np.flatnonzero((scores >= last[:, None]).sum(axis=1) > n):  # the cut goes through a tie
            above = np.flatnonzero(scores[row] > last[row])
            ids[row] = np.concatenate([above, np.flatnonzero(scores[row] == last[row])[: n - len(above)]])
    values = np.take_along_axis(scores, ids, axis=1)
    order = np.lexsort((ids, -values), axis=1)
    ids, values = np.take_along_axis(ids, order, axis=1), np.take_along_axis(values, order, axis=1)
    return np.where(values > LEFT_OUT, ids, -1).astype(np.int32), values.astype(np.float32)


def batches(count: int, width: int) -> Iterator[slice]:
    """Slices of `count` rows of `width` scores that keep memory bounded."""
    step = max(1, SCORES_AT_ONCE // max(width, 1))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def rows_of(matrix: csr_matrix, part: slice) -> csr_matrix:
    """Some rows, one after another; all of them, unlike `matrix[part]`, without a copy."""
    whole = part.start == 0 and part.stop >= matrix.shape[0]
    return matrix if whole else csr_matrix(matrix[part])


def allowed_items(n_items: int, filter_items: ArrayLike | None, items: ArrayLike | None) -> NDArray[np.bool_]:
    """Which items a request may be answered with, (n_items,).

    Raises:
        UsageError: both filters.
        IndexError: an id that is not in the model.
    """
    if filter_items is not None and items is not None:
        raise UsageError("Both `items` and `filter_items` were given", hint="pass one of them")
    allowed = np.full(n_items, items is None)
    listed = items if items is not None else filter_items
    if listed is not None:
        ids = np.asarray(listed, dtype=np.int64)
        _in_model(ids, n_items)
        allowed[ids] = items is not None
    return allowed


def pack(values: Mapping[str, Any]) -> dict[str, NDArray]:
    """Arrays and sparse matrices as plain arrays for .npz."""
    arrays: dict[str, NDArray] = {}
    for name, value in values.items():
        if issparse(value):
            matrix = csr_matrix(value)
            parts = {
                "data": matrix.data,
                "indices": matrix.indices,
                "indptr": matrix.indptr,
                "shape": matrix.shape,
            }
            arrays |= {f"{name}{_PART}{part}": np.asarray(array) for part, array in parts.items()}
        else:
            arrays[name] = np.asarray(value)
    return arrays


def unpack(arrays: Mapping[str, NDArray], names: tuple[str, ...]) -> dict[str, Any]:
    """The inverse of `pack`."""
    values: dict[str, Any] = {}
    for name in names:
        if f"{name}{_PART}indptr" in arrays:
            data, indices, indptr, shape = (
                arrays[f"{name}{_PART}{part}"] for part in ("data", "indices", "indptr", "shape")
            )
            values[name] = csr_matrix((data, indices, indptr), shape=tuple(shape))
        else:
            values[name] = arrays[name]
    return values


def npz_path(file: str | Path) -> Path:
    """The path with ".npz" at its end, as numpy names it."""
    path = Path(file)
    return path if path.suffix == ".npz" else path.with_name(path.name + ".npz")


def binary(matrix: csr_matrix) -> csr_matrix:
    """1 for every stored entry, float32."""
    return csr_matrix(
        (np.ones(matrix.nnz, dtype=np.float32), matrix.indices, matrix.indptr), shape=matrix.shape
    )


def positive(matrix: csr_matrix) -> csr_matrix:
    """Without entries that are not positive."""
    if matrix.nnz and matrix.data.min() <= 0:
        matrix = matrix.multiply(matrix > 0).tocsr()
        matrix.eliminate_zeros()
    return matrix


def _checked(user_items: csr_matrix, *, keep_dislikes: bool = False) -> csr_matrix:
    if not issparse(user_items):
        raise UsageError(
            "The listeners' items must be a sparse matrix",
            expected="scipy.sparse.csr_matrix (n_listeners, n_items)",
            got=type(user_items).__name__,
        )
    matrix = csr_matrix(user_items, dtype=np.float32)
    if not np.isfinite(matrix.data).all():
        raise NumericalError(
            "NaN or infinity among the listeners' weights", hint="remove or repair those entries"
        )
    return matrix if keep_dislikes else positive(matrix)


def _in_model(ids: NDArray[np.int64], n_items: int) -> None:
    if ids.size and (ids.min() < 0 or ids.max() >= n_items):
        raise IndexError(f"Item ids must be from 0 to {n_items - 1}; came {ids.min()} to {ids.max()}")
