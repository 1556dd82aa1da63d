"""Small worlds that are there without any data: sessions of a simulated town, answered by its law."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp

from segue.errors import UsageError
from segue.town import TownConfig, build
from segue.town.law import true_world
from segue.town.starts import starts_of
from segue.world.dynamics import World
from segue.world.environment import PlaylistEnv, PlaylistVectorEnv
from segue.world.fitting import init_model
from segue.world.pools import SessionDraw

# Rewards by name: of a track left at once, left soon, mostly heard, heard whole.
REWARDS = {"whole": (0.0, 0.0, 0.0, 1.0), "share": (0.03, 0.12, 0.6, 1.0), "skips": (-1.0, -0.5, 0.0, 1.0)}


@cache
def demo_world(kind: str = "ordinary", *, cold: bool = False, seed: int = 0) -> tuple[World, list[str]]:
    """A world of 300 sessions with 100 candidates each, and the names of its tracks.

    Its user model knows nothing: what is expected of a candidate says nothing until one is fitted.

    Args:
        kind: of the town (`segue.town.config.names`).
        cold: nothing is known of the listeners.
        seed: of the town and the sessions.
    """
    town = build(TownConfig.named(kind, listeners=100, tracks=1500, months=0.5), seed)
    truth, names = town.truth(), town.names
    labels = [f"{', '.join(who)} - {title}" for who, title in zip(names.credits, names.titles, strict=True)]
    model = init_model(jax.random.key(seed), "plain")
    starts = starts_of(truth, SessionDraw(300, 100, seed), newcomers=cold)
    return true_world(truth, starts, model), labels


def playlist_env(world: World | None = None, **settings: Any) -> PlaylistEnv:
    """`Playlist-v0` in a world; without one, in that of a demo.

    Args:
        world: whose sessions; by default of `demo_world`.
        settings: `kind` and `cold` of `demo_world`, `reward` of `REWARDS`, and those of `PlaylistEnv`.

    Raises:
        UsageError: there is no such reward.
    """
    chosen, labels = _world(world, settings)
    settings.setdefault("labels", labels)
    return PlaylistEnv(chosen, **settings)


def playlist_vector_env(num_envs: int = 64, world: World | None = None, **settings: Any) -> PlaylistVectorEnv:
    """The same, many at once."""
    return PlaylistVectorEnv(_world(world, settings)[0], num_envs, **settings)


def _world(world: World | None, settings: dict[str, Any]) -> tuple[World, list[str] | None]:
    """The world that settings ask for, and its labels; what is of the world is taken out of them."""
    kind, cold, reward = (settings.pop(name, None) for name in ("kind", "cold", "reward"))
    labels = None
    if world is None:
        world, labels = demo_world(kind or "ordinary", cold=bool(cold))
    if reward is not None:
        if reward not in REWARDS:
            raise UsageError("There is no such reward", expected=", ".join(REWARDS), got=str(reward))
        world = world._replace(rewards=jnp.asarray(REWARDS[reward]))
    return world, labels
