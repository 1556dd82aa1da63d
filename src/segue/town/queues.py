"""What a session offers to hear, in order: by the way it was begun, and by what the listener knows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.draws import Draws
from segue.town.catalogue import Ints
from segue.town.choosing import first_of
from segue.town.memory import Known
from segue.town.playlists import Playlists
from segue.town.reach import SKEW, Catalogue
from segue.town.sessions import CONTEXTS, LOGGED, PODCAST

MAIN = 44  # places that the session's beginning fills; the last are autoplay
SPARE = 16  # places of well-known songs, for when the listener turns away from what is offered
QUEUE = MAIN + SPARE
LOGS = (*sorted(set(LOGGED)), "podcast")
RADIO, OWN = LOGS.index("radio"), LOGS.index("user_collection")
_LOG_OF = np.array([LOGS.index(name) for name in (*LOGGED, "podcast")])
Floats64 = NDArray[np.float64]


class Moment(NamedTuple):
    """The sessions that begin in one round: one for each of the listeners in `rows`."""

    rows: Ints  # (b,) among the listeners at hand
    number: Ints  # (b,) of the listener in the town
    round: int
    now: Floats64  # (b,) days since the start
    kind: Ints  # (b,) place in CONTEXTS, or PODCAST
    taste: Ints  # (b,) the taste that the session begins in
    shuffled: NDArray[np.bool_]  # (b,) whether the listener wants it shuffled


class Queue(NamedTuple):
    """What each session offers."""

    songs: Ints  # (b, QUEUE)
    length: Ints  # (b,) places that what was chosen fills; autoplay follows
    logged: Ints  # (b, QUEUE) place in LOGS
    shuffle: NDArray[np.bool_]  # (b,)
    source: Ints  # (b,) number of the playlist or album; -1 for none


class Offers:
    """Makes the queues of one batch of listeners."""

    def __init__(
        self, seed: int, catalogue: Catalogue, short: Ints, own: Playlists, town: Playlists, charts: Ints
    ) -> None:
        self._draws = Draws(seed, "queues")
        self.catalogue, self._short, self._own, self._town, self._top = catalogue, short, own, town, charts
        self._first_own = np.searchsorted(own.owner, np.arange(len(short) + 1))
        self._width = short.shape[-1]
        songs = catalogue.songs
        energy = np.bincount(songs.artist, songs.energy) / np.bincount(songs.artist)
        self.energies = energy[short[:, 0, :, :16]].mean(-1).astype(np.float32)  # (n, K) of each taste
        self._genre_lists = np.arange(len(town.length)).reshape(-1, 2)

    def make(self, moment: Moment, known: Known) -> Queue:
        """The queues of sessions that begin together."""
        size = len(moment.rows)
        songs = np.full((size, QUEUE), -1, dtype=np.int32)
        length = np.full(size, MAIN, dtype=np.int32)
        source = np.full(size, -1, dtype=np.int32)
        kind = np.where(moment.kind == PODCAST, CONTEXTS.index("repeat"), moment.kind)
        own = self._which_own(moment)
        kind = np.where((kind == CONTEXTS.index("playlist")) & (own < 0), CONTEXTS.index("liked"), kind)
        for number, name in enumerate(CONTEXTS):
            here = np.flatnonzero(kind == number)
            if len(here):
                part = Moment._make(v[here] if isinstance(v, np.ndarray) else v for v in moment)
                songs[here, :MAIN], length[here], source[here] = getattr(self, f"_{name}")(
                    part, known, own[here]
                )
        songs = self._fill(moment, songs, length, known)
        logged = np.where(np.arange(QUEUE) < length[:, None], _LOG_OF[kind][:, None], RADIO)
        logged[:, MAIN:] = OWN
        songs, logged, length = _without_repeats(songs, logged, length)
        can = np.isin(kind, [CONTEXTS.index(name) for name in ("liked", "playlist", "editorial")])
        return Queue(songs, length, logged, can & moment.shuffled, source)

    def _uniform(self, m: Moment, purpose: int, width: int = 0) -> Floats64:
        if width:
            return self._draws.uniform(m.number[:, None], m.round, purpose, np.arange(width)[None])
        return self._draws.uniform(m.number, m.round, purpose)

    def _which_own(self, m: Moment) -> Ints:
        """A playlist of the listener's that was there by now, or -1."""
        first, last = self._first_own[m.rows], self._first_own[m.rows + 1]
        chosen = first + ((last - first) * self._uniform(m, 0) ** 1.4).astype(np.int64)
        inside = np.minimum(chosen, max(len(self._own.length) - 1, 0))
        if not len(self._own.length):
            return np.full(len(m.rows), -1)
        there = (last > first) & (self._own.created[inside] <= m.now) & (self._own.length[inside] > 5)
        return np.where(there, inside, -1)

    def _liked(self, m: Moment, known: Known, own: Ints) -> tuple[Ints, Ints, Ints]:
        room = known.songs.shape[1]
        saved = known.saved[m.rows]
        late = np.arange(room)[None].astype(np.float64)
        key = np.where(m.shuffled[:, None], self._uniform(m, 1, room), 1 - late / room)
        key = np.where(saved, key, 9.0)
        best = np.argpartition(key, MAIN, axis=1)[:, :MAIN]
        best = np.take_along_axis(best, np.argsort(np.take_along_axis(key, best, 1), axis=1), 1)
        songs = np.take_along_axis(known.songs[m.rows], best, 1)
        return songs, np.minimum(saved.sum(1), MAIN).astype(np.int32), np.full(len(m.rows), -1)

    def _playlist(self, m: Moment, known: Known, own: Ints) -> tuple[Ints, Ints, Ints]:
        return self._from_list(m, self._own, own)

    def _editorial(self, m: Moment, known: Known, own: Ints) -> tuple[Ints, Ints, Ints]:
        artist = self._short[m.rows, self._month(m), m.taste, (8 * self._uniform(m, 2)).astype(int)]
        genre = self.catalogue.artists.genre[artist]
        which = self._genre_lists[genre, (2 * self._uniform(m, 3)).astype(int)]
        return self._from_list(m, self._town, which)

    def _from_list(self, m: Moment, lists: Playlists, which: Ints) -> tuple[Ints, Ints, Ints]:
        """A playlist from its beginning, from a place that was clicked, or shuffled uniformly."""
        tracks, length = lists.tracks[which], lists.length[which]
        places = np.arange(tracks.shape[1])[None]
        begin = np.where(self._uniform(m, 4) < 0.55, 0, length * self._uniform(m, 5)).astype(int)[:, None]
        key = np.where(m.shuffled[:, None], self._uniform(m, 6, tracks.shape[1]), (places - begin) / 1000.0)
        key = np.where((places < length[:, None]) & (key >= 0), key, 9.0)
        order = np.argsort(key, axis=1)[:, :MAIN]
        count = np.where(m.shuffled, length, length - begin[:, 0])
        return np.take_along_axis(tracks, order, 1), np.minimum(count, MAIN).astype(np.int32), which

    def _repeat(self, m: Moment, known: Known, own: Ints) -> tuple[Ints, Ints, Ints]:
        songs = self._familiar(m, known, 7, 36)
        return _padded(songs), np.full(len(m.rows), 30, dtype=np.int32), np.full(len(m.rows), -1)

    def _album(self, m: Moment, known: Known, own: Ints) -> tuple[Ints, Ints, Ints]:
        seed = self._familiar(m, known, 8, 1)[:, 0]
        album = self.catalogue.songs.album[seed]
        first = np.where(album >= 0, self.catalogue.album_first[album], 0)
        length = np.where(album >= 0, self.catalogue.album_first[album + 1] - first, 1)
        begin = np.where(self._uniform(m, 9) < 0.65, 0, self.catalogue.songs.place[seed])
        length = np.maximum(length - begin, 1)
        places = np.arange(MAIN)[None]
        inside = np.minimum((first + begin)[:, None] + places, len(self.catalogue.album_tracks) - 1)
        songs = np.where(places < length[:, None], self.catalogue.album_tracks[inside], -1)
        return np.where((album >= 0)[:, None], songs, _padded(seed[:, None])), length.astype(np.int32), album

    def _artist(self, m: Moment, known: Known, own: Ints) -> tuple[Ints, Ints, Ints]:
        met = self._short[
            m.rows, self._month(m), m.taste, (self._width * self._uniform(m, 10) ** SKEW).astype(int)
        ]
        heard = self.catalogue.songs.artist[self._familiar(m, known, 11, 1)[:, 0]]
        artist = np.where(self._uniform(m, 12) < 0.6, heard, met)
        first = self.catalogue.artists.first[artist]
        length = np.minimum(self.catalogue.artists.first[artist + 1] - first, 20)
        places = np.arange(MAIN)[None]
        songs = np.where(places < length[:, None], first[:, None] + places, -1)
        return songs, length.astype(np.int32), np.full(len(artist), -1)

    def _charts(self, m: Moment, known: Known, own: Ints) -> tuple[Ints, Ints, Ints]:
        songs = np.repeat(self._charts_padded()[None], len(m.rows), 0)
        return songs, np.full(len(m.rows), MAIN), np.full(len(m.rows), -1)

    def _charts_padded(self) -> Ints:
        return np.resize(self._top, MAIN)

    def _personalized(self, m: Moment, known: Known, own: Ints) -> tuple[Ints, Ints, Ints]:
        songs = self._met(m, 13, 30)
        return _padded(songs), np.full(len(m.rows), 30, dtype=np.int32), np.full(len(m.rows), -1)

    def _radio(self, m: Moment, known: Known, own: Ints) -> tuple[Ints, Ints, Ints]:
        seed = self._familiar(m, known, 15, 1)
        songs = self.catalogue.near(
            np.broadcast_to(seed, (len(seed), MAIN)),
            self._uniform(m, 16, MAIN),
            self._uniform(m, 17, MAIN),
            m.now[:, None],
        )
        songs[:, 0] = seed[:, 0]
        return songs, np.full(len(m.rows), MAIN, dtype=np.int32), np.full(len(m.rows), -1)

    def _month(self, m: Moment) -> Ints:
        from segue.town.config import DAYS_A_MONTH

        return np.clip(m.now / DAYS_A_MONTH + 0.5, 0, self._short.shape[1] - 1).astype(np.int64)

    def _met(self, m: Moment, purpose: int, width: int) -> Ints:
        """Songs that the session's taste comes across."""
        slot = (self._width * self._uniform(m, purpose, width) ** SKEW).astype(int)
        artist = self._short[m.rows[:, None], self._month(m)[:, None], m.taste[:, None], slot]
        return self.catalogue.song_of(artist, self._uniform(m, purpose + 1, width), m.now[:, None])

    def _familiar(self, m: Moment, known: Known, purpose: int, width: int) -> Ints:
        """Songs that the listener knows: half of them old favourites, half come to know of late."""
        count = known.count[m.rows][:, None]
        chance, which = self._uniform(m, purpose, width), self._uniform(m, purpose + 30, width)
        favourite = (count * which**2.2).astype(np.int64)
        late = count - 1 - (np.minimum(count, 60) * which).astype(np.int64)
        return known.songs[m.rows[:, None], np.where(chance < 0.6, favourite, late)]

    def _fill(self, m: Moment, songs: Ints, length: Ints, known: Known) -> Ints:
        """Autoplay after the end of what was chosen, and well-known songs in the spare places."""
        places = np.arange(MAIN)[None]
        last = np.take_along_axis(songs, np.maximum(length - 1, 0)[:, None].astype(np.int64), 1)
        auto = self.catalogue.near(
            np.broadcast_to(np.maximum(last, 0), (len(last), MAIN)),
            self._uniform(m, 18, MAIN), self._uniform(m, 19, MAIN), m.now[:, None],
        )  # fmt: skip
        songs[:, :MAIN] = np.where(places < length[:, None], songs[:, :MAIN], auto)
        songs[:, MAIN:] = self._familiar(m, known, 20, SPARE)
        first = self.catalogue.artists.first[self.catalogue.songs.artist[songs]]
        return np.where(self.catalogue.day[songs] > m.now[:, None], first, songs)


def _padded(songs: Ints) -> Ints:
    return np.pad(songs, ((0, 0), (0, MAIN - songs.shape[1])), constant_values=-1).astype(np.int32)


def _without_repeats(songs: Ints, logged: Ints, length: Ints) -> tuple[Ints, Ints, Ints]:
    """Each song once; what is behind moves up within the main places. Repeats end up before the spares."""
    fresh = first_of(songs)
    main = fresh[:, :MAIN]
    length = (main & (np.arange(MAIN)[None] < length[:, None])).sum(1)
    order = np.concatenate(
        [
            np.argsort(~main, axis=1, kind="stable"),
            MAIN + np.argsort(~fresh[:, MAIN:], axis=1, kind="stable"),
        ],
        axis=1,
    )
    return np.take_along_axis(songs, order, 1), np.take_along_axis(logged, order, 1), length
