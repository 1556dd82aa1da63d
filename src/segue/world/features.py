"""What can be seen of a session so far, and of a candidate at that moment; pure functions over arrays.

Surprise is what came of a track less what the user model had expected: it tells a happy listener from a good
choice, which averages of outcomes cannot.
"""

from __future__ import annotations

from math import log
from typing import Any, NamedTuple

import numpy as np

from segue.library.stages import HEARD
from segue.namespace import Array, namespace
from segue.world.tracks import Track

ARTISTS = 6  # tracks back in which a candidate's artist is looked for
LAST = 5  # tracks back whose outcomes are kept one by one
LEAVING = 8  # features that leaving is learned from

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
    """A session as it can be seen from outside; every field an array with any leading axes."""

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


def nothing_heard(dimensions: int, xp: Any, shape: tuple[int, ...] = ()) -> Heard:
    """Sessions before their first track.

    Args:
        dimensions: of the tracks' vectors.
        xp: `jax.numpy` or `numpy`.
        shape: leading axes; none for one session.
    """

    def zeros(*size: int) -> Array:
        return xp.zeros((*shape, *size), np.float32)

    number, two, vector, last = zeros(), zeros(2), zeros(dimensions), zeros(LAST)
    artists, shares = xp.full((*shape, ARTISTS), -1, np.int32), zeros(ARTISTS)
    return Heard(
        *(number, last, number, two, two, number, number, two, vector, number, vector, vector),
        *(artists, shares),
    )


def hear(heard: Heard, track: Track, stage: Array, surprise: Array) -> Heard:
    """Sessions after one more track each; all of the same leading axes."""
    xp = namespace(heard.position, stage)
    share = xp.asarray(HEARD)[stage]
    whole = (stage == 3).astype(np.float32)
    fading, slower = (np.array(part, np.float32) for part in ((0.6, 0.85), (0.6, 0.9)))
    loud = track.loud * share

    def newest(first: Array, others: Array) -> Array:
        return xp.concatenate([first[..., None], others[..., :-1]], -1)

    return Heard(
        position=heard.position + 1,
        last=newest(2 * whole - 1, heard.last),
        wholes=heard.wholes + whole,
        outcomes=fading * heard.outcomes + (1 - fading) * (2 * share - 1)[..., None],
        surprise=slower * heard.surprise + (1 - slower) * surprise[..., None],
        skips=(heard.skips + 1) * (stage < 2),
        minutes=heard.minutes + track.minutes * share,
        loud=xp.stack([0.7 * heard.loud[..., 0] + 0.3 * loud, 0.97 * heard.loud[..., 1] + loud], -1),
        vector=track.vector,
        energy=track.energy,
        liked=0.85 * heard.liked + whole[..., None] * track.vector,
        disliked=0.85 * heard.disliked + (1 - whole[..., None]) * track.vector,
        artists=newest(track.artist, heard.artists),
        shares=newest(share, heard.shares),
    )


def session_features(heard: Heard) -> Array:
    """(..., len(SESSION)), of about unit size."""
    xp, n, last = namespace(heard.position), heard.position, heard.last
    alone = xp.stack([n / 10, (n == 0).astype(np.float32), xp.exp(-n / 2), last[..., 0]], -1)
    loud = (heard.loud[..., 0], heard.loud[..., 1] / 5)
    rest = xp.stack([heard.skips / 5, heard.minutes / 30, *loud], -1)
    five = last.sum(-1) / xp.maximum(xp.minimum(n, LAST), 1)
    late = xp.stack([last[..., 1], last[..., 2], five, (2 * heard.wholes - n) / (n + 1)], -1)
    return xp.concatenate([alone, heard.outcomes, heard.surprise, rest, late], -1)


def moment_features(heard: Heard, tracks: Track) -> Array:
    """(..., m, len(MOMENT)) of candidates (..., m, ...), whose leading axes may be 1 for many sessions."""
    xp = namespace(heard.position, tracks.vector)
    started = (heard.position > 0)[..., None]
    recent = heard.shares * np.float32(0.75) ** np.arange(ARTISTS, dtype=np.float32)
    same = (tracks.artist[..., None] == heard.artists[..., None, :]) * recent[..., None, :]
    directions = xp.stack([heard.vector, _unit(heard.liked), _unit(heard.disliked)], -2)
    alike = directions @ xp.swapaxes(tracks.vector, -1, -2)
    columns = [
        *(alike[..., place, :] for place in range(3)),
        xp.abs(tracks.energy - heard.energy[..., None]) * started,
        same.sum(-1),
        tracks.loud * heard.loud[..., 1:] / 5,
    ]
    return xp.stack(columns, -1)


def leaving_features(heard: Heard, stage: Array, minutes: Array) -> Array:
    """What leaving is learned from, (..., LEAVING): sessions after a track, and minutes listened to it."""
    xp = namespace(heard.position, stage)
    return xp.stack(
        [
            xp.ones_like(heard.position),
            minutes / 4,
            xp.maximum(heard.skips - 2, 0),
            xp.maximum(heard.skips - 4, 0),
            heard.position / 10,
            (stage < 2).astype(np.float32),
            heard.outcomes[..., 1],
            heard.minutes / 30,
        ],
        -1,
    )


def as_newcomer(candidates: Array) -> Array:
    """Features (..., len(CANDIDATE)) as they would be if nothing were known of the listener."""
    for name, value in NEWCOMER.items():
        candidates = candidates.at[..., PLACES[name]].set(value)
    gap = candidates[..., PLACES["energy"]] - USUAL_ENERGY
    candidates = candidates.at[..., PLACES["energy_gap"]].set(gap)
    return candidates.at[..., PLACES["energy_gap_squared"]].set(gap**2)


def _unit(vectors: Array) -> Array:
    xp = namespace(vectors)
    return vectors / xp.maximum(xp.sqrt((vectors * vectors).sum(-1, keepdims=True)), 1e-6)
