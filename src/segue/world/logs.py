"""Sessions of a library, for a user model to learn from: what was played, how far, what was known before."""

from __future__ import annotations

from collections import defaultdict
from heapq import nlargest
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.library import Library
from segue.library.listening import sessions
from segue.progress import Advance
from segue.town.response import HEARD, Track, take
from segue.world.catalogue import Catalogue
from segue.world.dynamics import leaving_features
from segue.world.features import STATIC, hear, moment_features, nothing_heard, session_features
from segue.world.features import Heard as Session
from segue.world.known import MOST_PLAYED, NEVER, WEAR_DAYS, About, Floats, static_features
from segue.world.responses import Log

FEWEST = 50  # sessions to learn from


class Heard(NamedTuple):
    """n sessions of at most T tracks, padded; arrays (n, T, ...)."""

    listener: NDArray[np.int64]  # (n,)
    place: NDArray[np.int32]  # in the catalogue
    static: NDArray[np.float32]  # features STATIC
    stage: NDArray[np.int32]
    share: Floats  # of the track that was played; NaN if not known
    there: NDArray[np.float32]  # 1 while the listener was there
    left: NDArray[np.float32]  # 1 at the last track of a session that is whole


class _Listener:
    """What a listener has heard so far."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.plays: dict[int, float] = defaultdict(float)
        self.last: dict[int, float] = {}
        self.wear: dict[int, tuple[float, float]] = {}
        self.taste = np.zeros(catalogue.tracks.vector.shape[1])

    def known(self, places: NDArray[np.integer], day: float, hour: float) -> NDArray[np.float32]:
        """Features STATIC of tracks, (m, len(STATIC))."""
        tracks, energy = self.catalogue.tracks, 0.5
        most = np.zeros((1, MOST_PLAYED, len(self.taste)))
        if self.plays:
            best = nlargest(MOST_PLAYED, self.plays, key=lambda place: self.plays[place])
            most[0, : len(best)] = tracks.vector[best]
            energy = float(tracks.energy[best].mean())
        about = About(
            np.array([[self.plays.get(place, 0.0) for place in places.tolist()]]),
            np.array([[day - self.last.get(place, day - NEVER) for place in places.tolist()]]),
            np.array([[self._worn(artist, day) for artist in tracks.artist[places].tolist()]]),
        )
        popularity = self.catalogue.popularity[places][None]
        return static_features(
            take(tracks, places[None]), popularity, about, self.taste[None], most, [energy], [hour]
        )[0]

    def hears(self, place: int, stage: int, day: float) -> None:
        """One more play."""
        part = float(HEARD[stage])
        before, artist = self.plays[place], int(self.catalogue.tracks.artist[place])
        self.plays[place] = before + part
        self.last[place] = day
        self.wear[artist] = (self._worn(artist, day) + part, day)
        self.taste += (np.log1p(before + part) - np.log1p(before)) * self.catalogue.tracks.vector[place]

    def _worn(self, artist: int, day: float) -> float:
        wear, then = self.wear.get(artist, (0.0, day))
        return wear * float(np.exp((then - day) / WEAR_DAYS))


def read_sessions(
    library: Library,
    catalogue: Catalogue,
    *,
    shuffled: bool = True,
    steps: int = 30,
    most: int = 20_000,
    seed: int = 0,
    advance: Advance | None = None,
) -> Heard:
    """Sessions of a library in which every track's fate is known.

    What a listener had heard before is counted as it was then. Hours are UTC.

    Args:
        library: to read.
        catalogue: of its songs.
        shuffled: only sessions played with shuffle on: there, chance chose the order, not the listener.
        steps: T; longer sessions are cut.
        most: draws as many if there are more.
        seed: of the draw.
        advance: called with the number of listeners done.

    Raises:
        UsageError: there are too few such sessions.
    """
    table = sessions(library)
    rows = library.arrow(
        table.select(
            *("listener_id", "track_id", "session_id", "stage", "shuffle", "share"),
            seconds=table.started_at.epoch_seconds(),
            order=table.session_position,
        ).order_by(["listener_id", "seconds", "order", "track_id"])
    )
    index = {track: number for number, track in enumerate(catalogue.ids)}
    place = np.array([index.get(track, -1) for track in rows["track_id"].to_pylist()], np.int32)
    stage = np.array([-1 if s is None else s for s in rows["stage"].to_pylist()], np.int32)
    share = np.array(rows["share"].to_pylist(), dtype=float)
    shuffle = np.array([bool(s) for s in rows["shuffle"].to_pylist()])
    seconds = np.nan_to_num(np.array(rows["seconds"].to_pylist(), dtype=float))
    found: list[tuple[Any, ...]] = []
    owner, session = rows["listener_id"].to_numpy(), rows["session_id"].to_numpy()
    people = [part for part in _runs(owner) if len(part)]
    for number, person in enumerate(people):
        listener = _Listener(catalogue)
        for part in _runs(session[person]):
            here = person[part]
            here = here[place[here] >= 0]
            if not len(here):
                continue
            day = float(seconds[here[0]] / 86_400)
            wanted = not shuffled or shuffle[here].mean() > 0.5
            if wanted and len(here) > 1 and (stage[here] >= 0).all():
                first = here[:steps]
                known = listener.known(place[first], day, 24 * (day % 1))
                whole = float(len(here) <= steps)
                found.append((number, place[first], known, stage[first], share[first], whole))
            for row in here.tolist():  # what nothing tells the fate of counts as heard: -1 % 4 is 3
                listener.hears(int(place[row]), int(stage[row]) % 4, float(seconds[row] / 86_400))
        if advance:
            advance(1)
    if len(found) < FEWEST:
        raise UsageError(
            f"There are {len(found)} {'shuffled ' if shuffled else ''}sessions to learn from",
            expected=f"{FEWEST} or more of two tracks whose skips are known",
            do="import sessions with shuffle on, or take all sessions: --any-order",
        )
    if len(found) > most:
        chosen = np.random.default_rng(seed).choice(len(found), most, replace=False)
        found = [found[number] for number in np.sort(chosen)]
    return _padded(found, steps)


def _runs(values: NDArray) -> list[NDArray[np.int64]]:
    """Rows of equal neighbours."""
    ends = np.flatnonzero(values[1:] != values[:-1]) + 1
    return np.split(np.arange(len(values)), ends)


def _padded(found: list[tuple[Any, ...]], steps: int) -> Heard:
    shape = (len(found), steps)
    place, stage = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    static, share = np.zeros((*shape, len(STATIC)), np.float32), np.full(shape, np.nan)
    there, left = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for row, (_, places, known, stages, shares, whole) in enumerate(found):
        size = len(places)
        place[row, :size], static[row, :size], stage[row, :size] = places, known, stages
        share[row, :size], there[row, :size], left[row, size - 1] = shares, 1, whole
    return Heard(np.array([each[0] for each in found]), place, static, stage, share, there, left)


@jax.jit
def _log(tracks: Track, *columns: Array) -> Log:
    def session(place: Array, static: Array, stage: Array, there: Array, left: Array) -> Log:
        def one(so_far: Session, at: tuple) -> tuple[Session, tuple]:
            place, static, stage = at
            track = take(tracks, place)
            moment = moment_features(so_far, Track(*(value[None] for value in track)))[0]
            row = (session_features(so_far), jnp.concatenate([static, moment]))
            after = hear(so_far, track, stage, jnp.zeros(()))
            minutes = track.minutes * jnp.asarray(HEARD)[stage]
            return after, (*row, leaving_features(after, stage, minutes))

        begun = nothing_heard(tracks.vector.shape[1])
        features, candidate, leaving = jax.lax.scan(one, begun, (place, static, stage))[1]
        return Log(features, candidate, stage, there, leaving, left)

    return jax.vmap(session)(*columns)


def log_of(catalogue: Catalogue, heard: Heard) -> Log:
    """What a user model learns from, made by the very functions that a world plays by."""
    return _log(
        catalogue.tracks, *map(jnp.asarray, (heard.place, heard.static, heard.stage, heard.there, heard.left))
    )


def chosen(heard: Heard, rows: NDArray) -> Heard:
    """Some of the sessions."""
    return Heard(*(values[rows] for values in heard))
