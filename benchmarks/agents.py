"""Agents on towns that nobody tuned on: gains in truth and in worlds, trust in worlds, cost.

    python benchmarks/agents.py town --kind ordinary --town 111   # one town, in pieces; --replay for both
    python benchmarks/agents.py pools                             # cost as the pool grows, steps a second
    python benchmarks/agents.py write                             # the tables of docs/measurements/agents.md

Peers on `Playlist-v0` are in benchmarks/agents_peers.py. Pieces are kept in benchmarks/results/agents and
made once: user models, each training, each comparison. All agents play the same sessions.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

from segue.agents import policies
from segue.agents.agent import Agent
from segue.agents.config import AgentConfig
from segue.agents.planning import LOOK_AHEAD
from segue.evaluation import comparing
from segue.evaluation.populations import TownPopulation
from segue.evaluation.trials import player, trained
from segue.shelf.arrays import load_arrays, save_arrays
from segue.town import TownConfig
from segue.world.config import USER_MODELS, WorldConfig
from segue.world.dynamics import sessions
from segue.world.fitting import init_model
from segue.world.pools import SessionDraw
from segue.world.responses import UserModel
from segue.world.trees import from_arrays, to_arrays

RESULTS = Path(__file__).parent / "results" / "agents"
SIZE = {"listeners": 600, "tracks": 6000, "months": 1.0}
LOGGED, SESSIONS = 8000, 2000
TRAINED = {f"agent, seed {seed}": AgentConfig() for seed in range(3)} | {
    "agent, replay": AgentConfig(returns="replay")
}


def town(kind: str, seed: int, replay: bool) -> None:
    """Models, agents and comparison of one town; what is on disk is not made again."""
    folder = RESULTS / f"{kind}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    population = TownPopulation(TownConfig.named(kind, **SIZE), seed)
    models = _models(population, seed, folder / "models.npz")
    names = [name for name in TRAINED if replay or TRAINED[name].returns != "replay"]
    agents = {name: _agent(population, models, name, folder) for name in names}
    playing = comparing.rivals(population) | {name: player(agent) for name, agent in agents.items()}
    for world in comparing.worlds_of(population):
        path = folder / f"{world}.npz"
        if path.exists():
            continue
        begun = time.perf_counter()
        found = comparing.compare(
            population, models, playing, SessionDraw(SESSIONS, seed=seed), worlds=[world]
        )
        measures = found.sessions[world]
        arrays = {f"{who}|{what}": v for who, each in measures.items() for what, v in each.items()}
        save_arrays(path, "sessions", {"agents": list(measures)}, arrays)
        _tell(f"{kind} {seed}: {world}, {time.perf_counter() - begun:.0f} s", measures)


def _tell(what: str, measures: Any) -> None:
    means = {who: round(float(each["return"].mean()), 2) for who, each in measures.items()}
    print(what, means, flush=True)


def _models(population: TownPopulation, seed: int, path: Path) -> dict[str, UserModel]:
    if not path.exists():
        begun = time.perf_counter()
        config = WorldConfig(sessions=2 * LOGGED, members=1)
        _, found = population.user_models(config, seed=seed)
        models, losses = found.models, found.log_loss
        arrays: dict[str, Any] = {}
        for name, model in models.items():
            arrays |= to_arrays(name, model)
        facts = {"losses": losses, "seconds": time.perf_counter() - begun}
        save_arrays(path, "models", facts, arrays)
        print(path.parent.name, "models", json.dumps(facts), flush=True)
    _, arrays = load_arrays(path, "models")
    blank = init_model(jax.random.key(0), "plain")
    return {name: from_arrays(name, blank, arrays) for name in USER_MODELS}


def _agent(population: TownPopulation, models: dict[str, UserModel], name: str, folder: Path) -> Agent:
    path, told = folder / f"{name}.npz", folder / f"{name}.json"
    if not path.exists():
        number = int(name[-1]) if name[-1].isdigit() else 0
        agent, seconds = trained(population, models, TRAINED[name], seed=number)
        agent.save(path)
        config = TRAINED[name]
        steps = config.iterations * config.sessions * config.steps / seconds
        told.write_text(json.dumps({"seconds": seconds, "steps": steps}))
        print(folder.name, name, f"{seconds:.0f} s, {steps:,.0f} steps a second", flush=True)
    return Agent.load(path)


def pools(sizes: list[int], repeats: int) -> None:
    """Milliseconds for one choice out of pools of 100 to 10,000, and what is earned there."""
    folder = RESULTS / "ordinary-111"
    population = TownPopulation(TownConfig.named("ordinary", **(SIZE | {"tracks": 12_000})), 111)
    models = _models(population, 111, folder / "models.npz")
    agent = Agent.load(folder / "agent, seed 0.npz")
    playing = comparing.greedy() | {comparing.AGENT: player(agent)}
    playing |= {comparing.AHEAD: comparing.Player(LOOK_AHEAD), "random": comparing.Player(policies.by_chance)}
    rows = []
    for size in sizes:
        count = max(8, 40_000 // size)
        starts = population.starts(1, SessionDraw(min(count, 200), size, 7))
        for name, who in playing.items():
            world = population.true_world(starts, models[who.eyes])
            times, earned = [], 0.0
            for number in range(repeats + 1):
                begun = time.perf_counter()
                # A few sessions at a time: what a service does for one listener, without the start of a call.
                played = sessions(world, who.policy, who.params, count, comparing.STEPS, number)
                earned = float((played.there & (played.stage == 3)).sum(1).mean())
                times.append(1000 * (time.perf_counter() - begun) / (count * comparing.STEPS))
            rows.append({"pool": size, "agent": name, "ms": float(np.median(times[1:])), "earned": earned})
            print(rows[-1], flush=True)
            (RESULTS / "pools.json").write_text(json.dumps(rows, indent=1))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("town")
    one.add_argument("--kind", default="ordinary")
    one.add_argument("--town", type=int, default=111)
    one.add_argument("--replay", action="store_true", help="also an agent that learns by replay")
    two = verbs.add_parser("pools")
    two.add_argument("--sizes", nargs="+", type=int, default=[100, 300, 1000, 3000, 10_000])
    two.add_argument("--repeats", type=int, default=3)
    verbs.add_parser("write")
    given = parser.parse_args()
    if given.verb == "town":
        town(given.kind, given.town, given.replay)
    elif given.verb == "pools":
        pools(given.sizes, given.repeats)
    else:
        from agents_tables import write

        write(RESULTS)


if __name__ == "__main__":
    main()
