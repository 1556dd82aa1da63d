"""The protocols, and `evaluate`, which runs systems through one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, runtime_checkable
from typing import Protocol as Interface

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import csr_matrix

from segue.errors import UsageError
from segue.evaluation import beyond, metrics
from segue.evaluation.groups import binary, regions
from segue.evaluation.histories import Histories
from segue.evaluation.report import Report, Run
from segue.evaluation.splits import Fold, Order, hold_out, validation


class Recommender(Interface):
    """What is evaluated: `implicit`'s interface, as far as it is used here."""

    def fit(self, user_items: csr_matrix) -> Any:
        """Learn from (n_listeners, n_items)."""

    def recommend(
        self,
        userid: ArrayLike,
        user_items: csr_matrix,
        N: int = 10,
        filter_already_liked_items: bool = True,
        filter_items: ArrayLike | None = None,
        recalculate_user: bool = False,
    ) -> tuple[NDArray, NDArray]:
        """The best N items per row: ids and scores, (n, N)."""


@runtime_checkable
class InOrder(Interface):
    """A `Recommender` that makes its own rows of what is given, because it heeds the order."""

    def rows(self, given: Histories) -> csr_matrix:
        """(n_listeners, n_items) what `recommend` is to be asked by."""
        ...


System = Callable[[int], Recommender]  # seed -> a model that is not fitted yet


class Protocol(BaseModel):
    """How systems are compared. `LISTENERS` and `PLAYLISTS` are the two that Segue's figures come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Title of the report.")
    description: str = Field(description="One sentence for the report: who is tested on what.")
    listeners_per_item: int = Field(ge=1, description="Items with fewer listeners are left out, first.")
    items_per_listener: int = Field(ge=2, description="Listeners left with fewer items are left out, second.")
    held_out: float = Field(0.2, gt=0, lt=1, description="Share of the listeners tested, per seed.")
    given: float = Field(0.8, gt=0, lt=1, description="Share of a tested listener's items that is folded in.")
    order: Order = Field(description="Whether the given items are drawn at random or are the first.")
    accuracy: tuple[str, ...] = Field(
        description="Metrics as name@k: recall, ndcg, hit_rate, mrr, map; r_precision."
    )
    main_metric: str = Field("ndcg@100", description="The metric that systems are ranked and compared by.")
    new_only: bool = Field(True, description="Whether what is given is left out of the lists.")
    list_length: int = Field(
        30, ge=1, description="Length of the lists that measures beyond accuracy are taken on."
    )

    def trim(self, histories: Histories) -> Histories:
        """The histories this protocol is about.

        Raises:
            UsageError: too little is left to test anything.
        """
        left = histories.trimmed(
            listeners_per_item=self.listeners_per_item, items_per_listener=self.items_per_listener
        )
        if round(self.held_out * left.n_listeners) < 2:
            rows = "listeners" if self.name == "Listeners" else "playlists"
            raise UsageError(
                f"There is too little listening for '{self.name}'",
                expected=f"{rows} with {self.items_per_listener}+ tracks "
                f"that {self.listeners_per_item}+ {rows} have",
                got=f"{left.n_listeners} such {rows} of {histories.n_listeners}",
                hint="import more listening first",
            )
        return left

    def split(self, histories: Histories, seed: int) -> Fold:
        """One fold of trimmed histories."""
        return hold_out(histories, seed, held_out=self.held_out, given=self.given, order=self.order)

    def validation(self, fold: Fold, seed: int) -> Fold:
        """The same kind of fold inside a fold's training listeners, to choose settings on."""
        return validation(fold, seed, held_out=self.held_out, given=self.given, order=self.order)


LISTENERS = Protocol(
    name="Listeners",
    description="Items with 3+ listeners, listeners with 5+ items; 20% of listeners held out and folded in "
    "from a random 80% of their items, the rest is to be found.",
    listeners_per_item=3,
    items_per_listener=5,
    order="random",
    accuracy=("recall@20", "recall@50", "ndcg@100"),
)
PLAYLISTS = Protocol(
    name="Playlist continuation",
    description="Tracks in 5+ playlists, playlists with 10+ such tracks; 20% of playlists held out, the "
    "first 80% of each in order given, the rest is to be found.",
    listeners_per_item=5,
    items_per_listener=10,
    order="position",
    accuracy=("recall@50", "ndcg@100", "r_precision"),
)


def evaluate(
    histories: Histories,
    protocol: Protocol,
    systems: Mapping[str, System],
    seeds: Sequence[int] = range(5),
    *,
    beyond_accuracy: bool = True,
    advance: Callable[[float], None] = lambda _: None,
) -> Report:
    """Run every system through a protocol on the same folds.

    Args:
        histories: not trimmed yet; weights are what `fit` and `recommend` are given (plays, or 1).
        protocol: which fold, which metrics.
        systems: name -> function of a seed that makes an unfitted model with `implicit`'s interface.
        seeds: one fold and one model each; the same seed is the same fold for all systems.
        beyond_accuracy: also measure novelty, coverage, long tail, diversity, calibration and the like.
        advance: told 1 after each system and seed.

    Raises:
        UsageError: too little listening, or no systems.
    """
    if not systems or not seeds:
        raise UsageError("There is nothing to evaluate", expected="at least one system and one seed")
    trimmed = protocol.trim(histories)
    folds = ((seed, protocol.split(trimmed, seed)) for seed in seeds)
    return measure(protocol, folds, systems, beyond_accuracy=beyond_accuracy, advance=advance)


def measure(
    protocol: Protocol,
    folds: Iterable[tuple[int, Fold]],
    systems: Mapping[str, System],
    *,
    beyond_accuracy: bool,
    advance: Callable[[float], None],
) -> Report:
    """As `evaluate`, on folds that are there, each with its seed."""
    report = Report(protocol.name, protocol.description, protocol.main_metric)
    for seed, fold in folds:
        groups = regions(fold.train.matrix()) if beyond_accuracy else None
        for name, system in systems.items():
            report.runs.append(run_system(name, system, fold, protocol, seed, groups))
            advance(1.0)
    return report


def run_system(
    name: str,
    system: System,
    fold: Fold,
    protocol: Protocol,
    seed: int,
    groups: NDArray[np.float64] | None = None,
) -> Run:
    """Fit one system on one fold and measure it; `groups` (n_items, g) turns on measures beyond accuracy."""
    train = fold.train.matrix()
    start = time.perf_counter()
    model = system(seed)
    model.fit(train)
    fitted = time.perf_counter()
    given = fold.given.matrix()
    asked = model.rows(fold.given) if isinstance(model, InOrder) else given
    # Deeper than the deepest cut: a target that is level with the last place of a list is not counted
    # (`metrics.find_hits`).
    ids, scores = recommend_all(model, asked, 2 * _depth(protocol), new_only=protocol.new_only)
    done = time.perf_counter()
    per_listener = accuracy(ids, scores, fold.targets, protocol.accuracy)
    of_all: dict[str, float] = {}
    if groups is not None:
        lists = ids[:, : protocol.list_length]
        popularity = fold.train.listeners_per_item()
        per_listener |= {
            "novelty": beyond.novelty(lists, popularity, fold.train.n_listeners),
            "long_tail": beyond.long_tail_share(lists, popularity),
            "diversity": beyond.intra_list_diversity(lists, binary(train).T.tocsr()),
            "calibration": beyond.calibration(lists, binary(given), groups),
            "popularity_bias": beyond.popularity_bias(lists, given, popularity),
        }
        of_all = {
            "coverage": beyond.coverage(lists, train.shape[1]),
            "gini": beyond.gini(lists, train.shape[1]),
        }
    return Run(name, seed, fold.tested, per_listener, of_all, fitted - start, done - fitted)


def recommend_all(
    model: Recommender, given: csr_matrix, depth: int, *, new_only: bool = True, batch: int = 1024
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Lists for listeners who were not trained on, folded in from `given` (n, n_items).

    Returns:
        ids and scores, (n, depth); padding is id -1, score -inf.
    """
    ids = np.full((given.shape[0], depth), -1, dtype=np.int64)
    scores = np.full((given.shape[0], depth), -np.inf)
    for start in range(0, given.shape[0], batch):
        rows = given[start : start + batch]
        some, theirs = model.recommend(
            np.arange(rows.shape[0]),
            rows,
            N=depth,
            filter_already_liked_items=new_only,
            recalculate_user=True,
        )
        width = min(depth, some.shape[1])
        real = theirs[:, :width] > np.finfo(np.float32).min
        ids[start : start + batch, :width] = np.where(real, some[:, :width], -1)
        scores[start : start + batch, :width] = np.where(real, theirs[:, :width], -np.inf)
    return ids, scores


def accuracy(
    ids: NDArray[np.integer], scores: NDArray[np.floating], targets: csr_matrix, names: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """The metrics named, each (n_listeners,), from lists (n_listeners, depth) and their targets."""
    hits = metrics.find_hits(ids, scores, targets)
    n_targets = metrics.count_targets(targets)
    found = {}
    for name in names:
        kind, _, cut = name.partition("@")
        if kind not in _METRICS or bool(cut) == (kind == "r_precision"):
            raise UsageError(
                f"There is no metric {name}", expected=", ".join(_METRICS) + "; all but r_precision with @k"
            )
        found[name] = _METRICS[kind](hits, n_targets, int(cut or 0))
    return found


_METRICS: dict[str, Callable[[metrics.Hits, NDArray[np.int64], int], NDArray[np.float64]]] = {
    "recall": metrics.recall,
    "ndcg": metrics.ndcg,
    "r_precision": lambda hits, n_targets, _: metrics.r_precision(hits, n_targets),
    "hit_rate": lambda hits, _, k: metrics.hit_rate(hits, k),
    "mrr": lambda hits, _, k: metrics.reciprocal_rank(hits, k),
    "map": metrics.average_precision,
}


def _depth(protocol: Protocol) -> int:
    return max(int(name.partition("@")[2] or 100) for name in protocol.accuracy)
