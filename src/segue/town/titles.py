"""Titles of songs and albums."""

from __future__ import annotations

from functools import partial

import numpy as np

from segue.draws import generator
from segue.town.catalogue import KINDS, Artists, Songs, genres
from segue.town.names import Speller, Unique, words

# Releases of their own, called after the song.
_SINGLES = ("original", "single", "sped up", "slowed", "radio edit")


def song_titles(seed: int, artists: Artists, songs: Songs) -> list[str]:
    """Titles of works, at the place of their first recording; no artist has one twice."""
    speller, table = Speller(seed, "titles"), list(genres().items())
    titles = [""] * len(songs.work)
    for artist in range(len(artists.genre)):
        name, genre = table[artists.genre[artist]]
        kind = str(artists.language[artist]), str(artists.maker[artist]), name, genre["themes"]
        make = partial(speller.line, "title", *kind)
        mine = Unique()
        for song in range(artists.first[artist], artists.first[artist + 1]):
            if songs.kind[song] == 0:
                titles[song] = mine.add(make)
    return titles


def venues(seed: int, songs: Songs) -> dict[int, str]:
    """Where each live recording was made."""
    speller, live = Speller(seed, "venues"), np.flatnonzero(songs.kind == KINDS.index("live"))
    return {song: speller.pick(words()["en"]["venue"]) for song in live.tolist()}


def album_titles(
    seed: int, artists: Artists, songs: Songs, titles: list[str], played: dict[int, str]
) -> list[str]:
    """The title of the release that each song is on; `titles` by work, `played`: where live ones were."""
    named, speller = _albums(seed, artists, songs, titles), Speller(seed, "releases")
    result = []
    for song, work in enumerate(songs.work.tolist()):
        kind, title = KINDS[songs.kind[song]], titles[work]
        album, home = int(songs.album[song]), int(songs.album[work])
        if album >= 0:
            result.append(named[album])
        elif kind in _SINGLES:
            result.append(title)
        elif kind == "live":
            result.append(speller.pick([f"Live at {played[song]}"] * 2 + [f"{title} (Live)"]))
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
        kind = str(artists.language[artist]), str(artists.maker[artist]), name, genre["themes"]
        make = partial(speller.line, "album", *kind)
        mine = Unique()
        for song in range(artists.first[artist], artists.first[artist + 1]):
            album = int(songs.album[song])
            if album >= 0 and album not in named:
                called = rng.random() < 0.2 and genre["family"] != "classical"
                named[album] = titles[song] if called else mine.add(make)
    return named


def features(seed: int, songs: Songs) -> np.ndarray:
    """Which songs feature a guest (n_tracks,): many where that is the custom, none where nobody sings."""
    custom = {"urban": 0.30, "latin": 0.18, "pop": 0.12, "electronic": 0.16}
    share = np.array([custom.get(genre["family"], 0.02) for genre in genres().values()])
    sung = np.array([genre["sound"]["instrumentalness"] < 0.5 for genre in genres().values()])
    chance = generator(seed, "features").random(len(songs.work))
    return (chance < (share * sung)[songs.genre]) & (songs.kind == 0)
