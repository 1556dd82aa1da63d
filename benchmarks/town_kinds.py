"""What the named towns do that their names say, and how skips depend on the size of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segue.town import Town, TownConfig, build
from segue.town.calibration import REPEAT_LAST, SHARES, measure
from segue.town.judging import JUDGED, greedy, sparing, value

KINDS = ("ordinary", "niche", "restless", "tiring")
SONGS = (2_500, 10_000, 30_000)
PRICE = 0.3  # of tiredness, to the planner on the truth


def kinds(seeds: Sequence[int], size: dict[str, float]) -> str:
    """Markdown: a row for each figure, a column for each town; `crowd` is `ordinary`, only large."""
    found = {name: [figures(build(TownConfig.named(name, **size), seed)) for seed in seeds] for name in KINDS}
    lines = ["| | " + " | ".join(KINDS) + " |", "| --- |" + " ---: |" * len(KINDS)]
    for row in found[KINDS[0]][0]:
        cells = [_cell([each[row] for each in found[name]]) for name in KINDS]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def figures(town: Town) -> dict[str, float]:
    """What tells the towns apart."""
    plays = next(town.batches()).plays
    counts = np.sort(np.bincount(plays.track[np.isfinite(plays.utility)]))[::-1]
    truth, who = town.truth(), np.arange(min(200, town.config.listeners))
    first, last = (truth.affinity(who, day) for day in (0.0, town.config.days))
    same = [np.corrcoef(a, b)[0, 1] for a, b in zip(first, last, strict=True)]
    now, ahead = (
        value(truth, policy, JUDGED._replace(seed=1)).whole.mean() for policy in (greedy, sparing(PRICE))
    )
    return {
        "songs that half of the plays are of, %": 100
        * float(np.searchsorted(np.cumsum(counts), counts.sum() / 2) + 1)
        / len(truth.track_ids),
        "artists": float(len(town.catalogue.artists.genre)),
        "liking on the first and last day, correlation": float(np.mean(same)),
        "planning over the best next song, %": 100 * float(ahead / now - 1),
    }


def sizes(seeds: Sequence[int], listeners: int, months: float) -> str:
    """Markdown: the calibrated shares by size of the catalogue."""
    lines = [
        "| songs | " + " | ".join(SHARES) + " | ends as the track before did |",
        "| --- |" + " ---: |" * (len(SHARES) + 1),
    ]
    lines.append(
        "| published | " + " | ".join(f"{share:.1f}" for share in (*SHARES.values(), REPEAT_LAST)) + " |"
    )
    for songs in SONGS:
        config = TownConfig.named("ordinary", listeners=listeners, tracks=songs, months=months)
        found = [measure(next(build(config, seed).batches()).plays) for seed in seeds]
        rows = [[*each.shares.values(), each.repeat_last] for each in found]
        lines.append(
            f"| {songs:,} | "
            + " | ".join(_cell([row[n] for row in rows]) for n in range(len(SHARES) + 1))
            + " |"
        )
        print(lines[-1], flush=True)
    return "\n".join(lines)


def _cell(values: Sequence[float]) -> str:
    """Mean and standard deviation, short."""
    mean, spread = np.mean(values), np.std(values, ddof=1) if len(values) > 1 else 0.0
    digits = 2 if abs(mean) < 1 else 1 if abs(mean) < 100 else 0
    return f"{mean:.{digits}f}" + (f" ± {spread:.{digits}f}" if spread >= 0.5 * 10**-digits else "")
