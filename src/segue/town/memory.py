"""What listeners have heard, know, save and ban; what a batch of them brings along, and how it grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.draws import Draws
from segue.library.stages import HEARD
from segue.town import response
from segue.town.catalogue import Floats, Ints
from segue.town.choosing import by_weight, first_of
from segue.town.config import TownConfig
from segue.town.listeners import Listeners
from segue.town.reach import SKEW, Catalogue

KINDS = ("save", "love", "ban")
ROOM = 640  # songs that a listener is taken to know
NEVER = 9999.0
# Of the songs a listener has come across, liking decides which are known well: one unit of noise to so many.
LIKING = 1.2


class Words(NamedTuple):
    """Explicit feedback; arrays (k,)."""

    row: Ints  # listener, among those at hand
    track: Ints
    kind: Ints  # place in KINDS
    day: NDArray[np.float64]


class Known(NamedTuple):
    """The songs each listener knows: at first best known first, those learned later at the end."""

    songs: Ints  # (n, ROOM)
    saved: NDArray[np.bool_]  # (n, ROOM)
    count: NDArray[np.int64]  # (n,)


class Heard(NamedTuple):
    """Songs that listeners heard, and when; arrays (k,)."""

    rows: NDArray[np.integer]  # listeners, among those at hand
    songs: NDArray[np.integer]
    artist: Ints  # of each song
    stage: Ints  # until which it was heard
    day: NDArray[np.floating]


@dataclass
class Memory:
    """What a batch of listeners remembers; it changes as they live."""

    plays: Floats  # (n, n_tracks) times heard, parts as parts
    last: Floats  # (n, n_tracks) day last heard
    wear: Floats  # (n, n_artists) tracks heard of late, as of the day `worn`
    worn: Floats  # (n, n_artists)
    status: NDArray[np.uint8]  # (n, n_tracks) 0 unknown, 1 known, 2 saved, 3 banned
    known: Known
    until: NDArray[np.float64]  # (n,) day the last session ended
    said: list[Words]

    def past(
        self,
        p: response.Parameters,
        rows: NDArray[np.integer],
        songs: NDArray[np.integer],
        artist: Ints,
        now: NDArray[np.floating],
    ) -> response.Past:
        """The past of listeners with songs; all shapes broadcast."""
        faded = np.exp((self.worn[rows, artist] - now) / p.artist_wear_days)
        return response.Past(
            plays=self.plays[rows, songs],
            days=(now - self.last[rows, songs]).astype(np.float32),
            wear=(self.wear[rows, artist] * faded).astype(np.float32),
        )

    def hear(self, p: response.Parameters, what: Heard) -> None:
        """Each of some listeners, all different, has heard a song."""
        rows, songs, artist, stage, now = what
        heard = HEARD[stage]
        self.plays[rows, songs] += heard
        self.last[rows, songs] = np.where(stage >= 2, now, self.last[rows, songs])
        faded = np.exp((self.worn[rows, artist] - now) / p.artist_wear_days)
        self.wear[rows, artist] = self.wear[rows, artist] * faded + heard
        self.worn[rows, artist] = now

    def hear_all(self, p: response.Parameters, what: Heard, now: float) -> None:
        """Everything that was heard until the day `now`, at once and in any order."""
        rows, songs, artist, stage, day = what
        heard = HEARD[stage]
        np.add.at(self.plays, (rows, songs), heard)
        late = stage >= 2
        np.maximum.at(self.last, (rows[late], songs[late]), day[late].astype(np.float32))
        np.add.at(
            self.wear, (rows, artist), heard * np.exp((day - now) / p.artist_wear_days).astype(np.float32)
        )
        self.worn[:] = now

    def judge(
        self,
        rows: Ints,
        songs: Ints,
        stage: Ints,
        worth: Floats,
        chance: NDArray[np.float64],
        now: NDArray[np.float64],
    ) -> None:
        """What is said of a song, and whether it is known from now on.

        A whole play of an unsaved song is followed by a save in 3.5% of cases, 8.5% where the utility is
        above 2.5; a love in 0.4% there; a very brief one by a ban in 0.3% where it is below -2.5. A new song
        heard whole is known well enough to be chosen again in 30%.
        """
        status = self.status[rows, songs]
        whole, joy = stage == 3, worth > 2.5
        save = whole & (status < 2) & (chance < 0.035 + 0.05 * joy)
        love = whole & joy & (chance > 0.1) & (chance < 0.104)
        ban = (stage == 0) & (worth < -2.5) & (status < 2) & (chance < 0.003)
        learn = save | (whole & (status == 0) & (chance > 0.2) & (chance < 0.5))
        if learn.any():
            self._learn(rows[learn], songs[learn], save[learn], status[learn])
        self.status[rows[ban], songs[ban]] = 3
        for number, mask in enumerate((save, love, ban)):
            if mask.any():
                kind = np.full(int(mask.sum()), number, dtype=np.int32)
                self.said.append(Words(_i(rows[mask]), _i(songs[mask]), kind, now[mask]))

    def _learn(self, rows: Ints, songs: Ints, save: NDArray[np.bool_], status: NDArray[np.uint8]) -> None:
        known = self.known
        self.status[rows, songs] = np.where(save, 2, 1)
        new = status == 0
        place = np.minimum(known.count[rows[new]], ROOM - 1)
        known.songs[rows[new], place] = songs[new]
        known.saved[rows[new], place] = save[new]
        known.count[rows[new]] = np.minimum(place + 1, ROOM)
        old, old_songs = rows[~new & save], songs[~new & save]
        if len(old):
            there = np.arange(ROOM)[None] < known.count[old][:, None]
            known.saved[old] |= (known.songs[old] == old_songs[:, None]) & there


def empty_memory(listeners: int, tracks: int, artists: int) -> Memory:
    """Of listeners who have heard nothing."""
    return Memory(
        plays=np.zeros((listeners, tracks), dtype=np.float32),
        last=np.full((listeners, tracks), -NEVER, dtype=np.float32),
        wear=np.zeros((listeners, artists), dtype=np.float32),
        worn=np.zeros((listeners, artists), dtype=np.float32),
        status=np.zeros((listeners, tracks), dtype=np.uint8),
        known=Known(np.zeros((0, ROOM), np.int32), np.zeros((0, ROOM), bool), np.zeros(0, np.int64)),
        until=np.full(listeners, -1.0),
        said=[],
    )


def first_memory(
    config: TownConfig, seed: int, catalogue: Catalogue, listeners: Listeners, short: Ints
) -> Memory:
    """What listeners know when the town begins: songs that their tastes came across and they liked."""
    number, n = listeners.number, len(listeners.number)
    draws, all_rows = Draws(seed, "first known"), np.arange(n)[:, None]
    who, places = number[:, None], np.arange(ROOM)[None]
    one, two, three, noise, heard, when, saving, at = draws.uniforms(8, who, places)
    taste = by_weight(listeners.log_weights[:, 0], one)
    artist = short[all_rows, 0, taste, (short.shape[-1] * two**SKEW).astype(int)]
    songs = catalogue.song_of(artist, three, np.zeros((n, 1)))
    fresh = first_of(songs)
    liked = liking(config, catalogue, listeners, np.arange(n), songs)
    # Gumbel noise on log weights: the first k by the sum are k draws without replacement, in proportion to
    # the weights.
    score = np.where(fresh, LIKING * liked - np.log(-np.log(noise.clip(1e-12, 1 - 1e-12))), -np.inf)
    songs = np.take_along_axis(songs, np.argsort(-score, axis=1, kind="stable"), 1)
    size = np.exp(5.2 + 0.5 * draws.normal(number, 1)).clip(30, 0.7 * ROOM)
    count = np.minimum(fresh.sum(1), size).astype(np.int64)
    inside = places < count[:, None]
    times = np.floor(np.exp(2.9 - 1.7 * places / count[:, None] + 1.2 * (heard - 0.5))).clip(1, 400)
    saved = inside & (saving < 0.45)
    rows, pairs = np.broadcast_to(all_rows, songs.shape)[inside], songs[inside]
    memory = empty_memory(n, len(catalogue.ids), len(catalogue.artists.genre))
    memory.known = Known(songs.astype(np.int32), saved, count)
    memory.plays[rows, pairs] = times[inside]
    memory.last[rows, pairs] = -1 - 200 * when[inside] ** 2
    memory.status[rows, pairs] = np.where(saved[inside], 2, 1)
    rows, pairs = np.broadcast_to(all_rows, songs.shape)[saved], songs[saved]
    day = np.maximum(-1200 * at[saved] - 1, catalogue.day[pairs])
    memory.said.append(Words(_i(rows), _i(pairs), np.zeros(len(rows), dtype=np.int32), day))
    return memory


def liking(
    config: TownConfig,
    catalogue: Catalogue,
    listeners: Listeners,
    rows: NDArray[np.integer],
    songs: Ints,
) -> Floats:
    """True affinity (n, m) of listeners `rows` (n,) for candidates `songs` (n, m) of their own, at first."""
    them = response.widen(listeners.at(rows, np.zeros(len(rows))))
    return response.affinity(response.float32(config.response), them, response.take(catalogue.tracks, songs))


def _i(values: NDArray[np.integer]) -> Ints:
    return values.astype(np.int32)
