"""A small world that is there without any data: sessions of a simulated town, answered by its law."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax

from segue.town import TownConfig, build
from segue.town.law import true_world
from segue.town.starts import starts_of
from segue.world.dynamics import World
from segue.world.environment import PlaylistEnv, PlaylistVectorEnv
from segue.world.pools import SessionDraw
from segue.world.responses import init_model


@cache
def demo_world(seed: int = 0) -> tuple[World, list[str]]:
    """A world of 300 sessions with 100 candidates each, and the names of its tracks.

    Its user model knows nothing: what is expected of a candidate says nothing until one is fitted.
    """
    town = build(TownConfig.named("ordinary", listeners=100, tracks=1500, months=0.5), seed)
    truth, names = town.truth(), town.names
    labels = [f"{', '.join(who)} - {title}" for who, title in zip(names.credits, names.titles, strict=True)]
    model = init_model(jax.random.key(seed), "plain")
    return true_world(truth, starts_of(truth, SessionDraw(300, 100, seed)), model), labels


def playlist_env(world: World | None = None, **settings: Any) -> PlaylistEnv:
    """`Playlist-v0` in a world; without one, in that of the demo. Settings are those of `PlaylistEnv`."""
    if world is None:
        world, labels = demo_world()
        settings = {"labels": labels} | settings
    return PlaylistEnv(world, **settings)


def playlist_vector_env(num_envs: int = 64, world: World | None = None, **settings: Any) -> PlaylistVectorEnv:
    """The same, many at once."""
    return PlaylistVectorEnv(demo_world()[0] if world is None else world, num_envs, **settings)
