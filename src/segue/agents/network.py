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

import numpy as np

from segue.namespace import Array, namespace
from segue.world.session import Seen


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


class Trained(NamedTuple):
    """The parameters of a trained agent's policy."""

    network: QNetwork
    scaling: Scaling


def blank_network(session: int, candidate: int, hidden: tuple[int, ...]) -> QNetwork:
    """A network of zeros, in NumPy, of so many features of a session and a candidate."""

    def zeros(*shape: int) -> Array:
        return np.zeros(shape, np.float32)

    layers = tuple((zeros(a, b), zeros(b)) for a, b in pairwise((*hidden, 1)))
    first = zeros(session, hidden[0]), zeros(candidate, hidden[0]), zeros(hidden[0])
    return QNetwork(*first, layers)


def q_values(network: QNetwork, scaling: Scaling, session: Array, candidates: Array, prior: Array) -> Array:
    """Q (..., m) of candidates (..., m, C) in sessions (..., S), given the prior (..., m)."""
    xp = namespace(session, candidates)
    s = (session - scaling.session_mean) / scaling.session_spread
    c = (candidates - scaling.candidate_mean) / scaling.candidate_spread
    # The first layer of session and candidate side by side, as a sum: the session's share is worked out once
    # for all candidates.
    x = (s @ network.session + network.first_bias)[..., None, :] + c @ network.candidate
    for weights, bias in network.layers:
        x = xp.maximum(x, 0) @ weights + bias
    return prior + x[..., 0]


def q_of(params: Trained, seen: Seen) -> Array:
    """Q (..., m) of every candidate that is seen."""
    return q_values(params.network, params.scaling, seen.session, seen.candidates, seen.prior)
