"""`ImplicitALS`: matrix factorisation for implicit feedback, with the interface of the `implicit` package."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from segue.arrays import load_npz, save_npz
from segue.errors import NotFoundError, UsageError, checked
from segue.factors import kernels, topn
from segue.factors.arguments import ArgumentError, how_many, ids_in, observed, seed_of
from segue.factors.config import ALSConfig
from segue.factors.explaining import bias_part, contributions, system
from segue.factors.folding import LISTENERS, TRACKS, fold, frame_of, inside, outside, width
from segue.factors.solver import Floats, Frame, Side, descend, threads
from segue.files import reading
from segue.progress import progress

Explanation = tuple[float, list[tuple[int, float]], tuple[NDArray, bool]]


class ImplicitALS:
    """Matrix factorisation for implicit feedback by alternating least squares.

    After Hu, Koren & Volinsky 2008 (`objective="hu"`) and Rendle et al. 2022 (`objective="rendle"`).

    Score s_ui = x_u · y_i (+ b_u + b_i). Listeners are `implicit`'s users, tracks its items, and code written
    for `implicit.als.AlternatingLeastSquares` runs with the import changed; departures are listed below.

    Attributes:
        config: the settings, frozen; after `fit` with λ as it turned out.
        user_factors: (n_listeners, f) float32, or (n_listeners, f + 2) with biases: x_u, b_u, 1.
        item_factors: (n_tracks, f) float32, or (n_tracks, f + 2) with biases: y_i, 1, b_i. So the score is
            always the inner product of the two.
        history_: the loss after each epoch of the last fit.

    Departures from `implicit`: the start is another (`init_scale`); the arithmetic is float32 whatever
    `dtype` says; `use_native` and `calculate_training_loss` change nothing, there being one solver that
    always knows its loss; a recalculated user is solved to float precision by conjugate gradient.
    """

    def __init__(
        self,
        factors: int = 100,
        regularization: float = 0.01,
        alpha: float = 1.0,
        dtype: Any = np.float32,
        use_native: bool = True,
        use_cg: bool = True,
        use_gpu: bool = False,
        iterations: int = 15,
        calculate_training_loss: bool = False,
        num_threads: int = 0,
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
        **settings: Any,
    ) -> None:
        """Take `implicit`'s settings, and those of `ALSConfig` by name.

        Raises:
            UsageError: a setting that is unknown or out of range, or a GPU.
        """
        if use_gpu:
            raise ArgumentError("There is no GPU solver", do="leave use_gpu out")
        np.dtype(dtype)
        settings |= {
            "factors": factors,
            "regularization": regularization,
            "alpha": alpha,
            "use_cg": use_cg,
            "iterations": iterations,
            "num_threads": num_threads,
            "random_state": seed_of(random_state),
        }
        what, do = "ImplicitALS can't take the setting {setting}", "see ALSConfig for all settings"
        self.config = checked(ALSConfig, settings, what=what, do=do, kind=ArgumentError)
        self._user_factors: Floats | None = None
        self._item_factors: Floats | None = None
        self._frames: dict[int, Frame] = {}
        self._item_gram: NDArray[np.float64] | None = None
        self.history_: list[float] = []

    @classmethod
    def of(cls, config: ALSConfig) -> Self:
        """A model with these settings."""
        return cls(**config.model_dump())

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
        self._item_gram = None
        self._frames.clear()

    @property
    def shape(self) -> tuple[int, int]:
        """Number of listeners and of tracks."""
        x, y = self._fitted()
        return len(x), len(y)

    def fit(
        self,
        user_items: csr_matrix,
        show_progress: bool = True,
        callback: Callable[[int, float, float], None] | None = None,
    ) -> Self:
        """Factorise. Factors that are already there, from a fit or set by hand, are where it starts.

        Args:
            user_items: (n_listeners, n_tracks), confidence that the listener likes the track; negative values
                are dislikes, with their size as confidence.
            show_progress: draw a bar on a terminal.
            callback: called after each epoch with its number from 0, its seconds and the loss.

        Returns:
            self.

        Raises:
            ArgumentError: not a sparse matrix, or factors of another shape are there.
            NumericalError: NaN or infinity in the matrix, or an overflow on the way.
        """
        matrix = self._weighted(observed(user_items, "The matrix"))
        config = self.config = self.config.settled(matrix)
        rng = np.random.default_rng(config.random_state)
        x = self._start(self._user_factors, matrix.shape[0], "user_factors", LISTENERS, rng)
        y = self._start(self._item_factors, matrix.shape[1], "item_factors", TRACKS, rng)
        kernels.ready()
        clock = time.perf_counter()
        with progress("Factorising", config.iterations) as advance, threads(config.num_threads) as run:
            rows, columns = Side.of(matrix, x, config), Side.of(matrix.T.tocsr(), y, config)

            def each(epoch: int, loss: float) -> None:
                nonlocal clock
                now = time.perf_counter()
                if show_progress:
                    advance(1)
                if callback:
                    callback(epoch, now - clock, loss)
                clock = now

            self.history_ = descend(rows, columns, config, run, each)
        self.user_factors, self.item_factors = (
            outside(rows, LISTENERS, config),
            outside(columns, TRACKS, config),
        )
        return self

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
                "user_items don't fit the model", expected=f"{len(y)} columns", came=f"shape {matrix.shape}"
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

    def save(self, file: str | Path | io.IOBase) -> None:
        """Write settings and factors as .npz, no pickle, all or nothing; ".npz" is added to a bare name.

        Before a fit only the settings are there to write.
        """
        arrays: dict[str, Any] = {
            "config": np.array(self.config.model_dump_json()),
            "history": np.array(self.history_),
        }
        if self._user_factors is not None and self._item_factors is not None:
            arrays |= {"user_factors": self._user_factors, "item_factors": self._item_factors}
            arrays |= self.kept()
        if isinstance(file, str | Path):
            save_npz(_npz(file), arrays)
        else:
            save_npz(cast("IO[bytes]", file), arrays)

    @classmethod
    def load(cls, file: str | Path | io.IOBase) -> Self:
        """Read what `save` wrote.

        Raises:
            NotFoundError: no such file.
            FormatError: not a saved ImplicitALS.
        """
        if not isinstance(file, str | Path):
            return cls._read(file, "the file")
        path = _npz(file)
        if not path.is_file():
            raise NotFoundError(f"There is no model at {path}", do="save one there first")
        return cls._read(path, str(path))

    @classmethod
    def _read(cls, file: Any, name: str) -> Self:
        with reading(Path(name), "a saved ImplicitALS", "save the model again, or train again"):
            data = load_npz(file)
            model = cls.of(ALSConfig.model_validate_json(str(data["config"])))
            if "user_factors" in data:
                model.user_factors, model.item_factors = data["user_factors"], data["item_factors"]
                model.keep(data)
            model.history_ = data["history"].tolist()
        return model

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

    def _frame(self, side: int) -> Frame:
        if side not in self._frames:
            self._frames[side] = frame_of(self._fitted()[side], side, self.config)
        return self._frames[side]

    def _weighted(self, matrix: csr_matrix) -> csr_matrix:
        return matrix if self.config.alpha == 1 else self.config.alpha * matrix

    def _start(self, given: Floats | None, n: int, name: str, side: int, rng: np.random.Generator) -> Floats:
        config = self.config
        drawn = np.zeros((n, width(config)), np.float32)
        if side == TRACKS or given is not None:
            scale = np.float32(config.init_scale / np.sqrt(config.factors))
            drawn[:, : config.factors] = rng.standard_normal((n, config.factors), dtype=np.float32) * scale
        if given is not None:
            if given.ndim != 2 or given.shape[1] != width(config) or len(given) > n:
                raise ArgumentError(
                    f"The {name} that are already there don't fit the matrix",
                    expected=f"at most {n} rows of {width(config)}",
                    came=f"shape {given.shape}",
                    do="set them to None to start anew",
                )
            drawn[: len(given)] = given
        return inside(drawn, side, config)

    def _fold(self, rows: csr_matrix | None, count: int, side: int) -> Floats:
        fixed = self._fitted()[1 - side]
        matrix = self._weighted(self._rows(rows, count, len(fixed), "The rows to fold in", side == TRACKS))
        return fold(matrix, fixed, side, self._frame(1 - side), self.config)

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
        scale = 1 / np.maximum(np.sqrt(np.einsum("ij,ij->i", plain, plain)), np.float32(1e-10))
        among = topn.Filter(left_out=left_out, only=only)
        found, scores = topn.best(queries, plain, n, among, scale=scale, num_threads=self.config.num_threads)
        return (found[0], scores[0]) if np.ndim(ids) == 0 else (found, scores)

    def _gram(self) -> NDArray[np.float64]:
        if self._item_gram is None:
            items = self._fitted()[1][:, : self.config.factors + self.config.biases]
            self._item_gram = items.T.astype(np.float64) @ items
        return self._item_gram

    def _rows(
        self, rows: csr_matrix | None, count: int, wide: int, what: str, narrower: bool = False
    ) -> csr_matrix:
        if rows is None:
            raise ArgumentError(f"{what} are needed", do="pass a CSR matrix with one row for each id")
        found = observed(rows, what, strict=True)
        if found.shape[0] != count or found.shape[1] > wide or (found.shape[1] < wide and not narrower):
            raise ArgumentError(
                f"{what} don't fit the request",
                expected=f"shape ({count}, {wide}): a row for each id, a column for each that the model has",
                came=f"shape {found.shape}",
                do="make it as wide as the model, for instance by matrix.resize(rows, columns)",
            )
        return found

    def _fitted(self) -> tuple[Floats, Floats]:
        if self._user_factors is None or self._item_factors is None:
            raise UsageError("ImplicitALS has not been fitted", do="call fit(user_items) first")
        return self._user_factors, self._item_factors


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


def _npz(file: str | Path) -> Path:
    path = Path(file)
    return path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
