"""Listening: sessions of a batch of listeners, all at once, one track after the other.

Every listener's n-th session runs together with the n-th sessions of the others, and within them the k-th
tracks: so what was heard before is known when it matters, and the work is done on whole arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.town import response
from segue.town.catalogue import Ints
from segue.town.config import TownConfig
from segue.town.draws import Draws
from segue.town.listeners import Listeners
from segue.town.playlists import Playlists
from segue.town.reach import WIDTH, Catalogue
from segue.town.response import Past, Track
from segue.town.sessions import CONTEXTS, PODCAST, plan

QUEUE = 48  # tracks lined up for a session; nobody stays for more
FAVOURITES = 160  # tracks heard whole of late that a listener comes back to
NEVER = 1e4  # days


class Plays(NamedTuple):
    """What a batch of listeners played, by listener, session and position."""

    listener: Ints  # row among the listeners at hand
    session: Ints  # number of the listener's session
    position: Ints  # from 1
    track: Ints
    day: NDArray[np.float64]  # start of the play, days since the town's start, UTC
    played: NDArray[np.float64]  # minutes
    stage: Ints
    kind: Ints  # place in CONTEXTS
    shuffle: NDArray[np.bool_]
    last: NDArray[np.bool_]  # the session ended with it
    utility: NDArray[np.float32]  # true


def tracks_of(catalogue: Catalogue) -> Track:
    """All songs as the law sees them."""
    songs = catalogue.songs
    return Track(
        vector=songs.vector,
        energy=songs.energy,
        loud=songs.loud,
        quality=songs.quality,
        artist=songs.artist,
        genre=songs.genre,
        minutes=songs.minutes,
        index=np.arange(len(songs.artist), dtype=np.uint32),
    )


class Batch:
    """Listeners at hand, and what they remember."""

    def __init__(
        self,
        config: TownConfig,
        seed: int,
        catalogue: Catalogue,
        listeners: Listeners,
        short: Ints,
        own: Playlists,
        town: Playlists,
        charts: Ints,
    ) -> None:
        self.config, self.seed, self.catalogue, self.listeners = config, seed, catalogue, listeners
        self.short, self.own, self.town, self.charts = short, own, town, charts
        self.tracks = tracks_of(catalogue)
        self.p = response.float32(config.response)
        n = len(listeners.number)
        self.plays = np.zeros((n, len(self.tracks.energy)), dtype=np.float32)
        self.heard_at = np.full(self.plays.shape, -NEVER, dtype=np.float32)
        self.wear = np.zeros((n, len(catalogue.artists.genre)), dtype=np.float32)
        self.wear_at = np.zeros(self.wear.shape, dtype=np.float32)
        self.favourites = np.full((n, FAVOURITES), -1, dtype=np.int32)
        self.favourite_count = np.zeros(n, dtype=np.int64)
        self.draws = Draws(seed, "session")
        first = np.searchsorted(own.owner, np.arange(n + 1))
        self.own_first, self.own_count = first[:-1], np.diff(first)

    def run(self) -> Plays:
        """All sessions of the batch."""
        schedule = plan(self.config, self.seed, self.listeners)
        parts: list[Plays] = []
        for which in range(schedule.start.shape[1]):
            rows = np.flatnonzero(which < schedule.count)
            kind = schedule.kind[rows, which]
            kind = np.where(kind == PODCAST, CONTEXTS.index("personalized"), kind)
            parts += self._session(rows, which, schedule.start[rows, which], kind)
        joined = Plays._make(np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.lexsort((joined.position, joined.session, joined.listener))
        return Plays._make(column[order] for column in joined)

    def _session(
        self, rows: NDArray[np.intp], which: int, start: NDArray[np.float64], kind: NDArray[np.int64]
    ) -> list[Plays]:
        number = self.listeners.number[rows]
        shuffle = self.draws.uniform(number, which, 1) < self.listeners.shuffler[rows]
        shuffle &= np.isin(
            kind, [CONTEXTS.index(name) for name in ("liked", "playlist", "editorial", "artist")]
        )
        queue, length = self._queue(rows, which, kind, start, shuffle)
        listener = self.listeners.at(rows, start)
        state = response.begin(
            self.p,
            _f(self.draws.normal(number, which, 2)),
            _f(self.draws.normal(number, which, 3)),
            self.config.dimensions,
            int(self.catalogue.artists.genre.max()) + 1,
        )
        now, here = start.copy(), np.arange(len(rows))
        parts = []
        for place in range(QUEUE):
            here = here[place < length[here]]
            if not len(here):
                break
            who, song = rows[here], queue[here, place]
            track = response.take(self.tracks, song)
            hour = (now[here] * 24 + self.listeners.zone[who]) % 24
            appeal = response.appeal(
                self.p, response.take(listener, here), track, self._past(who, song, now[here]), _f(hour)
            )
            felt = response.utility(self.p, appeal, listener.care[here], track, response.take(state, here))
            keys = (self.listeners.number[who], which, place)
            stage = response.outcome(response.stages(self.p, felt), _f(self.draws.uniform(*keys, 4)))
            played = _played(stage, track.minutes, self.draws.uniform(*keys, 5))
            after = response.advance(
                self.p, response.take(state, here), track, stage, _f(self.draws.normal(*keys, 6))
            )
            leaves = response.leaving(self.p, after, _f(played)) > self.draws.uniform(*keys, 7)
            leaves |= place + 1 >= length[here]
            parts.append(
                Plays(
                    who.astype(np.int32),
                    np.full(len(here), which, dtype=np.int32),
                    np.full(len(here), place + 1, dtype=np.int32),
                    song,
                    now[here].copy(),
                    played,
                    stage.astype(np.int32),
                    kind[here].astype(np.int32),
                    shuffle[here],
                    leaves,
                    felt.astype(np.float32),
                )
            )
            self._remember(who, song, now[here], stage)
            for field, new in zip(state, after, strict=True):
                field[here] = new
            now[here] += (played + 0.03) / 1440
            here = here[~leaves]
        return parts

    def _past(self, who: NDArray[np.intp], song: Ints, now: NDArray[np.float64]) -> Past:
        artist = self.tracks.artist[song]
        faded = np.exp(-(now - self.wear_at[who, artist]) / self.p.artist_wear_days)
        return Past(
            plays=self.plays[who, song],
            days=_f(now - self.heard_at[who, song]),
            wear=_f(self.wear[who, artist] * faded),
        )

    def _remember(self, who: NDArray[np.intp], song: Ints, now: NDArray[np.float64], stage: Ints) -> None:
        heard, artist = response.HEARD[stage], self.tracks.artist[song]
        self.plays[who, song] += heard
        self.heard_at[who, song] = now
        faded = np.exp(-(now - self.wear_at[who, artist]) / self.p.artist_wear_days)
        self.wear[who, artist] = self.wear[who, artist] * faded + heard
        self.wear_at[who, artist] = now
        whole = stage == 3
        fans = who[whole]
        self.favourites[fans, self.favourite_count[fans] % FAVOURITES] = song[whole]
        self.favourite_count[fans] += 1

    def _queue(
        self,
        rows: NDArray[np.intp],
        which: int,
        kind: NDArray[np.int64],
        start: NDArray[np.float64],
        shuffle: NDArray[np.bool_],
    ) -> tuple[Ints, Ints]:
        """What lies ahead in each session: tracks (n, QUEUE) and how many of them there are (n,)."""
        number, catalogue = self.listeners.number[rows], self.catalogue
        chance = [
            self.draws.uniform(number[:, None], which, np.arange(QUEUE)[None], 10 + k) for k in range(4)
        ]
        one = [self.draws.uniform(number, which, 20 + k) for k in range(3)]
        month = np.minimum((start / 30.4375).astype(int), self.short.shape[1] - 1)
        # New songs that suit: from the tastes' reach, each track's taste drawn by weight.
        taste = _by_weight(self.listeners.log_weights[rows, month], chance[0])
        slot = (WIDTH * chance[1] ** 3).astype(int)  # half of it within the nearest eight artists
        artist = self.short[rows[:, None], month[:, None], taste, slot]
        queue = catalogue.song_of(artist, chance[2], start[:, None])
        main = queue[:, 0]
        length = np.full(len(rows), QUEUE)

        def put(name: str, tracks: Ints, there: NDArray[np.bool_] | bool = True) -> NDArray[np.bool_]:
            mine = (kind == CONTEXTS.index(name)) & there
            queue[mine] = tracks[mine]
            return mine

        known = self.favourite_count[rows]
        pick = (np.minimum(known, FAVOURITES)[:, None] * chance[3]).astype(int)
        liked = self.favourites[rows[:, None], pick]
        put("liked", liked, known >= 20)
        put("repeat", liked, known >= 40)
        count = self.own_count[rows]
        mine = self.own_first[rows] + (one[0] * np.maximum(count, 1)).astype(int)
        mine = np.minimum(mine, max(len(self.own.length) - 1, 0))
        if len(self.own.length):
            made = (count > 0) & (self.own.created[mine] < start)
            tracks, long = _windows(self.own, mine, one[1], shuffle, chance[3])
            length[put("playlist", tracks, made)] = long[(kind == CONTEXTS.index("playlist")) & made]
        genre = catalogue.songs.genre[main]
        town = (2 * genre + (one[0] < 0.5)).astype(int)
        tracks, long = _windows(self.town, town, one[1], shuffle, chance[3])
        length[put("editorial", tracks)] = long[kind == CONTEXTS.index("editorial")]
        put("charts", np.tile(np.resize(self.charts, QUEUE), (len(rows), 1)))
        album = catalogue.songs.album[main]
        on_album = catalogue.album_first[np.maximum(album, 0)][:, None] + np.arange(QUEUE)
        sizes = np.diff(catalogue.album_first)[np.maximum(album, 0)]
        tracks = catalogue.album_tracks[np.minimum(on_album, len(catalogue.album_tracks) - 1)]
        length[put("album", tracks, album >= 0)] = sizes[(kind == CONTEXTS.index("album")) & (album >= 0)]
        first = catalogue.artists.first
        by = catalogue.songs.artist[main]
        sizes = first[by + 1] - first[by]
        rank = np.where(shuffle[:, None], np.argsort(chance[3], axis=1), np.arange(QUEUE)[None])
        tracks = first[by][:, None] + rank % sizes[:, None]
        length[put("artist", tracks.astype(np.int32))] = sizes[kind == CONTEXTS.index("artist")]
        radio = catalogue.near(
            np.repeat(main[:, None], QUEUE, 1), chance[1], chance[3] ** 1.5, start[:, None]
        )
        put("radio", radio)
        fresh = _fresh(queue) | (kind == CONTEXTS.index("repeat"))[:, None]
        fresh &= catalogue.day[queue] <= start[:, None]
        order = np.argsort(~fresh, axis=1, kind="stable")
        length = np.minimum(np.minimum(length, QUEUE), fresh.sum(1))
        return np.take_along_axis(queue, order, 1), np.maximum(length, 1)


def _windows(
    lists: Playlists, chosen: NDArray[np.intp], begin: NDArray, shuffle: NDArray[np.bool_], chance: NDArray
) -> tuple[Ints, Ints]:
    """QUEUE tracks of the chosen playlists: from a place on, or shuffled; and how many there are."""
    long = lists.length[chosen]
    first = np.where(begin < 0.6, 0, ((begin - 0.6) / 0.4 * long * 0.7).astype(int))
    straight = first[:, None] + np.arange(QUEUE)
    drawn = np.argsort(np.where(np.arange(QUEUE)[None] < long[:, None], chance, 2.0), axis=1)
    places = np.where(shuffle[:, None], drawn, straight)
    places = np.minimum(places, np.maximum(long - 1, 0)[:, None])
    return lists.tracks[chosen[:, None], places], np.where(shuffle, np.minimum(long, QUEUE), long - first)


def _by_weight(log_weights: NDArray[np.float32], chance: NDArray[np.float64]) -> NDArray[np.int64]:
    ladder = np.cumsum(np.exp(log_weights), axis=-1)[:, None, :]
    return (ladder < chance[..., None] * ladder[..., -1:]).sum(-1).clip(max=log_weights.shape[-1] - 1)


def _fresh(values: Ints) -> NDArray[np.bool_]:
    """Where a track stands for the first time in its row."""
    order = np.argsort(values, axis=1, kind="stable")
    ranked = np.take_along_axis(values, order, 1)
    new = np.ones(values.shape, dtype=bool)
    new[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    result = np.empty(values.shape, dtype=bool)
    np.put_along_axis(result, order, new, 1)
    return result


def _played(stage: Ints, minutes: NDArray[np.float32], chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minutes played: under 10 s, under 30 s, under nine tenths, or the whole (library/listening.py)."""
    bounds = np.array([[1.5, 9.5], [10.5, 29.0]]) / 60
    short = [low + (high - low) * chance for low, high in bounds]
    most = np.maximum(31 / 60, (0.26 + 0.6 * chance) * minutes)
    return np.minimum(np.choose(stage, [*short, most, minutes.astype(np.float64)]), minutes)


def _f(values: NDArray) -> NDArray[np.float32]:
    return values.astype(np.float32)
