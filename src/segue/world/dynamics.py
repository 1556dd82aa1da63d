"""A world of sessions: begin, see, choose, hear what comes of it. Pure functions of `World`, for one session.

Who answers is `law`: the town's own law, or the user model, drawn from its chances. In both, what the agent
sees comes from the user model alone, so that an agent can be taken from one world into another.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from segue.town import response
from segue.town.response import Track
from segue.town.truth import Truth
from segue.world import responses
from segue.world.features import (
    Heard,
    hear,
    moment_features,
    nothing_heard,
    session_features,
)
from segue.world.responses import Log, UserModel
from segue.world.session import Planner, Policy, Seen, Training, Turn
from segue.world.starts import Starts

Law = Literal["town", "model"]
AT_ONCE = 256  # sessions whose features still fit the processor's cache; more at once are slower
WHOLE = (0.0, 0.0, 0.0, 1.0)  # the default reward: tracks heard whole


class World(NamedTuple):
    """Everything the functions need; a pytree of arrays, passed in and never closed over."""

    constants: response.Parameters  # of the town's law
    genres: Array  # (n_genres,), for its shape
    tracks: Track  # (n_tracks, ...)
    starts: Starts
    model: UserModel  # what the agent sees through
    answers: UserModel  # who answers, unless the town does
    rewards: Array  # (4,) of the stages a track can reach
    doubt: Array  # how many spreads of an ensemble's expectation are taken off it


class State(NamedTuple):
    """A session."""

    start: Array  # its place in `starts`
    free: Array  # (m,) not played yet
    heard: Heard
    memory: Array  # of the model that the agent sees through, (MEMORY,); of an ensemble (members, MEMORY)
    answering: tuple[Array, Array]  # surprise (2,) and memory of the model that answers
    town: response.State


class Event(NamedTuple):
    """What came of a choice."""

    state: State
    stage: Array
    reward: Array  # of the stage that was reached
    expected: Array  # the same before the draw: by the chances of the law
    stay: Array  # chance that the listener stays
    log: Log  # this moment, for a user model to learn from; `there` and `left` are left open


def world_of(
    truth: Truth,
    starts: Starts,
    model: UserModel,
    answers: UserModel | None = None,
    rewards: Sequence[float] = WHOLE,
    doubt: float = 0.0,
) -> World:
    """A world of a town's sessions.

    Args:
        truth: of the town.
        starts: how sessions begin.
        model: what the agent sees through.
        answers: the user model that answers, unless the town does; by default the same.
        rewards: of a track left at once, left soon, mostly heard, heard whole; by default 1 for the last.
        doubt: of ensembles (`responses.ensemble`): what an agent expects, and what it is told that a choice
            was worth, is less by so many standard deviations of the members' expectations.
    """
    genres = int(truth.tracks.genre.max()) + 1
    return assembled(
        truth.config.response,
        genres,
        truth.tracks,
        starts,
        model,
        answers=answers,
        rewards=rewards,
        doubt=doubt,
    )


def assembled(
    constants: response.Parameters,
    genres: int,
    tracks: response.Track,
    starts: Starts,
    model: UserModel,
    *,
    answers: UserModel | None,
    rewards: Sequence[float],
    doubt: float,
) -> World:
    """A world of its parts, as arrays that JAX takes; see `world_of`."""
    constants, tracks = jax.tree.map(jnp.asarray, (response.float32(constants), tracks))
    answers, worth = model if answers is None else answers, jnp.asarray(rewards, jnp.float32)
    less = jnp.asarray(doubt, jnp.float32)
    return World(constants, jnp.zeros(genres), tracks, starts, model, answers, worth, less)


def begin(world: World, key: Array) -> State:
    """A session of a listener drawn at random."""
    to_start, to_mood, to_haste = jax.random.split(key, 3)
    start = jax.random.randint(to_start, (), 0, world.starts.care.shape[0])
    dimensions = world.tracks.vector.shape[1]
    mood, haste = jax.random.normal(to_mood), jax.random.normal(to_haste)
    town = response.begin(world.constants, mood, haste, dimensions, len(world.genres), jnp)
    memory, theirs = (responses.nothing_read(model) for model in (world.model, world.answers))
    free = jnp.ones(world.starts.pool.shape[1], dtype=bool)
    return State(start, free, nothing_heard(dimensions), memory, (jnp.zeros(2), theirs), town)


def see(world: World, state: State) -> Seen:
    """What an agent looks at: features, and the user model's expectation, of all candidates."""
    session, candidates, _ = _features(world, state)
    opinions = responses.opinions(world.model, session, state.memory, candidates)
    chance = opinions.mean(0)
    heard = chance @ jnp.asarray(response.HEARD)
    offered = jnp.concatenate([candidates, chance[:, jnp.array([0, 3])], heard[:, None]], -1)
    track, listener = world.starts.pool[state.start], world.starts.listener[state.start]
    seen = jnp.concatenate([session, state.memory.reshape(-1)])
    return Seen(seen, offered, _expected(world, opinions), state.free, track, listener)


def play(law: Law, world: World, state: State, place: Array, key: Array) -> Event:
    """Let the listener hear the candidate at `place`."""
    session, candidates, tracks = _features(world, state)
    offered, track = candidates[place], response.take(tracks, place)
    expects = responses.opinions(world.model, session, state.memory, offered[None]).mean(0)[0]
    surprise, memory = state.answering
    theirs = session.at[responses.SURPRISE].set(surprise)
    answers = responses.opinions(world.answers, theirs, memory, offered[None])
    answer = answers.mean(0)[0]
    to_stage, to_mood = jax.random.split(key)
    if law == "town":
        appeal, care = world.starts.appeal[state.start, place], world.starts.care[state.start]
        worth = response.utility(world.constants, appeal, care, track, state.town, jnp)
        chance = response.stages(world.constants, worth, jnp)
        expected = chance @ world.rewards
    else:
        chance, expected = answer, _expected(world, answers)[0]
    stage = response.outcome(chance, jax.random.uniform(to_stage), jnp)
    whole = (stage == 3).astype(jnp.float32)
    heard = hear(state.heard, track, stage, whole - expects[3])
    minutes = track.minutes * jnp.asarray(response.HEARD)[stage]
    leaving = leaving_features(heard, stage, minutes)
    noise = jax.random.normal(to_mood)
    town = response.advance(world.constants, state.town, track, stage, noise, jnp)
    if law == "town":
        leave = response.leaving(world.constants, town, minutes, jnp)
    else:
        leave = jax.nn.sigmoid(world.answers.leaves @ leaving).mean()
    slower = jnp.asarray([0.6, 0.9])
    after = State(
        state.start,
        state.free.at[place].set(False),
        heard,
        responses.reads(world.model, state.memory, session, offered, stage, whole - expects[3]),
        (
            slower * surprise + (1 - slower) * (whole - answer[3]),
            responses.reads(world.answers, memory, theirs, offered, stage, whole - answer[3]),
        ),
        town,
    )
    log = Log(session, offered, stage, jnp.ones(()), leaving, jnp.zeros(()))
    return Event(after, stage, world.rewards[stage], expected, 1 - leave, log)


def _expected(world: World, opinions: Array) -> Array:
    """Reward expected of candidates (m,), by the stages' chances of all members (members, m, 4)."""
    worth = opinions @ world.rewards
    return worth.mean(0) - world.doubt * worth.std(0)


def leaving_features(heard: Heard, stage: Array, minutes: Array) -> Array:
    """What leaving is learned from, (LEAVING,): the session after a track, and minutes listened to it."""
    return jnp.stack(
        [
            jnp.ones(()),
            minutes / 4,
            jnp.maximum(heard.skips - 2, 0),
            jnp.maximum(heard.skips - 4, 0),
            heard.position / 10,
            (stage < 2).astype(jnp.float32),
            heard.outcomes[1],
            heard.minutes / 30,
        ]
    )


def _turn(world: World, state: State, place: Array, key: Array) -> Turn:
    event = play("model", world, state, place, key)
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


@partial(jax.jit, static_argnums=(0, 2, 4, 5))
def sessions(
    law: Law, world: World, policy: Policy | Planner, params: Any, count: int, steps: int, seed: Array
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
        event = play(law, world, state, place, to_play)
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
    tracks = response.take(world.tracks, world.starts.pool[state.start])
    static = world.starts.static[state.start]
    candidates = jnp.concatenate([static, moment_features(state.heard, tracks)], -1)
    return session_features(state.heard), candidates, tracks
