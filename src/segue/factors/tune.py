"""Choosing the settings of factors on a validation split: Optuna's search, resumable, with pictures.

What is judged: NDCG@100 (ideal gain truncated, as in Liang et al. 2018) of tracks new to the listener.

- split "time": everything before a date is learnt from and folded in; what listeners first heard after it is
  to be found. Only this split can judge a half-life.
- split "listeners": some listeners are held out whole, folded in from a share of their tracks, and the rest
  is to be found. For libraries without times, and for playlists.

No test listener of an evaluation should be in the library that is tuned on, or the evaluation flatters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveInt
from scipy.sparse import csr_matrix

from segue.errors import NumericalError, UsageError, install
from segue.factors.als import ImplicitALS
from segue.factors.config import ALSConfig
from segue.factors.model import FactorConfig
from segue.factors.observations import ObservationConfig, Observations, observe
from segue.files import refuse_read_only, write_text
from segue.library.listening import PartOfLibrary, Tables
from segue.library.moments import seconds
from segue.progress import progress

if TYPE_CHECKING:
    import altair as alt
    import ibis
    import optuna

DEPTH = 100
TESTED = 4000  # listeners judged on at most, to keep a trial short
REGULARIZATION = (3e-4, 0.3)  # λ searched, at ν = 1
Sized = Literal["time", "listeners"]


class TuneConfig(BaseModel):
    """What is searched, and how it is judged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trials: PositiveInt = Field(40, description="Settings to try in all, those of earlier runs included.")
    split: Literal["auto", "time", "listeners"] = Field(
        "auto", description="How to judge; auto takes time where most listens have one."
    )
    held_out: float = Field(0.2, gt=0, lt=1, description="Share of the listeners, or of the listens by time.")
    given: float = Field(0.8, gt=0, lt=1, description="Share of a held-out listener's tracks folded in.")
    factors: tuple[PositiveInt, ...] = Field((32, 64, 128, 256), description="Sizes to choose from.")
    half_lives: tuple[float, ...] = Field(
        (14.0, 30.0, 60.0, 120.0, 240.0, 480.0), description="Half-lives in days, beside none at all."
    )
    iterations: PositiveInt = Field(16, description="Epochs of every trial.")
    seed: int = Field(0, description="Of the search, the split and the factors' start.")


@dataclass(frozen=True)
class Trial:
    """One try."""

    number: int
    ndcg: float
    settings: dict[str, Any]


@dataclass(frozen=True)
class Tuned:
    """What a search found."""

    config: FactorConfig
    ndcg: float
    split: Sized
    trials: list[Trial]

    def charts(self) -> dict[str, alt.TopLevelMixin]:
        """The search over its trials, and the figure against each setting, by caption."""
        return _charts(self.trials)

    def write(self, path: Path) -> None:
        """Write the winning settings as TOML tables, all or nothing."""
        write_text(path, to_toml(self.config))


def tune(
    library: Tables,
    study: Path,
    config: TuneConfig | None = None,
    *,
    base: ObservationConfig | None = None,
    each: Callable[[Trial], None] | None = None,
) -> Tuned:
    """Search settings for a library, going on with what is in the file `study`.

    Every trial is committed to the file (SQLite) as it ends, so a search that was stopped loses one trial.
    Trials of another library's data, split or base are kept apart in the same file.

    Args:
        library: to learn from and be judged on.
        study: the file, made if it is not there.
        config: what is searched.
        base: observations to begin from; the search changes confidence, gain and half-life.
        each: told of every trial as it ends.

    Raises:
        UsageError: Optuna is not installed, there is too little to judge by, or `study` cannot be written.
    """
    optuna = _optuna()
    refuse_read_only(study.parent, "folder")
    config, base = config or TuneConfig(), base or ObservationConfig()
    split = _split_of(library, config, base)
    judge = _Judge(library, config, base, split)
    name = hashlib.sha256(
        # Without the number of trials, so that asking for more goes on with the same search.
        (judge.fingerprint() + config.model_dump_json(exclude={"trials"})).encode()
    ).hexdigest()
    finished = optuna.trial.TrialState.COMPLETE
    with (
        _search(study, f"factors-{name[:16]}", config.seed) as search,
        progress("Tuning", config.trials) as advance,
    ):
        done = len(search.get_trials(states=(finished,), deepcopy=False))
        advance(done)
        if not done:  # what is found is never worse than the defaults
            search.enqueue_trial(judge.usual())
        while done < config.trials:
            trial = search.ask()
            tried = judge.suggest(trial)
            try:
                value = judge.ndcg(tried)
            except NumericalError:
                # Settings that overflow are bad settings; the search has to learn that instead of ending.
                value = 0.0
            search.tell(trial, value)
            done += 1
            advance(1)
            if each:
                each(Trial(trial.number, value, dict(trial.params)))
        ended = search.get_trials(states=(finished,))
    trials = [Trial(t.number, float(t.value), dict(t.params)) for t in ended if t.value is not None]
    # Of equal trials the first, which may be the defaults.
    best = max(trials, key=lambda trial: (trial.ndcg, -trial.number))
    return Tuned(judge.config_of(best.settings), best.ndcg, split, trials)


@contextmanager
def _search(path: Path, name: str, seed: int) -> Generator[optuna.Study]:
    """The search of that name in the file, begun or gone on with; the file is closed afterwards."""
    optuna = _optuna()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path.parent.mkdir(parents=True, exist_ok=True)
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    try:
        yield optuna.create_study(
            storage=storage,
            study_name=name,
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=seed),
            load_if_exists=True,
        )
    finally:
        storage.remove_session()
        storage.engine.dispose()


class _Judge:
    """Makes configs of what the search suggests, and says how good they are."""

    def __init__(self, library: Tables, config: TuneConfig, base: ObservationConfig, split: Sized) -> None:
        self.library, self.config, self.base, self.split = library, config, base, split
        self._observed: dict[str, tuple[csr_matrix, csr_matrix, csr_matrix]] = {}
        self._cut = _cut(library, config) if split == "time" else None

    def fingerprint(self) -> str:
        """Changes with what is observed and with how it is judged."""
        seen = observe(self.library, self.base)
        parts = (seen.matrix.data, seen.matrix.indices, seen.matrix.indptr)
        digest = hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts))
        return digest.hexdigest() + self.base.model_dump_json() + self.split

    def suggest(self, trial: optuna.Trial) -> FactorConfig:
        """The next settings to try."""
        settings: dict[str, Any] = {
            "factors": trial.suggest_categorical("factors", self.config.factors),
            "regularization": trial.suggest_float("regularization", *REGULARIZATION, log=True),
            "unobserved_weight": trial.suggest_float("unobserved_weight", 0.003, 1.0, log=True),
            "frequency_scale": trial.suggest_float("frequency_scale", 0.0, 1.1),
            "confidence": trial.suggest_categorical("confidence", ("log", "binary", "linear")),
        }
        if settings["confidence"] != "binary":
            settings["gain"] = trial.suggest_float("gain", 0.05, 8.0, log=True)
        if self.split == "time":
            choices = ("none", *(str(days) for days in self.config.half_lives))
            settings["half_life"] = trial.suggest_categorical("half_life", choices)
        return self.config_of(settings)

    def usual(self) -> dict[str, Any]:
        """The default settings, or the nearest that are searched, as the search names them."""
        als = FactorConfig(observations=self.base)
        als = (als.for_playlists() if self.base.unit == "playlists" else als).als
        als = als.settled(self._parts(self.base)[0])
        least, most = REGULARIZATION
        settings: dict[str, Any] = {
            "factors": min(self.config.factors, key=lambda size: abs(size - als.factors)),
            "regularization": min(max(als.regularization / _norm(als.frequency_scale), least), most),
            "unobserved_weight": als.unobserved_weight,
            "frequency_scale": als.frequency_scale,
            "confidence": self.base.confidence,
        }
        if self.base.confidence != "binary":
            settings["gain"] = self.base.gain
        if self.split == "time":
            days = self.base.half_life_days
            near = days and min(self.config.half_lives, key=lambda known: abs(known - days))
            settings["half_life"] = str(near) if near else "none"
        return settings

    def config_of(self, settings: dict[str, Any]) -> FactorConfig:
        """Settings as the search names them, as a config."""
        changes: dict[str, Any] = {"confidence": settings["confidence"]}
        if "gain" in settings:
            changes["gain"] = settings["gain"]
        if "half_life" in settings:
            changes["half_life_days"] = (
                None if settings["half_life"] == "none" else float(settings["half_life"])
            )
        als = ALSConfig(
            objective="rendle",
            factors=settings["factors"],
            regularization=settings["regularization"] * _norm(settings["frequency_scale"]),
            unobserved_weight=settings["unobserved_weight"],
            frequency_scale=settings["frequency_scale"],
            iterations=self.config.iterations,
            random_state=self.config.seed,
        )
        return FactorConfig(observations=self.base.model_copy(update=changes), als=als)

    def ndcg(self, tried: FactorConfig) -> float:
        """Mean NDCG@100 over the tested listeners."""
        train, given, targets = self._parts(tried.observations)
        model = ImplicitALS.of(tried.als).fit(train, show_progress=False)
        ids, _ = model.recommend(np.arange(given.shape[0]), given, N=DEPTH, recalculate_user=True)
        return float(ndcg(ids, targets).mean())

    def _parts(self, observations: ObservationConfig) -> tuple[csr_matrix, csr_matrix, csr_matrix]:
        key = observations.model_dump_json()
        if key not in self._observed:
            self._observed = {key: self._split(observations)}  # only the last: matrices are large
        return self._observed[key]

    def _split(self, observations: ObservationConfig) -> tuple[csr_matrix, csr_matrix, csr_matrix]:
        if self._cut is None:
            return self._by_listener(observe(self.library, observations))
        before = observe(_Part(self.library, self._cut, after=False), observations)
        plain = before.config.model_copy(update={"half_life_days": None})
        after = observe(
            _Part(self.library, self._cut, after=True),
            plain,
            listeners=list(before.listeners),
            tracks=list(before.tracks),
        )
        return self._tested(before.matrix, before.matrix, after.matrix)

    def _by_listener(self, seen: Observations) -> tuple[csr_matrix, csr_matrix, csr_matrix]:
        held = _draws(seen.listeners, f"listener {self.config.seed}") < self.config.held_out
        rows = seen.matrix[held]
        owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
        one, other = (_draws(ids, f"given {self.config.seed}") for ids in (seen.listeners[held], seen.tracks))
        # The sum of two uniform numbers modulo 1 is uniform again, one for each pair. As they are drawn by
        # id, a track is given or to be found whatever else is in the library.
        shown = (one[owner] + other[rows.indices]) % 1 < self.config.given
        parts = []
        for which in (shown, ~shown):
            part = rows.copy()
            part.data[~which] = 0
            part.eliminate_zeros()
            parts.append(part)
        return self._tested(seen.matrix[~held], *parts)

    def _tested(
        self, train: csr_matrix, given: csr_matrix, targets: csr_matrix
    ) -> tuple[csr_matrix, csr_matrix, csr_matrix]:
        """Only targets that are liked and new, and only listeners who have some, and something given."""
        liked = targets.multiply(targets > 0).astype(bool).tocsr()
        # Of true and false, "greater" is: liked, and not given.
        targets = csr_matrix(liked > liked.multiply(given.astype(bool)))
        targets.eliminate_zeros()
        some = np.flatnonzero((np.diff(targets.indptr) > 0) & (np.diff(given.indptr) > 0))
        if len(some) < 2:
            raise UsageError(
                "There is too little listening to tune by",
                expected="listeners with tracks to learn from and others to find",
                got=f"{len(some)} such listeners with the split by {self.split}",
                hint="import more listening, or take the other split",
            )
        if len(some) > TESTED:
            some = np.sort(np.random.default_rng(self.config.seed).choice(some, TESTED, replace=False))
        return train, given[some], targets[some]


class _Part(PartOfLibrary):
    """A library with only the listens before a time, or only those from it on; nothing else changes."""

    def __init__(self, library: Tables, at: datetime, *, after: bool) -> None:
        super().__init__(library)
        self.at, self.after = at, after

    def table(self, name: str) -> ibis.Table:
        """As the library's."""
        table = self.library.table(name)
        column = {"listens": "started_at", "feedback": "given_at"}.get(name)
        if column is None:
            return table
        return table.filter(table[column] >= self.at if self.after else table[column] < self.at)


def ndcg(ids: NDArray[np.integer], targets: csr_matrix) -> NDArray[np.float64]:
    """NDCG of ranked ids (n, depth) against each row's stored entries: (n,).

    Σ over hits at rank r of 1 / log2(r + 1), over the same sum for min(targets, depth) hits at the top.
    """
    n, depth = ids.shape
    gains = 1 / np.log2(np.arange(2, depth + 2))
    wide = targets.shape[1]
    # Row and column as one number, so that one `isin` looks all rows up.
    there = np.repeat(np.arange(n), np.diff(targets.indptr)).astype(np.int64) * wide + targets.indices
    hits = np.isin(np.arange(n)[:, None] * wide + ids, there)
    ideal = np.concatenate([[0], np.cumsum(gains)])[np.minimum(np.diff(targets.indptr), depth)]
    return (hits * gains).sum(1) / np.maximum(ideal, 1e-30)


def to_toml(config: FactorConfig) -> str:
    """The config as TOML tables; what is none is left out."""
    lines = []
    for name, part in (("observations", config.observations), ("als", config.als)):
        lines.append(f"[factors.{name}]")
        values = part.model_dump(mode="json", exclude_none=True)
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        lines.append("")
    return "\n".join(lines)


def _norm(frequency_scale: float) -> float:
    """Keeps λ of the search comparable over ν: at ν = 0 it is some 300 times what it is at ν = 1."""
    return 300.0 ** (1 - frequency_scale)


def _draws(ids: NDArray[np.object_], salt: str) -> NDArray[np.float64]:
    """A number from 0 to 1 for every id, always the same."""
    digests = (hashlib.sha1(f"{salt} {name}".encode()).digest() for name in ids)
    # 48 bits fit into the 53 of a double, so that no digest rounds to 1.
    return np.array([int.from_bytes(digest[:6], "big") / 2**48 for digest in digests])


def _split_of(library: Tables, config: TuneConfig, base: ObservationConfig) -> Sized:
    if config.split != "auto":
        return config.split
    if base.unit == "playlists":
        return "listeners"
    listens = library.table("listens")
    counts = library.arrow(listens.aggregate(all=listens.count(), timed=listens.started_at.count()))
    every, timed = (counts[name][0].as_py() for name in ("all", "timed"))
    return "time" if timed > every / 2 else "listeners"


def _cut(library: Tables, config: TuneConfig) -> datetime:
    """The time after which the `held_out` share of the listens lies."""
    listens = library.table("listens")
    at = seconds(listens.started_at).quantile(1 - config.held_out)
    found = library.arrow(listens.aggregate(at=at))["at"][0].as_py()
    if found is None:
        raise UsageError(
            "No listen has a time, so none can be split by time", hint="take split = 'listeners'"
        )
    return datetime.fromtimestamp(found, UTC)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise UsageError("Tuning needs Optuna", hint=install("tune")) from None
    return optuna


def _charts(trials: list[Trial]) -> dict[str, alt.TopLevelMixin]:
    import altair as alt

    best = np.maximum.accumulate([trial.ndcg for trial in trials])
    rows = [
        {"trial": trial.number + 1, "NDCG@100": trial.ndcg, "best so far": float(top), **trial.settings}
        for trial, top in zip(trials, best, strict=True)
    ]
    data = alt.Data(values=rows)
    chart: Any = alt.Chart(data)
    y = alt.Y("NDCG@100:Q", scale=alt.Scale(zero=False))
    line = chart.mark_line(interpolate="step-after").encode(x="trial:Q", y="best so far:Q")
    charts = {"The search": chart.mark_circle().encode(x="trial:Q", y=y) + line}
    for name in sorted({key for trial in trials for key in trial.settings}):
        number = any(isinstance(trial.settings.get(name), float) for trial in trials)
        scale = alt.Scale(type="log") if number and name != "frequency_scale" else alt.Scale()
        x = alt.X(f"{name}:Q", scale=scale) if number else alt.X(f"{name}:N")
        known = chart.transform_filter(f"isValid(datum['{name}'])")
        charts[name] = known.mark_circle().encode(x=x, y=y)
    return charts
