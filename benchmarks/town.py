"""The town beside published and real data, and how its constants were fitted.

    python benchmarks/town.py fit                     # Gauss-Newton on seeds 101 and 102; prints constants
    python benchmarks/town.py calibration --seeds 1 2 3 4 5
    python benchmarks/town.py speed

`fit` gives the constants of `response.Parameters`; `calibration` compares the town with what is published, on
seeds that `fit` has not seen.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np

from segue.town import TownConfig, build
from segue.town.calibration import (
    LENGTHS,
    LONGEST,
    REPEAT_LAST,
    SHARES,
    SHORTEST,
    SKIP_2_BY_POSITION,
    Figures,
    measure,
)
from segue.town.response import Parameters

# What `fit` may move, the step of its finite differences, and where it may not go below.
MOVED = {
    "gate_very_brief": (0.3, -9.0),
    "gate_brief": (0.3, -9.0),
    "gate_most": (0.3, -9.0),
    "session_mood": (0.4, 0.0),
    "momentum": (0.4, 0.0),
    "position": (0.3, 0.0),
    "position_tracks": (0.5, 0.3),
    "pace": (0.006, 0.001),
    "haste": (0.15, 0.0),
    "frustration": (0.015, 0.0),
}
FITTED_ON = (101, 102)
FITTED_SIZE = {"listeners": 500, "tracks": 10_000, "months": 2.0}


def residuals(figures: Figures) -> np.ndarray:
    """Differences from what is published, in the unit that each may be off by."""
    shares = np.array([figures.shares[name] - SHARES[name] for name in SHARES]) / 0.7
    # The published shares sum to 98.3%: skip_3 and whole are both as near as they can be at +0.9.
    return np.concatenate(
        [
            shares,
            (figures.by_position - np.array(SKIP_2_BY_POSITION)) / 1.5,
            (figures.lengths - np.array(LENGTHS)) / 1.5,
            [(figures.repeat_last - REPEAT_LAST) / 1.0],
        ]
    )


def figures_of(settings: dict[str, float], seed: int, size: dict[str, float]) -> Figures:
    """The figures of one town; its first batch of listeners is enough."""
    config = TownConfig.named("ordinary", **size, response=Parameters()._replace(**settings)._asdict())
    return measure(next(build(config, seed).batches()).plays)


def fit(rounds: int) -> None:
    """Gauss and Newton's method with damping. Draws are counted, so nothing but the constants moves."""
    names = list(MOVED)
    at = {name: getattr(Parameters(), name) for name in names}

    def look(settings: dict[str, float]) -> np.ndarray:
        return np.mean([residuals(figures_of(settings, seed, FITTED_SIZE)) for seed in FITTED_ON], axis=0)

    here = look(at)
    print(f"start {here @ here:.1f}")
    damping = 1.0
    for number in range(rounds):
        steps = np.array([MOVED[name][0] for name in names])
        slopes = np.array(
            [(look(at | {name: at[name] + step}) - here) for name, step in zip(names, steps, strict=True)]
        ).T
        for _ in range(4):
            move = np.linalg.solve(slopes.T @ slopes + damping * np.eye(len(names)), -slopes.T @ here)
            move = np.clip(move, -2, 2) * steps
            new = {
                name: max(MOVED[name][1], at[name] + change) for name, change in zip(names, move, strict=True)
            }
            there = look(new)
            if there @ there < here @ here:
                at, here, damping = new, there, damping / 3
                break
            damping *= 4
        print(f"round {number + 1} {here @ here:.1f}", {k: round(v, 4) for k, v in at.items()}, flush=True)
        print("  ", np.round(here, 1), flush=True)


def calibration(seeds: Sequence[int], size: dict[str, float]) -> None:
    """Published against the town: mean of the seeds and their standard deviation."""
    found = [figures_of({}, seed, size) for seed in seeds]

    def row(name: str, published: float, values: list[float]) -> None:
        mean, spread = np.mean(values), np.std(values, ddof=1) if len(values) > 1 else 0.0
        print(f"| {name} | {published:.1f} | {mean:.1f} ± {spread:.1f} | {mean - published:+.1f} |")

    print("| % | published | town | difference |\n| --- | --- | --- | --- |")
    for name, published in SHARES.items():
        row(name, published, [f.shares[name] for f in found])
    row("repeat last", REPEAT_LAST, [f.repeat_last for f in found])
    for place in range(LONGEST):
        row(f"skip_2 at {place + 1}", SKIP_2_BY_POSITION[place], [f.by_position[place] for f in found])
    for place, published in enumerate(LENGTHS):
        row(f"{SHORTEST + place} tracks", published, [f.lengths[place] for f in found])
    print(f"\n{np.mean([f.sessions for f in found]):.0f} sessions a seed")


def speed(size: dict[str, float]) -> None:
    """Seconds for a town, and how many plays."""
    began = time.perf_counter()
    town = build(TownConfig.named("ordinary", **size), 1)
    plays = sum(len(batch.plays.row) for batch in town.batches())
    print(f"{size}: {plays:,} plays in {time.perf_counter() - began:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["fit", "calibration", "speed"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--listeners", type=int, default=1000)
    parser.add_argument("--tracks", type=int, default=10_000)
    parser.add_argument("--months", type=float, default=6.0)
    arguments = parser.parse_args()
    size = {"listeners": arguments.listeners, "tracks": arguments.tracks, "months": arguments.months}
    if arguments.what == "fit":
        fit(arguments.rounds)
    elif arguments.what == "calibration":
        calibration(arguments.seeds, size)
    else:
        speed(size)


if __name__ == "__main__":
    main()
