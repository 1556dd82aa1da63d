"""The user model: chances of the four stages a track can reach, from features of session and candidate.

Three gates in a row (past very brief, past brief, to the whole), so that the chances are nested as they must
be: what is heard whole was not skipped. Four forms: "dense" sees what is known of the listener and of the
candidate, but nothing that puts the candidate beside the taste (`features.BESIDE_TASTE`); "plain" that too;
"summary" also what can be seen of the session, "recurrent" reads the session track by track as well.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from segue.library.stages import HEARD
from segue.namespace import Array, namespace, sigmoid, silu
from segue.world.features import BESIDE_TASTE, CANDIDATE, LEAVING, SESSION, STATIC

WHOLE = (0.0, 0.0, 0.0, 1.0)  # rewards of the stages, by default: tracks heard whole
MEMORY = 32  # of the recurrent layer
WIDE, DEEP = 64, 48
SURPRISE = slice(SESSION.index("surprise_fast"), SESSION.index("surprise_slow") + 1)
MOMENTS = np.arange(len(CANDIDATE)) >= len(STATIC)
TASTES = np.isin(CANDIDATE, BESIDE_TASTE)


class Log(NamedTuple):
    """Sessions to learn from; arrays (n, T, ...)."""

    session: Array  # (n, T, len(SESSION)); surprise is the model's own and made anew
    candidate: Array  # (n, T, len(CANDIDATE)) of the track that was played
    stage: Array  # (n, T)
    there: Array  # (n, T) 1 while the listener was there
    leaving: Array  # (n, T, LEAVING) features after the track
    left: Array  # (n, T) 1 if the listener left after it


class UserModel(NamedTuple):
    """Parameters; a pytree of arrays."""

    session: Array  # (len(SESSION) + MEMORY, WIDE)
    candidate: Array  # (len(CANDIDATE), WIDE)
    layers: tuple[tuple[Array, Array], ...]
    bias: Array  # (WIDE,)
    reads: tuple[Array, Array, Array, Array]  # the recurrent layer (GRU)
    sees: Array  # (3,) 0 or 1: the session at all, its memory, the candidate beside the taste
    leaves: Array  # (LEAVING,) of a logistic model


def blank_model() -> UserModel:
    """A model of zeros, in NumPy: all forms have arrays of these shapes."""
    inputs = len(SESSION) + len(CANDIDATE) + 5
    reads = ((inputs, 3 * MEMORY), (3 * MEMORY,), (MEMORY, 3 * MEMORY), (3 * MEMORY,))

    def zeros(*shape: int) -> Array:
        return np.zeros(shape, np.float32)

    return UserModel(
        zeros(len(SESSION) + MEMORY, WIDE),
        zeros(len(CANDIDATE), WIDE),
        ((zeros(WIDE, DEEP), zeros(DEEP)), (zeros(DEEP, 3), zeros(3))),
        zeros(WIDE),
        (zeros(*reads[0]), zeros(*reads[1]), zeros(*reads[2]), zeros(*reads[3])),
        zeros(3),
        zeros(LEAVING),
    )


def chances(model: UserModel, session: Array, memory: Array, candidates: Array) -> Array:
    """Chances (..., m, 4) of the stages, for candidates (..., m, C) in sessions (..., S)."""
    xp = namespace(session, candidates, model.bias)
    seen = xp.concatenate([session * model.sees[0], memory * model.sees[1]], -1)
    x = (seen @ model.session + model.bias)[..., None, :] + (candidates * shown(model)) @ model.candidate
    for weights, bias in model.layers:
        x = silu(x) @ weights + bias
    gate = sigmoid(x)
    one, two = gate[..., 0], gate[..., 0] * gate[..., 1]
    three = two * gate[..., 2]
    return xp.stack([1 - one, one - two, two - three, three], -1)


def shown(model: UserModel) -> Array:
    """1 for the features of candidates that a model of this form sees, 0 for the others."""
    xp = namespace(model.sees)
    return xp.where(MOMENTS, model.sees[0], xp.where(TASTES, model.sees[2], np.float32(1)))


def observed(candidates: Array, chance: Array) -> Array:
    """What an agent sees of candidates (..., m, C): the model's chances (..., m, 4) beside their features."""
    xp = namespace(candidates, chance)
    expected = (chance @ xp.asarray(HEARD))[..., None]  # share that is heard
    return xp.concatenate([candidates, chance[..., :1], chance[..., 3:], expected], -1)


def read(
    model: UserModel, memory: Array, session: Array, candidate: Array, stage: Array, surprise: Array
) -> Array:
    """The recurrent memory (..., MEMORY) after a track."""
    xp = namespace(memory, session, stage, model.bias)
    came = (stage[..., None] == np.arange(4)).astype(np.float32)
    x = xp.concatenate([session, candidate, came, surprise[..., None]], -1)
    into, b_into, back, b_back = model.reads
    a, b = xp.split(x @ into + b_into, 3, -1), xp.split(memory @ back + b_back, 3, -1)
    reset, keep = sigmoid(a[0] + b[0]), sigmoid(a[1] + b[1])
    return (1 - keep) * xp.tanh(a[2] + reset * b[2]) + keep * memory
