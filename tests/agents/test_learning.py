"""Learning: targets against sums done by hand, both ways of it against a world whose answer is known."""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from segue.agents.config import AgentConfig
from segue.agents.learning import Learner, begin_learning, init_network, learn
from segue.agents.network import Scaling, q_values
from segue.agents.returns import lambda_returns, n_step_sums

sys.path.insert(0, str(Path(__file__).parent))
import toy

STEPS = 10


def test_lambda_returns_are_those_of_the_definition() -> None:
    rng = np.random.default_rng(0)
    reward, stay = rng.random((5, 3)), rng.random((5, 3))
    best, greedy = rng.random((6, 3)), rng.random((5, 3)) < 0.6
    found = np.asarray(lambda_returns(*map(jnp.asarray, (reward, stay, best, greedy)), 0.9, 0.7))
    for n in range(3):
        later = best[5, n]
        for t in reversed(range(5)):
            follow = 0.7 * greedy[t + 1, n] if t < 4 else 0.0
            later = reward[t, n] + 0.9 * stay[t, n] * ((1 - follow) * best[t + 1, n] + follow * later)
            assert found[t, n] == pytest.approx(later, rel=1e-5)


def test_sums_of_n_steps_stop_at_the_end() -> None:
    reward = jnp.asarray([[1.0], [2.0], [4.0]])
    stay = jnp.asarray([[0.5], [0.5], [0.5]])
    total, factor, ahead = n_step_sums(reward, stay, 1.0, 2)
    assert total[:, 0].tolist() == [1 + 0.5 * 2, 2 + 0.5 * 4, 4]
    assert factor[:, 0].tolist() == [0.25, 0.25, 0.5]
    assert ahead.tolist() == [2, 2, 1]


def test_an_untrained_agent_is_greedy_and_any_pool_can_be_scored() -> None:
    network = init_network(jax.random.key(0), 2, 3, (8, 8))
    scaling = Scaling(jnp.zeros(2), jnp.ones(2), jnp.zeros(3), jnp.ones(3))
    for pool in (1, 7, 100):
        prior = jnp.linspace(0, 1, pool)
        q = q_values(network, scaling, jnp.ones(2), jnp.ones((pool, 3)), prior)
        np.testing.assert_allclose(q, prior)


def _earned(learner: Learner | None, seed: int = 1, sessions: int = 512) -> float:
    """Mean sum of expected rewards of sessions, weighed by the chance to be there; None is greedy."""

    def one(state: toy.State, key: jax.Array) -> tuple:
        seen = toy.see(toy.PARAMS, state)
        q = seen.prior
        if learner is not None:
            q = q_values(learner.network, learner.scaling, seen.session, seen.candidates, seen.prior)
        turn = toy.turn(toy.PARAMS, state, jnp.argmax(jnp.where(seen.mask, q, -jnp.inf)), key)
        return turn.state, turn.reward

    def session(key: jax.Array) -> jax.Array:
        keys = jax.random.split(key, STEPS)
        rewards = jax.lax.scan(one, toy.begin(toy.PARAMS, key), keys)[1]
        return (rewards * 0.98 ** jnp.arange(STEPS)).sum()

    return float(jax.jit(jax.vmap(session))(jax.random.split(jax.random.key(seed), sessions)).mean())


@pytest.mark.parametrize("returns", ["lambda", pytest.param("replay", marks=pytest.mark.slow)])
def test_the_agent_finds_what_greed_misses(returns: str) -> None:
    config = AgentConfig(returns=returns, iterations=60, sessions=32, steps=STEPS, batch=128, memory=3200)
    key = jax.random.key(0)
    learner = begin_learning(toy.WORLD, toy.PARAMS, config, key)
    learner, curve = learn(toy.WORLD, config, toy.PARAMS, learner, key, 60)
    assert curve.loss.shape == (60,)
    assert _earned(learner) > 1.08 * _earned(None)


def test_training_in_parts_is_training_in_one() -> None:
    config = AgentConfig(iterations=6, sessions=8, steps=STEPS, updates=2, batch=16, hidden=(8,))
    key = jax.random.key(2)
    start = begin_learning(toy.WORLD, toy.PARAMS, config, key)
    whole, _ = learn(toy.WORLD, config, toy.PARAMS, start, key, 6)
    half, _ = learn(toy.WORLD, config, toy.PARAMS, start, key, 3)
    parts, _ = learn(toy.WORLD, config, toy.PARAMS, half, key, 3)
    for one, other in zip(jax.tree.leaves(whole), jax.tree.leaves(parts), strict=True):
        np.testing.assert_array_equal(one, other)
