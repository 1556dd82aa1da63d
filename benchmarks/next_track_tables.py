"""The tables of benchmarks/next_track.py, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from segue.evaluation.next_track import METRICS, SequenceResult

OURS = {"HR@20": "blend: next", "MRR@20": "blend: next", "NDCG@100": "blend: soon"}


def tuned_row(name: str, metric: str) -> str:
    """The name of a system's row with the settings that were best at a metric."""
    return f"{name}, tuned for {metric}"


def tuned_table(rows: Mapping[str, SequenceResult], tries: Mapping[str, int]) -> str:
    """Each system with its best settings for each metric, and how far the blend is beyond it, paired."""
    ours = {metric: rows.get(name) for metric, name in OURS.items()}
    beyond = [f"{metric} | blend beyond it" for metric in METRICS]
    lines = [f"| system | tries | {' | '.join(beyond)} |", "| --- |" + " ---: |" * (1 + 2 * len(METRICS))]
    for name, tried in tries.items():
        found = {metric: rows.get(tuned_row(name, metric)) for metric in METRICS}
        if any(result is None for result in found.values()):
            continue
        cells = [name, str(tried)]
        for metric, result in found.items():
            assert result is not None
            cells += [_plain(result.values(metric)[0].mean()), _less(ours[metric], result, metric)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n" if len(lines) > 2 else ""


def _less(ours: SequenceResult | None, other: SequenceResult, metric: str) -> str:
    if ours is None:
        return ""
    less = ours.less(other, metric)
    return f"{_signed(less.mean)} [{_signed(less.low)}, {_signed(less.high)}]"


def spread(rows: Mapping[str, Sequence[SequenceResult]]) -> str:
    """Mean and deviation over seeds of the rows that were made with several."""
    lines = [
        "| system | seeds | HR@20 | MRR@20 | NDCG@100 |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, found in rows.items():
        if len(found) < 2:
            continue
        cells = [name, str(len(found))]
        for metric in METRICS:
            means = [float(result.values(metric)[0].mean()) for result in found]
            cells.append(f"{_plain(np.mean(means), 4)} ± {_plain(np.std(means, ddof=1), 4)}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n" if len(lines) > 2 else ""


def table(rows: Mapping[str, SequenceResult]) -> str:
    """The metrics, and paired differences from STAN, its better setting for each."""
    lines = [
        "| system | HR@20 | MRR@20 | NDCG@100 | HR@20 less STAN's | NDCG@100 less STAN's |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    stan = {"HR@20": rows.get("STAN, short decays"), "NDCG@100": rows.get("STAN, long decays")}
    for name, result in rows.items():
        cells = [_plain(result.values(metric)[0].mean()) for metric in METRICS]
        for metric, other in stan.items():
            if other is None or other is result:
                cells.append("")
                continue
            cells.append(_less(result, other, metric))
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines) + "\n"


def _plain(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}".lstrip("0")


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("0.", ".").replace("-", "−")
