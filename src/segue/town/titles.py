"""Titles of songs and albums."""

from __future__ import annotations

from functools import partial

import numpy as np

from segue.town.catalogue import KINDS, Artists, Songs, genres
from segue.town.draws import generator
from segue.town.names import Speller, Unique, words

# Releases of their own, called after the song.
_SINGLES = ("original", "single", "sped up", "slowed", "radio edit")


def song_titles(seed: int, artists: Artists, songs: Songs) -> list[str]:
    """Titles of works, at the place of their first recording; no artist has one twice."""
    speller, table = Speller(seed, "titles"), list(genres().items())
    titles = [""] * len(songs.work)
    for artist in range(len(artists.genre)):
        name, genre = table[artists.genre[artist]]
        make = partial(speller.title, str(artists.language[artist]), name, genre["themes"])
        mine = Unique()
        for song in range(artists.first[artist], artists.first[artist + 1]):
            if songs.kind[song] == 0:
                titles[song] = mine.add(make)
    return titles


def album_titles(seed: int, artists: Artists, songs: Songs, titles: list[str]) -> list[str]:
    """The title of the release that each song is on."""
    named = _albums(seed, artists, songs, titles)
    speller, english = Speller(seed, "releases"), words()["en"]
    result = []
    for song, work in enumerate(songs.work.tolist()):
        kind, title = KINDS[songs.kind[song]], titles[work]
        album, home = int(songs.album[song]), int(songs.album[work])
        if album >= 0:
            result.append(named[album])
        elif kind in _SINGLES:
            result.append(title)
        elif kind == "live":
            result.append(
                speller.fill(["Live at {venue}", "Live in {place}", "{t} (Live)"], {"t": [title]}, english)
            )
        elif kind == "cover":
            result.append(
                speller.fill(["{t}", "{t}", "Covers, Vol. {digit}", "Other People's Songs"], {"t": [title]})
            )
        else:
            result.append(f"{named[home]} (Deluxe Edition)" if home >= 0 else title)
    return result


def _albums(seed: int, artists: Artists, songs: Songs, titles: list[str]) -> dict[int, str]:
    """Titles of the artists' albums; one in five is called after a song on it."""
    speller, table = Speller(seed, "albums"), list(genres().items())
    rng = generator(seed, "title tracks")
    named: dict[int, str] = {}
    for artist in range(len(artists.genre)):
        name, genre = table[artists.genre[artist]]
        make = partial(speller.album, str(artists.language[artist]), name, genre["themes"])
        mine = Unique()
        for song in range(artists.first[artist], artists.first[artist + 1]):
            album = int(songs.album[song])
            if album >= 0 and album not in named:
                called = titles[song] if rng.random() < 0.2 else ""
                named[album] = called or mine.add(make)
    return named


def features(seed: int, songs: Songs) -> np.ndarray:
    """Which songs feature a guest (n_tracks,): many where that is the custom."""
    custom = {"urban": 0.30, "latin": 0.18, "pop": 0.12, "electronic": 0.16}
    share = np.array([custom.get(genre["family"], 0.02) for genre in genres().values()])
    spoken = np.array([name not in ("techno", "drum_and_bass") for name in genres()])
    chance = generator(seed, "features").random(len(songs.work))
    return (chance < (share * spoken)[songs.genre]) & (songs.kind == 0)
