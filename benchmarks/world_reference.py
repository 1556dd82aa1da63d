"""Shuffled sessions of a town, and the best that can be known of them: particle filters on the truth."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from segue.town import response
from segue.world import dynamics
from segue.world.dynamics import World
from segue.world.responses import Log

STEPS, PARTICLES = 30, 512


def shuffled(world: World, count: int, seed: int, reference: bool) -> tuple[Log, np.ndarray]:
    """Sessions played at random by the town's law, in parts: the logs, and the references' chances.

    The chances are (count, STEPS, 2, 4): of the reference that knows all but moods, and of the one that is
    not told of a listener's own ear either; zeros if not asked for.
    """
    size, parts = 2000, []
    for number in range(-(-count // size)):
        keys = jax.random.split(jax.random.fold_in(jax.random.key(seed), number), size)
        parts.append(jax.tree.map(np.asarray, _part(world, keys, reference)))
    return jax.tree.map(lambda *each: np.concatenate(each)[:count], *parts)


@partial(jax.jit, static_argnums=2)
def _part(world: World, keys: Array, reference: bool) -> tuple[Log, Array]:
    p, kinds = world.law.constants, 2 if reference else 0

    def one(carry, key):
        state, there, moods = carry
        to_choose, to_play, to_stay, *to_follow = jax.random.split(key, 5)
        place = jnp.argmax(jnp.where(state.free, jax.random.uniform(to_choose, state.free.shape), -1.0))
        event = dynamics.play(world, state, place, to_play)
        stays = jax.random.uniform(to_stay) < event.stay
        found, after = [jnp.zeros((2, 4))] if not reference else [], moods
        for kind in range(kinds):
            chance, each = _followed(world, state, place, event.stage, moods[kind], kind, to_follow[kind])
            found.append(chance)
            after = after.at[kind].set(each)
        row = event.log._replace(there=there.astype(jnp.float32), left=(~stays).astype(jnp.float32))
        return (event.state, there & stays, after), (row, jnp.stack(found) if reference else found[0])

    def session(key):
        to_begin, to_mood, to_run = jax.random.split(key, 3)
        moods = p.session_mood * jax.random.normal(to_mood, (2, PARTICLES))
        begun = (dynamics.begin(world, to_begin), jnp.asarray(True), moods)
        return jax.lax.scan(one, begun, jax.random.split(to_run, STEPS))[1]

    return jax.lax.map(session, keys, batch_size=100)


def _followed(world, state, place, stage, moods, kind: int, key) -> tuple[Array, Array]:
    """Chances of the stages (4,) before a play, and the particles (PARTICLES,) after it."""
    p, (to_ear, to_draw, to_move) = world.law.constants, jax.random.split(key, 3)
    track = response.take(world.law.tracks, world.starts.pool[state.start, place])
    appeal, care = world.law.appeal[state.start, place], world.law.care[state.start]
    calm = state.law._replace(mood=jnp.zeros(()))
    worth = response.utility(p, appeal, care, track, calm, jnp) + moods
    if kind == 1:
        # Affinity with the own ear, less that without it.
        who = world.starts.listener[state.start].astype(jnp.uint32)
        ear = response._own_ear(who, track.index, jnp)
        worth += p.own_ear * (jax.random.normal(to_ear, moods.shape) - ear)
    each = response.stages(p, worth, jnp)
    weight = jnp.cumsum(each[:, stage])
    at = (jnp.arange(PARTICLES) + jax.random.uniform(to_draw)) / PARTICLES * weight[-1]
    moods = moods[jnp.minimum(jnp.searchsorted(weight, at), PARTICLES - 1)]
    stay = p.session_mood_stay
    noise = jax.random.normal(to_move, moods.shape)
    return each.mean(0), stay * moods + jnp.sqrt(1 - stay * stay) * p.session_mood * noise
