"""Playlists: those that listeners made, in an order that means something, and the town's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.draws import Draws, generator
from segue.town.catalogue import Floats, Ints, genres, spoken
from segue.town.choosing import by_weight, count_before, first_of
from segue.town.config import DAYS_A_MONTH, TownConfig
from segue.town.listeners import Listeners
from segue.town.memory import liking
from segue.town.names import Speller, words
from segue.town.reach import Catalogue

MOST = 8  # playlists of one listener
LENGTH = 100  # tracks of a playlist
FITTING = 8.0  # what a song gains by fitting the playlist's taste, beside being liked; 1 is a perfect fit
FOREIGN = 0.3  # what fits less is on a playlist only if nothing else is left
LATE = 3 * 365  # days before the town's start; later songs are new to it
# How people order: weight of likeness to the track before, of the energy curve, of the same artist again.
_ORDERS = {
    "flow": (5.0, 0.0, -1.0),
    "rising": (3.0, 6.0, -0.8),
    "falling": (3.0, 6.0, -0.8),
    "gathered": (2.0, 0.0, 0.0),
    "by artist": (1.0, 0.0, 4.0),
}
_STYLES = tuple(_ORDERS)
_CHANCES = (0.40, 0.12, 0.10, 0.22, 0.16)


@dataclass(frozen=True)
class Playlists:
    """Playlists (p,), tracks in their order."""

    owner: Ints  # (p,) row among the listeners at hand; -1 for the town's own
    tracks: Ints  # (p, LENGTH) -1 beyond the length
    length: Ints  # (p,)
    created: Floats  # (p,) days since the start; negative: before
    titles: list[str]
    followers: Ints
    style: Ints  # (p,) place in STYLES


def make_own(
    config: TownConfig, seed: int, catalogue: Catalogue, listeners: Listeners, short: Ints
) -> Playlists:
    """The playlists of `listeners`: each from one taste, of songs they came across."""
    draws = Draws(seed, "own playlists")
    number = listeners.number
    mean = config.playlists * np.exp(0.6 * draws.normal(number) - 0.18)
    count = np.minimum(np.round(mean + 0.4 * draws.normal(number, 1)).clip(0), MOST).astype(int)
    owner = np.repeat(np.arange(len(number)), count)
    which = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    who = number[owner]
    taste = by_weight(listeners.log_weights[owner, 0], draws.uniform(who, which, 2))
    length = np.exp(3.3 + 0.6 * draws.normal(who, which, 3)).clip(10, LENGTH).astype(np.int32)
    age = draws.uniform(who, which, 4)
    created = np.where(age < 0.75, -900 * age**2 - 1, (age - 0.75) * 4 * config.days)
    places = np.arange(3 * LENGTH)[None]
    # A playlist keeps to a part of what its taste comes across.
    width, month = short.shape[-1], np.clip(created / DAYS_A_MONTH, 0, short.shape[1] - 1).astype(int)
    centre = 0.4 * draws.uniform(who, which, 5)[:, None] ** 2
    slot = ((centre + 0.6 * draws.uniform(who[:, None], which[:, None], places, 6)) * width).astype(int)
    artist = short[owner[:, None], month[:, None], taste[:, None], slot % width]
    pool = catalogue.song_of(artist, draws.uniform(who[:, None], which[:, None], places, 7), created[:, None])
    style = np.searchsorted(np.cumsum(_CHANCES), draws.uniform(who, which, 8)).clip(max=len(_STYLES) - 1)
    noise = draws.normal(who[:, None], which[:, None], places, 9)
    fits = np.einsum("pmd,pd->pm", catalogue.songs.vector[pool], listeners.tastes[owner, month, taste])
    merit = liking(config, catalogue, listeners, owner, pool) + FITTING * fits + 0.8 * noise
    merit -= np.where(fits < FOREIGN, 100.0, 0.0)
    tracks, length = _ordered(catalogue, pool, merit, length, style, noise)
    day = np.datetime64(config.start, "D") + created.astype(np.int64)
    titles = [
        _title(Speller(seed, f"playlist {w} {k}"), catalogue, row[: max(1, n)], int(str(when)[:4]))
        for w, k, row, n, when in zip(who.tolist(), which.tolist(), tracks, length.tolist(), day, strict=True)
    ]
    followers = np.floor(np.exp(1.2 * draws.normal(who, which, 10) - 0.5)).astype(np.int32)
    return Playlists(
        owner.astype(np.int32), tracks, length, created.astype(np.float32), titles, followers, style
    )


def make_town(config: TownConfig, seed: int, catalogue: Catalogue) -> Playlists:
    """The town's own playlists, two for each genre: its popular songs, and late ones if there are enough."""
    rng = generator(seed, "town playlists")
    speller = Speller(seed, "town playlists")
    songs, rows, titles = catalogue.songs, [], []
    for number, name in enumerate(genres()):
        out = np.flatnonzero((songs.genre == number) & (catalogue.day < 0) & (songs.kind == 0))
        late = out[catalogue.day[out] > -LATE]
        second = ("fresh", late) if len(late) >= LENGTH else ("moods", out)
        for patterns, some in (("editorial", out), second):
            chance = songs.popularity[some].astype(np.float64) ** 0.8
            size = min(3 * LENGTH // 2, len(some))
            row = np.full(3 * LENGTH, -1, dtype=np.int32)
            row[:size] = some[rng.choice(len(some), size, replace=False, p=chance / chance.sum())]
            rows.append(np.where(row < 0, row[0], row))
            scope = {
                "Genre": [spoken(name).title().replace("'S", "'s")],
                "Mood": ["Late Night", "Sunday", "Golden Hour", "Morning"],
            }
            titles.append(speller.fill(words()["playlists"][patterns], scope))
    pool = np.array(rows)
    length = np.full(len(pool), 50, dtype=np.int32)
    merit = np.log(songs.popularity[pool]) + rng.normal(size=pool.shape)
    flow = np.zeros(len(pool), dtype=int)
    tracks, length = _ordered(catalogue, pool, merit, length, flow, rng.normal(size=pool.shape))
    followers = np.exp(rng.normal(8, 1, len(pool))).astype(np.int32)
    nobody = np.full(len(pool), -1, dtype=np.int32)
    return Playlists(nobody, tracks, length, np.full(len(pool), -200, np.float32), titles, followers, nobody)


def charts(catalogue: Catalogue, size: int = 50) -> Ints:
    """The most popular songs of all, best first."""
    out = np.flatnonzero((catalogue.day < 0) & (catalogue.songs.kind == 0))
    return out[np.argsort(-catalogue.songs.popularity[out], kind="stable")[:size]].astype(np.int32)


def _ordered(
    catalogue: Catalogue,
    pool: Ints,
    merit: NDArray[np.floating],
    length: Ints,
    style: Ints,
    noise: NDArray[np.float64],
) -> tuple[Ints, Ints]:
    """Playlists from pools (p, m): songs of most merit, one version of a work, few of an artist; in order."""
    songs = catalogue.songs
    best = np.argsort(-merit, axis=1, kind="stable")
    pool, noise = np.take_along_axis(pool, best, 1), np.take_along_axis(noise, best, 1)
    free = first_of(songs.work[pool])
    most = np.where(style == _STYLES.index("by artist"), 8, 3)[:, None]
    free &= count_before(songs.artist[pool], free) < most
    free &= np.cumsum(free, axis=1) <= 1.5 * length[:, None]
    keep = np.argsort(~free, axis=1, kind="stable")[:, : int(1.5 * LENGTH)]
    pool, noise = np.take_along_axis(pool, keep, 1), np.take_along_axis(noise, keep, 1)
    free = np.take_along_axis(free, keep, 1)
    length = np.minimum(length, free.sum(1)).astype(np.int32)
    if not len(pool):
        return np.empty((0, LENGTH), dtype=np.int32), length
    artist = songs.artist[pool]
    vector, energy = songs.vector[pool], songs.energy[pool]
    like, curve, again = (np.array([_ORDERS[s][i] for s in _STYLES])[style][:, None] for i in range(3))
    low, high = np.nanquantile(np.where(free, energy, np.nan), [0.1, 0.9], axis=1)
    falling = style == _STYLES.index("falling")
    tracks = np.full((len(pool), LENGTH), -1, dtype=np.int32)
    rows = np.arange(len(pool))
    last = np.full(len(pool), -1)
    for place in range(int(length.max(initial=0))):
        way = place / np.maximum(length - 1, 1)
        way = np.where(falling, 1 - way, way)[:, None]
        score = 0.7 * noise - curve * np.abs(energy - (low[:, None] + (high - low)[:, None] * way))
        if place:
            score = score + like * np.einsum("pmd,pd->pm", vector, vector[rows, last])
            score = score + again * (artist == artist[rows, last][:, None])
        last = np.argmax(np.where(free, score, -np.inf), axis=1)
        free[rows, last] = False
        inside = place < length
        tracks[inside, place] = pool[rows, last][inside]
    return tracks, length


def _title(speller: Speller, catalogue: Catalogue, tracks: Ints, year: int) -> str:
    lists = words()["playlists"]
    names = list(genres())
    main = names[np.bincount(catalogue.songs.genre[tracks], minlength=len(names)).argmax()]
    energy = float(catalogue.songs.energy[tracks].mean())
    mood = "soft" if energy < 0.4 else "middle" if energy < 0.66 else "strong"
    scope = lists | {"genre": [spoken(main)], "mood": lists[mood], "shortyear": [str(year), f"'{year % 100}"]}
    languages = genres()[main]["languages"]
    language = max(languages, key=languages.get)
    return speller.fill(lists[language if language in ("de", "es", "fr") else "en"], scope)
