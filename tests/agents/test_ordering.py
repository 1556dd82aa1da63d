"""A pool in order: every track once, the best first, the Q kept."""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import numpy as np

from segue.agents.ordering import order

sys.path.insert(0, str(Path(__file__).parent))
import toy


def test_a_pool_in_greedy_order() -> None:
    key = jax.random.key(5)
    state = toy.begin(toy.PARAMS, key)
    found = order(toy.WORLD, toy.PARAMS, state, None, toy.POOL, key)
    assert sorted(np.asarray(found.place).tolist()) == list(range(toy.POOL))
    first = toy.whole(toy.PARAMS, state)
    assert int(found.place[0]) == int(first.argmax())
    np.testing.assert_allclose(found.q, found.prior)
