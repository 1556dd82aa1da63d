"""How sessions of a town begin: a listener, an hour, a pool of candidates, and what is known of them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from segue.draws import Draws
from segue.library.stages import HEARD
from segue.town import TownConfig, build, judging, response
from segue.town.memory import Heard
from segue.town.truth import Truth
from segue.world.catalogue import Catalogue
from segue.world.known import reception, standard, surprises
from segue.world.listener import Listener
from segue.world.pools import SessionDraw
from segue.world.starts import Starts
from segue.world.tracks import Track


class TownStarts(NamedTuple):
    """Beginnings of n sessions with m candidates each, and what only the town knows of them."""

    starts: Starts
    appeal: Array  # (n, m) of each candidate, before anything is heard
    care: Array  # (n,) how much coherence matters to the listener


class Lives(NamedTuple):
    """Every play of a song in a town's days, by listener and time; arrays (k,)."""

    listener: NDArray[np.int32]
    session: NDArray[np.int32]
    track: NDArray[np.int32]
    stage: NDArray[np.int32]
    day: NDArray[np.float64]


@lru_cache(maxsize=2)
def lives(config: TownConfig, seed: int) -> Lives:
    """How a town's listeners have listened: what a service would have in its logs."""
    town, found = build(config, seed), []
    for batch in town.batches():
        plays = batch.plays
        song = np.flatnonzero(plays.track < config.tracks)
        order = song[np.lexsort((plays.position[song], plays.session[song], plays.row[song]))]
        listener = batch.listeners.number[plays.row[order]]
        found.append(
            (listener, *(column[order] for column in (plays.session, plays.track, plays.stage, plays.day)))
        )
    return Lives(*(np.concatenate(column) for column in zip(*found, strict=True)))


def starts_of(
    truth: Truth,
    draw: SessionDraw,
    *,
    listeners: NDArray[np.integer] | None = None,
    newcomers: bool = False,
) -> TownStarts:
    """Beginnings of sessions at the end of the town's days; of some listeners only, if given.

    Args:
        truth: of the town.
        draw: how many, of how many candidates; the seed is of listeners, hours and pools.
        listeners: places of those who may be drawn.
        newcomers: nothing of the listeners is known to whoever recommends; in truth they remember all.
    """
    count, pool, seed = draw
    draws, number = Draws(seed, "practice starts"), np.arange(count)
    p, who = response.float32(truth.config.response), _drawn(truth, draws, number, listeners)
    day, hour = np.full(count, truth.config.days), (24 * draws.uniform(number, 1)).astype(np.float32)
    songs = judging.pools(truth, draws, number, who, pool)
    tracks, listener = response.take(truth.tracks, songs), truth.listeners.at(who, day)
    lived, memory = lives(truth.config, truth.seed), truth.first_memory()
    artist = truth.tracks.artist[lived.track]
    heard = Heard(lived.listener, lived.track, artist, lived.stage, lived.day.astype(np.float32))
    memory.hear_all(p, heard, truth.config.days)
    past = memory.past(p, who[:, None], songs, tracks.artist, day[:, None])
    appeal = response.appeal(p, response.widen(listener), tracks, past, hour[:, None])
    catalogue, static = _catalogue(truth, lived), [np.zeros(0, np.float32)] * count
    for person in np.unique(who):
        somebody = Listener(catalogue) if newcomers else _listener(truth, catalogue, lived, person)
        for row in np.flatnonzero(who == person):
            static[row] = somebody.known(songs[row], truth.config.days, float(hour[row]))
    known = (past.plays > 0) & (not newcomers)
    arrays = (songs.astype(np.int32), np.stack(static), known, who)
    return TownStarts(Starts(*map(jnp.asarray, arrays)), jnp.asarray(appeal), jnp.asarray(listener.care))


def seen_tracks(truth: Truth) -> Track:
    """A town's tracks as a world sees them: without what only the town knows."""
    return Track(*(getattr(truth.tracks, name) for name in Track._fields))


def _catalogue(truth: Truth, lived: Lives) -> Catalogue:
    session = np.unique(lived.listener * 1_000_000 + lived.session, return_inverse=True)[1]
    surprise, size = surprises(HEARD[lived.stage], session), len(truth.track_ids)
    popularity = standard(np.log(truth.popularity))
    received = reception(lived.track, surprise, size)
    return Catalogue(truth.track_ids.tolist(), seen_tracks(truth), popularity, [], received)


def _listener(truth: Truth, catalogue: Catalogue, lived: Lives, person: int) -> Listener:
    somebody, before = Listener(catalogue), truth.before
    theirs = np.flatnonzero(before.listener == person)
    for row in theirs[np.argsort(before.day[theirs], kind="stable")].tolist():
        somebody.remembers(int(before.track[row]), float(before.plays[row]), float(before.day[row]))
    theirs = slice(*np.searchsorted(lived.listener, np.array([person, person + 1], lived.listener.dtype)))
    plays = (lived.track[theirs].tolist(), lived.stage[theirs].tolist(), lived.day[theirs].tolist())
    for track, stage, day in zip(*plays, strict=True):
        somebody.hears(track, stage, day)
    return somebody


def _drawn(
    truth: Truth, draws: Draws, number: NDArray[np.int64], listeners: NDArray[np.integer] | None
) -> NDArray[np.int64]:
    among = np.arange(truth.config.listeners) if listeners is None else np.asarray(listeners)
    return among[(draws.uniform(number, 0) * len(among)).astype(np.int64)]
