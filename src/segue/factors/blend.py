"""`Blend`: factors, EASE, item and listener neighbours together. The product's candidates come from it.

How to use it, from a matrix of confidences as `observe` makes it:

    blend = Blend().fit(observations.matrix)
    ids, scores = blend.recommend(np.arange(n), seen.matrix, N=240)   # top-N, what is stored left out
    scores = blend.scores(seen.matrix)                                # or every score, (n, n_tracks)

Listeners are read from the rows that are passed, so anybody can be asked for. `FactorModel` trains, saves and
loads one beside its factors and ranks by it: `FactorModel.candidates`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from scipy.sparse import csr_matrix

from segue.errors import UsageError
from segue.factors.als import ImplicitALS
from segue.factors.config import MEASURED, SECOND, ALSConfig
from segue.factors.ease import EASE, EASEConfig
from segue.factors.folded import FactorScores
from segue.factors.items import (
    ItemNeighbours,
    NeighboursConfig,
    PopularityConfig,
    Rarity,
    RP3beta,
    RP3betaConfig,
)
from segue.factors.listeners import UserNeighbours, UserNeighboursConfig
from segue.factors.mixing import Bench, mixed, standardised
from segue.factors.scored import ScoredModel, batches, positive
from segue.factors.standard import Parts, Scores, Whole, standard_mean, standard_wanted
from segue.progress import portion, progress

FACTORS = "factors"


class MixConfig(BaseModel):
    """What is blended with factors, each part with its own settings, or none to leave it out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    second: ALSConfig | None = Field(
        SECOND["listeners"], description="Another factorisation, coarser or keener: two err less than one."
    )
    ease: EASEConfig | None = Field(
        EASEConfig(dropout=1.0), description="Every track regressed on all others."
    )
    items: NeighboursConfig | None = Field(
        NeighboursConfig(weighting="bm25", neighbours=100),
        description="Tracks' neighbours by cosine.",
    )
    walk: RP3betaConfig | None = Field(RP3betaConfig(), description="Walks from track to listener to track.")
    listeners: UserNeighboursConfig | None = Field(
        UserNeighboursConfig(), description="What listeners of like taste have."
    )
    rarity: PopularityConfig | None = Field(
        PopularityConfig(), description="Takes off what all other parts give to popularity."
    )
    megabytes: PositiveFloat = Field(
        600.0,
        description="Most memory of what each part learns of tracks among each other. Larger catalogues have "
        "fewer neighbours a track; every part knows every track.",
    )
    weights: dict[str, NonNegativeFloat] | None = Field(
        None, description="Weight of each part, by its name above; none chooses them on held-out listeners."
    )
    few: dict[str, NonNegativeFloat] | None = Field(
        None, description="Weights for rows that say little; none: as for all others."
    )
    little: NonNegativeFloat = Field(
        8.0, description="The sum of a row's weights, the largest being 1, up to which it says little."
    )
    held_out: float = Field(
        0.2, gt=0, le=0.5, description="Share of the listeners that weights are chosen on, at a time."
    )
    most_held_out: PositiveInt = Field(2000, description="Most listeners that weights are chosen on.")
    enough_held_out: PositiveInt = Field(
        1000,
        description="Where one group held out is smaller, others follow, each with a training of its own, "
        "until there are so many listeners to choose on.",
    )
    most_groups: PositiveInt = Field(3, description="Most groups held out.")
    whole_order: NonNegativeFloat = Field(
        3.0,
        description="What it costs weights, in NDCG@100, to order the whole catalogue worse (AUC) than the "
        "best part does.",
    )
    given: float = Field(0.8, gt=0, lt=1, description="Share of a held-out listener's tracks that is known.")
    seed: int = Field(0, description="Of who is held out.")


# What measured best where playlists are taken for listeners, the last tracks of each to be found. Weights
# chosen on tracks left out at random would be others. A playlist is asked by rows in which late places weigh
# more (`ObservationConfig.place_decay`): factors do best with a steeper slope than models of neighbours.
GENTLER = 0.5
PLAYLISTS = MixConfig(
    second=SECOND["playlists"],
    ease=EASEConfig(query_power=GENTLER),
    items=None,
    walk=RP3betaConfig(query_power=GENTLER),
    listeners=UserNeighboursConfig(neighbours=1000, similarity_power=3.0, weight_power=GENTLER),
    rarity=None,  # gains nothing there
    weights={"factors": 0.3, "second": 0.4, "ease": 0.11, "walk": 0.13, "listeners": 0.06},
    # From a title, one track or a few; eleven tracks add up to 8 (`place_decay`).
    few={"factors": 0.1, "second": 0.65, "walk": 0.2, "listeners": 0.05},
)


class BlendConfig(MixConfig):
    """The factors, and what is blended with them."""

    factors: ALSConfig = Field(MEASURED["listeners"], description="The factorisation; knows every track.")

    @classmethod
    def around(cls, factors: ALSConfig, mix: MixConfig) -> BlendConfig:
        """These factors with what `mix` says."""
        return cls.model_validate(mix.model_dump() | {"factors": factors.model_dump()})


_KINDS: dict[str, type[ScoredModel]] = {
    FACTORS: FactorScores,
    "second": FactorScores,
    "ease": EASE,
    "items": ItemNeighbours,
    "walk": RP3beta,
    "listeners": UserNeighbours,
    "rarity": Rarity,
}
# How long each takes, for progress: the Million Playlist subset on two cores, in tenths of what EASE takes.
WORK = {FACTORS: 2.0, "second": 2.0, "ease": 10.0, "items": 1.0, "walk": 1.0, "listeners": 0.5, "rarity": 0.1}
OFTEN = 50  # single rows asked for from which it is worth preparing for them
BYTES = 8  # of a neighbour: its weight and its place


class Blend(ScoredModel):
    """A weighted mean of several recommenders' scores, each standardised per listener.

    score(u, i) = Σ_k w_k (s_k(u, i) − mean_i s_k(u, ·)) / deviation_i s_k(u, ·), Σ w_k = 1. The weights
    maximise NDCG@100 of listeners held out of a first, smaller training; then all is trained on everybody.

    Attributes:
        weights_: weight by part; parts of weight 0 are not kept.
        validation_: NDCG@100 of the held-out listeners, by part and for the "blend"; empty where the weights
            were given.
    """

    config_type = BlendConfig
    _learned = ("mixture_", "few_")
    _takes_dislikes = True
    _rows_asked = 0
    mixture_: NDArray[np.float32]  # (parts,), weights in the order of `_KINDS`, 0 for what is left out
    few_: NDArray[np.float32]  # (parts,) those for rows that say little

    def fit(
        self,
        user_items: csr_matrix,
        show_progress: bool = False,
        callback: Callable[..., None] | None = None,
        *,
        trained: ImplicitALS | None = None,
    ) -> Self:
        """Learn from listeners' items; returns self.

        Args:
            user_items: (n_listeners, n_items), confidences; negative ones are dislikes, for the factors.
            show_progress: draw a bar on a terminal.
            callback: taken for the interface's sake.
            trained: factors of `config.factors` already fitted to these items; spares fitting them again.

        Raises:
            UsageError: nothing to learn from, or weights that name no part.
            NumericalError: NaN or infinity among the weights, or an overflow on the way.
        """
        self._trained, self._show = trained, show_progress
        try:
            return super().fit(user_items, show_progress, callback)
        finally:
            self._trained = None

    @property
    def weights_(self) -> dict[str, float]:
        """Weight of every part that has one, by name; they add up to 1."""
        return _named(self.mixture_)

    def scores(self, user_items: csr_matrix) -> NDArray[np.float32]:
        """The weighted mean for every row and item: (n, n_items)."""
        few = self._says_little(user_items)
        if few.all() or not few.any():
            return self._scores(user_items, self.few_ if few.any() else self.mixture_)
        scores = np.empty(user_items.shape, np.float32)
        scores[few] = self._scores(csr_matrix(user_items[few]), self.few_)
        scores[~few] = self._scores(csr_matrix(user_items[~few]), self.mixture_)
        return scores

    def scored(self, row: csr_matrix) -> Scores:
        """The weighted mean for one row (1, n_items), for questions after some of the scores."""
        few = bool(self._says_little(row)[0])
        wanted = standard_wanted(self._weighted(self.few_ if few else self.mixture_), row)
        self._rows_asked += 1
        if self._rows_asked > OFTEN:
            return wanted
        # To prepare its bounds takes as long as many answers. The sums are the same to the last bit.
        return Whole(wanted.of(np.arange(row.shape[1], dtype=np.int32)))

    def _scores(self, user_items: csr_matrix, mixture: NDArray[np.float32]) -> NDArray[np.float32]:
        return standard_mean(self._weighted(mixture), user_items)

    def _weighted(self, mixture: NDArray[np.float32]) -> Parts:
        weights = _named(mixture)
        return [(weights.get(name, 0.0), part) for name, part in self.parts_.items()]

    def _says_little(self, user_items: csr_matrix) -> NDArray[np.bool_]:
        """(n,) the rows that weights for few tracks are meant for."""
        if np.array_equal(self.few_, self.mixture_):
            return np.zeros(user_items.shape[0], bool)
        liked = positive(user_items)
        largest = np.asarray(liked.max(axis=1).todense()).ravel()
        return np.asarray(liked.sum(axis=1)).ravel() <= self.config.little * largest

    def forget(self, place: int) -> None:
        """Drop what is kept of the listener who was trained on at `place`."""
        for part in self.parts_.values():
            if isinstance(part, UserNeighbours):
                part.forget(place)

    def _similarities(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        own, parts = (np.arange(len(items)), items), {}
        for name, part in self.parts_.items():
            parts[name] = part._similarities(items)
            parts[name][own] = 0.0  # infinite, and not to be averaged
        mix = mixed(parts, self.weights_)
        mix[own] = mix.max(axis=1) + 1.0  # an item is most like itself
        return mix

    def _fit(self, user_items: csr_matrix) -> None:
        names = list(self._settings())
        work = sum(WORK[name] for name in names)
        steps = work * (1 + (0 if self.config.weights else self._groups(user_items.shape[0])))
        with progress("Blending", steps) as advance:
            told = advance if self._show else _silent
            self.validation_, weights = {}, self.config.weights
            if weights is None:
                weights, self.validation_ = self._chosen(user_items, told)
            self.mixture_ = self._weighed(weights)
            self.few_ = self.mixture_ if self.config.few is None else self._weighed(self.config.few)
            heard = {*self.weights_, *_named(self.few_)}
            kept = [name for name in names if name == FACTORS or name in heard]
            self.parts_ = self._learn(user_items, kept, told, self._trained)

    def _chosen(
        self, user_items: csr_matrix, advance: Callable[[float], None]
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Weights that rank best for held-out listeners, and what they and each part reach."""
        c = self.config
        rng = np.random.default_rng(c.seed)
        n = user_items.shape[0]
        # Parts must not have learned from those whom they are judged on: each group is left out of a training
        # of its own.
        order, size = rng.permutation(n), self._held_out(n)
        bench = Bench(list(self._settings()), c.whole_order, c.seed)
        for group in range(self._groups(n)):
            held = np.sort(order[group * size : (group + 1) * size])
            given, targets = _halves(user_items[held], c.given, rng)
            rest = user_items[np.setdiff1d(order, held)]
            if not (rest.data > 0).any() or not targets.nnz:
                continue
            parts = self._learn(rest, list(bench.names), advance)
            for rows in batches(given.shape[0], self.n_items_):
                scores = {name: standardised(part.scores(given[rows])) for name, part in parts.items()}
                bench.add(scores, given[rows], targets[rows])
        weights, reached = bench.best()
        alone = {name: bench.ndcg(unit) for name, unit in zip(bench.names, np.eye(len(weights)), strict=True)}
        return weights, {**alone, "blend": reached}

    def _held_out(self, n_listeners: int) -> int:
        """How many listeners are held out at a time."""
        return min(round(self.config.held_out * n_listeners), self.config.most_held_out)

    def _groups(self, n_listeners: int) -> int:
        """How often some are held out."""
        c, size = self.config, max(self._held_out(n_listeners), 1)
        return min(math.ceil(c.enough_held_out / size), int(1 / c.held_out), c.most_groups)

    def _learn(
        self,
        user_items: csr_matrix,
        names: list[str],
        advance: Callable[[float], None],
        trained: ImplicitALS | None = None,
    ) -> dict[str, ScoredModel]:
        """The parts named, fitted."""
        parts, settings = {}, self._settings()
        for name in names:
            part = _KINDS[name](_within(settings[name], self.config.megabytes, self.n_items_))
            with portion(WORK[name], advance=advance):
                if name == FACTORS and isinstance(part, FactorScores) and trained is not None:
                    parts[name] = part.around(trained)
                else:
                    parts[name] = part.fit(user_items)
        return parts

    def _weighed(self, weights: Mapping[str, float]) -> NDArray[np.float32]:
        """(parts,) the weights, brought to the sum 1."""
        known = self._settings()
        if not set(weights) <= set(known) or not sum(weights.values()) > 0:
            raise UsageError(
                "These weights can't be blended by",
                expected=f"at least one above 0, of {', '.join(known)}",
                got=str(dict(weights)),
            )
        total = sum(weights.values())
        return np.array([weights.get(name, 0.0) / total for name in _KINDS], dtype=np.float32)

    def _settings(self) -> dict[str, BaseModel]:
        return {name: part for name in _KINDS if (part := getattr(self.config, name)) is not None}

    def _state(self) -> dict[str, NDArray]:
        state = super()._state()
        for name, part in self.parts_.items():
            state |= {f"{name}.{key}": value for key, value in part._state().items()}
        return state

    def _restore(self, arrays: Mapping[str, NDArray]) -> None:
        super()._restore({"few_": arrays["mixture_"], **arrays})  # earlier versions had no others
        self.parts_, self.validation_ = {}, {}
        for name, settings in self._settings().items():
            own = {key.removeprefix(f"{name}."): key for key in arrays if key.startswith(f"{name}.")}
            if own:
                part = _KINDS[name](settings)
                part.n_items_ = self.n_items_
                part._restore({key: arrays[whole] for key, whole in own.items()})
                self.parts_[name] = part


def _within(settings: BaseModel, megabytes: float, n_items: int) -> BaseModel:
    """The same with so few neighbours that a part fits its memory."""
    if isinstance(settings, EASEConfig):
        return settings.model_copy(update={"megabytes": min(settings.megabytes, megabytes)})
    if isinstance(settings, NeighboursConfig | RP3betaConfig):
        most = max(1, int(megabytes * 1e6 / (BYTES * n_items)))
        return settings.model_copy(update={"neighbours": min(settings.neighbours, most)})
    return settings


def _halves(rows: csr_matrix, given: float, rng: np.random.Generator) -> tuple[csr_matrix, csr_matrix]:
    """Some entries of every row at random, and the liked ones among the rest."""
    owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    place = np.empty(rows.nnz)
    # Sorted by row and then by chance: every row is shuffled in one go. What is added below keeps 0.8 · 5
    # from being 3.
    place[np.lexsort((rng.random(rows.nnz), owner))] = np.arange(rows.nnz) - rows.indptr[owner]
    shown = place < np.floor(given * np.diff(rows.indptr) + 1e-9)[owner]
    first, rest = rows.copy(), rows.copy()
    # Dislikes stay in what is given, as they do where the product asks; they are nothing to be found.
    first.data[~shown] = 0
    rest.data[shown] = 0
    first.eliminate_zeros()
    return first, positive(rest)


def _named(mixture: NDArray[np.float32]) -> dict[str, float]:
    """The weights of `mixture` by part, without those that are 0."""
    pairs = zip(_KINDS, mixture.tolist(), strict=True)
    return {name: round(weight, 6) for name, weight in pairs if weight}


def _silent(_: float) -> None:
    pass
