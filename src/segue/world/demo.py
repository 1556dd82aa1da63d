"""A small world that is there without any data: sessions of a simulated town, answered by its law."""

from __future__ import annotations

from functools import cache

import jax

from segue.town import TownConfig, build
from segue.world.dynamics import World, world_of
from segue.world.responses import init_model
from segue.world.starts import starts_of


@cache
def demo_world(seed: int = 0) -> tuple[World, list[str]]:
    """A world of 300 sessions with 100 candidates each, and the names of its tracks.

    Its user model knows nothing: what is expected of a candidate says nothing until one is fitted.
    """
    town = build(TownConfig.named("ordinary", listeners=100, tracks=1500, months=0.5), seed)
    truth, names = town.truth(), town.names
    labels = [f"{', '.join(who)} - {title}" for who, title in zip(names.credits, names.titles, strict=True)]
    model = init_model(jax.random.key(seed), "plain")
    return world_of(truth, starts_of(truth, 300, 100, seed=seed), model), labels
