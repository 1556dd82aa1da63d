"""What is known of listener and candidate when a session begins, as features that do not change in it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.town.response import Track
from segue.world.features import STATIC

Floats = NDArray[np.floating]
MOST_PLAYED = 20  # tracks that stand for a listener's tastes
WEAR_DAYS = 4.0  # until 63% of having heard an artist is forgotten
NEVER = 1000.0  # days


class About(NamedTuple):
    """What a listener had from candidates before the session; arrays (n, m)."""

    plays: Floats  # parts counted as parts
    days: Floats  # since the last; NEVER if there was none
    wear: Floats  # of the artist: tracks heard of late, fading over WEAR_DAYS


def static_features(
    tracks: Track,
    popularity: Floats,
    about: About,
    taste: Floats,
    most: Floats,
    energy: Any,
    hour: Any,
) -> NDArray[np.float32]:
    """The features STATIC of n sessions with m candidates each, (n, m, len(STATIC)).

    Args:
        tracks: the candidates (n, m, ...).
        popularity: of the candidates (n, m), standardised.
        about: what the listener had from them.
        taste: (n, d) sum of what the listener has heard; any length.
        most: (n, k, d) vectors of the most played tracks; zeros where there are fewer.
        energy: (n,) mean of those.
        hour: (n,) 0 to 24.
    """
    near = np.einsum("nmd,nkd->nmk", tracks.vector, most)
    near.sort(-1)
    gap = tracks.energy - np.asarray(energy)[:, None]
    around = (np.asarray(hour) * (2 * np.pi / 24))[:, None]
    columns = {
        "taste": np.einsum("nmd,nd->nm", tracks.vector, unit(taste)),
        "nearest": near[..., -1],
        "nearest_five": near[..., -5:].mean(-1),
        "plays": np.log1p(about.plays),
        "recent": np.exp(-about.days / 5),
        "artist_recent": np.log1p(about.wear),
        "popularity": popularity,
        "loud": tracks.loud,
        "energy": tracks.energy,
        "minutes": tracks.minutes / 4,
        "energy_gap": gap,
        "energy_gap_squared": gap**2,
        "hour_cos": np.broadcast_to(np.cos(around), about.plays.shape),
        "hour_sin": np.broadcast_to(np.sin(around), about.plays.shape),
    }
    return np.stack([columns[name] for name in STATIC], -1).astype(np.float32)


def standard(values: Floats) -> Floats:
    """Mean 0, spread 1; zeros if all are alike."""
    return (values - values.mean()) / max(float(values.std()), 1e-9)


def unit(vectors: Floats) -> Floats:
    """Of length 1; zeros stay."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
