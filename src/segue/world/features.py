"""What can be seen of a session so far, and of a candidate at that moment; pure functions over arrays.

Surprise is what came of a track less what the user model had expected: it tells a happy listener from a good
choice, which averages of outcomes cannot.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from segue.library.stages import HEARD
from segue.world.tracks import Track

ARTISTS = 6  # tracks back in which a candidate's artist is looked for
LAST = 5  # tracks back whose outcomes are kept one by one

# Features of the session, in the order of `session_features`; the state of a recurrent model follows.
SESSION = (
    *("position", "first", "early", "last", "outcomes_fast", "outcomes_slow", "surprise_fast"),
    *("surprise_slow", "skips_in_a_row", "minutes", "loud_fast", "loud_total"),
    *("second_last", "third_last", "last_five", "all_so_far"),
)
# Features of a candidate that do not change in a session; then those that do.
STATIC = (
    *("taste", "nearest", "nearest_five", "plays", "recent", "artist_recent", "popularity", "loud", "energy"),
    *("minutes", "energy_gap", "energy_gap_squared", "hour_cos", "hour_sin"),
    *("near", "near_closely", "liked_like", "liked_closely", "liked_itself", "liked_artist", "received"),
    *("hears_out", "told", "narrow"),
    # What became of this listener's plays of this very song, of its artist, and of all of late.
    *("out", "out_over", "out_last", "out_told", "away"),
    *("artist_out", "artist_over", "artist_told", "artist_away"),
    *("habit_now", "habit_days", "habit_weeks", "habit_months", "before", "pause"),
    *("picked", "shuffled"),
)
MOMENT = ("follows", "liked", "disliked", "jolt", "artist_heard", "loud_after_loud")
CANDIDATE = (*STATIC, *MOMENT)
# What puts the candidate beside the listener's taste: the form "dense" does not see it.
BESIDE_TASTE = (
    *("taste", "nearest", "nearest_five", "energy_gap", "energy_gap_squared", "near", "near_closely"),
    *("liked_like", "liked_closely", "liked_itself", "liked_artist"),
)
# What is said of a listener of whom nothing is known: no likeness at all, and of energies the middle one.
UNKNOWN = 1e-5  # the likeness of songs that have nothing in common: `known.density` takes its logarithm
WIDE = 10.0  # how alike two songs must be to tell of each other: weights are exp(this x (cosine - 1))
USUAL_ENERGY = 0.5
NEWCOMER = {
    **dict.fromkeys(("taste", "nearest", "nearest_five", "plays", "recent", "artist_recent"), 0.0),
    **dict.fromkeys(("liked_like", "liked_closely", "liked_itself", "liked_artist"), 0.0),
    **dict.fromkeys(("hears_out", "told", "narrow"), 0.0),
    **dict.fromkeys(("out", "out_over", "out_last", "out_told"), 0.0),
    **dict.fromkeys(("artist_out", "artist_over", "artist_told"), 0.0),
    **dict.fromkeys(("habit_now", "habit_days", "habit_weeks", "habit_months", "before"), 0.0),
    **dict.fromkeys(("away", "artist_away", "pause"), 1.0),
    "near": log(UNKNOWN) / WIDE,
    "near_closely": log(UNKNOWN) / (3 * WIDE),
}
PLACES = {name: place for place, name in enumerate(CANDIDATE)}  # columns of `Seen.candidates`


class Heard(NamedTuple):
    """A session as it can be seen from outside; every field an array without a leading axis."""

    position: Array  # tracks played
    last: Array  # (LAST,) newest first: 1 if heard whole, -1 if not, 0 where there was none
    wholes: Array  # tracks heard whole
    outcomes: Array  # (2,) share heard, from -1 to 1, fading fast and slowly
    surprise: Array  # (2,) likewise
    skips: Array  # in a row
    minutes: Array
    loud: Array  # (2,) loudness heard: fading fast, and summed with little fading
    vector: Array  # (d,) of the last track
    energy: Array
    liked: Array  # (d,) sum of tracks heard whole, fading
    disliked: Array  # (d,) of the others
    artists: Array  # (ARTISTS,) newest first; -1 where there was none
    shares: Array  # (ARTISTS,) heard of those tracks


def nothing_heard(dimensions: int) -> Heard:
    """A session before its first track."""
    zero, two, vector = jnp.zeros(()), jnp.zeros(2), jnp.zeros(dimensions)
    artists, shares = jnp.full(ARTISTS, -1, jnp.int32), jnp.zeros(ARTISTS)
    last = jnp.zeros(LAST)
    return Heard(zero, last, zero, two, two, zero, zero, two, vector, zero, vector, vector, artists, shares)


def hear(heard: Heard, track: Track, stage: Array, surprise: Array) -> Heard:
    """The session after one more track."""
    share = jnp.asarray(HEARD)[stage]
    whole = (stage == 3).astype(jnp.float32)
    fading, loud = jnp.asarray([0.6, 0.85]), track.loud * share
    slower = jnp.asarray([0.6, 0.9])
    return Heard(
        position=heard.position + 1,
        last=jnp.concatenate([(2 * whole - 1)[None], heard.last[:-1]]),
        wholes=heard.wholes + whole,
        outcomes=fading * heard.outcomes + (1 - fading) * (2 * share - 1),
        surprise=slower * heard.surprise + (1 - slower) * surprise,
        skips=(heard.skips + 1) * (stage < 2),
        minutes=heard.minutes + track.minutes * share,
        loud=jnp.stack([0.7 * heard.loud[0] + 0.3 * loud, 0.97 * heard.loud[1] + loud]),
        vector=track.vector,
        energy=track.energy,
        liked=0.85 * heard.liked + whole * track.vector,
        disliked=0.85 * heard.disliked + (1 - whole) * track.vector,
        artists=jnp.concatenate([track.artist[None], heard.artists[:-1]]),
        shares=jnp.concatenate([share[None], heard.shares[:-1]]),
    )


def session_features(heard: Heard) -> Array:
    """(len(SESSION),), of about unit size."""
    n = heard.position
    alone = jnp.stack([n / 10, (n == 0).astype(jnp.float32), jnp.exp(-n / 2), heard.last[0]])
    rest = jnp.stack([heard.skips / 5, heard.minutes / 30, heard.loud[0], heard.loud[1] / 5])
    five = heard.last.sum() / jnp.maximum(jnp.minimum(n, LAST), 1)
    late = jnp.stack([heard.last[1], heard.last[2], five, (2 * heard.wholes - n) / (n + 1)])
    return jnp.concatenate([alone, heard.outcomes, heard.surprise, rest, late])


def moment_features(heard: Heard, tracks: Track) -> Array:
    """(m, len(MOMENT)) of candidates (m, ...)."""
    started = heard.position > 0
    same = (tracks.artist[:, None] == heard.artists) * heard.shares * 0.75 ** jnp.arange(ARTISTS)
    columns = [
        tracks.vector @ heard.vector,
        tracks.vector @ _unit(heard.liked),
        tracks.vector @ _unit(heard.disliked),
        jnp.abs(tracks.energy - heard.energy) * started,
        same.sum(-1),
        tracks.loud * heard.loud[1] / 5,
    ]
    return jnp.stack(columns, -1)


def as_newcomer(candidates: Array) -> Array:
    """Features (..., len(CANDIDATE)) as they would be if nothing were known of the listener."""
    for name, value in NEWCOMER.items():
        candidates = candidates.at[..., PLACES[name]].set(value)
    gap = candidates[..., PLACES["energy"]] - USUAL_ENERGY
    candidates = candidates.at[..., PLACES["energy_gap"]].set(gap)
    return candidates.at[..., PLACES["energy_gap_squared"]].set(gap**2)


def _unit(vector: Array) -> Array:
    return vector / jnp.maximum(jnp.sqrt((vector * vector).sum()), 1e-6)
