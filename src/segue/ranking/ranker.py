"""LambdaMART: trees that put lists in order (Burges 2010), by LightGBM (Ke et al. 2017)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import SegueError, UsageError, install
from segue.ranking.config import RankerConfig
from segue.ranking.lists import Lists
from segue.ranking.trees import Trees, add_up, from_lightgbm


class Ranker:
    """Scores of candidates from their features; only their order within a list means anything.

    The trees are added to the scores of the stage before (`RankerConfig.begin`): few lists are enough to
    learn where that stage errs, and where they say nothing its order stays.

    Learned:
        names_: what the features are.
        gains_: `(n_features,)` share of the loss's fall that splits on each feature brought.
    """

    def __init__(self, config: RankerConfig | None = None) -> None:
        self.config = config or RankerConfig()
        self.names_: tuple[str, ...]
        self.gains_: NDArray[np.float64]
        self._trees: Trees

    def fit(self, lists: Lists, *, seed: int = 0) -> Ranker:
        """Learn from lists of which some candidates are wanted.

        Raises:
            SegueError: no list has a wanted candidate, or LightGBM is not there.
        """
        if not (lists.wanted > 0).any():
            raise SegueError("No list has a wanted candidate", expected="lists to learn an order from")
        lightgbm, c = _lightgbm(), self.config
        # Where all are wanted, or none, there is no order to learn.
        lengths = np.diff(lists.offsets)
        found = np.bincount(np.repeat(np.arange(len(lists)), lengths), lists.wanted, minlength=len(lists))
        lists = lists.select((found > 0) & (found < lengths))
        data = lightgbm.Dataset(
            lists.features,
            label=lists.wanted,
            init_score=c.begin * lists.before.astype(np.float64) if c.begin else None,
            group=np.diff(lists.offsets),
            params={"num_threads": c.threads, "verbosity": -1},
        )
        settings = {
            "objective": "lambdarank",
            "lambdarank_truncation_level": c.top,
            "label_gain": [0, 1],
            "num_leaves": c.leaves,
            "learning_rate": c.learning_rate,
            # Of a few lists trees could not split at all, if leaves had to be as large as for many.
            "min_data_in_leaf": min(c.min_leaf, max(1, len(lists.wanted) // 20)),
            "feature_fraction": c.share_features,
            "feature_fraction_seed": seed,
            "seed": seed,
            "num_threads": c.threads,
            # LightGBM is deterministic only where its layout of the data is fixed, too: else it tries both
            # and takes the faster.
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
        booster = lightgbm.train(settings, data, num_boost_round=c.trees)
        gains = booster.feature_importance("gain")
        self.names_, self.gains_ = lists.names, gains / max(gains.sum(), 1e-12)
        self._trees = from_lightgbm(booster.dump_model())
        return self

    def scores(self, features: NDArray[np.float32], before: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores `(n_candidates,)`; larger is better.

        Args:
            features: (n_candidates, n_features).
            before: (n_candidates,) scores of the stage before.
        """
        if features.shape[1] != len(self.names_):
            raise UsageError(
                "A ranker is asked for the features that it learned from",
                expected=", ".join(self.names_),
                got=f"{features.shape[1]} features",
            )
        return np.float32(self.config.begin) * before + add_up(self._trees, np.asarray(features, np.float32))

    def leading(self, n: int = 10) -> list[tuple[str, float]]:
        """The `n` features that led, and the share of each."""
        order = np.argsort(-self.gains_, kind="stable")[:n]
        return [(self.names_[at], round(float(self.gains_[at]), 4)) for at in order]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What `of` makes a ranker from."""
        return {**self._trees._asdict(), "gains": self.gains_, "begin": np.array(self.config.begin)}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], names: Sequence[str]) -> Ranker:
        """A ranker from its `arrays` and the names of its features. LightGBM is not needed."""
        # One that was trained before trees began from anything says nothing of it.
        ranker = cls(RankerConfig(begin=float(arrays["begin"]) if "begin" in arrays else 0.0))
        ranker._trees = Trees(*(arrays[name] for name in Trees._fields))
        ranker.names_, ranker.gains_ = tuple(names), arrays["gains"]
        return ranker


def can_learn() -> bool:
    """Whether LightGBM is there: an extra that small systems may lack."""
    try:
        _lightgbm()
    except SegueError:
        return False
    return True


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError:
        raise SegueError("The second stage needs LightGBM", hint=install("taste")) from None
    except OSError as error:  # its library needs OpenMP, which some small systems lack
        raise SegueError(
            "LightGBM is installed and cannot be loaded", got=str(error), hint="install libgomp1 (or libomp)"
        ) from None
    return lightgbm
