"""The systems of benchmarks/continuation.py: how each is made from settings, and what settings are tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from quality_peers import BINARY, Settings, _blend, _implicit, _weighed
from segue.evaluation.histories import Histories
from segue.evaluation.protocols import InOrder
from segue.factors.ease import EASE
from segue.factors.items import ItemNeighbours, Popularity
from segue.factors.listeners import UserNeighbours
from segue.factors.mixing import standardised
from segue.factors.model import FactorConfig
from segue.factors.ngrams import NGrams
from segue.factors.scored import LEFT_OUT, batches, binary, top
from segue.factors.titles import Titles

Texts = Sequence[str | None]


class ByTracks:
    """A system that is asked by tracks alone, and answers with what is popular where there are none."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, train: Histories, titles: Texts, artists: Texts) -> Self:
        self.model.fit(train.matrix())
        self.popularity = train.listeners_per_item().astype(np.float32)
        return self

    def rows(self, given: Histories) -> csr_matrix:
        """What is asked by."""
        return self.model.rows(given) if isinstance(self.model, InOrder) else given.matrix()

    def scores(self, rows: csr_matrix, titles: Texts) -> NDArray[np.float32]:
        """(n, n_tracks), standardised; a little popularity decides where nothing else is known."""
        little = 1e-6 * standardised(np.tile(self.popularity, (rows.shape[0], 1)))
        return standardised(_scorer(self.model).scores(rows)) + little if rows.nnz else little

    def recommend(self, given: Histories, titles: Texts, n: int) -> tuple[NDArray, NDArray]:
        asked, held = self.rows(given), given.matrix()
        ids, best = np.empty((held.shape[0], n), np.int64), np.empty((held.shape[0], n))
        for part in batches(*held.shape):
            scores = self.scores(asked[part], titles[part]).astype(np.float32)
            rows = held[part]
            scores[np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)), rows.indices] = LEFT_OUT
            ids[part], best[part] = top(scores, n)
        return ids, best


class _Factors:
    """`implicit`'s factors as a model that scores."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def scores(self, rows: csr_matrix) -> NDArray[np.float32]:
        return self.model.recalculate_user(np.arange(rows.shape[0]), rows) @ self.model.item_factors.T


def _scorer(model: Any) -> Any:
    inner = model.model if hasattr(model, "model") else model
    return inner if hasattr(inner, "scores") else _Factors(inner)


class Product(ByTracks):
    """Segue: the blend as `segue train` makes it, asked by tracks and title as its lists ask."""

    def fit(self, train: Histories, titles: Texts, artists: Texts) -> Self:
        super().fit(train, titles, artists)
        self.titles = Titles(FactorConfig().titles).fit(titles, train.matrix(), artists)
        return self

    def scores(self, rows: csr_matrix, titles: Texts) -> NDArray[np.float32]:
        return super().scores(
            self.titles.asked(rows, self.titles.imagined([each or "" for each in titles])), titles
        )


class NearestTitles:
    """What the playlists with the most similar titles hold, by cosine of n-grams, and popularity."""

    def __init__(self, neighbours: int, power: float, prior: float) -> None:
        self.neighbours, self.power, self.prior = neighbours, power, prior

    def fit(self, train: Histories, titles: Texts) -> Self:
        texts = [each or "" for each in titles]
        self.grams = NGrams().fit(texts)
        self.called, self.held = self.grams.vectors(texts), binary(train.matrix())
        self.popularity = np.asarray(self.held.mean(axis=0)).ravel()
        return self

    def scores(self, titles: Texts) -> NDArray[np.float32]:
        alike = (self.grams.vectors([each or "" for each in titles]) @ self.called.T).toarray()
        keep = min(self.neighbours, alike.shape[1])
        least = np.partition(alike, alike.shape[1] - keep, axis=1)[:, alike.shape[1] - keep, None]
        near = csr_matrix(np.where(alike >= least, alike, 0) ** self.power)
        return np.asarray((near @ self.held).todense(), np.float32) + np.float32(self.prior) * self.popularity


class TitlesAlone(ByTracks):
    """`NearestTitles`, whatever tracks are given; what is popular where there is no title."""

    def __init__(self, **settings: Any) -> None:
        self.near = NearestTitles(**settings)

    def fit(self, train: Histories, titles: Texts, artists: Texts) -> Self:
        self.popularity = train.listeners_per_item().astype(np.float32)
        self.near.fit(train, titles)
        return self

    def rows(self, given: Histories) -> csr_matrix:
        return given.matrix()

    def scores(self, rows: csr_matrix, titles: Texts) -> NDArray[np.float32]:
        return self.near.scores(titles)


class Added(ByTracks):
    """`implicit`'s ALS and `NearestTitles`, added; the title weighs less beside more tracks."""

    def __init__(self, model: Any, weight: float, **settings: Any) -> None:
        super().__init__(model)
        self.near, self.weight = NearestTitles(**settings), weight

    def fit(self, train: Histories, titles: Texts, artists: Texts) -> Self:
        super().fit(train, titles, artists)
        self.near.fit(train, titles)
        return self

    def scores(self, rows: csr_matrix, titles: Texts) -> NDArray[np.float32]:
        by_tracks = super().scores(rows, titles)
        known = np.array([each is not None for each in titles], np.float32)
        share = self.weight * known / (1 + np.diff(rows.indptr))
        return by_tracks + share[:, None].astype(np.float32) * standardised(self.near.scores(titles))


class Peer(NamedTuple):
    """A system, and the settings that are tried; without any, there is one."""

    make: Callable[[Settings, int], Any]
    space: Mapping[str, list[Any]] = MappingProxyType({})
    first: Mapping[str, Any] = MappingProxyType({})


ALS = {
    "factors": [64, 128, 256],
    "regularization": [5.0, 10.0, 20.0, 40.0],
    "alpha": [6.0, 12.0, 25.0],
    "iterations": [8],
    "decay": [1.0, 0.93],
}
ALS_FIRST = {"factors": 256, "regularization": 18.6, "alpha": 22.8, "iterations": 8, "decay": 0.93}
TITLES = {"neighbours": [50, 150, 500, 5000], "power": [1.0, 2.0, 3.0, 4.0], "prior": [0.0, 1.0, 3.0, 10.0]}


def _added(s: Settings, seed: int) -> Any:
    near = {key: s[key] for key in TITLES}
    rest = {key: value for key, value in s.items() if key not in (*TITLES, "weight")}
    return Added(_implicit(rest, seed), s["weight"], **near)


PEERS: dict[str, Peer] = {
    "Segue": Peer(lambda s, seed: Product(_blend({"unit": "playlists"}, seed))),
    "nearest titles": Peer(
        lambda s, _: TitlesAlone(**s), TITLES, {"neighbours": 500, "power": 3.0, "prior": 3.0}
    ),
    "implicit ALS and nearest titles": Peer(
        _added,
        ALS | TITLES | {"weight": [0.3, 0.6, 1.0, 2.0]},
        ALS_FIRST | {"neighbours": 500, "power": 3.0, "prior": 3.0, "weight": 1.0},
    ),
    "implicit ALS": Peer(lambda s, seed: ByTracks(_implicit(s, seed)), ALS, ALS_FIRST),
    "EASE": Peer(
        lambda s, seed: ByTracks(_weighed(EASE)(s, seed)),
        {
            "regularization": [2.0, 6.0, 14.0, 30.0],
            "dropout": [0.0, 1.0, 2.0],
            "row_power": [0.0, 0.3, 0.45],
            "decay": [1.0, 0.96],
        },
        {"regularization": 14.0, "dropout": 1.0, "row_power": 0.3, "decay": 0.96},
    ),
    "item neighbours": Peer(
        lambda s, seed: ByTracks(_weighed(ItemNeighbours)(s, seed)),
        {
            "neighbours": [100, 200, 500],
            "weighting": ["binary", "log", "tfidf", "bm25"],
            "shrink": [0.0, 5.0, 20.0],
            "gain": [BINARY],
        },
    ),
    "playlist neighbours": Peer(
        lambda s, seed: ByTracks(_weighed(UserNeighbours)(s, seed)),
        {
            "neighbours": [200, 500, 1000],
            "similarity_power": [1.0, 2.0, 3.0],
            "size_power": [0.0, 0.5],
            "weight_power": [1.0],
            "decay": [1.0, 0.93],
        },
    ),
    "popularity": Peer(lambda s, seed: ByTracks(_weighed(Popularity)({"gain": BINARY}, seed))),
}


def drawn(system: str, tries: int) -> list[Settings]:
    """The settings to try, all different; the same for the same number."""
    peer = PEERS[system]
    found = [dict(peer.first)] if peer.first or not peer.space else []
    rng = np.random.default_rng(0)
    while peer.space and len(found) < tries:
        one = {key: values[rng.integers(len(values))] for key, values in peer.space.items()}
        if one not in found:
            found.append(one)
    return found
