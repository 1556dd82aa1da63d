"""What greed on a user model earns in truth, beside greed on the truth, and what worlds promise of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from segue.agents import policies
from segue.town import response
from segue.town.law import model_world, true_world
from segue.town.starts import starts_of
from segue.town.truth import Truth
from segue.world import dynamics, responses
from segue.world.dynamics import World, sessions
from segue.world.fitting import fit_model
from segue.world.pools import SessionDraw
from segue.world.responses import Log, UserModel
from world_reference import STEPS

PLAYED, POOL, SEED = 1500, 100, 77
GREEDY_SHARE = 0.25  # of the logs that a world is learned from, where some were chosen by greed
DOUBTS = (0.0, 1.0, 3.0)  # spreads of the ensemble taken off the expected reward


def choices(
    truth: Truth,
    halves: list[np.ndarray],
    models: Mapping[str, UserModel],
    members: int,
    seed: int,
    others: Log,
) -> dict[str, Any]:
    """Returns by session in truth, and what independent worlds promise of greed on the recurrent model."""
    starts = starts_of(truth, SessionDraw(PLAYED, POOL, seed + 90), listeners=halves[1])
    world = true_world(truth, starts, models["recurrent"])
    earned: dict[str, np.ndarray] = {}
    for name in ("session, all known", "appeal, all known"):
        earned[name] = _knowing(world, name.startswith("session"), PLAYED)
    for form in ("dense", "plain", "summary", "recurrent"):
        earned[form] = _whole(true_world(truth, starts, models[form]), policies.greedy)
    earned["chance"] = _whole(world, policies.by_chance)
    ensemble = [models["recurrent"], *(models[f"recurrent {n + 1}"] for n in range(1, members))]
    stacked = jax.tree.map(lambda *each: jnp.stack(each), *ensemble)
    for doubt in DOUBTS:
        earned[f"ensemble, less {doubt:g} spreads"] = _doubting(world, stacked, doubt, PLAYED)
    # Worlds of other listeners: those that measure here taught them, and greed sees through the teachers'.
    promised = {}
    mixed = _mixed(truth, halves[1], others, models["recurrent"], seed)
    answering = {
        "same form": models["recurrent, others"],
        "other form": models["summary, others"],
        "other form, some greedy logs": fit_model(mixed, "summary", seed=seed + 7),
    }
    for name, answers in answering.items():
        where = model_world(truth, starts, models["recurrent"], answers)
        for who, policy in (("recurrent", policies.greedy), ("chance", policies.by_chance)):
            promised[f"{name}, {who}"] = float(_whole(where, policy).mean())
    return {"earned": {name: each.tolist() for name, each in earned.items()}, "promised": promised}


def _whole(world: World, policy: Any) -> np.ndarray:
    played = sessions(world, policy, None, PLAYED, STEPS, SEED)
    return np.asarray((played.there & (played.stage == 3)).sum(1))


def _mixed(truth: Truth, whose: np.ndarray, log: Log, eyes: UserModel, seed: int) -> Log:
    """The log with a share of its sessions chosen by greed from pools."""
    count = int(GREEDY_SHARE * len(log.stage))
    world = true_world(truth, starts_of(truth, SessionDraw(count, POOL, seed + 91), listeners=whose), eyes)
    chosen = sessions(world, policies.greedy, None, count, STEPS, seed + 92).log
    return jax.tree.map(lambda a, b: np.concatenate([a[count:], np.asarray(b)]), log, chosen)


@partial(jax.jit, static_argnums=(1, 2))
def _knowing(world: World, all_of_it: bool, count: int) -> Array:
    """Greed on the true utility, or on the part of it that is known when a session begins (count,)."""

    def worth(state: dynamics.State, _: Any) -> tuple[Array, Any]:
        appeal, care = world.law.appeal[state.start], world.law.care[state.start]
        tracks = response.take(world.law.tracks, world.starts.pool[state.start])
        now = jax.tree.map(lambda x: x[None], state.law)
        return response.utility(
            world.law.constants, appeal, care, tracks, now, jnp
        ) if all_of_it else appeal, None

    return _run(world, worth, lambda carried, *_: carried, None, count)


@partial(jax.jit, static_argnums=3)
def _doubting(world: World, members: UserModel, doubt: float, count: int) -> Array:
    """Greed on the mean of several models, less some of their spread (count,)."""
    size = members.bias.shape[0]

    def worth(state: dynamics.State, carried: tuple[Array, Array]) -> tuple[Array, Any]:
        memory, surprise = carried
        session, candidates, _ = dynamics._features(world, state)
        theirs = jax.vmap(lambda s: session.at[responses.SURPRISE].set(s))(surprise)
        chance = jax.vmap(responses.chances, (0, 0, 0, None))(members, theirs, memory, candidates)[..., 3]
        return chance.mean(0) - doubt * chance.std(0), (theirs, candidates, chance)

    def read(carried: tuple[Array, Array], seen: Any, place: Array, stage: Array) -> tuple[Array, Array]:
        (memory, surprise), (theirs, candidates, chance) = carried, seen
        more = (stage == 3) - chance[:, place]
        slower = jnp.asarray([0.6, 0.9])
        after = jax.vmap(responses.read, (0, 0, 0, None, None, 0))(
            members, memory, theirs, candidates[place], stage, more
        )
        return after, slower * surprise + (1 - slower) * more[:, None]

    begun = (jnp.zeros((size, responses.MEMORY)), jnp.zeros((size, 2)))
    return _run(world, worth, read, begun, count)


def _run(world: World, worth: Any, read: Any, begun: Any, count: int) -> Array:
    def one(carry: Any, key: Array) -> tuple[Any, Array]:
        state, there, carried = carry
        _, to_play, to_stay = jax.random.split(key, 3)
        score, seen = worth(state, carried)
        place = jnp.argmax(jnp.where(state.free, score, -jnp.inf))
        event = dynamics.play(world, state, place, to_play)
        stays = jax.random.uniform(to_stay) < event.stay
        return (event.state, there & stays, read(carried, seen, place, event.stage)), there & (
            event.stage == 3
        )

    def session(key: Array) -> Array:
        to_begin, to_run = jax.random.split(key)
        first = (dynamics.begin(world, to_begin), jnp.asarray(True), begun)
        return jax.lax.scan(one, first, jax.random.split(to_run, STEPS))[1].sum()

    return jax.lax.map(session, jax.random.split(jax.random.key(SEED), count), batch_size=200)
