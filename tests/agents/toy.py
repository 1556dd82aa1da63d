"""A world so small that what pays is known: loud tracks please at once and tire for all that follows."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from segue.world.session import Seen, Training, Turn

POOL = 20
PARAMS = {"pleasure": jnp.asarray(1.5), "tiring": jnp.asarray(0.8)}


class State(NamedTuple):
    appeal: Array  # (m,)
    loud: Array  # (m,)
    free: Array  # (m,)
    tired: Array
    step: Array


def begin(params: dict, key: Array) -> State:
    one, two = jax.random.split(key)
    return State(
        jax.random.normal(one, (POOL,)),
        (jax.random.uniform(two, (POOL,)) < 0.5).astype(jnp.float32),
        jnp.ones(POOL, dtype=bool),
        jnp.zeros(()),
        jnp.zeros(()),
    )


def whole(params: dict, state: State) -> Array:
    return jax.nn.sigmoid(state.appeal + params["pleasure"] * state.loud - state.tired)


def see(params: dict, state: State) -> Seen:
    session = jnp.stack([state.tired, state.step / 10])
    candidates = jnp.stack([state.appeal, state.loud], -1)
    track, listener = jnp.arange(POOL), jnp.zeros((), jnp.int32)
    return Seen(session, candidates, whole(params, state), state.free, track, listener)


def turn(params: dict, state: State, place: Array, key: Array) -> Turn:
    reward = whole(params, state)[place]
    after = State(
        state.appeal,
        state.loud,
        state.free.at[place].set(False),
        state.tired + params["tiring"] * state.loud[place],
        state.step + 1,
    )
    return Turn(after, reward, jnp.asarray(0.98))


WORLD = Training(begin, see, turn)
