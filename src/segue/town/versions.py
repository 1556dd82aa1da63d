"""Versions of songs: live, acoustic, remixed, sped up, sung by others; what belongs together is true."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from segue.draws import generator
from segue.town.catalogue import FEATURES, KINDS, Artists, Songs, genres, unit
from segue.town.config import TownConfig

# For each kind: weight, share of the original's popularity, and what becomes of its sound: an amount added to
# features (logits for shares of one, beats, dB), and a factor on the duration.
_RULES: dict[str, tuple[float, float, dict[str, float], float]] = {
    "live": (1.5, 0.20, {"liveness": 2.6, "energy": 0.2, "loudness": -1.5, "acousticness": 0.2}, 1.10),
    "acoustic": (
        1.0,
        0.30,
        {"acousticness": 2.6, "energy": -1.3, "loudness": -3.5, "danceability": -0.3},
        1.00,
    ),
    "remix": (1.2, 0.28, {"energy": 0.5, "danceability": 0.5, "instrumentalness": 0.6, "tempo": 6.0}, 1.12),
    "remaster": (1.3, 0.90, {"loudness": 1.2}, 1.00),
    "sped up": (0.5, 0.30, {"tempo": 28.0, "energy": 0.4, "valence": 0.4}, 0.80),
    "slowed": (0.5, 0.30, {"tempo": -20.0, "energy": -0.5, "valence": -0.5}, 1.20),
    "cover": (1.2, 0.0, {}, 1.0),
    "demo": (0.4, 0.05, {"acousticness": 1.0, "energy": -0.4, "loudness": -3.0}, 0.95),
    "instrumental": (0.4, 0.08, {"instrumentalness": 5.0, "speechiness": -1.0}, 1.00),
    "radio edit": (0.5, 0.50, {}, 0.72),
    "single": (1.2, 0.45, {}, 1.00),
}
_CLEAN = ("cover", "instrumental", "radio edit")  # never explicit
_DANCED = ("electronic", "pop", "urban", "latin")


def add_versions(
    config: TownConfig, seed: int, artists: Artists, songs: Songs, count: int
) -> tuple[Artists, Songs]:
    """The catalogue with `count` versions added, sorted by artist and popularity again."""
    if count:
        songs = _joined(songs, _versions(config, seed, artists, songs, count))
    order = np.lexsort((-songs.popularity, songs.artist))
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order))
    songs = Songs(**{f.name: getattr(songs, f.name)[order] for f in fields(Songs)})
    songs = replace(songs, work=place[songs.work], popularity=songs.popularity / songs.popularity.sum())
    first = np.searchsorted(songs.artist, np.arange(len(artists.genre) + 1)).astype(np.int32)
    return replace(artists, first=first), songs


def _versions(config: TownConfig, seed: int, artists: Artists, songs: Songs, count: int) -> Songs:
    rng = generator(seed, "versions")
    chance = songs.popularity.astype(np.float64) ** 0.55
    base = rng.choice(len(chance), count, p=chance / chance.sum())
    kind = _kinds(config, rng, songs, base)
    # One song has one remaster, one demo, one single; what would be a second becomes a live recording.
    seen: set[tuple[int, int]] = set()
    for i, pair in enumerate(zip(base.tolist(), kind.tolist(), strict=True)):
        if pair in seen and KINDS[pair[1]] not in ("live", "remix", "cover"):
            kind[i] = KINDS.index("live")
        seen.add(pair)
    cover = kind == KINDS.index("cover")
    by = songs.artist[base].copy()
    by[cover] = _who_covers(rng, artists, songs.artist[base[cover]])
    moved = unit(songs.vector[base] + 0.18 * unit(rng.normal(size=(count, config.dimensions))))
    vector = np.where(cover[:, None], unit(0.75 * artists.vector[by] + 0.55 * songs.vector[base]), moved)
    features, minutes, share = _sound(rng, songs, base, kind)
    # Who covers a song plays it more in the sound of their own genre than in that of the song.
    sound = np.array([[g["sound"][name] for name in FEATURES] for g in genres().values()], dtype=np.float32)
    features[cover] = 0.4 * features[cover] + 0.6 * sound[artists.genre[by[cover]]]
    released = songs.released[base] + rng.gamma(2.0, 260.0, count)
    released = np.where(
        np.isin(kind, [KINDS.index(k) for k in ("single", "radio edit")]), songs.released[base], released
    )
    released = np.where(
        kind == KINDS.index("remaster"), songs.released[base] + rng.integers(12, 32, count) * 365, released
    )
    start = int(np.datetime64(config.start, "D").astype(int))
    covers = artists.popularity[by] * 0.05 * np.exp(rng.normal(0, 0.8, count))
    return Songs(
        vector=vector.astype(np.float32),
        artist=by.astype(np.int32),
        genre=artists.genre[by],
        album=np.full(count, -1, dtype=np.int32),
        place=np.zeros(count, dtype=np.int32),
        work=songs.work[base],
        kind=kind.astype(np.int32),
        popularity=np.where(cover, covers, songs.popularity[base] * share).astype(np.float32),
        quality=(0.8 * songs.quality[base] + 0.5 * rng.normal(size=count) - 0.2).astype(np.float32),
        features=features,
        minutes=minutes,
        released=np.minimum(
            np.maximum(released, songs.released[base]), np.maximum(start - 30, songs.released[base])
        ).astype(np.int32),
        explicit=songs.explicit[base] & ~np.isin(kind, [KINDS.index(name) for name in _CLEAN]),
    )


def _kinds(config: TownConfig, rng: np.random.Generator, songs: Songs, base: np.ndarray) -> np.ndarray:
    weights = np.array([0.0] + [_RULES[kind][0] for kind in KINDS[1:]])
    table = list(genres().values())
    danced = np.array([g["family"] in _DANCED for g in table])[songs.genre[base]]
    chances = np.repeat(weights[None], len(base), 0)
    for kind in ("remix", "sped up", "slowed", "radio edit"):
        chances[:, KINDS.index(kind)] *= np.where(danced, 1.6, 0.15)
    chances[:, KINDS.index("radio edit")] *= np.where(songs.minutes[base] > 3.7, 3.0, 0.0)
    young = songs.released[base] > 13_000  # mid 2005: too young for a remaster
    chances[:, KINDS.index("remaster")] *= np.where(young, 0.0, 1.8)
    quiet = songs.features[base, FEATURES.index("acousticness")] > 0.6
    chances[:, KINDS.index("acoustic")] *= np.where(quiet, 0.1, 1.0)
    wordless = songs.features[base, FEATURES.index("instrumentalness")] > 0.5
    for kind in ("instrumental", "cover"):
        chances[:, KINDS.index(kind)] *= np.where(wordless, 0.0, 1.0)
    chances /= chances.sum(1, keepdims=True)
    return (np.cumsum(chances, 1) < rng.random(len(base))[:, None]).sum(1).clip(1, len(KINDS) - 1)


def _who_covers(rng: np.random.Generator, artists: Artists, covered: np.ndarray) -> np.ndarray:
    """Other artists who sing, likely of a near style and the same language; children's songs stay among
    themselves.
    """
    child = list(genres()).index("children")
    sing = np.array([g["sound"]["instrumentalness"] < 0.5 for g in genres().values()])[artists.genre]
    chosen = np.empty(len(covered), dtype=np.int64)
    for i, artist in enumerate(covered):
        near = sing * np.exp(3.0 * (artists.vector @ artists.vector[artist]))
        near *= np.where(artists.language == artists.language[artist], 1.0, 0.02)
        near *= np.where((artists.genre == child) == (artists.genre[artist] == child), 1.0, 0.0)
        near[artist] = 0
        chosen[i] = np.searchsorted(np.cumsum(near), rng.random() * near.sum())
    return chosen


def _sound(
    rng: np.random.Generator, songs: Songs, base: np.ndarray, kind: np.ndarray
) -> tuple[Any, Any, Any]:
    features = songs.features[base].astype(np.float64)
    minutes = songs.minutes[base].astype(np.float64)
    share = np.ones(len(base))
    for number, name in enumerate(KINDS):
        rows = np.flatnonzero(kind == number)
        if name == "original" or not len(rows):
            continue
        _, part, changes, longer = _RULES[name]
        share[rows] = part * np.exp(rng.normal(0, 0.5, len(rows)))
        minutes[rows] *= longer * np.exp(
            rng.normal(0, 0.02 if name in ("single", "remaster") else 0.06, len(rows))
        )
        for feature, amount in changes.items():
            column = FEATURES.index(feature)
            if feature in ("tempo", "loudness"):
                features[rows, column] += amount
            else:
                value = np.clip(features[rows, column], 0.002, 0.998)
                features[rows, column] = 1 / (1 + np.exp(-(np.log(value / (1 - value)) + amount)))
    features[:, FEATURES.index("loudness")] = np.minimum(features[:, FEATURES.index("loudness")], -1.2)
    return features.astype(np.float32), np.clip(minutes, 0.6, 26).astype(np.float32), share


def _joined(songs: Songs, versions: Songs) -> Songs:
    return Songs(
        **{f.name: np.concatenate([getattr(songs, f.name), getattr(versions, f.name)]) for f in fields(Songs)}
    )
