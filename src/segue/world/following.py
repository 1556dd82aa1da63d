"""Expectations that follow a listener: how far a model was off with them moves what it expects next.

Habits drift, by more than features of the past can tell: what somebody hears out changes with the season, the
player, the place. So each listener has two numbers for each gate of the model (`responses.chances`): a level
that is added to its log odds, and a slope by which these are stretched, since a model may be too sure of
somebody, or not sure enough. Every session moves both by its errors: the mean of a Gaussian of constant
variance, after one step of Newton's method (a Kalman filter of constant gain for logistic observations;
Fahrmeir, "Posterior mode estimation by extended Kalman filtering for multivariate dynamic generalized linear
models", JASA 1992). What is expected of a session has seen none of its own outcomes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.namespace import sigmoid
from segue.world.known import Floats

GATES = 3
OFFSET = (GATES, 2)  # shape of what a listener has: level and slope of each gate
SLOPE = 0.25  # variance of a slope, in that of a level
SURE = 1e-4  # chances of gates are kept so far from 0 and 1


def gates(chances: Floats) -> Floats:
    """Chances (..., 3) to pass each gate, once it is reached, from those of the four stages (..., 4)."""
    reached = np.cumsum(chances[..., ::-1], -1)[..., ::-1]  # stage 0 or more, 1 or more, ...
    return np.clip(reached[..., 1:] / np.maximum(reached[..., :-1], SURE), SURE, 1 - SURE)


def shifted(chances: Floats, offset: Floats) -> Floats:
    """Chances of the stages (..., 4), whose gates' log odds are moved by `offset` (..., 3, 2)."""
    odds = _log_odds(chances)
    passed = np.cumprod(sigmoid(odds + offset[..., 0] + odds * offset[..., 1]), -1)
    one = np.ones((*passed.shape[:-1], 1), passed.dtype)
    return np.concatenate([one, passed], -1) - np.concatenate([passed, 0 * one], -1)


def moved(offset: Floats, chances: Floats, stage: NDArray[np.integer], gain: float) -> Floats:
    """The offset (3, 2) after a session.

    Args:
        offset: before it.
        chances: of its plays (t, 4), as the model gave them: without the offset.
        stage: (t,) that they reached.
        gain: variance of a level; 0 moves nothing.
    """
    gate, number = gates(shifted(chances, offset)), np.arange(GATES)
    reached, passed = stage[:, None] >= number, stage[:, None] > number
    odds = _log_odds(chances)
    by = np.stack([np.ones_like(odds), odds], -1)
    variance = gain * np.array([1.0, SLOPE])
    error = np.einsum("tgi,tg->gi", by, (passed - gate) * reached)
    told = np.einsum("tgi,tg,tgj->gij", by, gate * (1 - gate) * reached, by)
    # One Newton step. Multiplied through by the variance instead of with its inverse, so that a gain of 0
    # moves nothing.
    step = np.linalg.solve(np.eye(2) + variance[:, None] * told, (variance * error)[..., None])
    return offset + step[..., 0]


def followed(
    chances: Floats,
    stage: NDArray[np.integer],
    session: NDArray[np.integer],
    listener: NDArray[np.integer],
    gain: float,
) -> tuple[Floats, dict[int, Floats]]:
    """Chances (n, 4) of plays, moved by what came of the same listener's sessions before; offsets at the end.

    Args:
        chances: by a model that has not learned from these plays.
        stage: (n,) that they reached.
        session: (n,) its number; a session's plays stand together, each listener's sessions in order of time.
        listener: whose each session is, by its number.
        gain: see `moved`.
    """
    offsets: dict[int, Floats] = {}
    result = np.empty_like(chances)
    ends = np.flatnonzero(np.diff(session)) + 1
    for rows in np.split(np.arange(len(session)), ends):
        if not len(rows):
            continue
        who = int(listener[session[rows[0]]])
        offset = offsets.get(who, np.zeros(OFFSET))
        result[rows] = shifted(chances[rows], offset)
        offsets[who] = moved(offset, chances[rows], stage[rows], gain)
    return result, offsets


def _log_odds(chances: Floats) -> Floats:
    """Of the gates (..., 3)."""
    gate = gates(chances)
    return np.log(gate / (1 - gate))
