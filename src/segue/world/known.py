"""What is known of listener and candidate when a session begins, as features that do not change in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.world.features import STATIC, UNKNOWN, WIDE
from segue.world.tracks import Track, take

Floats = NDArray[np.floating]
MOST_PLAYED = 20  # tracks that stand for a listener's tastes
WEAR_DAYS = 4.0  # until 63% of having heard an artist is forgotten
NEVER = 1000.0  # days


class About(NamedTuple):
    """What is known of a listener, and what the listener had from m candidates, before a session."""

    plays: Floats  # (m,) of the candidates; parts counted as parts
    days: Floats  # (m,) since the last; NEVER if there was none
    wear: Floats  # (m,) of the artist: tracks heard of late, fading over WEAR_DAYS
    taste: Floats  # (d,) sum of what was heard; any length
    most: Floats  # (MOST_PLAYED, d) vectors of the most played; zeros where there are fewer
    energy: float  # mean of those
    heard: NDArray[np.integer]  # (h,) places of songs heard
    weights: Floats  # (h,) of them
    told: NDArray[np.integer]  # (p,) places of plays whose fate is told
    surprise: Floats  # (p,) part heard, less what the rest of its session lets expect
    means: Floats  # (s,) part heard on average in each of their sessions
    received: Floats  # (m,) mean surprise of other listeners at the candidates
    outcomes: Mapping[str, Floats]  # further features (m,), see `outcomes.py`


def surprises(parts: Floats, session: NDArray[np.integer]) -> Floats:
    """How much more was heard of each play (n,) than of the others of its session, -1 to 1.

    A session's mood moves all of its plays; what is left tells of the song. Of the others' mean two plays
    heard by half are a part, so that a play alone is compared with those.

    Args:
        parts: share heard of each play (n,).
        session: numbers of the sessions (n,), 0 or more.
    """
    total, count = np.bincount(session, parts), np.bincount(session)
    return parts - (total[session] - parts + 1.0) / (count[session] + 1.0)


def reception(place: NDArray[np.integer], surprise: Floats, songs: int) -> Floats:
    """Sum of surprise, and number of plays, of each song (songs, 2)."""
    result = np.zeros((songs, 2))
    np.add.at(result, place, np.stack([surprise, np.ones(len(surprise))], 1))
    return result


def static_features(
    songs: Track, places: NDArray[np.integer], popularity: Floats, about: About, hour: float
) -> NDArray[np.float32]:
    """The features STATIC of m candidates, (m, len(STATIC)).

    Args:
        songs: all of them (n, ...).
        places: of the candidates (m,).
        popularity: of the candidates (m,), standardised.
        about: the listener.
        hour: 0 to 24.
    """
    tracks, around = take(songs, places), hour * 2 * np.pi / 24
    near = np.sort(tracks.vector @ about.most.T, -1)
    gap, size = tracks.energy - about.energy, len(places)
    near_widely, near_closely = _densities(tracks.vector, songs.vector[about.heard], about.weights)
    alike = np.exp(WIDE * (tracks.vector @ songs.vector[about.told].T - 1))
    same = places[:, None] == about.told
    by_artist = tracks.artist[:, None] == songs.artist[about.told]
    columns = {
        "taste": tracks.vector @ unit(about.taste),
        "nearest": near[:, -1],
        "nearest_five": near[:, -5:].mean(-1),
        "plays": np.log1p(about.plays),
        "recent": np.exp(-about.days / 5),
        "artist_recent": np.log1p(about.wear),
        "popularity": popularity,
        "loud": tracks.loud,
        "energy": tracks.energy,
        "minutes": tracks.minutes / 4,
        "energy_gap": gap,
        "energy_gap_squared": gap**2,
        "hour_cos": np.full(size, np.cos(around)),
        "hour_sin": np.full(size, np.sin(around)),
        "near": near_widely,
        "near_closely": near_closely,
        "liked_like": _mean(alike, about.surprise, 2.0),
        "liked_closely": _mean(alike * alike * alike, about.surprise, 2.0),
        "liked_itself": _mean(same, about.surprise, 2.0),
        "liked_artist": _mean(by_artist, about.surprise, 3.0),
        "received": 5 * about.received,
        "hears_out": np.full(size, 3 * (about.means - 0.5).sum() / (len(about.means) + 5.0)),
        "told": np.full(size, np.log1p(len(about.means)) / 3),
        "narrow": np.full(size, _narrow(songs.vector[about.heard], about.weights)),
        **about.outcomes,
    }
    return np.stack([columns[name] for name in STATIC], -1).astype(np.float32)


def _densities(songs: Floats, among: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Log of the mean likeness of songs (m, d) to some (h, d), widely and closely.

    Over the sharpness, which makes it about the nearest cosine, less one.
    """
    alike, total = np.exp(WIDE * (songs @ among.T - 1)), max(float(weights.sum()), 1e-9)
    both = ((alike, WIDE), (alike * alike * alike, 3 * WIDE))
    widely, closely = (np.log(near @ weights / total + UNKNOWN) / sharpness for near, sharpness in both)
    return widely, closely


def _narrow(vectors: Floats, weights: Floats) -> float:
    """Length of the mean of unit vectors (h, d): 1 if all are one, near 0 if they point everywhere."""
    return float(np.linalg.norm(weights @ vectors) / max(float(weights.sum()), 1e-9))


def _mean(weights: NDArray, values: Floats, prior: float) -> Floats:
    """Five times the weighted mean of the values, drawn to 0 as by `prior` values."""
    return 5 * (weights @ values) / (weights.sum(-1) + prior)


def standard(values: Floats) -> Floats:
    """Mean 0, spread 1; zeros if all are alike."""
    return (values - values.mean()) / max(float(values.std()), 1e-9)


def unit(vectors: Floats) -> Floats:
    """Of length 1; zeros stay."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
