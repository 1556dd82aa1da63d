"""Lists in the agent's order: pools played out track by track, with the Q of every choice kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.agents.network import Trained, q_of
from segue.world import numpy_sessions
from segue.world.numpy_sessions import Floats, Offered, Places
from segue.world.responses import UserModel

DRAWS = 8  # simulated listeners of a list


class Limits(NamedTuple):
    """What lists may hold."""

    free: NDArray[np.bool_]  # (n, m) which candidates there are
    group: Places  # (n, m) of each candidate
    quota: Places  # (n, k) most tracks of each group
    artist: Places  # (n, m) none comes twice running where that can be helped


class Ordered(NamedTuple):
    """Lists; arrays (n, length)."""

    place: Places  # in the pool
    q: Floats  # of the chosen track, when it was chosen
    prior: Floats  # what the user model expected of it at once
    there: NDArray[np.bool_]  # false where the pool or the quotas were used up


def order(
    model: UserModel, agent: Trained | None, offer: Offered, limits: Limits, length: int, seed: int = 0
) -> Ordered:
    """Pools put in order, for listeners whose responses are not known yet.

    Each list is heard by `DRAWS` simulated listeners at once, who respond by chance. A track is worth the
    mean of its Q over them, weighed by the chance to be there still: what comes late is for who stays.

    Args:
        model: the user model, by which they respond.
        agent: a trained one; None is greedy on the user model, and q is then what that expects.
        offer: the pools of n lists.
        limits: what the lists may hold.
        length: of the lists.
        seed: of the responses; the same for every list, so that none depends on the others.
    """
    rng, rows = np.random.default_rng(seed), np.arange(len(offer.places))
    session = numpy_sessions.begin(offer, limits.free, DRAWS)
    there, quota, last = np.ones((len(rows), DRAWS), np.float32), limits.quota.copy(), np.full(len(rows), -1)
    found = []
    for _ in range(length):
        looked = numpy_sessions.look(model, offer, session)
        prior = looked.chances[..., 3]
        each = prior if agent is None else q_of(agent, numpy_sessions.seen(offer, session, looked))
        share = there / there.sum(1, keepdims=True)
        q, expected = ((share[:, None] @ values)[:, 0] for values in (each, prior))
        allowed = session.free & (np.take_along_axis(quota, limits.group, 1) > 0)
        apart = allowed & (limits.artist != last[:, None])
        some = np.where(apart.any(1, keepdims=True), apart, allowed)
        place = np.where(some, q, -np.inf).argmax(1)
        found.append((place, q[rows, place], expected[rows, place], allowed.any(1)))
        chosen = numpy_sessions.of_one(looked, place)
        stage = numpy_sessions.drawn(chosen, rng.random(DRAWS, np.float32))
        alone = numpy_sessions.only(offer, place)
        session, stay = numpy_sessions.after(model, alone, session, chosen, place, stage)
        there, last = share * stay, limits.artist[rows, place]
        quota[rows, limits.group[rows, place]] -= 1
    return Ordered(*(np.stack(column, 1) for column in zip(*found, strict=True)))


class Course(NamedTuple):
    """What is expected of a list, place by place; arrays (length,)."""

    whole: Floats  # chance that the track is heard whole, if the listener is still there
    there: Floats  # chance that they are


def along(model: UserModel, offer: Offered, places: Sequence[int], draws: int, seed: int = 0) -> Course:
    """What the user model expects of a list heard in a given order.

    Args:
        model: the user model, by which listeners respond.
        offer: the pool of one list.
        places: of the tracks in its pool, in order.
        draws: simulated listeners.
        seed: of their responses.
    """
    rng, size = np.random.default_rng(seed), offer.places.shape
    session = numpy_sessions.begin(offer, np.ones(size, np.bool_), draws)
    there, found = np.ones((1, draws), np.float32), []
    for number in places:
        place = np.array([number])
        alone = numpy_sessions.only(offer, place)
        looked = numpy_sessions.look(model, alone, session)
        found.append(((there * looked.chances[..., 0, 3]).mean(), there.mean()))
        stage = numpy_sessions.drawn(looked, rng.random(draws, np.float32))
        session, stay = numpy_sessions.after(model, alone, session, looked, place, stage)
        there = there * stay
    whole, stays = np.array(found).reshape(-1, 2).T
    return Course(whole / np.maximum(stays, 1e-9), stays)
