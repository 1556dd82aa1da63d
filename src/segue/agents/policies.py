"""Policies: ways to choose the next track.

A policy is one function of (params, seen, key) that returns a place in the pool:

    import jax.numpy as jnp
    from segue.world.features import PLACES

    def choose(params, seen, key):
        taste = seen.candidates[:, PLACES["taste"]]
        follows = seen.candidates[:, PLACES["follows"]]
        return jnp.argmax(jnp.where(seen.mask, taste + 0.3 * follows, -jnp.inf))

It runs compiled, so it is written with `jax.numpy`. `params` is whatever arrays it needs; None for most.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from segue.agents.network import Trained, q_of
from segue.world.features import PLACES
from segue.world.session import Policy, Seen


class Factors(NamedTuple):
    """Factors of listeners (n, f) and tracks (m, f), by their numbers in the world."""

    listeners: Array
    tracks: Array


def best(seen: Seen, score: Array) -> Array:
    """The free candidate with the largest score (m,)."""
    return jnp.argmax(jnp.where(seen.mask, score, -jnp.inf))


def by_chance(params: Any, seen: Seen, key: Array) -> Array:
    """Any candidate."""
    return best(seen, jax.random.uniform(key, seen.mask.shape))


def popularity(params: Any, seen: Seen, key: Array) -> Array:
    """The most played in the town."""
    return best(seen, seen.candidates[:, PLACES["popularity"]])


def cosine(params: Any, seen: Seen, key: Array) -> Array:
    """The one most like the mean of what the listener has heard."""
    return best(seen, seen.candidates[:, PLACES["taste"]])


def nearest(params: Any, seen: Seen, key: Array) -> Array:
    """The one most like a track the listener loves, known or not."""
    return best(seen, seen.candidates[:, PLACES["nearest_five"]] + 0.1 * seen.candidates[:, PLACES["plays"]])


def factors(params: Factors, seen: Seen, key: Array) -> Array:
    """The one that matrix factorisation ranks first for the listener."""
    return best(seen, params.tracks[seen.track] @ params.listeners[seen.listener])


def greedy(params: Any, seen: Seen, key: Array) -> Array:
    """The one that the user model expects most of, at once."""
    return best(seen, seen.prior)


def agent(params: Trained, seen: Seen, key: Array) -> Array:
    """The one with the largest Q."""
    return best(seen, q_of(params, seen))


@cache
def one_of(policies: tuple[Policy, ...]) -> Policy:
    """Several policies as one, whose params are the number of who plays and the params of each.

    A world and all who play in it are then compiled once, not once for each: a session's share of that is
    by far the larger. The same policies give the same function.
    """

    def choose(params: tuple[Array, tuple[Any, ...]], seen: Seen, key: Array) -> Array:
        number, each = params
        branches = [
            lambda seen, key, policy=policy, own=own: jnp.asarray(policy(own, seen, key), jnp.int32)
            for policy, own in zip(policies, each, strict=True)
        ]
        return jax.lax.switch(number, branches, seen, key)

    return choose


BASELINES: dict[str, Policy] = {
    "random": by_chance,
    "popularity": popularity,
    "cosine to taste": cosine,
    "nearest favourites": nearest,
}
