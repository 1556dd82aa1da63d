"""Shuffled sessions of a town, with the truth beside every event, to test off-policy estimates against."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.town import judging, response
from segue.town.memory import Memory
from segue.town.truth import Truth
from segue.world.pools import SessionDraw

Floats = NDArray[np.float32]


class ShuffledLog(NamedTuple):
    """Events (n,), with all candidates (n, m) of each moment."""

    session: NDArray[np.int64]
    step: NDArray[np.int64]  # tracks played before
    candidates: NDArray[np.int64]  # (n, m) places of the tracks
    free: NDArray[np.bool_]  # (n, m) not played yet
    chosen: NDArray[np.int64]  # place among the candidates
    whole: Floats  # 1 if the track was heard whole
    chance: Floats  # (n, m) the truth: chance that the candidate would have been heard whole
    seen: Floats  # (n, m, FEATURES) what can be known of the candidate at the moment


FEATURES = (
    "taste",  # cosine to the mean of what the listener knew, by plays
    "nearest",  # cosine to the nearest of the listener's twenty most played
    "known",  # log(1 + plays)
    "popularity",  # log, standardised
    "follows",  # cosine to the track before; 0 at first
    "liked",  # cosine to the mean of the tracks heard whole; 0 if none
    "disliked",  # cosine to the mean of the others
    "jolt",  # energy difference to the track before
    "loud",
    "last",  # 1 if the track before was heard whole, -1 if not, 0 at first
    "share",  # heard whole so far, less one half
    "first",  # 1 at the first track
    "same",  # 1 if the artist is that of the track before
)


def shuffled_log(truth: Truth, sessions: int, *, pool: int = 20, seed: int = 0) -> ShuffledLog:
    """Play `sessions` shuffled pools of `pool` tracks to listeners of the town, each until they leave."""
    memory = truth.first_memory()
    views: list[judging.View] = []
    kept: list[tuple[NDArray, ...]] = []
    chosen: list[NDArray[np.int64]] = []

    def shuffle(view: judging.View) -> NDArray[np.integer]:
        place = judging.random(view)
        views[:] = [view]  # the newest knows what was played before
        kept.append((view.free.copy(), _chance(view), _seen(truth, memory, view)))
        chosen.append(place.astype(np.int64))
        return place

    draw = SessionDraw(sessions, pool, seed)
    judging.value(truth, shuffle, draw, length=pool, memory=memory)
    stages, parts = views[0].stages, []
    for step in range(stages.shape[1]):
        here = np.flatnonzero(stages[:, step] >= 0)
        free, chance, seen = (value[here] for value in kept[step])
        whole = (stages[here, step] == 3).astype(np.float32)
        place, at = chosen[step][here], np.full(len(here), step)
        parts.append((here, at, views[0].pool[here], free, place, whole, chance, seen))
    return ShuffledLog(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _chance(view: judging.View) -> Floats:
    state = response.widen(view.state)
    worth = response.utility(view.parameters, view.appeal, view.care[:, None], view.tracks, state)
    return response.stages(view.parameters, worth)[..., 3].astype(np.float32)


def _seen(truth: Truth, memory: Memory, view: judging.View) -> Floats:
    vectors, shape = truth.tracks.vector, view.pool.shape
    plays = memory.plays[view.listeners]
    taste = _unit(np.log1p(plays) @ vectors)
    most = vectors[np.argsort(-plays, axis=1)[:, :20]]
    popularity = np.log(truth.popularity)
    popularity = (popularity - popularity.mean()) / popularity.std()
    columns = [
        np.einsum("nmd,nd->nm", view.tracks.vector, taste),
        np.einsum("nmd,nkd->nmk", view.tracks.vector, most).max(-1),
        np.log1p(np.take_along_axis(plays, view.pool, 1)),
        popularity[view.pool],
    ]
    zero = np.zeros(shape, np.float32)
    if view.step == 0:
        columns += [zero, zero, zero, zero, view.tracks.loud, zero, zero, zero + 1, zero]
    else:
        played, whole = vectors[view.played], (view.stages == 3).astype(np.float32)
        before = truth.tracks.energy[view.played[:, -1]][:, None]
        artist = truth.tracks.artist[view.played[:, -1]][:, None]
        for against in (
            played[:, -1],
            _unit((played * whole[..., None]).sum(1)),
            _unit((played * (1 - whole[..., None])).sum(1)),
        ):
            columns.append(np.einsum("nmd,nd->nm", view.tracks.vector, against))
        columns += [np.abs(view.tracks.energy - before), view.tracks.loud]
        columns += [zero + (2 * whole[:, -1:] - 1), zero + whole.mean(1, keepdims=True) - 0.5, zero]
        columns.append((view.tracks.artist == artist).astype(np.float32))
    return np.stack(columns, -1).astype(np.float32)


def _unit(vectors: Floats) -> Floats:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
