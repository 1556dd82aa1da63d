"""What a listener played, month by month: how much, what was new, what they came back to, what they left.

A play is what was heard and not skipped (`library/listening.py`), of whatever medium; skips are told by their
share alone. Tracks, artists and favourites are of songs, and episodes are counted beside them; where somebody
plays no song, they are of what is played instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from segue.library.listening import LibrarySubset, plays
from segue.playlists.catalogue import Catalogue
from segue.playlists.playlist import TrackCard

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segue.engine.engine import Engine

SHOWN = 5  # tracks and artists that a month tells of
OFTEN = 5  # plays after which a track was a favourite
KEPT, KEPT_DAYS = 3, 2  # plays, and days with one, after which what was new is kept
FEWEST = 20  # plays of a month that says how tastes are shared
LEFT = 60  # days without a play after which it is one no more


class Played(NamedTuple):
    """A track, and how often it was played."""

    track: TrackCard
    plays: int
    when: str  # ISO date that matters: of the first play of a discovery, of the last one of what was left


class Month(NamedTuple):
    """A month of listening."""

    month: str  # "2026-11"
    plays: int  # not skipped
    others: int  # of them, of another medium than the review's: episodes among songs
    hours: float  # as long as is known
    skipped: float | None  # share of what was begun, skips and plays, of which it is known
    tracks: int  # different ones
    new: int  # of them never played before
    days: list[int]  # plays of each day of the month
    top: list[Played]
    artists: list[tuple[str, int]]
    discovered: list[Played]  # new in that month and kept, played most by now


class Year(NamedTuple):
    """A year of listening."""

    year: str
    plays: int
    others: int  # of them, of another medium
    hours: float  # as long as is known
    tracks: int  # different ones
    artists: int
    new: int  # of the tracks, never played before
    months: list[int]  # plays of each of its twelve
    top: list[Played]
    most: list[tuple[str, int]]  # artists, and their plays


class Review(NamedTuple):
    """All that a listener played, in years and months, the newest first."""

    medium: str  # of the tracks and artists: song, or what is played most where no song is
    years: list[Year]
    months: list[Month]
    left: list[Played]  # favourites that are not played any more, the most played first
    back: list[Played]  # favourites of old that are played again


def review(engine: Engine, listener: str) -> Review:
    """A listener's months. Plays without a time are left out.

    Raises:
        NotFoundError: no such listener.
    """
    engine.refuse_unknown(listener)
    told = _told(engine, listener, excluded=True)
    begun, told = told, told.take(told.skipped != 1)  # where it is not known, it was heard
    if not len(told.day):
        return Review("song", [], [], [], [])
    tracks, code = np.unique(told.track, return_inverse=True)
    cards = Catalogue.read(engine.library, tracks.tolist()).cards(range(len(tracks)))
    first, last = np.full(len(tracks), np.iinfo(np.int64).max), np.zeros(len(tracks), np.int64)
    np.minimum.at(first, code, told.day)
    np.maximum.at(last, code, told.day)
    media = np.array([card.medium for card in cards], object)
    medium = _medium(media[code])
    of_medium = media == medium
    total = np.bincount(code, minlength=len(tracks)) * of_medium
    on_days = np.bincount(np.unique(np.stack([code, told.day]), axis=1)[0], minlength=len(tracks))
    kept = (total >= KEPT) & (on_days >= KEPT_DAYS)
    month = told.month
    first_month = first.astype("datetime64[D]").astype("datetime64[M]")
    months = []
    for which in np.unique(month)[::-1]:
        rows = month == which
        count = np.bincount(code[rows], minlength=len(tracks)) * of_medium
        new = (first_month == which) & (count > 0)
        names, per_artist = _artists(cards, count)
        known = begun.skipped[begun.month == which]
        known = known[~np.isnan(known)]
        months.append(
            Month(
                str(which),
                int(rows.sum()),
                int(rows.sum() - count.sum()),
                float(np.nansum(told.ms[rows])) / 3_600_000,
                float(known.mean()) if len(known) else None,
                int((count > 0).sum()),
                int(new.sum()),
                _days(told.day[rows], which),
                _most(cards, count, count, last),
                list(zip(names, per_artist, strict=True)),
                _most(cards, np.where(new & kept, total, 0), total, first),
            )
        )
    years = _years(told, code, cards, of_medium, first_month, month)
    now = int(told.day.max())
    often = total >= OFTEN
    left = _most(cards, np.where(often & (now - last > LEFT), total, 0), total, last)
    back = _most(cards, _returned(code, told.day, total, now), total, last)
    return Review(medium, years, months, left, back)


def _medium(played: NDArray[np.object_]) -> str:
    """What a review is of, from each play's medium: songs, or what is played most where there are none."""
    names, counts = np.unique(played, return_counts=True)
    return "song" if "song" in names else str(names[counts.argmax()])


class _Told(NamedTuple):
    track: NDArray[np.object_]
    day: NDArray[np.int64]  # since 1970
    ms: NDArray[np.float64]
    skipped: NDArray[np.float64]  # 1 where it was, NaN where it is not known

    @property
    def month(self) -> NDArray:
        """(n,) the month of each."""
        return self.day.astype("datetime64[D]").astype("datetime64[M]")

    def take(self, rows: NDArray[np.bool_]) -> _Told:
        """Some of them."""
        return _Told(self.track[rows], self.day[rows], self.ms[rows], self.skipped[rows])


def _told(engine: Engine, listener: str, *, excluded: bool) -> _Told:
    library = engine.library
    table = plays(LibrarySubset(library, [listener]), excluded=excluded)
    mine = table.filter(table.listener_id == listener, table.started_at.notnull(), table.track_id.notnull())
    heard = mine.played_ms.coalesce((mine.share * mine.duration_ms).cast("int64"))
    rows = library.arrow(mine.select("track_id", "skipped", ms=heard, day=mine.started_at.cast("date")))
    return _Told(
        np.array(rows["track_id"].to_pylist(), object),
        rows["day"].to_numpy().astype("datetime64[D]").astype(np.int64),
        np.array(rows["ms"].to_pylist(), np.float64),
        np.array(rows["skipped"].to_pylist(), np.float64),
    )


def _years(
    told: _Told,
    code: NDArray[np.integer],
    cards: Sequence[TrackCard],
    of_medium: NDArray[np.bool_],
    first_month: NDArray,
    month: NDArray,
) -> list[Year]:
    """The years of what was played, the newest first.

    Args:
        told: the plays.
        code: (n,) the track of each.
        cards: of the tracks.
        of_medium: (n_tracks,) whether each is of the review's medium.
        first_month: (n_tracks,) when each was first played.
        month: (n,) of each play.
    """
    year, latest = month.astype("datetime64[Y]"), np.full(len(first_month), np.iinfo(np.int64).min)
    np.maximum.at(latest, code, told.day)
    found = []
    for which in np.unique(year)[::-1]:
        rows = year == which
        count = np.bincount(code[rows], minlength=len(first_month)) * of_medium
        of_months = month[rows].astype(np.int64) - which.astype("datetime64[M]").astype(np.int64)
        artists, plays_of = _artists(cards, count, None)
        found.append(
            Year(
                str(which),
                int(rows.sum()),
                int(rows.sum() - count.sum()),
                float(np.nansum(told.ms[rows])) / 3_600_000,
                int((count > 0).sum()),
                len(artists),
                int(((first_month.astype("datetime64[Y]") == which) & (count > 0)).sum()),
                np.bincount(of_months, minlength=12).tolist(),
                _most(cards, count, count, latest),
                list(zip(artists[:SHOWN], plays_of[:SHOWN], strict=True)),
            )
        )
    return found


def _most(
    cards: Sequence[TrackCard], count: NDArray, shown: NDArray, when: NDArray[np.int64], most: int = SHOWN
) -> list[Played]:
    order = np.argsort(-count, kind="stable")[:most]
    return [
        Played(cards[place], int(shown[place]), str(np.datetime64(int(when[place]), "D")))
        for place in order.tolist()
        if count[place] > 0
    ]


def _artists(
    cards: Sequence[TrackCard], count: NDArray, most: int | None = SHOWN
) -> tuple[list[str], list[int]]:
    found: dict[str, int] = {}
    for place in np.flatnonzero(count).tolist():
        artists = cards[place].artists
        if artists:
            found[artists[0]] = found.get(artists[0], 0) + int(count[place])
    top = sorted(found.items(), key=lambda each: (-each[1], each[0]))[:most]
    return [name for name, _ in top], [plays for _, plays in top]


def _days(days: NDArray[np.int64], month: np.datetime64) -> list[int]:
    start = month.astype("datetime64[D]").astype(np.int64)
    length = (month + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64) - start
    return np.bincount(days - start, minlength=int(length)).tolist()


def _returned(
    code: NDArray[np.integer], day: NDArray[np.int64], total: NDArray[np.integer], now: int
) -> NDArray[np.integer]:
    """Plays of favourites that were not played for long, and then again in the last month."""
    order = np.lexsort((day, code))
    same = code[order][1:] == code[order][:-1]
    gap = (day[order][1:] - day[order][:-1]) > LEFT
    lately = day[order][1:] > now - 31
    found = np.zeros(len(total), np.int64)
    np.add.at(found, code[order][1:][same & gap & lately], 1)
    return np.where((found > 0) & (total >= OFTEN), total, 0)


def shares_by_month(
    engine: Engine, listener: str, groups: Sequence[Sequence[str]], months: int = 12
) -> tuple[list[str], NDArray[np.float64]]:
    """How much of a listener's plays each group of tracks was, month by month.

    Args:
        engine: of the library.
        listener: whose plays.
        groups: ids of the tracks of each; a track counts for the first group that has it.
        months: the last ones, at most.

    Returns:
        The months that have plays, oldest first, and shares (n_groups, n_months).
    """
    told = _told(engine, listener, excluded=False)
    told = told.take(told.skipped != 1)
    place = {track: number for number, group in reversed(list(enumerate(groups))) for track in group}
    group = np.array([place.get(track, -1) for track in told.track.tolist()], np.int64)
    month = told.month
    names, plays_of = np.unique(month, return_counts=True)
    names = names[plays_of >= FEWEST][-months:]  # a month that has just begun tells nothing yet
    shares = np.zeros((len(groups), len(names)))
    for column, which in enumerate(names):
        rows = (month == which) & (group >= 0)
        if rows.any():
            shares[:, column] = np.bincount(group[rows], minlength=len(groups)) / rows.sum()
    return [str(name) for name in names], shares
