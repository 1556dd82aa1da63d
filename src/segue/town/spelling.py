"""The catalogue in words: names of artists, titles as services spell them, and who is credited."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from segue.draws import generator
from segue.town.catalogue import KINDS, Artists, Songs, genres
from segue.town.names import Speller, Unique
from segue.town.titles import album_titles, features, song_titles, venues

_SPELLINGS = {
    "original": ["{t}"],
    "live": ["{t} - Live at {venue}", "{t} (Live at {venue})", "{t} - Live", "{t} (Live)"],
    "acoustic": ["{t} - Acoustic", "{t} (Acoustic)", "{t} - Acoustic Version", "{t} (Stripped)"],
    "remix": ["{t} - {by} Remix", "{t} ({by} Remix)", "{t} - {by} Extended Remix"],
    "remaster": ["{t} - {year} Remaster", "{t} - Remastered {year}", "{t} (Remastered)", "{t} - Remastered"],
    "sped up": ["{t} - Sped Up", "{t} (Sped Up)", "{t} - Sped Up Version"],
    "slowed": ["{t} - Slowed + Reverb", "{t} (Slowed + Reverb)", "{t} - Slowed"],
    "cover": ["{t}", "{t}", "{t} (Cover)", "{t} - {old} Cover"],
    "demo": ["{t} - Demo", "{t} (Demo)"],
    "instrumental": ["{t} - Instrumental", "{t} (Instrumental)"],
    "radio edit": ["{t} - Radio Edit", "{t} (Radio Edit)"],
    "single": ["{t}", "{t}", "{t}", "{t} - Single Version"],
}


@dataclass(frozen=True)
class Names:
    """The catalogue in words, in the order of `Artists` and `Songs`."""

    artists: list[str]
    titles: list[str]
    credits: list[list[str]]  # main artist first
    albums: list[str]  # by song


def spell(seed: int, artists: Artists, songs: Songs) -> Names:
    """Names for everything. No two artists share one; an artist has no title twice, but for versions."""
    speller, called, names = Speller(seed, "artists"), list(genres()), Unique()
    for language, maker, genre in zip(artists.language, artists.maker, artists.genre, strict=True):
        tongue = genres()[called[genre]].get("names", str(language))
        names.add(partial(speller.artist, tongue, str(maker), called[genre]))
    works, played = song_titles(seed, artists, songs), venues(seed, songs)
    guests = _guests(seed, artists, songs)
    remixers = _remixers(seed, artists, songs)
    speller = Speller(seed, "versions")
    titles, credits = [], []
    for song, work in enumerate(songs.work.tolist()):
        main = int(songs.artist[song])
        title, credit = works[work], [names.all[main]]
        if work in guests and main == songs.artist[work]:
            credit.append(names.all[guests[work]])
            title = f"{title} (feat. {credit[1]})"
        scope = {
            "t": [title],
            "old": [names.all[songs.artist[work]]],
            "year": [str(1970 + int(songs.released[song] / 365.25))],
        }
        if song in played:
            scope["venue"] = [played[song]]
        if song in remixers:
            scope["by"] = [names.all[remixers[song]]]
            credit.append(scope["by"][0])
        titles.append(speller.fill(_SPELLINGS[KINDS[songs.kind[song]]], scope))
        credits.append(list(dict.fromkeys(credit)))
    return Names(names.all, titles, credits, album_titles(seed, artists, songs, works, played))


def _guests(seed: int, artists: Artists, songs: Songs) -> dict[int, int]:
    """The guest on each song that features one: a popular artist of the genre, mostly of the language."""
    rng = generator(seed, "guests")
    guests = {}
    for song in np.flatnonzero(features(seed, songs)):
        others = np.flatnonzero(artists.genre == songs.genre[song])
        chance = artists.popularity[others].astype(np.float64)
        chance *= np.where(artists.language[others] == artists.language[songs.artist[song]], 1.0, 0.05)
        guest = int(others[rng.choice(len(others), p=chance / chance.sum())])
        if guest != songs.artist[song]:
            guests[int(song)] = guest
    return guests


def _remixers(seed: int, artists: Artists, songs: Songs) -> dict[int, int]:
    """Who made each remix: a producer, mostly of electronic music."""
    rng = generator(seed, "remixers")
    electronic = np.array([genre["family"] == "electronic" for genre in genres().values()])[artists.genre]
    chance = (
        (artists.maker == "producer") * np.where(electronic, 1.0, 0.1) * artists.popularity.astype(np.float64)
    )
    remixes = np.flatnonzero(songs.kind == KINDS.index("remix"))
    by = rng.choice(len(chance), len(remixes), p=chance**0.7 / (chance**0.7).sum())
    return dict(zip(remixes.tolist(), by.tolist(), strict=True))
