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
from segue.world.features import STATIC

MOST_PLAYED = 20  # tracks that stand for a listener's tastes


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
    taste[everybody] = _unit(np.log1p(memory.plays[everybody]) @ vectors)
    most = np.zeros((truth.config.listeners, MOST_PLAYED), np.int64)
    most[everybody] = np.argsort(-memory.plays[everybody], axis=1)[:, :MOST_PLAYED]
    near = np.einsum("nmd,nkd->nmk", tracks.vector, vectors[most[who]])
    near.sort(-1)
    popularity = np.log(truth.popularity)
    popularity = (popularity - popularity.mean()) / popularity.std()
    gap = tracks.energy - truth.tracks.energy[most[who]].mean(1)[:, None]
    around = (hour * (2 * np.pi / 24))[:, None]
    columns = {
        "taste": np.einsum("nmd,nd->nm", tracks.vector, taste[who]),
        "nearest": near[..., -1],
        "nearest_five": near[..., -5:].mean(-1),
        "plays": np.log1p(past.plays),
        "recent": np.exp(-past.days / 5),
        "artist_recent": np.log1p(past.wear),
        "popularity": popularity[songs],
        "loud": tracks.loud,
        "energy": tracks.energy,
        "minutes": tracks.minutes / 4,
        "energy_gap": gap,
        "energy_gap_squared": gap**2,
        "hour_cos": np.broadcast_to(np.cos(around), songs.shape),
        "hour_sin": np.broadcast_to(np.sin(around), songs.shape),
    }
    static = np.stack([columns[name] for name in STATIC], -1).astype(np.float32)
    arrays = (songs.astype(np.int32), static, past.plays > 0, appeal, listener.care, who)
    return Starts(*map(jnp.asarray, arrays))


def _drawn(
    truth: Truth, draws: Draws, number: NDArray[np.int64], listeners: NDArray[np.integer] | None
) -> NDArray[np.int64]:
    among = np.arange(truth.config.listeners) if listeners is None else np.asarray(listeners)
    return among[(draws.uniform(number, 0) * len(among)).astype(np.int64)]


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
