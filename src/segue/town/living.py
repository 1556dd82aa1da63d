"""Listeners living through their sessions: the loop that asks the law what happens and remembers it.

Listeners are held in batches; within one, the r-th sessions of all of them run side by side, track by track.
So the work is NumPy's over hundreds of sessions at once, and memory is bounded by the batch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.town import response
from segue.town.catalogue import Ints
from segue.town.config import TownConfig
from segue.town.draws import Draws
from segue.town.listeners import Listeners
from segue.town.podcasts import Podcasts
from segue.town.queues import LOGS, MAIN, QUEUE, Known, Moment, Offers
from segue.town.reach import SKEW, Catalogue
from segue.town.sessions import PODCAST, Plan

STARTS = ("trackdone", "fwdbtn", "backbtn", "clickrow", "playbtn", "appload", "remote")
ENDS = ("trackdone", "fwdbtn", "backbtn", "clickrow", "endplay", "logout", "remote")
FEEDBACK = ("save", "love", "ban")
ROOM = 640  # songs that a listener is taken to know
NEVER = 9999.0
PAUSE = 6 / (24 * 60)  # days between two sessions, at least


class Plays(NamedTuple):
    """Plays in the order they were simulated; arrays (k,), names as in the table `listens`."""

    row: Ints  # listener, among those at hand
    session: Ints  # number of the listener's session
    position: Ints  # from 1
    track: Ints  # song, or n_songs + episode
    day: NDArray[np.float64]  # started, days since the town's start, UTC
    ms: NDArray[np.int64]
    stage: Ints
    shuffle: NDArray[np.bool_]
    start: Ints  # place in STARTS
    end: Ints  # place in ENDS
    context: Ints  # place in queues.LOGS
    utility: NDArray[np.float32]  # the truth; NaN for episodes
    mood: NDArray[np.float32]  # the truth


class Words(NamedTuple):
    """Explicit feedback; arrays (k,)."""

    row: Ints
    track: Ints
    kind: Ints  # place in FEEDBACK
    day: NDArray[np.float64]


@dataclass
class Memory:
    """What a batch of listeners has heard and knows; changes as they live."""

    plays: NDArray[np.float32]  # (n, n_tracks)
    last: NDArray[np.float32]  # (n, n_tracks) day last heard
    wear: NDArray[np.float32]  # (n, n_artists), as of `worn`
    worn: NDArray[np.float32]  # (n, n_artists) day
    status: NDArray[np.uint8]  # (n, n_tracks) 0 unknown, 1 known, 2 saved, 3 banned
    known: Known
    until: NDArray[np.float64]  # (n,) day the last session ended
    said: list[Words] = field(default_factory=list)


def first_memory(
    config: TownConfig, seed: int, catalogue: Catalogue, listeners: Listeners, short: Ints
) -> Memory:
    """What listeners know when the town begins: songs their first tastes came across, some saved."""
    number, n = listeners.number, len(listeners.number)
    tracks, artists = len(catalogue.songs.artist), len(catalogue.artists.genre)
    draws = Draws(seed, "first known")
    who, places = number[:, None], np.arange(ROOM)[None]
    ladder = np.cumsum(np.exp(listeners.log_weights[:, 0]), 1)
    taste = (ladder[:, None, :] < (draws.uniform(who, places, 0) * ladder[:, -1:])[..., None]).sum(-1)
    slot = (short.shape[-1] * draws.uniform(who, places, 1) ** SKEW).astype(int)
    artist = short[np.arange(n)[:, None], 0, taste.clip(max=short.shape[2] - 1), slot]
    songs = catalogue.song_of(artist, draws.uniform(who, places, 2), np.zeros((n, 1)))
    order = np.argsort(songs, axis=1, kind="stable")
    ranked = np.take_along_axis(songs, order, 1)
    fresh = np.ones(songs.shape, dtype=bool)
    fresh[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    first = np.empty_like(fresh)
    np.put_along_axis(first, order, fresh, 1)
    order = np.argsort(~first, axis=1, kind="stable")
    songs = np.take_along_axis(songs, order, 1)
    count = np.minimum(first.sum(1), np.exp(5.2 + 0.5 * draws.normal(number, 3)).clip(30, ROOM * 0.7)).astype(
        np.int64
    )
    inside = places < count[:, None]
    heard = np.floor(np.exp(2.6 - 1.2 * places / count[:, None] + 0.7 * draws.normal(who, places, 4))).clip(
        1, 400
    )
    memory = Memory(
        plays=np.zeros((n, tracks), dtype=np.float32),
        last=np.full((n, tracks), -NEVER, dtype=np.float32),
        wear=np.zeros((n, artists), dtype=np.float32),
        worn=np.zeros((n, artists), dtype=np.float32),
        status=np.zeros((n, tracks), dtype=np.uint8),
        known=Known(songs.astype(np.int32), np.zeros(songs.shape, dtype=bool), count),
        until=np.full(n, -1.0),
    )
    rows = np.broadcast_to(np.arange(n)[:, None], songs.shape)[inside]
    memory.plays[rows, songs[inside]] = heard[inside]
    memory.last[rows, songs[inside]] = -1 - 200 * draws.uniform(who, places, 5)[inside] ** 2
    memory.status[rows, songs[inside]] = 1
    saved = inside & (draws.uniform(who, places, 6) < 0.45)
    memory.known.saved[:] = saved
    rows = np.broadcast_to(np.arange(n)[:, None], songs.shape)[saved]
    memory.status[rows, songs[saved]] = 2
    when = np.maximum(-1200 * draws.uniform(who, places, 7)[saved] - 1, catalogue.day[songs[saved]])
    memory.said.append(Words(rows.astype(np.int32), songs[saved], np.zeros(len(rows), dtype=np.int32), when))
    return memory


class Life:
    """Lives of one batch of listeners."""

    def __init__(
        self,
        config: TownConfig,
        seed: int,
        catalogue: Catalogue,
        listeners: Listeners,
        offers: Offers,
        memory: Memory,
        podcasts: Podcasts,
        tracks: response.Track,
    ) -> None:
        self._p = response.float32(config.response)
        self._catalogue, self._listeners, self._offers = catalogue, listeners, offers
        self._memory, self._podcasts, self._tracks = memory, podcasts, tracks
        self._chance, self._noise = Draws(seed, "responses"), Draws(seed, "moods")
        self._dice = Draws(seed, "acts")
        self._genres = int(catalogue.artists.genre.max()) + 1
        self._written: list[Plays] = []

    def live(self, plan: Plan, days: float) -> tuple[Plays, Words]:
        """Run all sessions of the plan that begin within `days`."""
        for number in range(plan.start.shape[1]):
            rows = np.flatnonzero(plan.count > number)
            start = np.maximum(plan.start[rows, number], self._memory.until[rows] + PAUSE)
            rows, start = rows[start < days], start[start < days]
            spoken = plan.kind[rows, number] == PODCAST
            if spoken.any():
                self._listen_to_podcasts(rows[spoken], start[spoken], number)
            if (~spoken).any():
                self._round(rows[~spoken], start[~spoken], number, plan.kind[rows[~spoken], number])
        empty = not self._written
        plays = (
            Plays(*(np.concatenate(column) for column in zip(*self._written, strict=True)))
            if not empty
            else None
        )
        words = Words(*(np.concatenate(column) for column in zip(*self._memory.said, strict=True)))
        if plays is None:
            raise ValueError("no session begins within the time")
        return plays, words

    def _begin(self, rows: Ints, now: NDArray[np.float64], number: int, kind: Ints) -> tuple[Any, ...]:
        listeners, who = self._listeners, self._listeners.number[rows]
        listener = listeners.at(rows, now)
        hour = ((now * 24 + listeners.zone[rows]) % 24).astype(np.float32)
        wanted = listener.energy + listener.swing * np.cos((hour - listener.peak) * (np.pi / 12))
        fits = listener.log_weights - 2.0 * np.abs(self._taste_energy(rows) - wanted[:, None])
        ladder = np.cumsum(np.exp(fits), 1)
        taste = (ladder < self._dice.uniform(who, number, 0)[:, None] * ladder[:, -1:]).sum(1)
        taste = np.minimum(taste, fits.shape[1] - 1)
        shuffled = self._dice.uniform(who, number, 1) < listeners.shuffler[rows]
        moment = Moment(rows, who, number, now, kind, taste, shuffled)
        queue = self._offers.make(moment, self._memory.known)
        state = response.begin(
            self._p,
            self._noise.normal(who, number, 0).astype(np.float32),
            self._noise.normal(who, number, 1).astype(np.float32),
            self._tracks.vector.shape[1],
            self._genres,
        )
        return listener, hour, queue, state

    def _taste_energy(self, rows: Ints) -> NDArray[np.float32]:
        """Energy of the artists that each taste comes across first (b, K)."""
        return self._offers.energies[rows]

    def _appeal(self, rows: Ints, now: NDArray[np.float64], listener: Any, hour: Any, songs: Ints) -> Any:
        p, memory = self._p, self._memory
        r = rows[:, None]
        artist = self._tracks.artist[songs]
        since = (now[:, None] - memory.worn[r, artist]).astype(np.float32)
        past = response.Past(
            plays=memory.plays[r, songs],
            days=(now[:, None] - memory.last[r, songs]).astype(np.float32),
            wear=memory.wear[r, artist] * np.exp(-since / p.artist_wear_days),
        )
        return response.appeal(
            p, response.widen(listener), response.take(self._tracks, songs), past, hour[:, None]
        )

    def _round(self, rows: Ints, now: NDArray[np.float64], number: int, kind: Ints) -> None:
        """One session of each of `rows`."""
        p = self._p
        listener, hour, queue, state = self._begin(rows, now, number, kind)
        appeal = self._appeal(rows, now, listener, hour, queue.songs)
        care = listener.care
        size = len(rows)
        cursor = np.zeros(size, dtype=np.int64)
        reason = np.array([3, 4, 5, 6])[
            np.searchsorted([0.55, 0.85, 0.96], self._dice.uniform(self._listeners.number[rows], number, 2))
        ]
        clock = now.copy()
        here = np.arange(size)  # sessions still going, as rows of `queue`
        step = 0
        while len(here):
            who = self._listeners.number[rows[here]]
            songs = queue.songs[here, cursor]
            track = response.take(self._tracks, songs)
            worth = response.utility(p, appeal[here, cursor], care, track, state)
            chances = response.stages(p, worth)
            bits = self._chance.uniform(who, number, step)
            stage = response.outcome(chances, bits.astype(np.float32))
            acts = self._dice.uniform(who, number, 3 + step)
            state = response.advance(
                p, state, track, stage, self._noise.normal(who, number, 2 + step).astype(np.float32)
            )
            ms = played_ms(track.minutes, stage, self._dice.uniform(who, number, 4000 + step))
            gone = response.leaving(p, state, (ms / 60_000).astype(np.float32)) > self._dice.uniform(
                who, number, 8000 + step
            )
            gone |= (cursor >= QUEUE - 1) | (step >= QUEUE - 1)
            # What comes next: the next place; the same song again; or away to well-known songs.
            again = (stage == 3) & (worth > 3.0) & (acts < 0.025) & ~gone
            away = (state.streak >= 3) & (acts > 0.88) & (cursor < MAIN) & ~gone
            end = np.where(stage == 3, 0, 1)
            end = np.where((stage < 3) & away, 3, end)
            end = np.where((stage < 3) & gone, np.where(acts < 0.6, 4, 5), end)
            self._written.append(
                Plays(
                    row=rows[here].astype(np.int32),
                    session=np.full(len(here), number, dtype=np.int32),
                    position=np.full(len(here), step + 1, dtype=np.int32),
                    track=songs,
                    day=clock.copy(),
                    ms=ms,
                    stage=stage.astype(np.int32),
                    shuffle=queue.shuffle[here] & (cursor < queue.length[here]),
                    start=reason.astype(np.int32),
                    end=end.astype(np.int32),
                    context=queue.logged[here, cursor].astype(np.int32),
                    utility=worth.astype(np.float32),
                    mood=state.mood.astype(np.float32),
                )
            )
            self._remember(rows[here], songs, stage, worth, clock, acts)
            pause = (
                0.4
                + 0.8 * acts
                + np.where(away, 12 + 30 * acts, 0)
                + np.where((step % 5 == 4) & (acts > 0.97), 30, 0)
            )
            clock = clock + (ms / 1000 + pause) / 86_400
            self._memory.until[rows[here]] = clock
            reason = np.where(again, 2, np.where(away, 3, np.where(stage == 3, 0, 1)))
            cursor = np.where(again, cursor, np.where(away, MAIN, cursor + 1))
            step += 1
            if gone.any():
                stay = ~gone
                here, cursor, clock, reason, care = (
                    here[stay],
                    cursor[stay],
                    clock[stay],
                    reason[stay],
                    care[stay],
                )
                state = response.take(state, stay)

    def _remember(
        self, rows: Ints, songs: Ints, stage: Ints, worth: Any, now: NDArray[np.float64], acts: Any
    ) -> None:
        memory = self._memory
        heard = response.HEARD[stage]
        artist = self._tracks.artist[songs]
        memory.plays[rows, songs] += heard
        memory.last[rows, songs] = np.where(stage >= 2, now, memory.last[rows, songs])
        faded = np.exp((memory.worn[rows, artist] - now) / self._p.artist_wear_days)
        memory.wear[rows, artist] = memory.wear[rows, artist] * faded + heard
        memory.worn[rows, artist] = now
        status = memory.status[rows, songs]
        save = (stage == 3) & (status < 2) & (acts > 0.35) & (acts < 0.35 + 0.035 + 0.05 * (worth > 2.5))
        learn = (stage == 3) & (status == 0) & (acts > 0.5) & (acts < 0.8)
        love = (stage == 3) & (worth > 2.5) & (acts > 0.2) & (acts < 0.204)
        ban = (stage == 0) & (worth < -2.5) & (status < 2) & (acts > 0.3) & (acts < 0.303)
        if (save | learn).any():
            self._learn(rows[save | learn], songs[save | learn], save[save | learn], status[save | learn])
        memory.status[rows[ban], songs[ban]] = 3
        for number, mask in enumerate((save, love, ban)):
            if mask.any():
                memory.said.append(
                    Words(
                        rows[mask].astype(np.int32),
                        songs[mask].astype(np.int32),
                        np.full(int(mask.sum()), number, dtype=np.int32),
                        now[mask] + 0.0005,
                    )
                )

    def _learn(self, rows: Ints, songs: Ints, save: NDArray[np.bool_], status: NDArray[np.uint8]) -> None:
        """Put songs among those the listeners know; a song known already that is now saved is marked."""
        memory, known = self._memory, self._memory.known
        memory.status[rows, songs] = np.where(save, 2, 1)
        new = status == 0
        place = np.minimum(known.count[rows[new]], ROOM - 1)
        known.songs[rows[new], place] = songs[new]
        known.saved[rows[new], place] = save[new]
        known.count[rows[new]] = np.minimum(place + 1, ROOM)
        old_rows, old_songs = rows[~new & save], songs[~new & save]
        if len(old_rows):
            match = known.songs[old_rows] == old_songs[:, None]
            match &= np.arange(ROOM)[None] < known.count[old_rows][:, None]
            known.saved[old_rows] |= match

    def _listen_to_podcasts(self, rows: Ints, now: NDArray[np.float64], number: int) -> None:
        """One or two episodes of shows the listener follows, the newest not yet heard."""
        who = self._listeners.number[rows]
        clock = now.copy()
        for step in range(2):
            more = self._dice.uniform(who, number, 20_000 + step) < (1.0 if step == 0 else 0.35)
            if not more.any():
                break
            r, w, t = rows[more], who[more], clock[more]
            episode, minutes = self._podcasts.next(r, w, t, number * 2 + step)
            draw = self._dice.uniform(w, number, 20_010 + step)
            whole = draw < 0.62
            share = np.where(
                whole, 1.0, np.where(draw < 0.72, 0.02 + 0.1 * (draw - 0.62) * 10, 0.3 + 2.0 * (draw - 0.72))
            )
            ms = (minutes * share.clip(0.01, 1.0) * 60_000).astype(np.int64)
            stage = np.where(
                whole | (share >= 0.9), 3, np.where(share >= 0.25, 2, np.where(ms < 10_000, 0, 1))
            )
            self._written.append(
                Plays(
                    row=r.astype(np.int32),
                    session=np.full(len(r), number, dtype=np.int32),
                    position=np.full(len(r), step + 1, dtype=np.int32),
                    track=(len(self._catalogue.songs.artist) + episode).astype(np.int32),
                    day=t,
                    ms=ms,
                    stage=stage.astype(np.int32),
                    shuffle=np.zeros(len(r), dtype=bool),
                    start=np.full(len(r), 3 if step == 0 else 0, dtype=np.int32),
                    end=np.where(whole, 0, 4).astype(np.int32),
                    context=np.full(len(r), LOGS.index("podcast"), dtype=np.int32),
                    utility=np.full(len(r), np.nan, dtype=np.float32),
                    mood=np.full(len(r), np.nan, dtype=np.float32),
                )
            )
            clock[more] = t + ms / 86_400_000 + 2 / 86_400
        self._memory.until[rows] = clock


def played_ms(minutes: NDArray[np.floating], stage: Ints, chance: NDArray[np.float64]) -> NDArray[np.int64]:
    """Milliseconds heard of a track that ended at `stage`; the bounds are those of `library/listening.py`."""
    whole = minutes.astype(np.float64) * 60_000
    brief = np.minimum(np.maximum(30_000, whole / 4), 0.85 * whole)
    low = np.choose(stage, [600, 10_000, brief, whole])
    high = np.choose(stage, [9_990, brief - 10, 0.895 * whole, whole])
    skew = np.choose(stage, [chance**1.4, chance**1.3, chance, chance])
    return np.maximum(low + (high - low) * skew, 1).astype(np.int64)
