"""What an evaluation found: every listener's figures kept, so that systems are compared in pairs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import NotFoundError
from segue.evaluation.intervals import Interval, mean_interval

if TYPE_CHECKING:
    import altair
    from rich.table import Table


@dataclass(frozen=True, eq=False)
class Run:
    """One system under one seed."""

    system: str
    seed: int
    listeners: NDArray[
        np.int64
    ]  # (n_tested,) who was tested: the same number is the same listener in all seeds
    per_listener: Mapping[str, NDArray[np.float64]]  # metric -> (n_tested,)
    of_all: Mapping[str, float]  # measures of all lists together
    fit_seconds: float
    recommend_seconds: float

    def value(self, metric: str) -> float:
        """The mean over listeners, or the measure of all lists."""
        if metric in self.of_all:
            return self.of_all[metric]
        return float(np.nanmean(self.per_listener[metric]))


@dataclass(frozen=True)
class Report:
    """Runs of several systems on the same listeners, and what they say."""

    protocol: str
    description: str
    main_metric: str
    runs: list[Run] = field(default_factory=list)

    @property
    def systems(self) -> list[str]:
        """Names, the best first by the main metric."""
        names = list(dict.fromkeys(run.system for run in self.runs))
        return sorted(names, key=lambda name: -self.mean(name, self.main_metric))

    @property
    def seeds(self) -> list[int]:
        """Seeds in the order they were run."""
        return list(dict.fromkeys(run.seed for run in self.runs))

    @property
    def accuracy(self) -> list[str]:
        """Metrics with targets: those the protocol names."""
        return [name for name in self.runs[0].per_listener if name not in BEYOND]

    @property
    def beyond(self) -> list[str]:
        """Measures beyond accuracy that were taken."""
        return [name for name in BEYOND if name in self.runs[0].per_listener or name in self.runs[0].of_all]

    def mean(self, system: str, metric: str) -> float:
        """Mean over seeds."""
        return float(np.mean([run.value(metric) for run in self._runs(system)]))

    def spread(self, system: str, metric: str) -> float:
        """Standard deviation over seeds (mostly which listeners were drawn); 0 for a single seed."""
        values = [run.value(metric) for run in self._runs(system)]
        return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0

    def difference(self, system: str, other: str, metric: str | None = None) -> Interval:
        """Mean of system − other listener by listener, with its 95% interval.

        Bootstrap over listeners; one who was tested under several seeds is drawn with all of them.

        Raises:
            NotFoundError: a system or metric that was not run.
        """
        metric = metric or self.main_metric
        ours = {run.seed: run for run in self._runs(system)}
        theirs = {run.seed: run for run in self._runs(other)}
        if metric not in next(iter(ours.values())).per_listener:
            raise NotFoundError(f"{metric} was not measured per listener", expected=", ".join(self.accuracy))
        seeds = [seed for seed in ours if seed in theirs]
        gaps = [ours[seed].per_listener[metric] - theirs[seed].per_listener[metric] for seed in seeds]
        listeners = [ours[seed].listeners for seed in seeds]
        return mean_interval(np.concatenate(gaps), np.concatenate(listeners))

    def tables(self) -> list[Table]:
        """For a terminal: accuracy, and what accuracy does not see if it was measured."""
        from rich.table import Table

        tables = []
        for title, header, rows in self.sections():
            table = Table(title=title)
            for name in header:
                table.add_column(
                    name, justify="left" if name == "system" else "right", no_wrap=name != "system"
                )
            for row in rows:
                table.add_row(*row)
            tables.append(table)
        tables[-1].caption = self._caption()
        return tables

    def markdown(self) -> str:
        """For the docs: the same tables, with what they mean under them."""
        lines = []
        for _, header, rows in self.sections():
            lines += ["| " + " | ".join(header) + " |", "| --- |" + " ---: |" * (len(header) - 1)]
            lines += ["| " + " | ".join(row) + " |" for row in rows]
            lines.append("")
        return "\n".join([*lines, self._caption(), ""])

    def as_dict(self) -> dict[str, Any]:
        """Rows per system and seed, means, spreads, and each system's difference from the best."""
        best = self.systems[0]
        return {
            "protocol": self.protocol,
            "description": self.description,
            "main_metric": self.main_metric,
            "seeds": self.seeds,
            "rows": [
                {
                    "system": run.system,
                    "seed": run.seed,
                    "listeners": len(run.listeners),
                    "fit_seconds": round(run.fit_seconds, 3),
                    "recommend_seconds": round(run.recommend_seconds, 3),
                    **{name: run.value(name) for name in self.accuracy + self.beyond},
                }
                for run in self.runs
            ],
            "systems": [
                {
                    "system": name,
                    **{
                        metric: {"mean": self.mean(name, metric), "spread": self.spread(name, metric)}
                        for metric in self.accuracy + self.beyond
                    },
                    "difference_from_best": self.difference(name, best)._asdict(),
                }
                for name in self.systems
            ],
        }

    def as_json(self) -> str:
        """`as_dict` as JSON."""
        return json.dumps(self.as_dict(), indent=2)

    def chart(self) -> altair.TopLevelMixin:
        """The main metric of each system: a point per seed, and the mean."""
        import altair

        points = [
            {"system": run.system, "seed": str(run.seed), "value": run.value(self.main_metric)}
            for run in self.runs
        ]
        data, mean = altair.Data(values=points), altair.X("mean(value):Q", title=_label(self.main_metric))
        y = altair.Y("system:N", sort=self.systems, title=None)
        x = altair.X("value:Q", title=_label(self.main_metric), scale=altair.Scale(zero=False))
        circle = altair.MarkDef(type="circle", opacity=0.5, color="#1d7a8c")
        tick = altair.MarkDef(type="tick", thickness=3, size=16, color="#d1495b")
        seeds = altair.Chart(data, mark=circle).encode(x=x, y=y, tooltip=["seed:N", "value:Q"])
        means = altair.Chart(data, mark=tick).encode(x=mean, y=y)
        return altair.layer(
            seeds,
            means,
            title=self.protocol,
            width=420,
        )

    def sections(self) -> list[tuple[str, list[str], list[list[str]]]]:
        """Title, header and rows of each table."""
        names = self.systems
        sections = [
            (self.protocol, self.accuracy, [[self._gap(name), self._seconds(name)] for name in names])
        ]
        if self.beyond:
            sections.append((f"{self.protocol}: beyond accuracy", self.beyond, [[] for _ in names]))
        tables = []
        for title, metrics, extra in sections:
            more = ["against the best", "fit s"] if extra[0] else []
            header = ["system", *map(_label, metrics), *more]
            rows = [
                [name, *(self._cell(name, metric) for metric in metrics), *last]
                for name, last in zip(names, extra, strict=True)
            ]
            tables.append((title, header, rows))
        return tables

    def _cell(self, system: str, metric: str) -> str:
        digits = 2 if metric in _PLAIN else 4 if metric in self.accuracy else 3
        mean, spread = self.mean(system, metric), self.spread(system, metric)
        return f"{mean:.{digits}f} ± {spread:.{digits}f}"

    def _gap(self, system: str) -> str:
        best = self.systems[0]
        if system == best:
            return "best"
        interval = self.difference(system, best)
        return f"{interval.mean:+.4f} [{interval.low:+.4f}, {interval.high:+.4f}]"

    def _seconds(self, system: str) -> str:
        return f"{np.mean([run.fit_seconds for run in self._runs(system)]):.1f}"

    def _caption(self) -> str:
        seeds = ", ".join(map(str, self.seeds))
        tested = " or ".join(str(n) for n in sorted({len(run.listeners) for run in self.runs}))
        return (
            f"{self.description} Seeds {seeds}, {tested} listeners each; mean ± standard deviation over "
            f"seeds. Against the best: difference in {_label(self.main_metric)} by listener, with its "
            "95% bootstrap interval; an interval that holds 0 is a tie."
        )

    def _runs(self, system: str) -> list[Run]:
        found = [run for run in self.runs if run.system == system]
        if not found:
            raise NotFoundError(
                f"There is no run of {system}", expected=", ".join({run.system for run in self.runs})
            )
        return found


LABELS = {
    "recall@20": "R@20",
    "recall@50": "R@50",
    "ndcg@100": "NDCG@100",
    "r_precision": "R-prec",
    "hit_rate@20": "HR@20",
    "mrr@20": "MRR@20",
    "map@100": "MAP@100",
    "novelty": "novelty (bits)",
    "coverage": "coverage",
    "long_tail": "long tail",
    "diversity": "diversity",
    "calibration": "miscalibration",
    "popularity_bias": "popularity lift",
    "gini": "Gini",
}
BEYOND = ("novelty", "coverage", "long_tail", "diversity", "calibration", "popularity_bias", "gini")
_PLAIN = ("novelty", "popularity_bias")  # bits and ratios, not shares: two decimals do


def _label(metric: str) -> str:
    return LABELS.get(metric, metric)
