"""The catalogue: genres in a latent space, artists, albums and songs, with their popularity and sound."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.draws import generator
from segue.town.config import TownConfig

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
FEATURES = (
    "tempo", "energy", "acousticness", "valence", "danceability",
    "speechiness", "instrumentalness", "liveness", "loudness",
)  # fmt: skip
KINDS = (
    "original", "live", "acoustic", "remix", "remaster", "sped up", "slowed",
    "cover", "demo", "instrumental", "radio edit", "single",
)  # fmt: skip

TONGUE = 0.4  # how far artists are drawn to those who sing in their language; English draws nobody
HEAD = 20.0  # so many of the most popular artists are about equally popular


@cache
def genres() -> dict[str, dict[str, Any]]:
    """The genres, by name, in order (data/genres.toml)."""
    text = (resources.files("segue.town") / "data" / "genres.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def spoken(genre: str) -> str:
    """A genre's name as people write it."""
    written = {"r_and_b": "r&b", "drum_and_bass": "drum & bass", "children": "children's music"}
    hyphens = ("k_pop", "j_pop", "hip_hop", "lo_fi", "post_punk", "singer_songwriter")
    return written.get(genre, genre.replace("_", "-" if genre in hyphens else " "))


@dataclass(frozen=True)
class Artists:
    """Artists, the most popular of a town anywhere among them."""

    vector: Floats  # (n_artists, d) unit vectors
    genre: Ints  # (n_artists,)
    language: NDArray[np.str_]  # (n_artists,)
    maker: NDArray[np.str_]  # (n_artists,) person, band, ...: what the name is like
    popularity: Floats  # (n_artists,) sums to 1
    first: Ints  # (n_artists + 1,) where an artist's songs begin; they are sorted by popularity


@dataclass(frozen=True)
class Songs:
    """Songs, sorted by artist, then by popularity. Their public ids are in another order (`town.ids`)."""

    vector: Floats  # (n_tracks, d) unit vectors
    artist: Ints  # (n_tracks,)
    genre: Ints
    album: Ints  # (n_tracks,) -1 for none of the artist's albums: a single, or a version's own release
    place: Ints  # (n_tracks,) number on the album, from 0
    work: Ints  # (n_tracks,) index of the work's first recording
    kind: Ints  # (n_tracks,) place in KINDS
    popularity: Floats  # (n_tracks,) sums to 1
    quality: Floats  # (n_tracks,) general appeal, standard normal
    features: Floats  # (n_tracks, len(FEATURES))
    minutes: Floats
    released: Ints  # days since 1970-01-01
    explicit: NDArray[np.bool_]

    @property
    def energy(self) -> Floats:
        """(n_songs,) 0 to 1."""
        return self.features[:, FEATURES.index("energy")]

    @property
    def loud(self) -> Floats:
        """How loud a track is, 0 to 1: -22 dB and softer is 0, -3 dB and louder is 1."""
        return np.clip((self.features[:, FEATURES.index("loudness")] + 22) / 19, 0, 1).astype(np.float32)


def genre_vectors(seed: int, dimensions: int) -> Floats:
    """Genres as unit vectors (n_genres, d): those of a family lie near each other."""
    rng = generator(seed, "genres")
    families = sorted({genre["family"] for genre in genres().values()})
    homes = dict(zip(families, _spread(rng.normal(size=(len(families), dimensions))), strict=True))
    vectors = [
        0.75 * homes[genre["family"]] + 0.66 * unit(rng.normal(size=dimensions))
        for genre in genres().values()
    ]
    return unit(np.array(vectors)).astype(np.float32)


def _spread(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vectors pushed apart from each other, as far as the dimensions allow."""
    vectors = unit(vectors)
    for _ in range(200):
        gaps = vectors[:, None] - vectors[None]
        push = np.sum(gaps / (np.sum(gaps**2, -1, keepdims=True) + 0.1) ** 2, axis=1)
        vectors = unit(vectors + 0.02 * push)
    return vectors


def unit(vectors: NDArray[Any]) -> NDArray[Any]:
    """Vectors of length one along the last axis."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def make_artists(config: TownConfig, seed: int, centres: Floats, originals: int) -> Artists:
    """Artists with a genre (some lean to a second), a popularity and a number of songs."""
    rng = generator(seed, "artists")
    table = list(genres().values())
    count = max(len(table) * 2, round(originals / config.tracks_an_artist))
    shares = np.array([genre["share"] for genre in table])
    # Two artists of each genre at least, however small its share: no genre of a small town is empty.
    genre = np.concatenate(
        [
            np.repeat(np.arange(len(table)), 2),
            rng.choice(len(table), count - 2 * len(table), p=shares / shares.sum()),
        ]
    )
    second = rng.choice(len(table), count, p=shares / shares.sum())
    lean = rng.random(count) ** 3 * 0.5
    noise = unit(rng.normal(size=(count, config.dimensions)))
    tongues, makers = (
        np.array([_choice(chance, table[g][key]) for g, chance in zip(genre, rng.random(count), strict=True)])
        for key in ("languages", "makers")
    )
    vector = unit(
        centres[genre]
        + lean[:, None] * centres[second] * (second != genre)[:, None]
        + 0.55 * noise
        + TONGUE * _directions(seed, tongues, config.dimensions)
    )
    rank = rng.permutation(count)
    popularity = (rank + HEAD) ** -config.artist_exponent * np.array([g["pull"] for g in table])[genre]
    sizes = np.exp(rng.normal(0, 0.6, count)) * (popularity / popularity.mean()) ** 0.2
    sizes = np.maximum(2, sizes * originals / sizes.sum())
    bounds = np.round(np.cumsum(sizes) * originals / sizes.sum()).astype(np.int32)
    return Artists(
        vector=vector.astype(np.float32),
        genre=genre.astype(np.int32),
        language=tongues,
        maker=makers,
        popularity=(popularity / popularity.sum()).astype(np.float32),
        first=np.concatenate([[0], bounds]).astype(np.int32),
    )


def _directions(seed: int, languages: NDArray[np.str_], dimensions: int) -> NDArray[np.float64]:
    """Where each language but English leads (n, d): artists who share one are a little nearer each other."""
    found = {
        language: unit(generator(seed, f"language {language}").normal(size=dimensions))
        for language in sorted(set(languages.tolist()) - {"en"})
    }
    return np.array([found.get(language, np.zeros(dimensions)) for language in languages.tolist()])


def _choice(chance: float, weights: dict[str, float]) -> str:
    ladder = np.cumsum(list(weights.values()))
    return list(weights)[int(np.searchsorted(ladder, chance * ladder[-1], side="right"))]


def make_albums(seed: int, artists: Artists) -> tuple[Ints, Ints]:
    """Album and place on it for every original song; -1 for singles. Hits are anywhere on an album."""
    rng = generator(seed, "albums")
    album = np.full(artists.first[-1], -1, dtype=np.int32)
    place = np.zeros(artists.first[-1], dtype=np.int32)
    number = 0
    for start, end in zip(artists.first[:-1], artists.first[1:], strict=True):
        order = start + rng.permutation(end - start)
        order = order[rng.random(len(order)) > 0.12]
        while len(order) >= 4:
            size = min(len(order), int(rng.integers(6, 14)))
            if len(order) - size < 4:
                size = min(len(order), 16)
            album[order[:size]] = number
            place[order[:size]] = np.arange(size)
            order, number = order[size:], number + 1
    return album, place


def make_features(
    rng: np.random.Generator, genre: Ints, artist_of: Ints, lean: Floats
) -> tuple[Floats, Floats]:
    """Sound features (n, len(FEATURES)) around the genre's, and minutes.

    `lean` (n, d) is how a track's vector differs from its genre's: part of the sound follows it, so that
    sound tells something of taste within a genre as well.
    """
    table = list(genres().values())
    sound = np.array([[g["sound"][name] for name in FEATURES] for g in table])
    centre = sound[genre]
    shares = [i for i, name in enumerate(FEATURES) if name not in ("tempo", "loudness")]
    follow = generator(0, "follow").normal(size=(lean.shape[1], len(FEATURES)))
    by_artist = rng.normal(size=(int(artist_of.max()) + 1, len(FEATURES)))[artist_of]
    shift = (
        1.6 * lean @ follow / np.sqrt(len(FEATURES)) + 0.55 * by_artist + 0.55 * rng.normal(size=centre.shape)
    )
    loudness, energy = FEATURES.index("loudness"), FEATURES.index("energy")
    shift[:, loudness] = 0.75 * shift[:, energy] + 0.5 * shift[:, loudness]
    features = centre + shift * np.where([name == "tempo" for name in FEATURES], 11.0, 2.2)
    logit = np.log(np.clip(centre, 0.01, 0.99) / (1 - np.clip(centre, 0.01, 0.99)))
    # Shares are shifted in logits, so that they stay between 0 and 1.
    features[:, shares] = (1 / (1 + np.exp(-(logit + 0.6 * shift))))[:, shares]
    features[:, loudness] = np.minimum(features[:, loudness], -1.2)
    features[:, FEATURES.index("tempo")] = np.clip(features[:, FEATURES.index("tempo")], 52, 208)
    seconds = np.array([g["sound"]["seconds"] for g in table])[genre] * np.exp(
        rng.normal(0, 0.17, len(genre))
    )
    return features.astype(np.float32), (np.clip(seconds, 45, 1500) / 60).astype(np.float32)


def make_originals(config: TownConfig, seed: int, centres: Floats, artists: Artists) -> Songs:
    """The songs that are nobody's version."""
    rng = generator(seed, "songs")
    count = int(artists.first[-1])
    artist = np.repeat(np.arange(len(artists.genre)), np.diff(artists.first)).astype(np.int32)
    genre = artists.genre[artist]
    album, place = make_albums(seed, artists)
    album_noise = unit(rng.normal(size=(int(album.max()) + 2, config.dimensions)))[album]
    vector = unit(
        artists.vector[artist] + 0.25 * album_noise + 0.35 * unit(rng.normal(size=(count, config.dimensions)))
    )
    features, minutes = make_features(rng, genre, artist, (vector - centres[genre]).astype(np.float32))
    rank = np.arange(count) - artists.first[artist]
    within = (rank + 1.0) ** -config.track_exponent * np.exp(rng.normal(0, 0.25, count))
    within /= np.bincount(artist, within)[artist]
    popularity = artists.popularity[artist] * within
    quality = _ranks_as_normal(popularity) * 0.45 + 0.89 * rng.normal(size=count)
    explicit = rng.random(count) < np.array([g["explicit"] for g in genres().values()])[genre]
    return Songs(
        vector=vector.astype(np.float32),
        artist=artist,
        genre=genre,
        album=album,
        place=place,
        work=np.arange(count, dtype=np.int32),
        kind=np.zeros(count, dtype=np.int32),
        popularity=popularity.astype(np.float32),
        quality=quality.astype(np.float32),
        features=features,
        minutes=minutes,
        released=_release_days(config, rng, artists, artist, album, rank),
        explicit=explicit,
    )


def _ranks_as_normal(values: NDArray[Any]) -> NDArray[np.float64]:
    from scipy.special import ndtri

    return ndtri((np.argsort(np.argsort(values)) + 0.5) / len(values))


def _release_days(
    config: TownConfig, rng: np.random.Generator, artists: Artists, artist: Ints, album: Ints, rank: Ints
) -> Ints:
    """Days since 1970: a career within the genre's years; an artist's first songs are never new releases."""
    start = int(np.datetime64(config.start, "D").astype(int))
    years = np.array([[(y - 1970) * 365.25 for y in g["years"]] for g in genres().values()])[artists.genre]
    begin = years[:, 0] + rng.beta(1.6, 1.0, len(years)) * (years[:, 1] - years[:, 0])
    span = rng.gamma(2.0, 3.0, len(years)) * 365.25
    # An album's songs come out on one day.
    release = rng.random(int(album.max()) + 2)
    moment = np.where(album >= 0, release[album], rng.random(len(artist)))
    day = np.minimum(begin[artist] + moment * span[artist], start - 1 - 900 * moment**2)
    new_album = rng.random(len(release)) < 1.3 * config.new_releases
    new_album[album[rank == 0]] = False
    new = np.where(album >= 0, new_album[album], rng.random(len(artist)) < 1.3 * config.new_releases)
    return np.where(new & (rank > 0), start + moment * config.days, day).astype(np.int32)
