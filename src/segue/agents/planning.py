"""A short look-ahead: try the most promising candidates out in the user model, and see what follows."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from segue.world.dynamics import State, World, play, see
from segue.world.law import ModelLaw, ModelState
from segue.world.session import Planner

WIDTH, DEPTH, DRAWS = 5, 2, 2  # candidates tried, tracks that follow each, times it is tried
DISCOUNT = 0.95


def look_ahead(params: Any, world: World, state: State, key: Array) -> Array:
    """The candidate after which a greedy listener-model session of a few tracks brings most.

    A rollout (Tesauro and Galperin 1996): each of the `WIDTH` candidates that please most at once is played,
    then `DEPTH` more are chosen greedily. Responses are drawn from the user model the agent sees through,
    whoever answers in the world; all candidates meet the same chance. Rewards are expectations.
    """
    seen = see(world, state)
    prior, places = jax.lax.top_k(jnp.where(seen.mask, seen.prior, -jnp.inf), min(WIDTH, len(seen.mask)))
    own = world._replace(law=ModelLaw(world.model))
    # What the model has read of the session so far is its own reading, not that of who answers.
    mind = state._replace(law=ModelState(state.heard.surprise, state.memory))

    def worth(place: Array, key: Array) -> Array:
        first, *others = jax.random.split(key, DEPTH + 1)
        event = play(own, mind, place, first)
        total, there = event.expected, DISCOUNT * event.stay
        for later in others:
            view = see(own, event.state)
            follow = jnp.argmax(jnp.where(view.mask, view.prior, -jnp.inf))
            event = play(own, event.state, follow, later)
            total, there = total + there * view.mask.any() * event.expected, there * DISCOUNT * event.stay
        return total

    draws = jax.random.split(key, DRAWS)
    worths = jax.vmap(lambda place: jax.vmap(lambda draw: worth(place, draw))(draws).mean())(places)
    return places[jnp.argmax(jnp.where(jnp.isfinite(prior), worths, -jnp.inf))]


LOOK_AHEAD = Planner(look_ahead)
