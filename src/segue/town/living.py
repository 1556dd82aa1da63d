"""Listeners living through their sessions: the loop that asks the law what happens and remembers it.

Listeners are held in batches; within one, the r-th sessions of all of them run side by side, track by track.
So the work is NumPy's over hundreds of sessions at once, and memory is bounded by the batch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.draws import Draws, normal
from segue.progress import Advance
from segue.town import response
from segue.town.catalogue import Floats, Ints
from segue.town.choosing import by_weight
from segue.town.config import TownConfig
from segue.town.listeners import Listeners
from segue.town.memory import Heard, Memory, Words
from segue.town.podcasts import Podcasts
from segue.town.queues import LOGS, MAIN, QUEUE, Moment, Offers, Queue
from segue.town.sessions import PODCAST, Plan

STARTS = ("trackdone", "fwdbtn", "backbtn", "clickrow", "playbtn", "appload", "remote")
ENDS = ("trackdone", "fwdbtn", "backbtn", "clickrow", "endplay", "logout", "remote")
FIRST_STARTS = ((3, 0.55), (4, 0.85), (5, 0.96), (6, 1.0))  # place in STARTS, chance up to it
PAUSE = 6 / (24 * 60)  # days between two sessions, at least
LEAST_SECONDS = 1.05  # between two starts: times are written to the second
AGAIN = 0.025  # chance that a song enjoyed very much (utility above 3) is played once more
AWAY = 0.12  # chance, after three skips in a row, to turn to well-known songs


class Plays(NamedTuple):
    """Plays in the order they were simulated; arrays (k,), named as in the table `listens`."""

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
    utility: Floats  # the truth; NaN for episodes
    mood: Floats  # the truth: the session's hidden mood when the song was judged; NaN for episodes


class Life:
    """Lives of one batch of listeners."""

    def __init__(
        self,
        config: TownConfig,
        seed: int,
        listeners: Listeners,
        offers: Offers,
        memory: Memory,
        podcasts: Podcasts,
    ) -> None:
        self._p, self._days = response.float32(config.response), config.days
        catalogue = offers.catalogue
        self._tracks, self._listeners, self._offers = catalogue.tracks, listeners, offers
        self._memory, self._podcasts = memory, podcasts
        self._sessions, self._steps = Draws(seed, "sessions"), Draws(seed, "steps")
        self._genres = int(catalogue.artists.genre.max()) + 1
        self._written: list[Plays] = []

    def live(self, plan: Plan, advance: Advance | None = None) -> tuple[Plays, Words]:
        """Run all sessions of the plan that begin within the town's days.

        `advance` is called with listeners done, in fractions.
        """
        for number in range(plan.start.shape[1]):
            rows = np.flatnonzero(plan.count > number)
            start = np.maximum(plan.start[rows, number], self._memory.until[rows] + PAUSE)
            rows, start = rows[start < self._days], start[start < self._days]
            spoken = plan.kind[rows, number] == PODCAST
            if spoken.any():
                self._listen_to_podcasts(rows[spoken], start[spoken], number)
            if not spoken.all():
                self._round(rows[~spoken], start[~spoken], number, plan.kind[rows[~spoken], number])
            if advance:
                advance(len(plan.count) / plan.start.shape[1])
        words = Words(*(np.concatenate(column) for column in zip(*self._memory.said, strict=True)))
        return Plays(*(np.concatenate(column) for column in zip(*self._written, strict=True))), words

    def _begin(
        self, rows: Ints, now: NDArray[np.float64], number: int, kind: Ints
    ) -> tuple[Queue, Floats, Floats, Ints, response.State]:
        """What is offered, its appeal (b, QUEUE), care for coherence, reason to start, and the state."""
        listeners, who = self._listeners, self._listeners.number[rows]
        listener = listeners.at(rows, now)
        hour = ((now * 24 + listeners.zone[rows]) % 24).astype(np.float32)
        wanted = listener.energy + listener.swing * np.cos((hour - listener.peak) * (np.pi / 12))
        one, two, three, *four = self._sessions.uniforms(7, who, number)
        # The hour's mood leans to the tastes whose music has the energy it wants.
        fits = listener.log_weights - 2.0 * np.abs(self._offers.energies[rows] - wanted[:, None])
        moment = Moment(
            rows,
            who,
            number,
            now,
            kind,
            by_weight(fits, one).astype(np.int32),
            two < listeners.shuffler[rows],
        )
        queue = self._offers.make(moment, self._memory.known)
        edges = np.array([edge for _, edge in FIRST_STARTS])
        reason = np.array([place for place, _ in FIRST_STARTS])[np.searchsorted(edges, three, side="right")]
        state = response.begin(
            self._p,
            normal(four[0], four[1]).astype(np.float32),
            normal(four[2], four[3]).astype(np.float32),
            self._tracks.vector.shape[1],
            self._genres,
        )
        artist = self._tracks.artist[queue.songs]
        past = self._memory.past(self._p, rows[:, None], queue.songs, artist, now[:, None])
        songs = response.take(self._tracks, queue.songs)
        appeal = response.appeal(self._p, response.widen(listener), songs, past, hour[:, None])
        return queue, appeal, listener.care, reason, state

    def _round(self, rows: Ints, now: NDArray[np.float64], number: int, kind: Ints) -> None:
        """One session of each of `rows`, track by track until all have left."""
        p, memory = self._p, self._memory
        queue, appeal, care, reason, state = self._begin(rows, now, number, kind)
        here, cursor, clock = np.arange(len(rows)), np.zeros(len(rows), dtype=np.int64), now.copy()
        for step in range(QUEUE):
            listener, songs = rows[here], queue.songs[here, cursor]
            track, mood = response.take(self._tracks, songs), state.mood
            chance, long, leave, act, word, *noise = self._steps.uniforms(
                7, self._listeners.number[listener], number, step
            )
            worth = response.utility(p, appeal[here, cursor], care, track, state)
            stage = response.outcome(response.stages(p, worth), chance.astype(np.float32))
            state = response.advance(p, state, track, stage, normal(*noise).astype(np.float32))
            ms = played_ms(track.minutes, stage, long)
            gone = response.leaving(p, state, (ms / 60_000).astype(np.float32)) > leave
            gone |= (cursor >= QUEUE - 1) | (step >= QUEUE - 1)
            again = (stage == 3) & (worth > 3.0) & (act < AGAIN) & ~gone
            away = (state.streak >= 3) & (act < AWAY) & (cursor < MAIN) & ~gone
            whole = stage == 3
            end = np.where(whole, 0, np.where(gone, np.where(act < 0.6, 4, 5), np.where(away, 3, 1)))
            self._written.append(
                Plays(
                    row=listener.astype(np.int32),
                    session=np.full(len(here), number, dtype=np.int32),
                    position=np.full(len(here), step + 1, dtype=np.int32),
                    track=songs,
                    day=clock,
                    ms=ms,
                    stage=stage.astype(np.int32),
                    shuffle=queue.shuffle[here] & (cursor < queue.length[here]),
                    start=reason.astype(np.int32),
                    end=end.astype(np.int32),
                    context=queue.logged[here, cursor].astype(np.int32),
                    utility=worth.astype(np.float32),
                    mood=mood,
                )
            )
            memory.hear(p, Heard(listener, songs, track.artist, stage, clock))
            pause = np.maximum(
                0.4 + 0.8 * word + np.where(away, 12 + 30 * word, 0), LEAST_SECONDS - ms / 1000
            )
            clock = clock + (ms / 1000 + pause) / 86_400
            memory.judge(listener, songs, stage, worth, word, clock)
            memory.until[listener] = clock
            if gone.all():
                break
            reason = np.where(again, 2, np.where(away, 3, np.where(whole, 0, 1)))
            cursor = np.where(again, cursor, np.where(away, MAIN, cursor + 1))
            if gone.any():
                stay = ~gone
                here, cursor, clock, reason, care = (v[stay] for v in (here, cursor, clock, reason, care))
                state = response.take(state, stay)

    def _listen_to_podcasts(self, rows: Ints, now: NDArray[np.float64], number: int) -> None:
        """One or two episodes of shows the listener follows, mostly the newest."""
        clock = now.copy()
        for step in range(2):
            more, part = self._steps.uniforms(2, self._listeners.number[rows], number, 1000 + step)
            going = np.flatnonzero(more < (1.0 if step == 0 else 0.35))
            if not len(going):
                break
            who, when, part = self._listeners.number[rows[going]], clock[going], part[going]
            episode, minutes = self._podcasts.next(who, when, 2 * number + step)
            # 62% are heard whole, 10% are left at once, the others somewhere between.
            whole = part < 0.62
            share = np.where(
                whole, 1.0, np.where(part < 0.72, 0.1 * (part - 0.61), 0.1 + 2.8 * (part - 0.72))
            )
            ms = (minutes * share * 60_000).astype(np.int64)
            stage = np.select([whole | (share >= 0.9), share >= 0.25, ms >= 10_000], [3, 2, 1], 0)
            size = len(going)
            self._written.append(
                Plays(
                    row=rows[going].astype(np.int32),
                    session=np.full(size, number, dtype=np.int32),
                    position=np.full(size, step + 1, dtype=np.int32),
                    track=(len(self._tracks.artist) + episode).astype(np.int32),
                    day=when,
                    ms=ms,
                    stage=stage.astype(np.int32),
                    shuffle=np.zeros(size, dtype=bool),
                    start=np.full(size, 3 if step == 0 else 0, dtype=np.int32),
                    end=np.where(whole, 0, 4).astype(np.int32),
                    context=np.full(size, LOGS.index("podcast"), dtype=np.int32),
                    utility=np.full(size, np.nan, dtype=np.float32),
                    mood=np.full(size, np.nan, dtype=np.float32),
                )
            )
            clock[going] = when + ms / 86_400_000 + 2 / 86_400
        self._memory.until[rows] = clock


def played_ms(minutes: Floats, stage: Ints, chance: NDArray[np.float64]) -> NDArray[np.int64]:
    """Milliseconds heard of a track that ended at `stage`; the bounds are those of `library/listening.py`."""
    whole = minutes.astype(np.float64) * 60_000
    brief = np.minimum(np.maximum(30_000, whole / 4), 0.85 * whole)
    low = np.choose(stage, [600, 10_000, brief, whole])
    high = np.choose(stage, [9_990, brief - 10, 0.895 * whole, whole])
    skew = np.choose(stage, [chance**1.4, chance**1.3, chance, chance])
    return np.maximum(low + (high - low) * skew, 1).astype(np.int64)
