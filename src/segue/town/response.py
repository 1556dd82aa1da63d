"""What a listener does with a track at a place in a session: the town's law, pure functions over arrays.

Every function takes `xp`, NumPy or `jax.numpy`, and works for any leading shape that broadcasts: one listener
with one track, a batch of sessions, or sessions x candidates (`widen` gives the state its candidate axis).
Nothing here draws: chance comes in as numbers, so that both libraries give the same answers. Pass arrays in
as arguments when compiling with JAX; closing over them makes compiling slow.

The law, in logits (docs/models/town.md says it at length; `Parameters` names every constant):

    match      = 1/k log sum_j (w_j / max w) exp(k cos(taste_j, track))
    appeal     = affinity (match - affinity_centre) + quality q + own_ear e(listener, track) + habit
                 + familiarity (1 - exp(-plays / familiar_plays)) - satiation exp(-days / satiation_days)
                 - artist_wear wear - mood (energy - wanted(hour))^2
    utility    = appeal + coherence care (cos(before, track) - coherence_centre) - jolt |energy difference|
                 - artist_fatigue sum_m decay^m heard_m [same artist] - genre_fatigue (share - genre_room)+
                 + momentum m - position (1 - exp(-(n - 1) / position_tracks)) + session mood - tiredness
    P(beyond stage s | reached s) = sigmoid(slope_s utility + gate_s),   s = very brief, brief, most
    P(leave)   = 1 - exp(-frailty pace minutes - frustration max(0, skips in a row - patience))
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple, cast

import numpy as np
from pydantic import Field

from segue.library.stages import HEARD

Array = Any  # numpy.ndarray or jax.Array
MEMORY = 6  # tracks back that the artist fatigue remembers


def _value(description: str, **limits: Any) -> Any:
    return Field(description=description, allow_inf_nan=False, **limits)


class Parameters(NamedTuple):
    """The constants of the law; logits unless another unit is named. A pytree that JAX takes as argument."""

    affinity: Annotated[float, _value("logits for one unit of match (a cosine)", ge=0)] = 6.0
    affinity_centre: Annotated[float, _value("the match that is worth nothing")] = 0.36
    sharpness: Annotated[float, _value("k: how much the nearest taste outweighs the others", gt=0)] = 9.0
    quality: Annotated[float, _value("weight of a track's general appeal q (standard normal)")] = 0.35
    own_ear: Annotated[float, _value("weight of what no taste explains, e(listener, track)", ge=0)] = 0.6
    familiarity: Annotated[float, _value("gain of a track known by heart")] = 1.6
    familiar_plays: Annotated[float, _value("plays to know 63% of a track by heart", gt=0)] = 3.0
    satiation: Annotated[float, _value("loss right after hearing the same track", ge=0)] = 1.2
    satiation_days: Annotated[float, _value("days until 63% of that is gone", gt=0)] = 0.6
    artist_wear: Annotated[float, _value("lasting fatigue: loss per unit of the artist's wear", ge=0)] = 0.02
    artist_wear_days: Annotated[float, _value("days until 63% of the wear is gone", gt=0)] = 4.0
    mood: Annotated[float, _value("loss per squared unit of energy away from what the hour wants", ge=0)] = (
        3.0
    )
    coherence: Annotated[float, _value("gain per unit of cosine to the track before")] = 1.0
    coherence_centre: Annotated[float, _value("the cosine that is worth nothing")] = 0.45
    jolt: Annotated[float, _value("loss per unit of energy difference to the track before", ge=0)] = 0.8
    artist_fatigue: Annotated[
        float, _value("loss when the track before, heard whole, was of this artist")
    ] = 0.35
    artist_decay: Annotated[float, _value("how much of that is left one track later", ge=0, le=1)] = 0.75
    genre_fatigue: Annotated[float, _value("loss per unit of the genre's share above genre_room", ge=0)] = 0.8
    genre_room: Annotated[float, _value("share of late listening a genre may have before it tires")] = 0.7
    genre_decay: Annotated[float, _value("how much of the shares is left one track later", ge=0, le=1)] = 0.85
    momentum: Annotated[float, _value("gain per unit of momentum, which is between -1 and 1")] = 1.31
    momentum_decay: Annotated[float, _value("how much momentum is left one track later", ge=0, le=1)] = 0.6
    position: Annotated[float, _value("patience lost from the first track to late ones")] = 0.69
    position_tracks: Annotated[float, _value("tracks until 63% of it is lost", gt=0)] = 1.28
    session_mood: Annotated[float, _value("standard deviation of the hidden session mood", ge=0)] = 1.96
    session_mood_stay: Annotated[float, _value("correlation of the mood with itself a track later")] = 0.985
    tiring: Annotated[
        float,
        _value("lasting fatigue: tiredness added for each unit of loudness above loud_room, heard whole"),
    ] = 0.04
    loud_room: Annotated[float, _value("loudness, 0 to 1, that tires nobody", ge=0, lt=1)] = 0.0
    tiring_stay: Annotated[float, _value("how much tiredness is left one track later", ge=0, le=1)] = 0.9
    loud_pleasure: Annotated[float, _value("gain of a wholly loud track over a wholly soft one")] = 0.0
    gate_very_brief: Annotated[float, _value("gate past the very brief stage")] = 0.543
    gate_brief: Annotated[float, _value("gate past the brief stage")] = 0.983
    gate_most: Annotated[float, _value("gate to the whole")] = 0.199
    slope_brief: Annotated[float, _value("slope of the second gate")] = 0.5
    slope_most: Annotated[float, _value("slope of the third gate")] = 0.35
    pace: Annotated[float, _value("hazard of leaving per minute listened at frailty 1", ge=0)] = 0.0459
    frailty: Annotated[
        float, _value("log standard deviation of a session's frailty, a factor of that hazard", ge=0)
    ] = 0.494
    frustration: Annotated[
        float, _value("hazard of leaving for each skip in a row beyond patience", ge=0)
    ] = 0.0047
    patience: Annotated[float, _value("skips in a row that cost no patience", ge=0)] = 4.0


class Listener(NamedTuple):
    """A listener at one moment. K tastes in d dimensions; absent tastes have log_weights of -30."""

    tastes: Array  # (..., K, d) unit vectors
    log_weights: Array  # (..., K) log(w / max w), so 0 for the main taste
    habit: Array  # (...) logits; low for who skips much
    care: Array  # (...) how much coherence matters, 1 on average
    energy: Array  # (...) energy wanted over the day
    swing: Array  # (...) how far that moves with the hour
    peak: Array  # (...) hour of day, 0 to 24, when most energy is wanted
    index: Array  # (...) uint32


class Track(NamedTuple):
    """Tracks as the law sees them."""

    vector: Array  # (..., d) unit vectors
    energy: Array  # (...) 0 to 1
    loud: Array  # (...) 0 to 1
    quality: Array  # (...) standard normal
    artist: Array  # (...) int32
    genre: Array  # (...) int32
    minutes: Array  # (...)
    index: Array  # (...) uint32


class Past(NamedTuple):
    """What a listener had from a track and its artist before the session."""

    plays: Array  # (...) times heard, parts counted as parts
    days: Array  # (...) since it was last heard; large if never
    wear: Array  # (...) of the artist: tracks heard of late, fading over artist_wear_days


class State(NamedTuple):
    """A session so far."""

    position: Array  # (...) int32, tracks played
    mood: Array  # (...) hidden session mood, logits
    frailty: Array  # (...) hidden factor of the hazard of leaving; 1 in the middle
    momentum: Array  # (...) -1 to 1
    streak: Array  # (...) skips in a row
    vector: Array  # (..., d) of the track before
    energy: Array  # (...) of the track before
    artists: Array  # (..., MEMORY) int32, latest first; -1 for none
    heard: Array  # (..., MEMORY) share of each that was heard
    genres: Array  # (..., n_genres) fading share of each genre in what was heard
    tiredness: Array  # (...) logits


def affinity(p: Parameters, listener: Listener, track: Track, xp: Any = np) -> Array:
    """How much a listener likes a track, all else aside. Shape: that of listener and track, broadcast."""
    cosines = xp.einsum("...kd,...d->...k", listener.tastes, track.vector)
    match = _log_sum_exp(p.sharpness * cosines + listener.log_weights, xp) / p.sharpness
    return (
        p.affinity * (match - p.affinity_centre)
        + p.quality * track.quality
        + p.own_ear * _own_ear(listener.index, track.index, xp)
        + p.loud_pleasure * (track.loud - 0.5)
    )


def appeal(p: Parameters, listener: Listener, track: Track, past: Past, hour: Array, xp: Any = np) -> Array:
    """The part of the utility that is known when the session begins. `hour` is local, 0 to 24."""
    wanted = listener.energy + listener.swing * xp.cos((hour - listener.peak) * (2 * np.pi / 24))
    return (
        affinity(p, listener, track, xp)
        + listener.habit
        + p.familiarity * (1 - xp.exp(-past.plays / p.familiar_plays))
        - p.satiation * xp.exp(-past.days / p.satiation_days)
        - p.artist_wear * past.wear
        - p.mood * (track.energy - wanted) ** 2
    )


def utility(p: Parameters, appeal: Array, care: Array, track: Track, state: State, xp: Any = np) -> Array:
    """The whole utility of playing `track` next. Shape: that of all arguments, broadcast."""
    together = xp.sum(state.vector * track.vector, -1)
    follows = (
        p.coherence * care * (together - p.coherence_centre) - p.jolt * xp.abs(track.energy - state.energy)
    ) * (state.position > 0)
    fading = p.artist_decay ** xp.arange(MEMORY, dtype=xp.float32)
    same = (state.artists == track.artist[..., None]) * state.heard * fading
    share = xp.take_along_axis(*_aligned(state.genres, track.genre[..., None], xp), axis=-1)[..., 0]
    return (
        appeal
        + follows
        - p.artist_fatigue * xp.sum(same, -1)
        - p.genre_fatigue * xp.maximum(share - p.genre_room, 0.0)
        + p.momentum * state.momentum
        - p.position * (1 - xp.exp(-state.position / p.position_tracks))
        + state.mood
        - state.tiredness
    )


def stages(p: Parameters, utility: Array, xp: Any = np) -> Array:
    """Chance of each stage (STAGES), shape (..., 4)."""
    # Each gate is only reached through the one before, so that chances of all stages add up to 1.
    first = _sigmoid(utility + p.gate_very_brief, xp)
    second = first * _sigmoid(p.slope_brief * utility + p.gate_brief, xp)
    third = second * _sigmoid(p.slope_most * utility + p.gate_most, xp)
    return xp.stack([1 - first, first - second, second - third, third], -1)


def outcome(chances: Array, uniform: Array, xp: Any = np) -> Array:
    """The stage (0 to 3) that a uniform number picks from `chances` (..., 4)."""
    return xp.sum(uniform[..., None] > xp.cumsum(chances, -1)[..., :3], -1)


def begin(p: Parameters, mood: Array, frailty: Array, dimensions: int, genres: int, xp: Any = np) -> State:
    """A session's start. `mood` and `frailty` are standard normal draws of the same shape."""
    zero = xp.zeros_like(mood)
    return State(
        position=xp.zeros(mood.shape, dtype=xp.int32),
        mood=p.session_mood * mood,
        frailty=xp.exp(p.frailty * frailty),
        momentum=zero,
        streak=zero,
        vector=xp.zeros((*mood.shape, dimensions), dtype=mood.dtype),
        energy=zero,
        artists=xp.full((*mood.shape, MEMORY), -1, dtype=xp.int32),
        heard=xp.zeros((*mood.shape, MEMORY), dtype=mood.dtype),
        genres=xp.zeros((*mood.shape, genres), dtype=mood.dtype),
        tiredness=zero,
    )


def advance(p: Parameters, state: State, track: Track, stage: Array, noise: Array, xp: Any = np) -> State:
    """The session after `track` ended at `stage`. `noise`, standard normal, moves the hidden mood."""
    heard = xp.asarray(HEARD)[stage]
    stay = p.session_mood_stay
    here = xp.arange(state.genres.shape[-1], dtype=xp.int32) == track.genre[..., None]
    return State(
        position=state.position + 1,
        mood=stay * state.mood
        + xp.sqrt(xp.asarray(1 - stay * stay, dtype=xp.float32)) * p.session_mood * noise,
        frailty=state.frailty,
        momentum=p.momentum_decay * state.momentum + (1 - p.momentum_decay) * (2 * heard - 1),
        streak=(state.streak + 1) * (stage < 2),
        vector=track.vector,
        energy=track.energy,
        artists=xp.concatenate([track.artist[..., None], state.artists[..., :-1]], -1),
        heard=xp.concatenate([heard[..., None], state.heard[..., :-1]], -1),
        genres=p.genre_decay * state.genres + (1 - p.genre_decay) * heard[..., None] * here,
        tiredness=p.tiring_stay * state.tiredness
        + p.tiring * xp.maximum(track.loud - p.loud_room, 0) * heard,
    )


def leaving(p: Parameters, state: State, minutes: Array, xp: Any = np) -> Array:
    """Chance that the session ends now, after `minutes` of the last track; `state` is that after it."""
    bored = p.frustration * xp.maximum(state.streak - p.patience, 0.0)
    return 1 - xp.exp(-state.frailty * p.pace * minutes - bored)


def widen(tree: Any) -> Any:
    """A NamedTuple of arrays (n, ...) as (n, 1, ...), to meet candidates (n, m, ...)."""
    return type(tree)(*(value[:, None] for value in tree))


def take(tree: Any, rows: Array) -> Any:
    """The `rows` of every array in a NamedTuple."""
    return type(tree)(*(value[rows] for value in tree))


def float32(p: Parameters) -> Parameters:
    """The same constants as float32 scalars, so that neither library computes in another precision."""
    return Parameters(*(cast(float, np.float32(value)) for value in p))


def _sigmoid(x: Array, xp: Any) -> Array:
    return 1 / (1 + xp.exp(-x))


def _log_sum_exp(x: Array, xp: Any) -> Array:
    # The largest is taken out first: the exponential of logits would overflow float32 from 89 on.
    top = xp.max(x, -1)
    return top + xp.log(xp.sum(xp.exp(x - top[..., None]), -1))


def _aligned(values: Array, places: Array, xp: Any) -> tuple[Array, Array]:
    """`values` and `places` with the same leading shape, as take_along_axis wants them."""
    if values.shape[:-1] == places.shape[:-1]:
        return values, places
    shape = np.broadcast_shapes(values.shape[:-1], places.shape[:-1])
    return (
        xp.broadcast_to(values, (*shape, values.shape[-1])),
        xp.broadcast_to(places, (*shape, places.shape[-1])),
    )


def _own_ear(listener: Array, track: Array, xp: Any) -> Array:
    """A number for each pair, near standard normal, always the same: four hashed bytes, summed."""
    with np.errstate(over="ignore"):
        mixed = listener * xp.uint32(0x9E3779B1) ^ track * xp.uint32(0x85EBCA77)
        mixed = (mixed ^ (mixed >> xp.uint32(16))) * xp.uint32(0x7FEB352D)
        mixed = (mixed ^ (mixed >> xp.uint32(15))) * xp.uint32(0x846CA68B)
        mixed = mixed ^ (mixed >> xp.uint32(16))
    byte = xp.uint32(255)
    total = sum((mixed >> xp.uint32(shift)) & byte for shift in (0, 8, 16, 24))
    return (total.astype(xp.float32) - np.float32(510.0)) / np.float32(147.8)
