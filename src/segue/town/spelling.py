"""The catalogue in words: names of artists and albums, titles as services spell them, who is credited."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from segue.town.catalogue import KINDS, Artists, Songs, genres
from segue.town.draws import generator
from segue.town.names import Speller, words


@dataclass(frozen=True)
class Spelled:
    """Names by artist and song, in the order of `Artists` and `Songs`."""

    artists: list[str]
    titles: list[str]
    credits: list[list[str]]  # main artist first
    albums: list[str]  # by song


def spell(seed: int, artists: Artists, songs: Songs) -> Spelled:
    """Names for everything. No two artists share one; an artist has no title twice, but for versions."""
    table = list(genres().items())
    rng = generator(seed, "languages")
    languages, names = [], _Unique()
    speller = Speller(seed, "artists")
    for number in artists.genre:
        genre = table[number][1]
        languages.append(_choice(rng, genre["languages"]))
        maker = _choice(rng, genre["makers"])
        names.add(
            lambda language=languages[-1], maker=maker, name=table[number][0]: speller.artist(
                language, maker, name
            )
        )
    titles, featured = _titles(seed, artists, songs, languages)
    albums = _albums(seed, artists, songs, languages, titles)
    kinds = [KINDS[k] for k in songs.kind]
    speller, lists = Speller(seed, "versions"), words()["en"]
    credits: list[list[str]] = []
    spelled: list[str] = []
    rng = generator(seed, "guests")
    by_genre = [np.flatnonzero(artists.genre == g) for g in range(len(table))]
    guests: dict[int, int] = {}
    for i in np.flatnonzero(featured):
        others = by_genre[songs.genre[i]]
        chance = artists.popularity[others].astype(float)
        guest = int(others[rng.choice(len(others), p=chance / chance.sum())])
        if guest != songs.artist[i]:
            guests[int(i)] = guest
    for i, kind in enumerate(kinds):
        work = int(songs.work[i])
        title, credit = titles[work], [names.all[songs.artist[i]]]
        guest = guests.get(work) if songs.artist[i] == songs.artist[work] else None
        if guest is not None:
            credit.append(names.all[guest])
            title = f"{title} (feat. {names.all[guest]})"
        if kind == "remix":
            by = names.all[int(rng.choice(by_genre[songs.genre[i]]))]
            if by != credit[0]:
                credit.append(by)
            spelled.append(
                speller.fill(
                    ["{t} - {by} Remix", "{t} ({by} Remix)", "{t} - {by} Extended Remix"],
                    {"t": [title], "by": [by]},
                )
            )
        else:
            year = str(1970 + int(songs.released[i] / 365.25))
            scope = {"t": [title], "year": [year], "old": [names.all[songs.artist[work]]]}
            spelled.append(speller.fill(_SPELLINGS[kind], scope, lists))
        credits.append(credit)
    return Spelled(names.all, spelled, credits, albums)


_SPELLINGS = {
    "original": ["{t}"],
    "live": [
        "{t} - Live at {venue}",
        "{t} (Live at {venue})",
        "{t} - Live",
        "{t} (Live)",
        "{t} - Live in {place}",
    ],
    "acoustic": ["{t} - Acoustic", "{t} (Acoustic)", "{t} - Acoustic Version", "{t} (Stripped)"],
    "remaster": ["{t} - {year} Remaster", "{t} - Remastered {year}", "{t} (Remastered)", "{t} - Remastered"],
    "sped up": ["{t} - Sped Up", "{t} (Sped Up)", "{t} - Sped Up Version"],
    "slowed": ["{t} - Slowed + Reverb", "{t} (Slowed + Reverb)", "{t} - Slowed"],
    "cover": ["{t}", "{t}", "{t} (Cover)", "{t} - {old} Cover"],
    "demo": ["{t} - Demo", "{t} (Demo)"],
    "instrumental": ["{t} - Instrumental", "{t} (Instrumental)"],
    "radio edit": ["{t} - Radio Edit", "{t} (Radio Edit)"],
    "single": ["{t}", "{t}", "{t}", "{t} - Single Version"],
}


class _Unique:
    """Names, none twice."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._seen: set[str] = set()

    def add(self, make) -> str:
        name = make()
        for tries in range(2, 60):
            if name.casefold() not in self._seen:
                break
            name = make() if tries < 40 else f"{make()} {tries}"
        self._seen.add(name.casefold())
        self.all.append(name)
        return name


def _choice(rng: np.random.Generator, weights: dict[str, float]) -> str:
    ladder = np.cumsum(list(weights.values()))
    return list(weights)[int(np.searchsorted(ladder, rng.random() * ladder[-1], side="right"))]


def _titles(seed: int, artists: Artists, songs: Songs, languages: list[str]) -> tuple[list[str], np.ndarray]:
    """Titles of works, at their first recording's place, and where a guest is featured."""
    speller, rng = Speller(seed, "titles"), generator(seed, "features")
    table = list(genres().items())
    guest_share = {"urban": 0.30, "latin": 0.18, "pop": 0.12, "electronic": 0.16}
    shares = np.array([guest_share.get(genre["family"], 0.02) for _, genre in table])
    titles = [""] * len(songs.work)
    for artist in range(len(artists.genre)):
        name, genre = table[artists.genre[artist]]
        mine = _Unique()
        for i in range(artists.first[artist], artists.first[artist + 1]):
            if songs.kind[i] == 0:
                make = partial(speller.title, languages[artist], name, genre["themes"])
                titles[i] = mine.add(make)
    return titles, (rng.random(len(songs.work)) < shares[songs.genre]) & (songs.kind == 0)


def _albums(seed: int, artists: Artists, songs: Songs, languages: list[str], titles: list[str]) -> list[str]:
    speller = Speller(seed, "albums")
    table = list(genres().items())
    rng = generator(seed, "title tracks")
    names: dict[int, str] = {}
    result: list[str] = []
    mine = _Unique()
    for i in range(len(songs.work)):
        artist = songs.artist[i]
        if i == artists.first[artist]:
            mine = _Unique()
        number = int(songs.album[i])
        name, genre = table[songs.genre[i]]
        kind = KINDS[songs.kind[i]]
        work = int(songs.work[i])
        if number >= 0:
            if number not in names:
                own = titles[i] if rng.random() < 0.2 else None
                names[number] = (
                    mine.add(
                        lambda own=own, artist=artist, name=name, genre=genre: (
                            own or speller.album(languages[artist], name, genre["themes"])
                        )
                    )
                    if own is None
                    else own
                )
            result.append(names[number])
        elif kind in ("original", "single", "sped up", "slowed", "radio edit", "cover"):
            result.append(
                titles[work]
                if kind != "cover" or rng.random() < 0.5
                else f"Covers, Vol. {1 + int(rng.integers(3))}"
            )
        elif kind == "live":
            result.append("")
        else:
            album = names.get(int(songs.album[work]))
            result.append(f"{album} (Deluxe Edition)" if album else titles[work])
    scope = words()["en"]
    for i, album in enumerate(result):
        if not album:
            result[i] = speller.fill(
                ["Live at {venue}", "Live in {place}", "{t} (Live)"],
                {"t": [titles[int(songs.work[i])]]},
                scope,
            )
    return result
