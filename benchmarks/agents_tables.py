"""The tables of docs/measurements/agents.md from what benchmarks/agents.py kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pages import put
from segue.evaluation import comparing
from segue.evaluation.intervals import Interval, ratio_interval
from segue.evaluation.playing import Comparison
from segue.shelf.arrays import load_arrays

PAGE = Path(__file__).parents[1] / "docs" / "measurements" / "agents.md"
SIMPLE = ("random", "popularity", "cosine to taste", comparing.FACTORS)
JUDGES = [name for name, world in comparing.WORLDS.items() if world.kind == "independent"]
REPLAY, MEAN = "agent, replay", "agent"


class Town:
    """What was measured of one town."""

    def __init__(self, folder: Path) -> None:
        self.name, self.kind = folder.name, folder.name.partition("-")[0]
        sessions = {}
        for world in comparing.WORLDS:
            _, arrays = load_arrays(folder / f"{world}.npz", "sessions")
            found: dict[str, dict[str, np.ndarray]] = {}
            for key, values in arrays.items():
                who, _, what = key.partition("|")
                found.setdefault(who, {})[what] = values
            sessions[world] = found
        self.seeds = sorted(who for who in found if who.startswith("agent, seed"))
        kinds = {name: world.kind for name, world in comparing.WORLDS.items()}
        self.plain = Comparison(kinds, {world: dict(found) for world, found in sessions.items()})
        for found in sessions.values():
            # The agents of all seeds as one: the mean of what they earned in the same session.
            found[MEAN] = {"return": np.mean([found[seed]["return"] for seed in self.seeds], axis=0)}
        self.compared = Comparison(kinds, sessions)
        self.rival = self.compared.best(comparing.TRUE, list(comparing.GREEDY))
        self.seconds = {
            path.stem: json.loads(path.read_text())["seconds"] for path in folder.glob("agent*.json")
        }

    def mean(self, who: str, world: str = comparing.TRUE) -> float:
        return self.compared.mean(world, who)


def write(results: Path) -> None:
    """Put the tables between their marks in the page."""
    whole = [
        Town(path)
        for path in sorted(results.glob("*-*"))
        if path.is_dir() and all((path / f"{world}.npz").exists() for world in comparing.WORLDS)
    ]
    tables = {"returns": _returns(whole), "worlds": _worlds(whole), "ways": _ways(whole, results)}
    if (results / "pools.json").exists():
        tables["pools"] = _pools(json.loads((results / "pools.json").read_text()))
    put(PAGE, tables)


def _kinds(towns: list[Town]) -> Mapping[str, list[Town]]:
    found: dict[str, list[Town]] = {}
    for town in towns:
        found.setdefault(town.kind, []).append(town)
    return found


def _pooled(towns: list[Town], world: str, one: str, other: str | None = None) -> Interval:
    """Gain over all sessions of some towns, paired; over each town's best greedy agent by default."""
    above, below = [], []
    for town in towns:
        found = town.compared.sessions[world]
        ours, theirs = found[one]["return"], found[other or town.rival]["return"]
        both = min(len(ours), len(theirs))
        above.append(ours[:both] - theirs[:both])
        below.append(theirs[:both])
    a, b = np.concatenate(above), np.concatenate(below)
    return ratio_interval(a, b, np.arange(len(a)))


def _shown(gain: Interval) -> str:
    return f"{gain.mean:+.1%} ({gain.low:+.1%} to {gain.high:+.1%})"


def _returns(towns: list[Town]) -> str:
    columns = [*SIMPLE, *comparing.GREEDY, comparing.AHEAD, MEAN]
    lines = [
        f"| town | {' | '.join(columns)} | over best greedy | over greedy, plain | seeds |",
        f"| --- |{' ---: |' * (len(columns) + 3)}",
    ]
    for kind, some in _kinds(towns).items():
        for town in some:
            gains = [town.compared.gain(comparing.TRUE, seed, town.rival).mean for seed in town.seeds]
            cells = [f"{town.mean(who):.2f}" for who in columns]
            cells += [_shown(_pooled([town], comparing.TRUE, MEAN))]
            cells += [_shown(_pooled([town], comparing.TRUE, MEAN, "greedy, plain"))]
            cells += [f"{min(gains):+.1%} to {max(gains):+.1%}"]
            lines.append(f"| {town.name.replace('-', ' ')} | {' | '.join(cells)} |")
        cells = [f"{np.mean([town.mean(who) for town in some]):.2f}" for who in columns]
        cells += [f"**{_shown(_pooled(some, comparing.TRUE, MEAN))}**"]
        cells += [_shown(_pooled(some, comparing.TRUE, MEAN, "greedy, plain")), ""]
        lines.append(f"| all {kind} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _worlds(towns: list[Town]) -> str:
    head = "gain in it | less the true gain, points | promised / true, agent | greedy | rank correlation"
    lines = [f"| world | {head} | close pairs right |", f"| --- |{' ---: |' * 6}"]
    for kind, some in _kinds(towns).items():
        for world in comparing.WORLDS:
            gain = _pooled(some, world, MEAN)
            if world == comparing.TRUE:
                lines.append(f"| {kind}: {world} | {_shown(gain)} | | | | | |")
                continue
            true = _pooled(some, comparing.TRUE, MEAN)
            away = [
                100 * (_pooled([t], world, MEAN).mean - _pooled([t], comparing.TRUE, MEAN).mean) for t in some
            ]
            ratio = [t.mean(MEAN, world) / t.mean(MEAN) for t in some]
            plain = [t.mean(t.rival, world) / t.mean(t.rival) for t in some]
            rank = [t.plain.rank_correlation(world, comparing.TRUE) for t in some]
            pairs = [p for t in some for p in t.plain.close_pairs(world, comparing.TRUE)]
            cells = [
                _shown(gain),
                f"{100 * (gain.mean - true.mean):+.1f} (towns {', '.join(f'{a:+.1f}' for a in away)})",
                f"{np.mean(ratio):.2f} ({min(ratio):.2f} to {max(ratio):.2f})",
                f"{np.mean(plain):.2f}",
                f"{np.mean(rank):.2f}",
                f"{sum(p.right for p in pairs)} of {len(pairs)}",
            ]
            lines.append(f"| {kind}: {world} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _ways(towns: list[Town], results: Path) -> str:
    lines = ["| town, learner | tracks a session, in truth | against λ-returns, seed 0 | seconds |"]
    lines += ["| --- | ---: | ---: | ---: |"]
    for town in towns:
        if REPLAY not in town.compared.sessions[comparing.TRUE]:
            continue
        name = town.name.replace("-", " ")
        for who in (town.seeds[0], REPLAY):
            gain = "" if who != REPLAY else _shown(town.compared.gain(comparing.TRUE, REPLAY, town.seeds[0]))
            kind = "replay" if who == REPLAY else "λ-returns"
            lines.append(f"| {name}, {kind} | {town.mean(who):.2f} | {gain} | {town.seconds[who]:.0f} |")
        for path in sorted(results.glob(f"peer-*-{town.name}.json")):
            peer = json.loads(path.read_text())
            label = {"ppo": "sb3-contrib's MaskablePPO", "dqn": "Stable-Baselines3's DQN"}[peer["algorithm"]]
            told = f"{peer['return']:.2f} ± {peer['error']:.2f}"
            rate = f"{60 * peer['minutes']:.0f}, {peer['steps']:,} steps, {peer['rate']:,.0f} a second"
            lines.append(f"| {name}, {label} | {told} | | {rate} |")
    return "\n".join(lines) + "\n"


def _pools(rows: list[dict]) -> str:
    names = list(dict.fromkeys(row["agent"] for row in rows))
    lines = [f"| candidates | {' | '.join(names)} |", f"| ---: |{' ---: |' * len(names)}"]
    found = {(row["pool"], row["agent"]): f"{row['ms']:.2g}" for row in rows}
    for size in dict.fromkeys(row["pool"] for row in rows):
        lines.append(f"| {size:,} | {' | '.join(found.get((size, name), 'not run') for name in names)} |")
    return "\n".join(lines) + "\n"
