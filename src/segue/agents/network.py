"""The action-head network: Q(s, a) from features of the session and of one candidate, for any candidate.

A network with one output for each action cannot score a pool that changes all the time. Here the candidate is
an input (Tomasi et al. 2023, section 4.2): Q is computed for every candidate of whatever pool, with the same
weights. The first layer's share of the session is computed once for all candidates.

    Q(s, a) = prior(s, a) + f(s, a)

The prior is the reward that the user model expects of the candidate at once, so that an untrained agent is
the greedy one, and training learns what greed misses.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array


class Scaling(NamedTuple):
    """Means and spreads, so that inputs are of like size."""

    session_mean: Array  # (S,)
    session_spread: Array
    candidate_mean: Array  # (C,)
    candidate_spread: Array


class QNetwork(NamedTuple):
    """Parameters; a pytree of arrays."""

    session: Array  # (S, hidden) first layer, the session's share
    candidate: Array  # (C, hidden) first layer, the candidate's share
    first_bias: Array  # (hidden,)
    layers: tuple[tuple[Array, Array], ...]  # weights and biases of the others; the last has one output


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


def q_values(network: QNetwork, scaling: Scaling, session: Array, candidates: Array, prior: Array) -> Array:
    """Q (..., m) of candidates (..., m, C) in sessions (..., S), given the prior (..., m)."""
    s = (session - scaling.session_mean) / scaling.session_spread
    c = (candidates - scaling.candidate_mean) / scaling.candidate_spread
    x = (s @ network.session + network.first_bias)[..., None, :] + c @ network.candidate
    for weights, bias in network.layers:
        x = jax.nn.relu(x) @ weights + bias
    return prior + x[..., 0]
