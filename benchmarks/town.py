"""The town beside published and real data, and how its constants were fitted.

    python benchmarks/town.py fit                     # Gauss-Newton on seeds 101 and 102; prints constants
    python benchmarks/town.py calibration --seeds 1 2 3 4 5
    python benchmarks/town.py sizes --listeners 600 --months 1        # calibration by size of the catalogue
    python benchmarks/town.py kinds --listeners 300 --tracks 5000     # what the named towns do
    python benchmarks/town.py speed
    SEGUE_DATA=folder python benchmarks/town.py order --listeners 2000 --tracks 60000 --months 3

`fit` gives the constants of `response.Parameters`; `calibration` compares the town with what is published, on
seeds that `fit` has not seen; `order` lays the town beside real data sets (town_order.py).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pages import put
from segue.report import draw
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
from segue.town.picture import by_position, lengths
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
    "frailty": (0.15, 0.0),
    "frustration": (0.015, 0.0),
}
FITTED_ON = (101, 102)
SIZES = ((1_000, 10_000, 6.0), (10_000, 10_000, 6.0), (1_000, 100_000, 6.0))
DOCS = Path(__file__).parents[1] / "docs" / "measurements"
PAGE = DOCS / "town.md"
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


def calibration(seeds: Sequence[int], size: dict[str, float], write: bool) -> None:
    """Published against the town: mean of the seeds and their standard deviation."""
    found = [figures_of({}, seed, size) for seed in seeds]
    lines = ["| % | published | town | difference |", "| --- | ---: | ---: | ---: |"]

    def row(name: str, published: float, values: list[float]) -> None:
        mean, spread = np.mean(values), np.std(values, ddof=1) if len(values) > 1 else 0.0
        lines.append(f"| {name} | {published:.1f} | {mean:.1f} ± {spread:.1f} | {mean - published:+.1f} |")

    for name, published in SHARES.items():
        row(name, published, [f.shares[name] for f in found])
    row("ends as the track before did", REPEAT_LAST, [f.repeat_last for f in found])
    for place in range(LONGEST):
        row(f"skip_2 at {place + 1}", SKIP_2_BY_POSITION[place], [f.by_position[place] for f in found])
    for place, published in enumerate(LENGTHS):
        name = f"{SHORTEST + place} tracks" + (" or more" if place == len(LENGTHS) - 1 else "")
        row(name, published, [f.lengths[place] for f in found])
    print("\n".join(lines))
    sessions = f"{np.mean([f.sessions for f in found]):,.0f} sessions a seed"
    print(f"\n{sessions}")
    if write:
        sizes = " ".join(f"--{name} {value:g}" for name, value in size.items())
        command = f"python benchmarks/town.py calibration --seeds {' '.join(map(str, seeds))} {sizes}"
        head = f"`{command}`: {sessions}, mean ± standard deviation over seeds."
        put(PAGE, {"calibration": "\n".join([head, "", *lines])})
        mean = Figures(
            shares={},
            by_position=np.mean([f.by_position for f in found], axis=0),
            lengths=np.mean([f.lengths for f in found], axis=0),
            repeat_last=0.0,
            sessions=0,
        )
        import altair as alt

        both = alt.hconcat(by_position(mean), lengths(mean)).resolve_scale(color="shared")
        (DOCS / "town-calibration.svg").write_text(draw(both), encoding="utf-8")


def speed(sizes: Sequence[tuple[int, int, float]], write: bool) -> None:
    """Seconds for a town written into a library, and the most memory; each in a process of its own."""
    lines = [
        "| listeners | songs | months | plays | s | processor, s | most memory, MB |",
        "| ---: " * 7 + "|",
    ]
    for listeners, tracks, months in sizes:
        program = (
            "import resource, sys, time; from pathlib import Path; from segue.town.making import write_town\n"
            "began = time.perf_counter()\n"
            f"made = write_town(Path(sys.argv[1]) / 'l', 'ordinary', 1, "
            f"dict(listeners={listeners}, tracks={tracks}, months={months}))\n"
            "print(made['listens'], time.perf_counter() - began, time.process_time(), "
            "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
        )
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-c", program, folder], capture_output=True, text=True, check=True
            )
        plays, seconds, busy, megabytes = map(float, done.stdout.split())
        lines.append(
            f"| {listeners:,} | {tracks:,} | {months:g} | {plays:,.0f} | {seconds:.0f} | {busy:.0f} "
            f"| {megabytes:,.0f} |"
        )
        print(lines[-1], flush=True)
    if write:
        head = "`python benchmarks/town.py speed`, written into a library, on a machine shared with others:"
        put(PAGE, {"speed": "\n".join([head, "", *lines])})


def order(seeds: Sequence[int], size: dict[str, float], write: bool) -> None:
    """Order of recommenders, long tails and repeats, beside real data; folds have the towns' seeds."""
    import town_order

    sets = {
        which: [town_order.compare(which, seed, size) for seed in seeds]
        for which in (town_order.REAL, town_order.TOWN)
    }
    tables = town_order.tables(sets)
    print(tables)
    if write:
        sizes = " ".join(f"--{name} {value:g}" for name, value in size.items())
        command = f"python benchmarks/town.py order --seeds {' '.join(map(str, seeds))} {sizes}"
        put(PAGE, {"order": f"`{command}`, mean ± standard deviation over seeds:\n\n{tables}"})
        (DOCS / "town-tail.svg").write_text(draw(town_order.picture(sets)), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["fit", "calibration", "speed", "order", "sizes", "kinds"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/measurements/town.md")
    parser.add_argument("--listeners", type=int, default=1000)
    parser.add_argument("--tracks", type=int, default=10_000)
    parser.add_argument("--months", type=float, default=6.0)
    arguments = parser.parse_args()
    size = {"listeners": arguments.listeners, "tracks": arguments.tracks, "months": arguments.months}
    if arguments.what == "fit":
        fit(arguments.rounds)
    elif arguments.what == "calibration":
        calibration(arguments.seeds, size, arguments.write)
    elif arguments.what == "order":
        order(arguments.seeds, size, arguments.write)
    elif arguments.what == "speed":
        speed(SIZES, arguments.write)
    else:
        import town_kinds

        seeds = " ".join(map(str, arguments.seeds))
        if arguments.what == "sizes":
            made = town_kinds.sizes(arguments.seeds, arguments.listeners, arguments.months)
            given = f"--listeners {arguments.listeners} --months {arguments.months:g}"
        else:
            made = town_kinds.kinds(arguments.seeds, size)
            given = " ".join(f"--{name} {value:g}" for name, value in size.items())
        print(made)
        if arguments.write:
            command = f"`python benchmarks/town.py {arguments.what} --seeds {seeds} {given}`"
            put(PAGE, {arguments.what: f"{command}, mean ± standard deviation over seeds:\n\n{made}"})


if __name__ == "__main__":
    main()
