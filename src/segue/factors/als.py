"""`ImplicitALS`: matrix factorisation for implicit feedback, with the interface of the `implicit` package.

Here it is trained, saved and loaded; `fold_in.py` folds new rows into it, `answers.py` asks it.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any, Self, cast

import numpy as np
from scipy.sparse import csr_matrix

from segue.arrays import load_npz, save_npz
from segue.errors import NotFoundError, checked
from segue.factors import kernels
from segue.factors.answers import Answers
from segue.factors.arguments import ArgumentError, observed, seed_of
from segue.factors.cluster import cluster
from segue.factors.config import ALSConfig
from segue.factors.folding import LISTENERS, TRACKS, inside, outside, width
from segue.factors.solver import Floats, Side, Solve, descend, solve, threads
from segue.files import reading
from segue.progress import progress, told


class ImplicitALS(Answers):
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
            raise ArgumentError("There is no GPU solver", hint="leave use_gpu out")
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
        super().__init__(checked(ALSConfig, settings, what=what, hint=do, kind=ArgumentError))
        self.history_: list[float] = []

    @classmethod
    def of(cls, config: ALSConfig) -> Self:
        """A model with these settings."""
        return cls(**config.model_dump())

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
        with (
            progress("Factorising", config.iterations) if show_progress else nullcontext(told) as advance,
            threads(config.num_threads) as run,
            self._half_epoch(matrix.nnz) as half_epoch,
        ):
            rows, columns = Side.of(matrix, x, config), Side.of(matrix.T.tocsr(), y, config)

            def each(epoch: int, loss: float) -> None:
                nonlocal clock
                now = time.perf_counter()
                if show_progress:
                    advance(1)
                if callback:
                    callback(epoch, now - clock, loss)
                clock = now

            self.history_ = descend(rows, columns, config, run, each, half_epoch)
        self.user_factors, self.item_factors = (
            outside(rows, LISTENERS, config),
            outside(columns, TRACKS, config),
        )
        return self

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
            raise NotFoundError(f"There is no model at {path}", hint="save one there first")
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

    @contextmanager
    def _half_epoch(self, pairs: int) -> Generator[Solve]:
        """What solves one side against the other: Spark where it was asked for, else what `engine` says."""
        spark = cluster()
        if spark is not None and pairs >= spark.least:
            with spark.solver() as solver:
                yield solver
        elif self.config.engine == "jax":
            from segue.factors.jax_solver import solve as solve_in_jax

            yield solve_in_jax
        else:
            yield solve

    def _start(self, given: Floats | None, n: int, name: str, side: int, rng: np.random.Generator) -> Floats:
        config = self.config
        # Listeners are solved first and begin at 0. They are drawn only where others' factors are given, for
        # those who are new.
        drawn = np.zeros((n, width(config)), np.float32)
        if side == TRACKS or given is not None:
            scale = np.float32(config.init_scale / np.sqrt(config.factors))
            drawn[:, : config.factors] = rng.standard_normal((n, config.factors), dtype=np.float32) * scale
        if given is not None:
            if given.ndim != 2 or given.shape[1] != width(config) or len(given) > n:
                raise ArgumentError(
                    f"The {name} that are already there don't fit the matrix",
                    expected=f"at most {n} rows of {width(config)}",
                    got=f"shape {given.shape}",
                    hint="set them to None to start anew",
                )
            drawn[: len(given)] = given
        return inside(drawn, side, config)


def _npz(file: str | Path) -> Path:
    path = Path(file)
    return path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
