"""Training of the action-head DQN: play sessions in a world, make targets, learn; compiled whole.

Two ways to make targets, one setting (`AgentConfig.returns`): lambda-returns of the sessions just played, or
a replay buffer with double DQN (van Hasselt, Guez and Silver 2016), n steps and a target network
(Mnih et al. 2015). Both take what the world expects of the chosen track instead of what was drawn.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from segue.agents.config import AgentConfig
from segue.agents.network import QNetwork, Scaling, q_values
from segue.agents.returns import lambda_returns, n_step_sums
from segue.world.session import Seen, Training, Tree


class Moments(NamedTuple):
    """Moments to learn from; arrays (n, ...)."""

    session: Array
    candidate: Array  # (n, C) of the chosen track
    prior: Array
    target: Array  # lambda: the return; replay: the rewards of n steps
    factor: Array  # replay: discount of the value that follows
    later: Tree  # replay: world states after those steps


class Experience(NamedTuple):
    """Moments at hand: the first `count` of `moments` are there, the others of a buffer are not yet."""

    moments: Moments
    count: Array  # int32


class Learner(NamedTuple):
    """All that training carries from one iteration to the next; a pytree of arrays, and so the checkpoint."""

    network: QNetwork
    target: QNetwork
    optimiser: Tree
    scaling: Scaling
    buffer: Moments | None
    done: Array  # () int32, iterations


class Curve(NamedTuple):
    """One number an iteration; arrays (n,)."""

    reward: Array  # expected of a session: sum over its tracks of reward and chance to be there still
    loss: Array
    value: Array  # Q of the chosen tracks, on average


def init_network(key: Array, session: int, candidate: int, hidden: tuple[int, ...]) -> QNetwork:
    """Random weights (He et al. 2015); the last layer is zero, so that Q begins as the prior."""
    one, two, *others = jax.random.split(key, 2 + len(hidden))
    scale = (2 / (session + candidate)) ** 0.5
    sizes, layers = (*hidden, 1), []
    for number, (a, b) in enumerate(pairwise(sizes)):
        last = number == len(sizes) - 2
        weights = jnp.zeros((a, b)) if last else jax.random.normal(others[number], (a, b)) * (2 / a) ** 0.5
        layers.append((weights, jnp.zeros(b)))
    return QNetwork(
        scale * jax.random.normal(one, (session, hidden[0])),
        scale * jax.random.normal(two, (candidate, hidden[0])),
        jnp.zeros(hidden[0]),
        tuple(layers),
    )


def begin_learning(world: Training, params: Tree, config: AgentConfig, key: Array) -> Learner:
    """A learner that knows nothing: scaling from sessions played at random, Q equal to the prior."""
    to_net, to_play = jax.random.split(key)
    spread = _probe(world, config, params, to_play)
    network = init_network(to_net, spread[0].shape[-1], spread[2].shape[-1], config.hidden)
    learner = Learner(
        network, network, _optimiser(config).init(network), Scaling(*spread), None, jnp.zeros((), jnp.int32)
    )
    if config.returns == "replay":
        shapes = jax.eval_shape(lambda p, k: _play(world, config, p, learner, k)[0], params, key)
        size = config.memory
        buffer = jax.tree.map(lambda x: jnp.zeros((size, *x.shape[1:]), x.dtype), shapes)
        learner = learner._replace(buffer=buffer)
    return learner


@partial(jax.jit, static_argnums=(0, 1, 5))
def learn(
    world: Training, config: AgentConfig, params: Tree, learner: Learner, key: Array, iterations: int
) -> tuple[Learner, Curve]:
    """Some iterations; curves (iterations,). `key` is that of the whole training."""

    def one(learner: Learner, _: None) -> tuple[Learner, Curve]:
        # From the number of the iteration alone, so that a training that goes on from a checkpoint draws what
        # it would have drawn.
        to_play, to_learn = jax.random.split(jax.random.fold_in(key, learner.done))
        moments, reward = _play(world, config, params, learner, to_play)
        known = Experience(moments, jnp.asarray(moments.target.shape[0], jnp.int32))
        if config.returns == "replay":
            known = _remember(config, learner, moments)
            learner = learner._replace(buffer=known.moments)
        learner, loss, value = _update(world, config, params, learner, known, to_learn)
        copy = (learner.done + 1) % config.target_every == 0
        target = jax.tree.map(lambda new, old: jnp.where(copy, new, old), learner.network, learner.target)
        return learner._replace(target=target, done=learner.done + 1), Curve(reward, loss, value)

    return jax.lax.scan(one, learner, None, length=iterations)


def _play(
    world: Training, config: AgentConfig, params: Tree, learner: Learner, key: Array
) -> tuple[Moments, Array]:
    """Sessions by the present network with exploration: moments (sessions x steps), expected reward."""
    first, last = config.explore
    part = jnp.minimum(2.0 * learner.done / config.iterations, 1.0)
    chance = first + (last - first) * part
    to_begin, to_step = jax.random.split(key)
    states = jax.vmap(world.begin, (None, 0))(params, jax.random.split(to_begin, config.sessions))

    def one(state: Tree, key: Array) -> tuple[Tree, tuple]:
        to_choose, to_explore, to_turn = jax.random.split(key, 3)
        seen = world.see(params, state)
        q = jnp.where(
            seen.mask,
            q_values(learner.network, learner.scaling, seen.session, seen.candidates, seen.prior),
            -jnp.inf,
        )
        best = jnp.argmax(q)
        free = jnp.where(seen.mask, jax.random.uniform(to_choose, q.shape), -1.0)
        explore = jax.random.uniform(to_explore) < chance
        place = jnp.where(explore, jnp.argmax(free), best)
        turn = world.turn(params, state, place, to_turn)
        worth = jnp.where(seen.mask.any(), q[best], 0.0)  # nothing is to come when the pool is empty
        kept = (seen.session, seen.candidates[place], seen.prior[place], worth, place == best)
        return turn.state, (*kept, turn.reward, turn.stay)

    def step(states: Tree, key: Array) -> tuple[Tree, tuple]:
        after, kept = jax.vmap(one)(states, jax.random.split(key, config.sessions))
        return after, (states if config.returns == "replay" else None, kept)

    _, (before, kept) = jax.lax.scan(step, states, jax.random.split(to_step, config.steps))
    session, candidate, prior, best, greedy, reward, stay = kept
    there = jnp.cumprod(jnp.concatenate([jnp.ones_like(stay[:1]), stay[:-1]]), axis=0)
    earned = (reward * there).sum(0).mean()
    if config.returns == "lambda":
        # The list is full after the last step: nothing of it is to come.
        values = jnp.concatenate([best, jnp.zeros_like(best[:1])])
        target = lambda_returns(
            reward, stay, values, greedy.astype(reward.dtype), config.discount, config.trace
        )
        factor, later = jnp.zeros_like(target), None
    else:
        target, factor, ahead = n_step_sums(reward, stay, config.discount, config.n_step)
        at = jnp.arange(config.steps) + ahead
        factor = factor * (at < config.steps)[:, None]
        later = jax.tree.map(lambda x: x[jnp.minimum(at, config.steps - 1)], before)
    moments = Moments(session, candidate, prior, target, factor, later)
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), moments), earned


def _remember(config: AgentConfig, learner: Learner, new: Moments) -> Experience:
    """The buffer with new moments over the oldest."""
    assert learner.buffer is not None
    count = config.sessions * config.steps
    places = (learner.done * count + jnp.arange(count)) % config.memory
    buffer = jax.tree.map(lambda old, x: old.at[places].set(x), learner.buffer, new)
    return Experience(buffer, jnp.minimum((learner.done + 1) * count, config.memory))


def _update(
    world: Training, config: AgentConfig, params: Tree, learner: Learner, known: Experience, key: Array
) -> tuple[Learner, Array, Array]:
    """Some steps of the optimiser on moments drawn from what is known; their mean loss and mean Q."""
    optimiser, scaling = _optimiser(config), learner.scaling

    def one(carry: tuple, key: Array) -> tuple[tuple, tuple[Array, Array]]:
        network, state = carry
        rows = jax.random.randint(key, (config.batch,), 0, known.count)
        batch = jax.tree.map(lambda x: x[rows], known.moments)
        target = batch.target
        if config.returns == "replay":
            target = target + batch.factor * jax.vmap(
                lambda later: _double(network, learner.target, scaling, world.see(params, later))
            )(batch.later)

        def loss(network: QNetwork) -> tuple[Array, Array]:
            q = q_values(network, scaling, batch.session, batch.candidate[:, None], batch.prior[:, None])
            return optax.huber_loss(q[:, 0], target, delta=config.huber).mean(), q.mean()

        (value, q), slope = jax.value_and_grad(loss, has_aux=True)(network)
        change, state = optimiser.update(slope, state, network)
        return (optax.apply_updates(network, change), state), (value, q)

    carry, (loss, q) = jax.lax.scan(
        one, (learner.network, learner.optimiser), jax.random.split(key, config.updates)
    )
    return learner._replace(network=carry[0], optimiser=carry[1]), loss.mean(), q.mean()


def _double(network: QNetwork, target: QNetwork, scaling: Scaling, seen: Seen) -> Array:
    """The target network's value of the candidate that the present network likes best."""
    q = q_values(network, scaling, seen.session, seen.candidates, seen.prior)
    best = jnp.argmax(jnp.where(seen.mask, q, -jnp.inf))
    value = q_values(target, scaling, seen.session, seen.candidates[best][None], seen.prior[best][None])
    return jax.lax.stop_gradient(jnp.where(seen.mask.any(), value[0], 0.0))


@partial(jax.jit, static_argnums=(0, 1))
def _probe(world: Training, config: AgentConfig, params: Tree, key: Array) -> tuple[Array, ...]:
    """Mean and spread of the features, session's and candidates', over sessions played at random."""
    to_begin, to_step = jax.random.split(key)
    states = jax.vmap(world.begin, (None, 0))(params, jax.random.split(to_begin, config.sessions))

    def one(state: Tree, key: Array) -> tuple[Tree, tuple]:
        to_choose, to_turn = jax.random.split(key)
        seen = world.see(params, state)
        place = jnp.argmax(jnp.where(seen.mask, jax.random.uniform(to_choose, seen.mask.shape), -1.0))
        # A few of each pool tell means and spreads as well.
        few = seen.candidates[:: max(1, len(seen.candidates) // 16)]
        return world.turn(params, state, place, to_turn).state, (seen.session, few)

    def step(states: Tree, key: Array) -> tuple[Tree, tuple]:
        return jax.vmap(one)(states, jax.random.split(key, config.sessions))

    _, (session, some) = jax.lax.scan(step, states, jax.random.split(to_step, config.steps))
    found = []
    for values in (session, some):
        flat = values.reshape(-1, values.shape[-1])
        spread = flat.std(0)
        found += [flat.mean(0), jnp.where(spread > 1e-4, spread, 1.0)]
    return tuple(found)


def _optimiser(config: AgentConfig) -> optax.GradientTransformation:
    rate = optax.cosine_decay_schedule(config.learning_rate, config.iterations * config.updates)
    return optax.chain(optax.clip_by_global_norm(10.0), optax.adam(rate))
