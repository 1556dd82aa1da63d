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

from segue.agents import policies
from segue.town import TownConfig, build
from segue.world import dynamics
from segue.world.dynamics import world_of
from segue.world.responses import init_model
from segue.world.starts import starts_of

STEPS = 30


def speed(repeats: int) -> None:
    """Steps a second."""
    truth = build(TownConfig.named("ordinary", listeners=300, tracks=12_000, months=1.0), 7).truth()
    model = init_model(jax.random.key(0), "recurrent")
    lines = []
    for pool, starts, count in ((100, 500, 4096), (1000, 100, 512), (10_000, 10, 32)):
        world = world_of(truth, starts_of(truth, starts, pool, seed=7), model)
        for law in ("town", "model"):
            runs: dict[str, Callable[[int], float]] = {
                "compiled, random": partial(_batch, law, world, policies.by_chance, count),
                "compiled, greedy": partial(_batch, law, world, policies.greedy, count),
                "Gymnasium": partial(_gymnasium, law, world),
                "Gymnasium, 64 at once": partial(_vector, law, world),
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


def _batch(law, world, policy, count: int, seed: int) -> float:
    begin = time.perf_counter()
    dynamics.sessions(law, world, policy, None, count, STEPS, seed).stage.block_until_ready()
    return count * STEPS / (time.perf_counter() - begin)


def _gymnasium(law, world, seed: int, count: int = 1000) -> float:
    env = gymnasium.make("Playlist-v0", world=world, law=law, disable_env_checker=True)
    _, info = env.reset(seed=seed)
    begin = time.perf_counter()
    for _ in range(count):
        _, _, left, full, info = env.step(int(info["action_mask"].argmax()))
        if left or full:
            _, info = env.reset()
    return count / (time.perf_counter() - begin)


def _vector(law, world, seed: int, count: int = 50) -> float:
    env = gymnasium.make_vec("Playlist-v0", num_envs=64, world=world, law=law)
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
