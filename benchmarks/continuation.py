"""Playlists continued from a title, few tracks, or both, peers side by side.

    SEGUE_DATA=folder python benchmarks/continuation.py tune    # settings, on validation parts
    SEGUE_DATA=folder python benchmarks/continuation.py run     # on the test parts
    python benchmarks/continuation.py write           # the tables of docs/measurements/continuation.md

`folder` holds mpd-subset.zip. Splits are those of protocol B; scenarios are those of the RecSys Challenge
2018 (segue/evaluation/scenarios.py). Every system is given `--tries` settings (continuation_peers.py), judged
by the mean NDCG@100 of `TUNED_ON` on validation parts of the training playlists; the best goes on to the test
parts.
Intervals are paired, 95%, over playlists; one that holds 0 is a tie. Results are kept in
benchmarks/results/continuation, one file a system, so that runs can be short ones.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import orjson

import data
from continuation_peers import PEERS, Settings, drawn
from pages import put
from segue.evaluation.histories import Histories
from segue.evaluation.intervals import mean_interval
from segue.evaluation.protocols import PLAYLISTS
from segue.evaluation.scenarios import METRICS, SCENARIOS, Scenario, asked, measured, told
from segue.evaluation.splits import Fold
from segue.files import write_bytes

RESULTS = Path(__file__).parent / "results" / "continuation"
PAGE = Path(__file__).parent.parent / "docs" / "measurements" / "continuation.md"
TUNED_ON = (Scenario(0, True), Scenario(1, True), Scenario(5, True), Scenario(25, True))
OWN, WITHOUT = "Segue", "without its title"


class Playlists:
    """The data: trimmed histories, titles by playlist and each track's artist."""

    def __init__(self) -> None:
        whole, artists = data.playlists()
        self.histories: Histories = PLAYLISTS.trim(whole)
        self.titles = data.playlist_titles()
        self.artists = [artists[track] for track in self.histories.item_ids or ()]

    def fold(self, seed: int, *, inside: bool) -> tuple[Histories, Fold]:
        """What was split, and the split; `inside` is the validation part of the training playlists."""
        fold = PLAYLISTS.split(self.histories, seed)
        return (fold.train, PLAYLISTS.validation(fold, seed)) if inside else (self.histories, fold)

    def figures(
        self,
        system: str,
        settings: Settings,
        seed: int,
        scenarios: tuple[Scenario, ...],
        most: int,
        *,
        inside: bool,
    ) -> dict[str, Any]:
        """A system's `METRICS` of each playlist by scenario."""
        histories, fold = self.fold(seed, inside=inside)
        start = time.perf_counter()
        model = (
            PEERS[system].make(settings, seed).fit(fold.train, told(fold.train, self.titles), self.artists)
        )
        seconds = time.perf_counter() - start
        found = {}
        for scenario in scenarios:
            questions = asked(histories, fold, self.titles, scenario, most)
            if not len(questions.tested):
                continue
            values = measured(model, questions)
            found[scenario.name] = {name: each.round(6).tolist() for name, each in values.items()}
            found[scenario.name]["tested"] = questions.tested.tolist()
        return {"seed": seed, "seconds": seconds, "scenarios": found}


def tune(args: argparse.Namespace) -> None:
    """Choose each system's settings on validation parts."""
    playlists = Playlists()
    for system in args.systems:
        tried = []
        options = drawn(system, args.tries)
        for settings in options if len(options) > 1 else []:
            runs = [
                playlists.figures(system, settings, seed, TUNED_ON, args.playlists, inside=True)
                for seed in range(args.folds)
            ]
            means = [np.mean(each["ndcg@100"]) for run in runs for each in run["scenarios"].values()]
            tried.append({"settings": settings, "reached": float(np.mean(means))})
            print(system, settings, f"{tried[-1]['reached']:.4f}", flush=True)
        best = max(tried, key=lambda each: each["reached"])["settings"] if tried else options[0]
        keep(system, {"settings": best, "tries": max(1, len(tried)), "tried": tried})


def run(args: argparse.Namespace) -> None:
    """Measure each system with the settings chosen, on the test parts."""
    playlists = Playlists()
    for system in args.systems:
        kept = load(system)
        if kept is None:
            print(f"{system} has not been tuned")
            continue
        kept["runs"] = []
        for seed in range(args.seeds):
            one = playlists.figures(system, kept["settings"], seed, SCENARIOS, args.playlists, inside=False)
            kept["runs"].append(one)
            keep(system, kept)
            told_ = {name: round(float(np.mean(v["ndcg@100"])), 4) for name, v in one["scenarios"].items()}
            print(system, seed, told_, f"{one['seconds']:.0f} s", flush=True)


def write(args: argparse.Namespace) -> None:
    """Put the tables into docs/measurements/continuation.md."""
    kept = {system: found for system in PEERS if (found := load(system)) and found.get("runs")}
    tables = {f"continuation-{metric}": _table(kept, metric) for metric in METRICS}
    tables["continuation-gain"] = _gains(kept)
    put(PAGE, tables)


def _values(kept: dict[str, Any], scenario: str, metric: str) -> tuple[list[float], list[int]]:
    """All playlists' figures over the seeds, and which playlists they are."""
    found: list[float] = []
    tested: list[int] = []
    for each in kept["runs"]:
        if scenario in each["scenarios"]:
            found += each["scenarios"][scenario][metric]
            tested += each["scenarios"][scenario]["tested"]
    return found, tested


def _table(kept: dict[str, Any], metric: str) -> str:
    names = [scenario.name for scenario in SCENARIOS if _values(kept[OWN], scenario.name, metric)[0]]
    lines = ["| system | " + " | ".join(names) + " | tries |", "| --- |" + " ---: |" * (len(names) + 1)]
    for system, found in kept.items():
        cells = []
        for name in names:
            values, tested = _values(found, name, metric)
            own, _ = _values(kept[OWN], name, metric)
            cell = f"{np.mean(values):.4f}"
            if system != OWN:
                gap = mean_interval(np.array(own) - np.array(values), tested)
                cell += "" if gap.low > 0 else " (a tie)" if gap.high > 0 else " (above)"
            cells.append(cell)
        lines.append(f"| {system} | " + " | ".join(cells) + f" | {found['tries']} |")
    lines.append(
        "| playlists | "
        + " | ".join(f"{len(_values(kept[OWN], name, metric)[0]):,}" for name in names)
        + " | |"
    )
    return "\n".join(lines) + "\n"


def _gains(kept: dict[str, Any]) -> str:
    """What Segue has beyond the best of the others, and what the title brings it."""
    lines = ["| known | best other | Segue beyond it | the title's part |", "| --- | --- | ---: | ---: |"]
    for scenario in SCENARIOS:
        own, tested = _values(kept[OWN], scenario.name, "ndcg@100")
        if not own:
            continue
        others = {
            name: _values(found, scenario.name, "ndcg@100")[0] for name, found in kept.items() if name != OWN
        }
        best = max(others, key=lambda name: np.mean(others[name]))
        gap = mean_interval(np.array(own) - np.array(others[best]), tested)
        part = "–"
        if scenario.title and scenario.tracks:
            plain, _ = _values(kept[OWN], Scenario(scenario.tracks, False).name, "ndcg@100")
            if len(plain) == len(own):
                brought = mean_interval(np.array(own) - np.array(plain), tested)
                part = f"{brought.mean:+.4f} ({brought.low:+.4f} to {brought.high:+.4f})"
        told_ = f"{gap.mean:+.4f} ({gap.low:+.4f} to {gap.high:+.4f})"
        lines.append(f"| {scenario.name} | {best} | {told_} | {part} |")
    return "\n".join(lines) + "\n"


def keep(system: str, what: dict[str, Any]) -> None:
    """Store what is known of a system."""
    path = RESULTS / f"{system}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, orjson.dumps(what))


def load(system: str) -> dict[str, Any] | None:
    """What is known of a system, if anything."""
    path = RESULTS / f"{system}.json"
    return orjson.loads(path.read_bytes()) if path.is_file() else None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True)
    for verb in (tune, run):
        added = verbs.add_parser(verb.__name__, help=verb.__doc__)
        added.add_argument("--systems", nargs="+", default=list(PEERS), choices=PEERS)
        added.add_argument("--playlists", type=int, default=None, help="tested at most, by seed and scenario")
        added.set_defaults(run=verb)
    verbs.choices["tune"].add_argument("--tries", type=int, default=6)
    verbs.choices["tune"].add_argument("--folds", type=int, default=1)
    verbs.choices["run"].add_argument("--seeds", type=int, default=3)
    verbs.add_parser("write", help=write.__doc__).set_defaults(run=write)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
