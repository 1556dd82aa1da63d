"""Lists in the agent's order: pools played out track by track, with the Q of every choice kept."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from segue.agents.policies import Trained, q_of
from segue.world.session import Training

DRAWS = 8  # simulated listeners of a list


class Limits(NamedTuple):
    """What a list may hold; for one pool."""

    group: Array  # (m,) of each candidate
    quota: Array  # (k,) most tracks of each group
    artist: Array  # (m,) none comes twice running where that can be helped


class Opening(NamedTuple):
    """Where lists begin: before their first track. Arrays (n, ...), a row for each list."""

    state: Any  # starts of sessions, whose pools are what is put in order
    limits: Limits
    key: Array  # of the responses


class Ordered(NamedTuple):
    """A list; arrays (length,)."""

    place: Array  # in the pool
    q: Array  # of the chosen track, when it was chosen
    prior: Array  # what the user model expected of it at once
    there: Array  # bool; false where the pool or the quotas were used up


@partial(jax.jit, static_argnums=(0, 4))
def order(world: Training, params: Any, lists: Opening, agent: Trained | None, length: int) -> Ordered:
    """The pools of n sessions put in order, for listeners whose responses are not known yet.

    Each list is heard by `DRAWS` simulated listeners at once, who respond by chance. A track is worth the
    mean of its Q over them, weighed by the chance to be there still: what comes late is for who stays.

    Args:
        world: its functions.
        params: its arrays.
        lists: where the n lists begin.
        agent: a trained one; None is greedy on the user model, and q is then what that expects.
        length: of the lists.

    Returns: arrays (n, length).
    """

    def one(limits: Limits, carry: tuple, key: Array) -> tuple[tuple, Ordered]:
        heard, there, quota, last = carry
        seen = jax.vmap(world.see, (None, 0))(params, heard)
        each = seen.prior if agent is None else jax.vmap(q_of, (None, 0))(agent, seen)
        share = there / there.sum()
        q, prior = share @ each, share @ seen.prior
        allowed = seen.mask[0] & (quota[limits.group] > 0)
        apart = allowed & (limits.artist != last)
        place = jnp.argmax(jnp.where(jnp.where(apart.any(), apart, allowed), q, -jnp.inf))
        turn = jax.vmap(world.turn, (None, 0, None, 0))(params, heard, place, jax.random.split(key, DRAWS))
        there = share * turn.stay
        quota = quota.at[limits.group[place]].add(-1)
        row = Ordered(place, q[place], prior[place], allowed.any())
        return (turn.state, there, quota, limits.artist[place]), row

    def every(begun: Opening) -> Ordered:
        state, limits, key = begun
        heard = jax.tree.map(lambda x: jnp.broadcast_to(x, (DRAWS, *x.shape)), state)
        start = (heard, jnp.ones(DRAWS), limits.quota, jnp.asarray(-1, limits.artist.dtype))
        return jax.lax.scan(partial(one, limits), start, jax.random.split(key, length))[1]

    return jax.vmap(every)(lists)


class Along(NamedTuple):
    """What is expected of a list, place by place; arrays (length,), means over draws."""

    whole: Array  # reward that the world expects of the track, if the listener is there: heard whole
    there: Array  # chance that the listener still is


@partial(jax.jit, static_argnums=0)
def along(world: Training, params: Any, state: Any, places: Array, listed: Array, keys: Array) -> Along:
    """What the world expects of a list heard in a given order.

    Args:
        world, params: as for `order`.
        state: the start of one session.
        places: (length,) of the tracks in its pool, in order.
        listed: (length,) bool; false where `places` is only filled up.
        keys: (draws,) of the responses.
    """

    def one(carry: tuple, at: tuple) -> tuple[tuple, Along]:
        (state, there), (place, is_listed, key) = carry, at
        turn = world.turn(params, state, place, key)
        return (turn.state, there * turn.stay), Along(there * is_listed * turn.reward, there * is_listed)

    def draw(key: Array) -> Along:
        each = jax.random.split(key, places.shape[0])
        return jax.lax.scan(one, (state, jnp.ones(())), (places, listed, each))[1]

    drawn = jax.vmap(draw)(keys)
    there = drawn.there.mean(0)
    return Along(drawn.whole.mean(0) / jnp.maximum(there, 1e-9), there)
