"""The systems of benchmarks/quality.py: how each is made from settings, and what settings are tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix, vstack

from segue.evaluation.protocols import Recommender
from segue.evaluation.weighted import LogConfidence, Recent
from segue.factors.als import ImplicitALS
from segue.factors.blend import Blend, BlendConfig
from segue.factors.config import ALSConfig
from segue.factors.ease import EASE
from segue.factors.items import ItemNeighbours, Popularity, Rarity, RP3beta
from segue.factors.listeners import UserNeighbours
from segue.factors.mixing import standardised
from segue.factors.model import FactorConfig
from segue.factors.scored import allowed_items, top

Settings = dict[str, Any]
BINARY, LOG = 0.0, 0.8  # gains of LogConfidence: all 1, or 1 + .8 log(1 + r / mean)


class Peer(NamedTuple):
    """A system, the settings that are tried, and the ones tried first, by protocol."""

    make: Callable[[Settings, int], Recommender]
    space: dict[str, list[Any]]
    first: dict[str, Settings]
    heeds: Settings | None = None  # what makes it heed the weights that it is asked by

    def tried(self, protocol: str) -> dict[str, list[Any]]:
        """What is drawn from. In a playlist a track counts once, and its place takes the place of counts."""
        if protocol != "playlists" or "gain" not in self.space:
            return self.space
        if self.heeds is None:
            return self.space | {"gain": [BINARY]}
        place = {"decay": DECAYS} | {name: [value] for name, value in self.heeds.items()}
        return {name: values for name, values in self.space.items() if name != "gain"} | place


class Ranked:
    """A peer that only scores: `fit(matrix)` and `scores(rows)` become `recommend`."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, user_items: csr_matrix, show_progress: bool = False) -> Self:
        self.model.fit(user_items)
        return self

    def recommend(
        self,
        userid: Any,
        user_items: csr_matrix,
        N: int = 10,
        filter_already_liked_items: bool = True,
        filter_items: Any = None,
        recalculate_user: bool = False,
    ) -> tuple[NDArray, NDArray]:
        scores = self.model.scores(user_items)
        scores[:, ~allowed_items(scores.shape[1], filter_items, None)] = np.finfo(np.float32).min
        if filter_already_liked_items:
            owner = np.repeat(np.arange(user_items.shape[0]), np.diff(user_items.indptr))
            scores[owner, user_items.indices] = np.finfo(np.float32).min
        return top(scores, min(N, scores.shape[1]))


class BPR:
    """`implicit`'s BPR. It can't fold in, so what is given of those asked for is trained on too."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def fit(self, user_items: csr_matrix) -> Self:
        self.train = user_items
        return self

    def scores(self, rows: csr_matrix) -> NDArray[np.float32]:
        from implicit.bpr import BayesianPersonalizedRanking

        model = BayesianPersonalizedRanking(**self.settings)
        model.fit(csr_matrix(vstack([self.train, rows])), show_progress=False)
        return model.user_factors[-rows.shape[0] :] @ model.item_factors.T


class Cmfrec:
    """cmfrec's implicit factorisation. It weighs an observed pair 1 + alpha v."""

    def __init__(self, **settings: Any) -> None:
        from cmfrec import CMF_implicit

        self.model = CMF_implicit(use_float=True, verbose=False, **settings)

    def fit(self, user_items: csr_matrix) -> Self:
        self.n_items = user_items.shape[1]
        self.model.fit(coo_matrix(user_items))
        return self

    def scores(self, rows: csr_matrix) -> NDArray[np.float32]:
        x = self.model.factors_multiple(csr_matrix(rows, shape=(rows.shape[0], self.n_items)))
        return (x @ self.model.B_.T).astype(np.float32)


class Discounted:
    """`implicit`'s ALS with popularity taken off, as Segue's blend takes it off: standard scores + rarity."""

    def __init__(self, discount: float, **settings: Any) -> None:
        from implicit.cpu.als import AlternatingLeastSquares

        self.discount, self.model = discount, AlternatingLeastSquares(**settings)

    def fit(self, user_items: csr_matrix) -> Self:
        self.model.fit(user_items, show_progress=False)
        self.rarity = Rarity().fit(user_items)
        return self

    def scores(self, rows: csr_matrix) -> NDArray[np.float32]:
        x = self.model.recalculate_user(np.arange(rows.shape[0]), rows)
        rare = standardised(self.rarity.scores(rows))
        return standardised(x @ self.model.item_factors.T) + np.float32(self.discount) * rare


def _given(model: Any, s: Settings) -> Recommender:
    """A model as it is given what it learns from: logarithmic confidences, or an order and `decay`."""
    return Recent(model, s["decay"]) if "decay" in s else LogConfidence(model, s["gain"])


def _own(s: Settings) -> Settings:
    """The settings of the model itself."""
    return {key: value for key, value in s.items() if key not in ("gain", "decay")}


def _als(s: Settings, seed: int) -> Recommender:
    model = ImplicitALS(**_own(s), objective="rendle", iterations=16, random_state=seed, num_threads=1)
    return _given(model, s)


def _implicit(s: Settings, seed: int) -> Recommender:
    from implicit.cpu.als import AlternatingLeastSquares

    return _given(AlternatingLeastSquares(**_own(s), random_state=seed, num_threads=1), s)


def _discounted(s: Settings, seed: int) -> Recommender:
    return _given(Ranked(Discounted(**_own(s), random_state=seed, num_threads=1)), s)


def _bpr(s: Settings, seed: int) -> Recommender:
    return Ranked(BPR(**s, random_state=seed, num_threads=1))


def _cmfrec(s: Settings, seed: int) -> Recommender:
    return _given(Ranked(Cmfrec(**_own(s), nthreads=1, random_state=seed)), s)


def _weighed(kind: Any) -> Callable[[Settings, int], Recommender]:
    def make(s: Settings, seed: int) -> Recommender:
        return _given(kind(**_own(s)), s)

    return make


def _blend(s: Settings, seed: int) -> Recommender:
    """The product's candidates as `FactorModel` trains them: settings are its defaults."""
    unit = FactorConfig() if s["unit"] == "listeners" else FactorConfig().for_playlists()
    als = ALSConfig(**unit.als.model_dump() | {"random_state": seed, "num_threads": 1})
    weighed = {"gain": unit.observations.gain}
    if s["unit"] == "playlists":
        weighed = {"decay": unit.observations.place_decay}
    return _given(Blend(BlendConfig.around(als, unit.blend)), weighed)


SIZES = [64, 128, 256]
NEIGHBOURS = [50, 100, 200, 500, 1000]
DECAYS = [1.0, 0.98, 0.96, 0.93, 0.9]  # of `Recent`; 1 does not heed the order
IMPLICIT = {  # the best settings known of implicit's ALS
    name: {"factors": 256, "regularization": 18.6, "alpha": alpha, "iterations": 8, **given}
    for name, alpha, given in (("listeners", 5.7, {"gain": BINARY}), ("playlists", 22.8, {"decay": 0.93}))
}
PEERS: dict[str, Peer] = {
    "Segue, candidates": Peer(
        _blend, {}, {"listeners": {"unit": "listeners"}, "playlists": {"unit": "playlists"}}
    ),
    "Segue, ImplicitALS": Peer(
        _als,
        {
            "factors": SIZES,
            "regularization": [0.003, 0.005, 0.007, 0.009, 0.012, 0.016],
            "unobserved_weight": [0.05, 0.1, 0.15, 0.2, 0.3],
            "frequency_scale": [0.9, 1.0],
            "gain": [BINARY, LOG],
        },
        {
            "listeners": {
                "factors": 256,
                "noise": 0.4,
                "unobserved_weight": 0.2,
                "frequency_scale": 0.97,
                "gain": LOG,
            },
            "playlists": {
                "factors": 256,
                "noise": 0.19,
                "unobserved_weight": 0.06,
                "frequency_scale": 1.0,
                "decay": 0.93,
            },
        },
        heeds={},
    ),
    "implicit ALS": Peer(
        _implicit,
        {
            "factors": SIZES,
            "regularization": [0.1, 1.0, 5.0, 10.0, 20.0, 40.0],
            "alpha": [1.0, 3.0, 6.0, 12.0, 25.0],
            "iterations": [8, 15],
            "gain": [BINARY, LOG],
        },
        IMPLICIT,
        heeds={},
    ),
    "implicit ALS, popularity discounted": Peer(
        _discounted,
        {key: [value] for key, value in IMPLICIT["listeners"].items()}
        | {"discount": [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5]},
        {"listeners": IMPLICIT["listeners"] | {"discount": 0.2}},
    ),
    "cmfrec": Peer(
        _cmfrec,
        {
            "k": SIZES,
            "lambda_": [0.1, 1.0, 5.0, 10.0, 20.0, 40.0],
            "alpha": [1.0, 3.0, 6.0, 12.0, 25.0],
            "niter": [8, 15],
            "gain": [BINARY, LOG],
        },
        {
            "listeners": {"k": 256, "lambda_": 18.6, "alpha": 4.7, "niter": 8, "gain": BINARY},
            "playlists": {"k": 256, "lambda_": 18.6, "alpha": 21.8, "niter": 8, "decay": 0.93},
        },
        heeds={},
    ),
    "implicit BPR": Peer(
        _bpr,
        {
            # Where it was best in a wider search (0.01 to 0.2, 0.001 to 0.1, 50 to 1600 iterations).
            "factors": SIZES,
            "learning_rate": [0.01, 0.02, 0.03, 0.05],
            "regularization": [0.015, 0.02, 0.025, 0.03],
            "iterations": [800, 1600, 3200],
        },
        {},
    ),
    "EASE": Peer(
        _weighed(EASE),
        {
            "regularization": [2.0, 4.0, 8.0, 16.0, 32.0, 64.0],
            "dropout": [0.0],
            "row_power": [0.0],
            "gain": [BINARY, LOG],
        },
        {},
        heeds={},
    ),
    "EASE, normalised rows, dropout": Peer(
        _weighed(EASE),
        {
            "regularization": [2.0, 4.0, 6.0, 9.0, 14.0],
            "dropout": [0.5, 1.0, 2.0, 3.0],
            "row_power": [0.15, 0.3, 0.45],
            "gain": [BINARY, LOG],
        },
        {
            name: {"regularization": 6.0, "dropout": 2.0, "row_power": 0.3, **given}
            for name, given in (("listeners", {"gain": LOG}), ("playlists", {"decay": 0.96}))
        },
        heeds={},
    ),
    "RP3beta": Peer(
        _weighed(RP3beta),
        {
            "neighbours": NEIGHBOURS,
            "alpha": [0.6, 0.8, 1.0, 1.2],
            "beta": [0.2, 0.3, 0.4, 0.5],
            "weighting": ["binary", "log"],
            "gain": [LOG],
        },
        {
            name: {"neighbours": 500, "alpha": 0.8, "beta": 0.4, "weighting": "binary", **given}
            for name, given in (
                ("listeners", {"gain": LOG}),
                ("playlists", {"query_power": 1.0, "decay": 0.96}),
            )
        },
        heeds={"query_power": 1.0},
    ),
    "item neighbours": Peer(
        _weighed(ItemNeighbours),
        {
            "neighbours": NEIGHBOURS,
            "weighting": ["binary", "log", "tfidf", "bm25"],
            "shrink": [0.0, 5.0, 20.0, 50.0],
            "gain": [LOG],
        },
        {},
        heeds={},
    ),
    "listener neighbours": Peer(
        _weighed(UserNeighbours),
        {
            "neighbours": [100, 200, 300, 500, 1000],
            "similarity_power": [1.0, 2.0, 3.0],
            "size_power": [0.0, 0.5],
            "gain": [LOG],
        },
        {},
        heeds={"weight_power": 1.0},
    ),
    "popularity": Peer(
        _weighed(Popularity), {}, {name: {"gain": LOG} for name in ("listeners", "playlists")}
    ),
}
