"""A list in the agent's order: a pool played out track by track, with the Q of every choice kept."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from segue.agents.policies import Trained, q_of
from segue.world.session import Training


class Ordered(NamedTuple):
    """A list; arrays (length,)."""

    place: Array  # in the pool
    q: Array  # of the chosen track, when it was chosen
    prior: Array  # what the user model expected of it at once


@partial(jax.jit, static_argnums=(0, 4))
def order(
    world: Training, params: Any, state: Any, agent: Trained | None, length: int, key: Array
) -> Ordered:
    """The pool of a session put in order, responses drawn from the world as it goes.

    Args:
        world: its functions.
        params: its arrays.
        state: a session's start, whose pool is what is put in order.
        agent: a trained one; None is greedy on the user model, and q is then what that expects.
        length: of the list, at most the size of the pool.
        key: of the responses.
    """

    def one(state: Any, key: Array) -> tuple[Any, Ordered]:
        seen = world.see(params, state)
        q = seen.prior if agent is None else q_of(agent, seen)
        place = jnp.argmax(jnp.where(seen.mask, q, -jnp.inf))
        after = world.turn(params, state, place, key).state
        return after, Ordered(place, q[place], seen.prior[place])

    return jax.lax.scan(one, state, jax.random.split(key, length))[1]
