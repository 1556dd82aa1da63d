"""Quality of recommendations on real data and on listeners whose tastes are known, peers side by side.

    SEGUE_DATA=folder python benchmarks/quality.py tune listeners playlists    # settings, on validation parts
    SEGUE_DATA=folder python benchmarks/quality.py run listeners playlists     # 5 seeds, on the test parts
    python benchmarks/quality.py town                                         # against true affinities
    python benchmarks/quality.py write           # the tables of docs/measurements/factors.md

`folder` holds hetrec2011-lastfm-2k.zip and mpd-subset.zip. Every system is given `--tries` settings: the ones
that measured well before, where there are any, then draws from its space (quality_peers.py). They are judged
by NDCG@100 on validation parts of the training listeners of `--folds` seeds; the best goes on to the test
parts. Results are by listener, paired; an interval that holds 0 is a tie. A peer that is not installed is
left out. Results are kept in benchmarks/results/quality, one file a system, so that runs can be short ones.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson

import data
from pages import put
from quality_peers import PEERS, Settings
from quality_town import town, town_table
from segue.evaluation.histories import Histories
from segue.evaluation.protocols import LISTENERS, PLAYLISTS, Protocol, run_system
from segue.evaluation.report import Report, Run
from segue.files import write_bytes

RESULTS = Path(__file__).parent / "results" / "quality"
PAGE = Path(__file__).parent.parent / "docs" / "measurements" / "factors.md"
PROTOCOLS = {"listeners": LISTENERS, "playlists": PLAYLISTS}
OWN = "Segue, ImplicitALS"
CANDIDATES = "Segue, candidates"


def histories(name: str) -> Histories:
    """The trimmed data of a protocol."""
    return PROTOCOLS[name].trim(data.hetrec() if name == "listeners" else data.playlists()[0])


def draws(system: str, protocol: str, tries: int) -> list[Settings]:
    """The settings to try, all different."""
    peer = PEERS[system]
    found = [peer.first[protocol]] if protocol in peer.first else []
    rng = np.random.default_rng(0)
    space = peer.tried(protocol)
    most = max(1, int(np.prod([len(values) for values in space.values()]))) + len(found)
    while space and len(found) < min(tries, most):
        drawn = {key: values[rng.integers(len(values))] for key, values in space.items()}
        if drawn not in found:
            found.append(drawn)
        elif len(found) >= most - 1:
            break
    return found


def tune(args: argparse.Namespace) -> None:
    """Choose each system's settings on validation parts; what was tried before on as many folds counts."""
    for name in args.protocols:
        protocol, listening = PROTOCOLS[name], histories(name)
        folds = [protocol.validation(protocol.split(listening, seed), seed) for seed in range(args.folds)]
        for system in args.systems:
            kept = load(name, system) or {}
            tried = [each for each in kept.get("tried", []) if each["folds"] == args.folds]
            settings = draws(system, name, args.tries)
            known = [each["settings"] for each in tried]
            for new in [each for each in settings if each not in known] if len(settings) > 1 else []:
                start = time.perf_counter()
                make = partial(PEERS[system].make, new)
                runs = [run_system(system, make, fold, protocol, seed) for seed, fold in enumerate(folds)]
                reached = float(np.mean([run.value(protocol.main_metric) for run in runs]))
                say(name, system, new, f"{reached:.4f}", f"{time.perf_counter() - start:.0f} s")
                tried.append({"settings": new, "folds": args.folds, "reached": reached})
                keep(name, system, **kept | {"tried": tried})
            best = max(tried, key=lambda each: each["reached"])["settings"] if tried else settings[0]
            chosen = {"settings": best, "tries": max(len(tried), 1), "folds": args.folds, "tried": tried}
            if kept.get("settings") == best:
                chosen = kept | chosen  # its runs still hold
            keep(name, system, **chosen)
            say(name, system, "takes", best)


def run(args: argparse.Namespace) -> None:
    """Measure each system with the settings chosen, on the test parts."""
    for name in args.protocols:
        protocol, listening = PROTOCOLS[name], histories(name)
        for system in args.systems:
            kept = load(name, system)
            if kept is None:
                print(f"{system} has not been tuned for {name}")
                continue
            make = partial(PEERS[system].make, kept["settings"])
            found = [
                run_system(system, make, protocol.split(listening, seed), protocol, seed)
                for seed in range(args.seeds)
            ]
            say(
                name,
                system,
                {metric: np.mean([r.value(metric) for r in found]) for metric in protocol.accuracy},
            )
            keep(name, system, **kept | {"runs": [_plain(each) for each in found]})


def write(args: argparse.Namespace) -> None:
    """Put the tables into docs/measurements/factors.md."""
    tables = {f"quality-{name}": _table(name, protocol) for name, protocol in PROTOCOLS.items()}
    tables["quality-town"] = town_table(RESULTS)
    put(PAGE, {mark: table for mark, table in tables.items() if table})


def _table(name: str, protocol: Protocol) -> str:
    report = Report(protocol.name, protocol.description, protocol.main_metric)
    tries = {}
    for system in PEERS:
        kept = load(name, system)
        if kept is not None and "runs" in kept:
            tries[system] = kept["tries"]
            report.runs.extend(_run(system, each) for each in kept["runs"])
    if not report.runs:
        return ""
    header = ["system", *protocol.accuracy, f"{CANDIDATES} beyond it", f"{OWN} beyond it", "tries"]
    lines = ["| " + " | ".join(header) + " |", "| --- |" + " ---: |" * (len(header) - 1)]
    for system in report.systems:
        figures = [
            f"{report.mean(system, metric):.4f} ± {report.spread(system, metric):.4f}"
            for metric in protocol.accuracy
        ]
        gaps = []
        for ours in (CANDIDATES, OWN):
            if ours == system or ours not in tries:
                gaps.append("–")
                continue
            gap = report.difference(ours, system)
            gaps.append(f"{gap.mean:+.4f} ({gap.low:+.4f} to {gap.high:+.4f})")
        lines.append("| " + " | ".join([system, *figures, *gaps, str(tries[system])]) + " |")
    return "\n".join(lines) + "\n"


def _plain(one: Run) -> dict[str, Any]:
    return {
        "seed": one.seed,
        "listeners": one.listeners.tolist(),
        "per_listener": {key: values.round(6).tolist() for key, values in one.per_listener.items()},
        "seconds": [one.fit_seconds, one.recommend_seconds],
    }


def _run(system: str, kept: dict[str, Any]) -> Run:
    values = {key: np.array(figures) for key, figures in kept["per_listener"].items()}
    return Run(system, kept["seed"], np.array(kept["listeners"]), values, {}, *kept["seconds"])


def keep(protocol: str, system: str, **what: Any) -> None:
    """Store what is known of a system."""
    path = RESULTS / protocol / f"{system}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, orjson.dumps(what))


def load(protocol: str, system: str) -> dict[str, Any] | None:
    """What is known of a system, if anything."""
    path = RESULTS / protocol / f"{system}.json"
    return orjson.loads(path.read_bytes()) if path.is_file() else None


def say(*what: Any) -> None:
    """Print at once, also into a file."""
    print(*what, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True)
    for verb in (tune, run):
        added = verbs.add_parser(verb.__name__, help=verb.__doc__)
        added.add_argument("protocols", nargs="+", choices=PROTOCOLS)
        added.add_argument("--systems", nargs="+", default=list(PEERS), choices=PEERS)
        added.set_defaults(run=verb)
    verbs.choices["tune"].add_argument("--tries", type=int, default=16)
    verbs.choices["tune"].add_argument("--folds", type=int, default=2)
    verbs.choices["run"].add_argument("--seeds", type=int, default=5)
    added = verbs.add_parser("town", help=town.__doc__)
    added.add_argument("--seeds", type=int, default=3)
    added.add_argument("--listeners", type=int, default=300)
    added.set_defaults(run=partial(town, RESULTS))
    verbs.add_parser("write", help=write.__doc__).set_defaults(run=write)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
