"""Names of artists, albums and songs, and how services spell the versions of a song."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from segue.town.catalogue import KINDS, Artists, Songs, genres
from segue.town.draws import generator
from segue.town.names import Speller

_VENUES = ("the Old Mill", "Harbour Hall", "Radio Nord", "the Roundhouse", "Teatro Lirico", "Studio 4")
# What a version's title gets, by kind; services do not agree with each other, and neither do these.
_SPELLINGS: dict[str, tuple[str, ...]] = {
    "live": ("{title} - Live at {venue}", "{title} (Live)", "{title} - Live"),
    "acoustic": ("{title} - Acoustic", "{title} (Acoustic Version)"),
    "remix": ("{title} - {artist} Remix", "{title} ({artist} Remix)"),
    "remaster": ("{title} - {year} Remaster", "{title} - Remastered {year}", "{title} (Remastered)"),
    "sped up": ("{title} - Sped Up", "{title} (sped up version)"),
    "slowed": ("{title} - Slowed + Reverb", "{title} (slowed + reverb)"),
    "cover": ("{title}",),
    "demo": ("{title} - Demo", "{title} (Demo)"),
    "instrumental": ("{title} - Instrumental", "{title} (Instrumental)"),
    "radio edit": ("{title} - Radio Edit",),
    "single": ("{title}",),
}


@dataclass(frozen=True)
class Names:
    """What everything is called."""

    artists: list[str]
    titles: list[str]  # by song
    albums: list[str | None]  # by song
    credits: list[list[str]]  # by song, main artist first


def spell(seed: int, artists: Artists, songs: Songs) -> Names:
    """Name a catalogue. No two artists share a name, and no artist has two works of one title."""
    table = list(genres().items())
    speller = Speller(seed, "artists")
    rng = generator(seed, "spelling")
    names: list[str] = []
    tongues: list[str] = []
    taken: set[str] = set()
    for genre in artists.genre:
        facts = table[genre][1]
        tongue, maker = _weighted(rng, facts["languages"]), _weighted(rng, facts["makers"])
        name = _fresh(lambda tongue=tongue, maker=maker: speller.artist(tongue, maker), taken)
        names.append(name)
        tongues.append(tongue)
    titles: list[str] = [""] * len(songs.artist)
    used: dict[int, set[str]] = {}
    speller = Speller(seed, "titles")
    for song in np.flatnonzero(songs.kind == 0):
        artist = int(songs.artist[song])
        titles[song] = _fresh(
            _titles(speller, table, songs, artist, song, tongues), used.setdefault(artist, set())
        )
    for song in np.flatnonzero(songs.kind > 0):
        work = int(songs.work[song])
        remixer = names[int(rng.integers(len(names)))]
        pattern = _SPELLINGS[KINDS[songs.kind[song]]]
        titles[song] = pattern[int(rng.integers(len(pattern)))].format(
            title=titles[work],
            artist=remixer,
            venue=_VENUES[int(rng.integers(len(_VENUES)))],
            year=1970 + int(songs.released[song] // 365.25),
        )
    albums = _albums(seed, table, songs, tongues, titles)
    credits = [[names[artist]] for artist in songs.artist]
    for song in np.flatnonzero((songs.kind == 0) & (rng.random(len(titles)) < 0.06)):
        guest = names[int(rng.integers(len(names)))]
        if guest not in credits[song]:
            credits[song].append(guest)
            titles[song] = f"{titles[song]} (feat. {guest})"
    return Names(names, titles, albums, credits)


def _titles(
    speller: Speller,
    table: list[tuple[str, dict[str, Any]]],
    songs: Songs,
    artist: int,
    song: int,
    tongues: list[str],
) -> Any:
    genre, facts = table[songs.genre[song]]
    return lambda: speller.title(tongues[artist], genre, facts["themes"])


def _albums(
    seed: int, table: list[tuple[str, dict[str, Any]]], songs: Songs, tongues: list[str], titles: list[str]
) -> list[str | None]:
    speller = Speller(seed, "albums")
    by_album: dict[int, str] = {}
    for song in np.flatnonzero(songs.album >= 0):
        album = int(songs.album[song])
        if album not in by_album:
            genre, facts = table[songs.genre[song]]
            by_album[album] = speller.album(tongues[int(songs.artist[song])], genre, facts["themes"])
    return [by_album[int(a)] if a >= 0 else titles[song] for song, a in enumerate(songs.album)]


def _fresh(make: Any, taken: set[str]) -> str:
    """A name that is not taken; after many tries it gets a number, as people's names do."""
    for _ in range(40):
        name = make()
        if name.casefold() not in taken:
            break
    else:
        number = 2
        while f"{name} {number}".casefold() in taken:
            number += 1
        name = f"{name} {number}"
    taken.add(name.casefold())
    return name


def _weighted(rng: np.random.Generator, weights: dict[str, float]) -> str:
    keys = list(weights)
    shares = np.array([weights[key] for key in keys], dtype=np.float64)
    return keys[int(np.searchsorted(np.cumsum(shares / shares.sum()), rng.random()).clip(max=len(keys) - 1))]
