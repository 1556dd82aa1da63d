"""The tables of docs/measurements/world.md from what benchmarks/world.py kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pages import put
from segue.evaluation.intervals import ratio_interval

PAGE = Path(__file__).parents[1] / "docs" / "measurements" / "world.md"
BEST, LEARNABLE, MODEL = "best possible", "all but own ear", "recurrent"


def write(results: Path) -> None:
    """Put the tables between their marks in the page."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(results.glob("*-*.json")):
        kinds.setdefault(path.stem.partition("-")[0], []).append(json.loads(path.read_text()))
    put(PAGE, {"known": _known(kinds), "data": _data(kinds), "choices": _choices(kinds)})


def _known(kinds: dict[str, list[dict[str, Any]]]) -> str:
    columns = (
        *("log loss, completed", "skipped", "AUC", "over best", "over all but own ear"),
        *("calibration error, completed", "skipped", "worst place"),
    )
    lines = _head("town, model", columns)
    for kind, towns in kinds.items():
        for name in towns[0]["models"]:
            runs = [town["models"][name] for town in towns]
            over = {
                other: np.mean(
                    [
                        run["completed"]["log_loss"] / town["models"][other]["completed"]["log_loss"] - 1
                        for run, town in zip(runs, towns, strict=True)
                    ]
                )
                for other in (BEST, LEARNABLE)
            }
            cells = [
                _spread([run["completed"]["log_loss"] for run in runs], 4),
                _spread([run["skipped"]["log_loss"] for run in runs], 4),
                _spread([run["completed"]["auc"] for run in runs], 3),
                *("" if name == BEST else f"{over[other]:+.1%}" for other in (BEST, LEARNABLE)),
                _spread([run["completed"]["calibration"] for run in runs], 4),
                _spread([run["skipped"]["calibration"] for run in runs], 4),
                _spread([max(run["completed"]["by_position"].values()) for run in runs], 3),
            ]
            lines.append(_row(f"{kind}, {name}", cells))
    return "\n".join(lines) + "\n"


def _data(kinds: dict[str, list[dict[str, Any]]]) -> str:
    columns = (
        *("over best: few sessions told of", "some", "most", "log loss, newcomers", "known", "constant"),
        *("taught without newcomers: newcomers", "known"),
        *("leaving: log loss", "constant", "calibration error", "members differ by"),
    )
    lines = _head("town", columns)
    for kind, towns in kinds.items():
        over = [
            [
                f"{run / best - 1:+.1%} ({told:.0f})"
                for told, run, best in np.mean([t["by_told"] for t in towns], 0)
            ]
        ][0]
        loss = [
            _spread([t["newcomers"][0] for t in towns], 4),
            *(
                _spread([t["models"][m]["completed"]["log_loss"] for t in towns], 4)
                for m in (MODEL, "constant")
            ),
            *(_spread([t["newcomers"][n] for t in towns], 4) for n in (1, 2)),
        ]
        leaving = [_spread([t["leaving"][n] for t in towns], 4) for n in range(3)]
        lines.append(_row(kind, [*over, *loss, *leaving, _spread([t["spread"] for t in towns], 4)]))
    return "\n".join(lines) + "\n"


def _choices(kinds: dict[str, list[dict[str, Any]]]) -> str:
    names = list(next(iter(kinds.values()))[0]["choices"]["earned"])
    lines = _head(
        "greed on", [f"{kind}: {what}" for kind in kinds for what in ("earned", "over dense", "over plain")]
    )
    for name in names:
        cells = []
        for towns in kinds.values():
            here, *others = (
                np.concatenate([t["choices"]["earned"][n] for t in towns]).astype(float)
                for n in (name, "dense", "plain")
            )
            cells.append(f"{here.mean():.2f}")
            for other, each in zip(("dense", "plain"), others, strict=True):
                found = ratio_interval(here, each, np.arange(len(here)))
                cells.append("" if name == other else _interval(found))
        lines.append(_row(name, cells))
    lines += ["", *_head("promised / true, in a world of other listeners", list(kinds))]
    for name in next(iter(kinds.values()))[0]["choices"]["promised"]:
        cells = []
        for towns in kinds.values():
            ratios = [
                t["choices"]["promised"][name] / np.mean(t["choices"]["earned"][name.rpartition(", ")[2]])
                for t in towns
            ]
            cells.append(_spread(ratios, 2))
        lines.append(_row(name, cells))
    return "\n".join(lines) + "\n"


def _interval(found: Any) -> str:
    return f"{found.mean - 1:+.1%} ({found.low - 1:+.1%} to {found.high - 1:+.1%})"


def _spread(values: Sequence[float], digits: int) -> str:
    spread = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):.{digits}f}{spread}"


def _head(first: str, columns: Sequence[str]) -> list[str]:
    return [_row(first, columns), "| --- |" + " ---: |" * len(columns)]


def _row(first: str, cells: Sequence[str]) -> str:
    return f"| {first} | {' | '.join(cells)} |"
