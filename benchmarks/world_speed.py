"""How fast sessions of the simulated world are played.

    python benchmarks/world_speed.py [--repeats 5]

One core, alternating runs, median and range; compilation is not counted.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import gymnasium
import jax

import segue.world.environment  # noqa: F401 - registers Playlist-v0
from segue.agents import policies
from segue.town import TownConfig, build
from segue.town.law import model_world, true_world
from segue.town.starts import starts_of
from segue.world import dynamics
from segue.world.fitting import init_model
from segue.world.pools import SessionDraw

STEPS = 30


def speed(repeats: int) -> None:
    """Steps a second."""
    truth = build(TownConfig.named("ordinary", listeners=300, tracks=12_000, months=1.0), 7).truth()
    model = init_model(jax.random.key(0), "recurrent")
    lines = []
    for pool, starts, count in ((100, 500, 4096), (1000, 100, 512), (10_000, 10, 32)):
        begun = starts_of(truth, SessionDraw(starts, pool, 7))
        worlds = {"town": true_world(truth, begun, model), "model": model_world(truth, begun, model)}
        for law, world in worlds.items():
            runs: dict[str, Callable[[int], float]] = {
                "compiled, random": partial(_batch, world, policies.by_chance, count),
                "compiled, greedy": partial(_batch, world, policies.greedy, count),
                "Gymnasium": partial(_gymnasium, world),
                "Gymnasium, 64 at once": partial(_vector, world),
            }
            times: dict[str, list[float]] = {name: [] for name in runs}
            for run in runs.values():
                run(0)
            for number in range(repeats):
                for name, run in runs.items():
                    times[name].append(run(number))
            for name, each in times.items():
                lines.append((pool, law, name, statistics.median(each), min(each), max(each)))
                print(
                    f"{pool:6} {law:6} {name:22} {lines[-1][3]:10,.0f} ({min(each):,.0f} to {max(each):,.0f})"
                )
    middle = {(pool, law, name): each for pool, law, name, each, *_ in lines}
    for law in ("town", "model"):
        print(f"{law}: compiled, random / Gymnasium at 100 candidates: "
              f"{middle[100, law, 'compiled, random'] / middle[100, law, 'Gymnasium']:.0f}; greedy "
              f"{middle[100, law, 'compiled, greedy'] / middle[100, law, 'Gymnasium']:.0f}")  # fmt: skip


def _batch(world, policy, count: int, seed: int) -> float:
    begin = time.perf_counter()
    dynamics.sessions(world, policy, None, count, STEPS, seed).stage.block_until_ready()
    return count * STEPS / (time.perf_counter() - begin)


def _gymnasium(world, seed: int, count: int = 1000) -> float:
    env = gymnasium.make("Playlist-v0", world=world, disable_env_checker=True)
    _, info = env.reset(seed=seed)
    begin = time.perf_counter()
    for _ in range(count):
        _, _, left, full, info = env.step(int(info["action_mask"].argmax()))
        if left or full:
            _, info = env.reset()
    return count / (time.perf_counter() - begin)


def _vector(world, seed: int, count: int = 50) -> float:
    env = gymnasium.make_vec("Playlist-v0", num_envs=64, world=world)
    _, info = env.reset(seed=seed)
    begin = time.perf_counter()
    for _ in range(count):
        _, _, _, _, info = env.step(info["action_mask"].argmax(1))
    return 64 * count / (time.perf_counter() - begin)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    speed(parser.parse_args().repeats)


if __name__ == "__main__":
    main()
