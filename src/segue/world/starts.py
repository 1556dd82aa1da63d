"""How sessions begin: a listener of the town, an hour, a pool of candidates, and what is known of them."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from segue.town import judging, response
from segue.town.draws import Draws
from segue.town.truth import Truth
from segue.world.known import MOST_PLAYED, About, standard, static_features


class Starts(NamedTuple):
    """Beginnings of n sessions with m candidates each."""

    pool: Array  # (n, m) places of the tracks
    static: Array  # (n, m, len(STATIC)) features that do not change in a session
    known: Array  # (n, m) bool, heard before
    appeal: Array  # (n, m) the truth, for the town's law alone
    care: Array  # (n,) likewise
    listener: Array  # (n,)


def starts_of(
    truth: Truth,
    count: int,
    pool: int,
    *,
    seed: int = 0,
    listeners: NDArray[np.integer] | None = None,
) -> Starts:
    """Beginnings of `count` sessions at the end of the town's days; of some listeners only, if given."""
    draws, number = Draws(seed, "practice starts"), np.arange(count)
    p, who = response.float32(truth.config.response), _drawn(truth, draws, number, listeners)
    day, hour = np.full(count, truth.config.days), (24 * draws.uniform(number, 1)).astype(np.float32)
    songs = judging.pools(truth, draws, number, who, pool)
    tracks, listener = response.take(truth.tracks, songs), truth.listeners.at(who, day)
    memory = truth.first_memory()
    past = memory.past(p, who[:, None], songs, tracks.artist, day[:, None])
    appeal = response.appeal(p, response.widen(listener), tracks, past, hour[:, None])
    vectors, everybody = truth.tracks.vector, np.unique(who)
    taste = np.zeros((truth.config.listeners, vectors.shape[1]), np.float32)
    taste[everybody] = np.log1p(memory.plays[everybody]) @ vectors
    most = np.zeros((truth.config.listeners, MOST_PLAYED), np.int64)
    most[everybody] = np.argsort(-memory.plays[everybody], axis=1)[:, :MOST_PLAYED]
    static = static_features(
        tracks,
        standard(np.log(truth.popularity))[songs],
        About(past.plays, past.days, past.wear),
        taste[who],
        vectors[most[who]],
        truth.tracks.energy[most[who]].mean(1),
        hour,
    )
    arrays = (songs.astype(np.int32), static, past.plays > 0, appeal, listener.care, who)
    return Starts(*map(jnp.asarray, arrays))


def _drawn(
    truth: Truth, draws: Draws, number: NDArray[np.int64], listeners: NDArray[np.integer] | None
) -> NDArray[np.int64]:
    among = np.arange(truth.config.listeners) if listeners is None else np.asarray(listeners)
    return among[(draws.uniform(number, 0) * len(among)).astype(np.int64)]
