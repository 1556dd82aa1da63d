"""The true value of a policy: sessions of real (that is, simulated) listeners, who answer by the law.

A policy is one function of what can be known at a step; those here know the truth, so that a learned one can
be put between chance and the best that knowing everything brings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.draws import Draws, normal
from segue.library.stages import HEARD
from segue.town import response
from segue.town.living import played_ms
from segue.town.memory import Memory
from segue.town.truth import Truth
from segue.world.pools import SessionDraw


class View(NamedTuple):
    """What a policy may look at before each track, for b sessions with m candidates each."""

    step: int  # tracks played so far
    left: int  # tracks that the list may still hold, this one included
    listeners: NDArray[np.int64]  # (b,) places of the listeners
    hour: NDArray[np.float32]  # (b,) local hour of day
    pool: NDArray[np.int64]  # (b, m) places of the tracks
    free: NDArray[np.bool_]  # (b, m) not played yet
    played: NDArray[np.int64]  # (b, step) places of the tracks played
    stages: NDArray[np.int64]  # (b, step) what became of them; read nothing after the session has ended
    chance: NDArray[np.float64]  # (b, m) uniform numbers, for policies that draw
    # The truth, for policies that are allowed it.
    parameters: response.Parameters
    tracks: response.Track  # (b, m, ...)
    appeal: NDArray[np.float32]  # (b, m)
    care: NDArray[np.float32]  # (b,)
    state: response.State  # (b, ...)


JUDGED = SessionDraw(1000)
Policy = Callable[[View], NDArray[np.integer]]  # (b,) places in the pool


class Returns(NamedTuple):
    """What a policy earned in each session (n_sessions,)."""

    whole: NDArray[np.int64]  # tracks heard whole: the return
    skipped: NDArray[np.int64]  # tracks left at a very brief or brief stage
    length: NDArray[np.int64]  # tracks played


def value(
    truth: Truth,
    policy: Policy,
    draw: SessionDraw = JUDGED,
    *,
    length: int = 30,
    memory: Memory | None = None,
) -> Returns:
    """Let `policy` choose for sessions at the end of the town's days.

    Listeners, hours, pools and all chance are the same for every policy with the same seed, so that policies
    are compared in pairs. Half of a pool is what the listener's tastes come across, half what is popular.

    Args:
        truth: of the town.
        policy: chooses one of the free candidates for every session.
        draw: how many sessions, of how many candidates; the seed is of listeners, pools and responses.
        length: tracks after which the list is full.
        memory: what listeners have heard (`Truth.last_memory`); by default what they knew at the beginning.
    """
    sessions, pool, seed = draw
    draws, number = Draws(seed, "judged sessions"), np.arange(sessions)
    p = response.float32(truth.config.response)
    one, two, *four = draws.uniforms(6, number)
    who = (one * truth.config.listeners).astype(np.int64)
    day = np.full(sessions, truth.config.days)
    listener = truth.listeners.at(who, day)
    hour = (24 * two).astype(np.float32)
    songs = pools(truth, draws, number, who, pool)
    tracks = response.take(truth.tracks, songs)
    memory = truth.first_memory() if memory is None else memory
    past = memory.past(p, who[:, None], songs, tracks.artist, day[:, None])
    appeal = response.appeal(p, response.widen(listener), tracks, past, hour[:, None])
    state = response.begin(
        p,
        normal(four[0], four[1]).astype(np.float32),
        normal(four[2], four[3]).astype(np.float32),
        truth.tracks.vector.shape[1],
        int(truth.tracks.genre.max()) + 1,
    )
    free, going, rows = np.ones(songs.shape, dtype=bool), np.ones(sessions, dtype=bool), np.arange(sessions)
    played = np.zeros((sessions, length), dtype=np.int64)
    stages = np.full((sessions, length), -1)
    for step in range(length):
        chance = draws.uniform(number[:, None], step, np.arange(pool)[None])
        view = View(
            step, length - step, who, hour, songs, free, played[:, :step], stages[:, :step], chance,
            p, tracks, appeal, listener.care, state,
        )  # fmt: skip
        chosen = np.asarray(policy(view))
        free[rows, chosen] = False
        track = response.take(tracks, (rows, chosen))
        worth = response.utility(p, appeal[rows, chosen], listener.care, track, state)
        one, two, three, *noise = draws.uniforms(5, number, 1000 + step)
        stage = response.outcome(response.stages(p, worth), one.astype(np.float32))
        state = response.advance(p, state, track, stage, normal(*noise).astype(np.float32))
        played[:, step], stages[:, step] = songs[rows, chosen], np.where(going, stage, -1)
        minutes = (played_ms(track.minutes, stage, three) / 60_000).astype(np.float32)
        going &= response.leaving(p, state, minutes) <= draws.uniform(number, 2000 + step)
        if not going.any():
            break
    return Returns((stages == 3).sum(1), ((stages == 0) | (stages == 1)).sum(1), (stages >= 0).sum(1))


def pools(
    truth: Truth, draws: Draws, number: NDArray[np.int64], who: NDArray[np.int64], size: int
) -> NDArray[np.int64]:
    """Candidates (n, size), none twice: half by taste and popularity, half by popularity, in random order."""
    popular = truth.config.reach * np.log(truth.popularity)
    result = np.empty((len(who), size), dtype=np.int64)
    places = np.arange(len(popular))[None]
    for start in range(0, len(who), 200):
        part = slice(start, start + 200)
        listener = truth.listeners.at(who[part], np.full(len(who[part]), truth.config.days))
        cosine = listener.tastes @ truth.tracks.vector.T + listener.log_weights[..., None]
        score = popular + draws.gumbel(number[part, None], 3000, places)
        near = score + truth.config.narrowness * cosine.max(1)
        liked = np.argpartition(-near, size // 2, axis=1)[:, : size // 2]
        np.put_along_axis(score, liked, -np.inf, 1)
        others = np.argpartition(-score, size - size // 2, axis=1)[:, : size - size // 2]
        both = np.sort(np.concatenate([liked, others], 1), axis=1)
        order = np.argsort(draws.uniform(number[part, None], 3001, np.arange(size)[None]), axis=1)
        result[part] = np.take_along_axis(both, order, 1)
    return result


def random(view: View) -> NDArray[np.integer]:
    """Any free candidate."""
    return np.argmax(np.where(view.free, view.chance, -1), axis=1)


def greedy(view: View) -> NDArray[np.integer]:
    """The candidate most likely to be heard whole, by the truth (the hidden mood included)."""
    return np.argmax(np.where(view.free, _chances(view)[..., 3], -1), axis=1)


def sparing(price: float) -> Policy:
    """A planner that knows the truth: whole plays expected at once, less `price` for each logit of tiredness.

    The best constant price is a simple measure of what planning is worth in a town.
    At a price of 0 it is `greedy`.
    """

    def choose(view: View) -> NDArray[np.integer]:
        chances, p = _chances(view), view.parameters
        loud = p.tiring * np.maximum(view.tracks.loud - p.loud_room, 0)
        tired = loud * (chances * HEARD).sum(-1)
        return np.argmax(np.where(view.free, chances[..., 3] - price * tired, -np.inf), axis=1)

    return choose


def _chances(view: View) -> NDArray[np.float32]:
    worth = response.utility(
        view.parameters, view.appeal, view.care[:, None], view.tracks, response.widen(view.state)
    )
    return response.stages(view.parameters, worth)
