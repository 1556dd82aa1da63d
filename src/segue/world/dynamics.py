"""A world of sessions: begin, see, choose, hear what comes of it. Pure functions of `World`, for one session.

Who answers is the world's law (`law.py`): a user model, drawn from its chances, or a town. What the agent
sees comes from the user model that it looks through, so that it can be taken from one world into another.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from segue.library.stages import HEARD
from segue.world import members
from segue.world.features import (
    Heard,
    hear,
    leaving_features,
    moment_features,
    nothing_heard,
    session_features,
)
from segue.world.law import Law, ModelLaw, Moment
from segue.world.responses import WHOLE, Log, UserModel, observed
from segue.world.session import Planner, Policy, Seen, Training, Turn
from segue.world.starts import Starts
from segue.world.tracks import Track, take

AT_ONCE = 256  # sessions whose features still fit the processor's cache; more at once are slower


class World(NamedTuple):
    """Everything the functions need; a pytree of arrays, passed in and never closed over."""

    tracks: Track  # (n_tracks, ...)
    starts: Starts
    model: UserModel  # what the agent sees through
    law: Law  # who answers
    rewards: Array  # (4,) of the stages a track can reach
    uncertainty_penalty: Array  # how many spreads of an ensemble's expectation are taken off it


class State(NamedTuple):
    """A session."""

    start: Array  # its place in `starts`
    free: Array  # (m,) not played yet
    heard: Heard
    memory: Array  # of the model that the agent sees through, (MEMORY,); of an ensemble (members, MEMORY)
    law: Any  # the law's own


class Event(NamedTuple):
    """What came of a choice."""

    state: State
    stage: Array
    reward: Array  # of the stage that was reached
    expected: Array  # the same before the draw: by the chances of the law
    stay: Array  # chance that the listener stays
    log: Log  # this moment, for a user model to learn from; `there` and `left` are left open


def world_of(
    tracks: Track,
    starts: Starts,
    model: UserModel,
    law: Law | None = None,
    *,
    rewards: Sequence[float] = WHOLE,
    uncertainty_penalty: float = 0.0,
) -> World:
    """A world of sessions.

    Args:
        tracks: (n_tracks, ...) of the catalogue.
        starts: how sessions begin.
        model: through which an agent observes sessions.
        law: who answers; by default the same model.
        rewards: of a track left at once, left soon, mostly heard, heard whole; by default 1 for the last.
        uncertainty_penalty: of ensembles (`responses.ensemble`): what an agent expects, and what it is told
            that a choice was worth, is less by so many standard deviations of the members' expectations.
    """
    return World(
        Track(*map(jnp.asarray, tracks)),
        starts,
        jax.tree.map(jnp.asarray, model),
        jax.tree.map(jnp.asarray, ModelLaw(model) if law is None else law),
        jnp.asarray(rewards, jnp.float32),
        jnp.asarray(uncertainty_penalty, jnp.float32),
    )


def begin(world: World, key: Array) -> State:
    """A session of a listener drawn at random."""
    to_start, to_mood, to_frailty = jax.random.split(key, 3)
    count, candidates = world.starts.pool.shape
    start, free = jax.random.randint(to_start, (), 0, count), jnp.ones(candidates, dtype=bool)
    heard, memory = nothing_heard(world.tracks.vector.shape[1], jnp), members.nothing_read(world.model)
    law = world.law.begin(jax.random.normal(to_mood), jax.random.normal(to_frailty))
    return State(start, free, heard, memory, law)


def see(world: World, state: State) -> Seen:
    """What an agent looks at: features, and the user model's expectation, of all candidates."""
    session, candidates, _ = _features(world, state)
    opinions = members.opinions(world.model, session, state.memory, candidates)
    chance = opinions.mean(0)
    offered = observed(candidates, chance)
    track, listener = world.starts.pool[state.start], world.starts.listener[state.start]
    seen = jnp.concatenate([session, state.memory.reshape(-1)])
    return Seen(seen, offered, _expected(world, opinions), state.free, track, listener)


def play(world: World, state: State, place: Array, key: Array) -> Event:
    """Let the listener hear the candidate at `place`."""
    session, candidates, tracks = _features(world, state)
    offered, track = candidates[place], take(tracks, place)
    moment = Moment(state.start, place, world.starts.pool[state.start, place], session, offered)
    expects = members.opinions(world.model, session, state.memory, offered[None]).mean(0)[0]
    answers = world.law.answer(state.law, moment)
    to_stage, to_law = jax.random.split(key)
    # A uniform number picks one of the stages by their chances.
    stage = jnp.sum(jax.random.uniform(to_stage) > jnp.cumsum(answers.mean(0))[:3])
    whole = (stage == 3).astype(jnp.float32)
    after = _after(world, state, place, stage, (session, offered, track), whole - expects[3])
    minutes = track.minutes * jnp.asarray(HEARD)[stage]
    leaving = leaving_features(after.heard, stage, minutes)
    law = world.law.heard(state.law, moment, stage, to_law)
    after = after._replace(law=law)
    log = Log(session, offered, stage, jnp.ones(()), leaving, jnp.zeros(()))
    expected = _expected(world, answers[:, None])[0]
    stay = 1 - world.law.leaving(law, leaving, minutes)
    return Event(after, stage, world.rewards[stage], expected, stay, log)


def _after(
    world: World,
    state: State,
    place: Array,
    stage: Array,
    seen: tuple[Array, Array, Track],
    surprise: Array,
) -> State:
    """The state, but for the law's own, after a track: what was `seen` of session, candidate and track."""
    session, offered, track = seen
    return State(
        state.start,
        state.free.at[place].set(False),
        hear(state.heard, track, stage, surprise),
        members.reads(world.model, state.memory, session, offered, stage, surprise),
        state.law,
    )


def _expected(world: World, opinions: Array) -> Array:
    """Reward expected of candidates (m,), by the stages' chances of all members (members, m, 4)."""
    worth = opinions @ world.rewards
    return worth.mean(0) - world.uncertainty_penalty * worth.std(0)


def _turn(world: World, state: State, place: Array, key: Array) -> Turn:
    event = play(world, state, place, key)
    return Turn(event.state, event.expected, event.stay)


TRAINING = Training(begin, see, _turn)


class Sessions(NamedTuple):
    """Sessions that a policy played; arrays (n, T)."""

    track: Array
    known: Array  # heard before the session
    there: Array  # bool
    stage: Array
    chance: Array  # reward that the law expected; by default the chance of hearing the track whole
    log: Log


@partial(jax.jit, static_argnums=(1, 3, 4))
def sessions(
    world: World, policy: Policy | Planner, params: Any, count: int, steps: int, seed: Array
) -> Sessions:
    """Let a policy play `count` sessions of at most `steps` tracks.

    The same seed gives every policy the same listeners, pools, moods, and numbers to draw responses by.
    """

    def one(carry: tuple[State, Array], key: Array) -> tuple[tuple[State, Array], Sessions]:
        state, there = carry
        to_choose, to_play, to_stay = jax.random.split(key, 3)
        if isinstance(policy, Planner):
            place = policy.choose(params, world, state, to_choose)
        else:
            place = policy(params, see(world, state), to_choose)
        event = play(world, state, place, to_play)
        stays = jax.random.uniform(to_stay) < event.stay
        at = (state.start, place)
        log = event.log._replace(there=there.astype(jnp.float32), left=(~stays).astype(jnp.float32))
        row = Sessions(world.starts.pool[at], world.starts.known[at], there, event.stage, event.expected, log)
        return (event.state, there & stays), row

    def session(key: Array) -> Sessions:
        to_begin, to_run = jax.random.split(key)
        first = (begin(world, to_begin), jnp.asarray(True))
        return jax.lax.scan(one, first, jax.random.split(to_run, steps))[1]

    at_once = -(-count // -(-count // AT_ONCE))  # even parts: a rest would be compiled once more
    return jax.lax.map(session, jax.random.split(jax.random.key(seed), count), batch_size=at_once)


def _features(world: World, state: State) -> tuple[Array, Array, Track]:
    tracks = take(world.tracks, world.starts.pool[state.start])
    static = world.starts.static[state.start]
    candidates = jnp.concatenate([static, moment_features(state.heard, tracks)], -1)
    return session_features(state.heard), candidates, tracks
