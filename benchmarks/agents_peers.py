"""Peers trained unchanged on `Playlist-v0`: sb3-contrib's MaskablePPO and Stable-Baselines3's DQN.

They need PyTorch, so they run in an environment of their own, beside Segue:

    pip install torch stable-baselines3 sb3-contrib -e ".[world]"
    python benchmarks/agents.py town --kind ordinary --town 111         # makes the world they learn in
    python benchmarks/agents_peers.py --algorithm ppo --minutes 5

A peer learns in the very world that Segue's agent learned in, for a given time, and is then played in the
town. DQN knows no masks: a place that was played already plays nothing.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import gymnasium
import numpy as np
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3 import DQN
from stable_baselines3.common.callbacks import BaseCallback

import segue.world.environment  # noqa: F401 - registers Playlist-v0
from agents import RESULTS, SIZE, _models
from segue.evaluation import comparing
from segue.evaluation.populations import TownPopulation
from segue.town import TownConfig
from segue.world.dynamics import World
from segue.world.pools import SessionDraw


class Until(BaseCallback):
    """Stop after some seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.end = time.perf_counter() + seconds

    def _on_step(self) -> bool:
        return time.perf_counter() < self.end


def main() -> None:
    """Train one and play it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--algorithm", choices=["ppo", "dqn"], default="ppo")
    parser.add_argument("--kind", default="ordinary")
    parser.add_argument("--town", type=int, default=111)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--sessions", type=int, default=500)
    given = parser.parse_args()
    torch.set_num_threads(1)
    population = TownPopulation(TownConfig.named(given.kind, **SIZE), given.town)
    models = _models(population, given.town, RESULTS / f"{given.kind}-{given.town}" / "models.npz")
    eyes = models[comparing.MAIN_MODEL]
    env = gymnasium.make(
        "Playlist-v0", world=population.world(population.starts(0, SessionDraw(2000, 100, 40)), eyes)
    )
    model: Any
    if given.algorithm == "ppo":
        model = MaskablePPO("MultiInputPolicy", env, seed=0)
    else:
        model = DQN("MultiInputPolicy", env, seed=0, buffer_size=20_000)
    begun = time.perf_counter()
    model.learn(10**9, callback=Until(60 * given.minutes))
    rate = model.num_timesteps / (time.perf_counter() - begun)
    starts = population.starts(1, SessionDraw(2000, 100, given.town))
    earned = _played(model, given.algorithm, population.true_world(starts, eyes), given.sessions)
    found = {
        "algorithm": given.algorithm,
        "town": f"{given.kind}-{given.town}",
        "minutes": given.minutes,
        "steps": model.num_timesteps,
        "rate": rate,
        "return": float(np.mean(earned)),
        "error": float(1.96 * np.std(earned) / np.sqrt(len(earned))),
    }
    print(found)
    (RESULTS / f"peer-{given.algorithm}-{given.kind}-{given.town}.json").write_text(json.dumps(found))


def _played(model: Any, algorithm: str, world: World, sessions: int) -> list[float]:
    """Returns in the town."""
    env = gymnasium.make("Playlist-v0", world=world)
    earned = []
    for number in range(sessions):
        seen, info = env.reset(seed=number)
        total, over = 0.0, False
        while not over:
            more = {"action_masks": info["action_mask"].astype(bool)} if algorithm == "ppo" else {}
            action, _ = model.predict(seen, deterministic=True, **more)
            seen, reward, left, full, info = env.step(action)
            total, over = total + float(reward), left or full
        earned.append(total)
    return earned


if __name__ == "__main__":
    main()
