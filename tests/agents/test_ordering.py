"""Pools in order: every track once, the best first, the Q kept, limits held."""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from segue.agents.ordering import Limits, Opening, order

sys.path.insert(0, str(Path(__file__).parent))
import toy

KEYS = jax.random.split(jax.random.key(5), 3)
STATES = jax.vmap(toy.begin, (None, 0))(toy.PARAMS, KEYS)


def _limits(quota: list[int], artists: int = toy.POOL) -> Limits:
    group = jnp.arange(toy.POOL) % len(quota)
    one = Limits(group, jnp.asarray(quota), jnp.arange(toy.POOL) // (toy.POOL // artists))
    return jax.tree.map(lambda x: jnp.broadcast_to(x, (3, *x.shape)), one)


def test_pools_in_greedy_order() -> None:
    found = order(toy.WORLD, toy.PARAMS, Opening(STATES, _limits([toy.POOL]), KEYS), None, toy.POOL)
    for row in np.asarray(found.place):
        assert sorted(row.tolist()) == list(range(toy.POOL))
    first = jax.vmap(toy.whole, (None, 0))(toy.PARAMS, STATES)
    assert found.place[:, 0].tolist() == first.argmax(1).tolist()
    np.testing.assert_allclose(found.q, found.prior)
    assert found.there.all()


def test_quotas_hold_and_an_artist_comes_not_twice_running() -> None:
    found = order(toy.WORLD, toy.PARAMS, Opening(STATES, _limits([3, 5], artists=5), KEYS), None, 10)
    assert found.there[:, :8].all()
    assert not found.there[:, 8:].any()
    for row in np.asarray(found.place)[:, :8]:
        assert np.bincount(row % 2).tolist() == [3, 5]
        artist = row // (toy.POOL // 5)
        assert (artist[1:] != artist[:-1]).all()
