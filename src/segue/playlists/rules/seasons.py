"""Which season a track belongs to, Christmas above all, and on which days each season's music may come.

Told in this order: by when people play it, in any version (`Played`); by words in titles, albums and artists'
names in many languages; by its playlists. Enough plays beat words: what is played all year belongs to no
season whatever its title says, unless its record is one of the season.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.playlists.rules.on_playlists import share
from segue.playlists.rules.season_words import NEVER, NEVER_BY, WORDS

if TYPE_CHECKING:
    import pyarrow as pa

FALSE_ALARM = 0.01  # chance that plays alone flag any track of a library wrongly
MOST_PLAYS = 0.8  # of a track's plays in a season from which it belongs there
LEAST_OUTSIDE = 8  # half-months outside of its season in which it was played, to be of all the year
LEAST_LISTENERS = 3  # who played it then
NONE = -1


@dataclass(frozen=True)
class Season:
    """A part of the year that has music of its own.

    Attributes:
        name: as in `season_words.WORDS`.
        first, last: (month, day) between which a list's day lies where its music may come, both included. A
            weekly list's day is its Monday, the six days after it are heard too.
        halves: half-months, 0 (January 1 to 15) to 23, in which people play it.
    """

    name: str
    first: tuple[int, int]
    last: tuple[int, int]
    halves: tuple[int, ...]

    def holds(self, day: date) -> bool:
        """Whether its music may come on this day."""
        here = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= here <= self.last
        return here >= self.first or here <= self.last


# A day lies in each season after which its name says; the date of Easter moves between March 22 and April 25.
SEASONS = (
    Season("Christmas", (11, 29), (1, 1), (21, 22, 23, 0)),
    Season("Halloween", (10, 1), (10, 31), (18, 19, 20)),
    Season("New Year", (12, 22), (1, 3), (23, 0)),
    Season("Lunar New Year", (1, 10), (2, 19), (1, 2, 3)),
    Season("Easter", (3, 14), (4, 25), (5, 6, 7)),
)


def open_on(day: date) -> NDArray[np.bool_]:
    """(n_seasons + 1,) whether each season's music may come on `day`; the last place is for no season."""
    return np.array([*(season.holds(day) for season in SEASONS), True])


class Played(NamedTuple):
    """When songs are played. What counts is a half-month in which a listener played a song, once each.

    Attributes:
        n: (n_tracks,) half-months.
        inside: (n_tracks, n_seasons) of these in each season.
        expected: (n_tracks, n_seasons) how many there would be if its listeners played it when they play
            anything.
        years: (n_tracks, n_seasons) different years in whose season it was played.
        listeners: (n_tracks, n_seasons) who played it outside of each season.
    """

    n: NDArray[np.int64]
    inside: NDArray[np.int64]
    expected: NDArray[np.float64]
    years: NDArray[np.int64]
    listeners: NDArray[np.int64]

    def seasonal(self) -> NDArray[np.int8]:
        """(n_tracks,) the season that a track is played in, -1 for none or where too little is known.

        Nearly all half-months lie in it, in two years at least (a hit of one December is no Christmas song),
        and so many more than its listeners play then anyway that chance gives any track of the library a
        season with probability `FALSE_ALARM`: a binomial tail, which bounds that of unequal chances
        (Hoeffding 1956, theorem 4), divided by the number of tests (Bonferroni).
        """
        from scipy.special import bdtrc  # takes long to load, and only training counts

        tested = (self.years >= 2) & (self.inside >= MOST_PLAYS * self.n[:, None])
        chance = np.ones(self.inside.shape)
        usual = np.clip(self.expected / np.maximum(self.n, 1)[:, None], 0, 1)
        counts = np.broadcast_to(self.n[:, None], self.inside.shape)
        chance[tested] = bdtrc(self.inside[tested] - 1.0, counts[tested], usual[tested])
        chance[chance > FALSE_ALARM / max(int((self.years >= 2).sum()), 1)] = 1
        return np.where(chance.min(1) < 1, chance.argmin(1), NONE).astype(np.int8)

    def all_year(self) -> NDArray[np.bool_]:
        """(n_tracks, n_seasons) whether a track is surely played outside of a season as much as in it."""
        from scipy.special import bdtr

        outside = self.n[:, None] - self.inside
        few = (outside >= LEAST_OUTSIDE) & (self.listeners >= LEAST_LISTENERS)
        return few & (bdtr(self.inside.astype(float), self.n[:, None], 0.6) < FALSE_ALARM)


class Said(NamedTuple):
    """What words say of tracks: (n_tracks,) seasons, -1 for none."""

    title: NDArray[np.int8]
    record: NDArray[np.int8]  # album or artist


def flag(said: Said, in_playlists: NDArray[np.int8] | None = None, played: Played | None = None) -> NDArray:
    """(n_tracks,) int8, the place in `SEASONS` of each track's season, -1 for none.

    Args:
        said: from `words`.
        in_playlists: (n_tracks,) from `by_playlists`, where playlists are known.
        played: when tracks are played, where times are known.
    """
    told = said.title if in_playlists is None else np.where(said.title >= 0, said.title, in_playlists)
    if played is not None:
        rows = np.flatnonzero(told >= 0)
        told = told.copy()
        told[rows[played.all_year()[rows, told[rows]]]] = NONE
    told = np.where(said.record >= 0, said.record, told)
    if played is not None:
        seasonal = played.seasonal()
        told = np.where((told < 0) & (seasonal >= 0), seasonal, told)
    return told.astype(np.int8)


def words(
    titles: Sequence[str | None], artists: Sequence[Sequence[str] | None], albums: Sequence[str | None]
) -> Said:
    """What titles, and albums and artists, say of each of n tracks."""
    title = _told(titles, "anywhere", "titles")
    for at in np.flatnonzero(title >= 0).tolist():
        for pattern, whose in NEVER_BY.items():
            if re.search(pattern, titles[at] or "", re.IGNORECASE):
                said = {name.casefold() for name in artists[at] or ()}
                title[at] = NONE if said.intersection(whose) else title[at]
    credited = [name for names in artists for name in names or ()]
    owner = np.repeat(np.arange(len(titles)), [len(names or ()) for names in artists])
    by = _told(credited, "artists")
    record = _told(albums, "anywhere", "albums")
    record[owner[by >= 0]] = by[by >= 0]
    return Said(title, record)


def by_playlists(
    playlist_titles: Sequence[str | None],
    entry_playlists: NDArray[np.int32],
    entry_tracks: NDArray[np.int32],
    works: NDArray[np.int32],
) -> NDArray[np.int8]:
    """(n_tracks,) the season that most playlists with a track, or with any version of it, name.

    Args:
        playlist_titles: (n_playlists,) titles.
        entry_playlists, entry_tracks: (n_entries,) which playlist holds which track, each pair once.
        works: (n_tracks,) work numbers; versions of one song share theirs.
    """
    told = _told(playlist_titles, "playlists", "anywhere")
    result = np.full(len(works), NONE, np.int8)
    for season in range(len(SEASONS)):
        said = told == season
        if said.any():
            own = share(said, entry_playlists, entry_tracks, len(works))
            any_version = share(said, entry_playlists, works[entry_tracks], int(works.max(initial=-1)) + 1)
            result[(own >= 0.5) | (any_version[works] >= 0.5)] = season
    return result


def named(title: str) -> bool:
    """Whether a playlist's title asks for the music of a season."""
    return bool((_told([title], "playlists", "anywhere") != NONE)[0])


def _told(texts: Sequence[str | None], first: str, *more: str) -> NDArray[np.int8]:
    """(n,) the season that each text names, by kinds of words (fields of `Words`); one without the first
    kind is not looked for."""
    import pyarrow as pa
    import pyarrow.compute as pc

    result = np.full(len(texts), NONE, np.int8)
    if not len(texts):
        return result
    patterns = {
        number: "|".join(filter(None, (getattr(WORDS[season.name], kind) for kind in (first, *more))))
        for number, season in enumerate(SEASONS)
        if getattr(WORDS[season.name], first)
    }
    distinct: pa.DictionaryArray = pa.array(texts, pa.string()).dictionary_encode()
    sieve = "|".join(patterns.values()).replace(r"\b", "")  # in Arrow's engine they are for ASCII alone
    places = np.flatnonzero(pc.match_substring_regex(distinct.dictionary, sieve, ignore_case=True))
    compiled = [(number, re.compile(pattern, re.IGNORECASE)) for number, pattern in patterns.items()]
    named = np.full(len(distinct.dictionary) + 1, NONE, np.int8)
    for place in places.tolist():
        text = _GUESTS.sub("", distinct.dictionary[place].as_py())
        if not _NEVER.search(text):
            named[place] = next((number for number, words in compiled if words.search(text)), NONE)
    return named[distinct.indices.fill_null(len(distinct.dictionary)).to_numpy()]


_NEVER = re.compile(NEVER, re.IGNORECASE)
# Names of guests and of who made the mix are no words of the title.
_GUESTS = re.compile(
    r"[(\[]?\b(?:feat|ft|featuring)\b\.?[^)\]]*[)\]]?|[-(\[][^-(\[]*\bremix\b", re.IGNORECASE
)
