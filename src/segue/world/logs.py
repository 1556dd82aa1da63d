"""Sessions of a library, for a user model to learn from: what was played, how far, what was known before."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.library import Library
from segue.library.stages import HEARD
from segue.wording import count
from segue.world.catalogue import Catalogue
from segue.world.features import (
    STATIC,
    hear,
    leaving_features,
    moment_features,
    nothing_heard,
    session_features,
)
from segue.world.features import Heard as Session
from segue.world.known import Floats
from segue.world.responses import Log
from segue.world.tracks import Track, take
from segue.world.walking import one_thread, walk

FEWEST = 50  # sessions to learn from
FEW = 20  # listeners too few to be parted: then their sessions are
LATE = 0.2  # share of the sessions that are the second part then


class Heard(NamedTuple):
    """n sessions of at most T tracks, padded; arrays (n, T, ...)."""

    listener: NDArray[np.int64]  # (n,)
    name: NDArray[np.object_]  # (n,) theirs
    place: NDArray[np.int32]  # in the catalogue
    static: NDArray[np.float32]  # features STATIC
    stage: NDArray[np.int32]
    share: Floats  # of the track that was played; NaN if not known
    there: NDArray[np.float32]  # 1 while the listener was there
    left: NDArray[np.float32]  # 1 at the last track of a session that is whole
    day: Floats  # (n,) on which the session began, UTC, since 1970


def read_sessions(
    library: Library,
    catalogue: Catalogue,
    *,
    shuffled: bool = True,
    steps: int = 30,
    most: int = 20_000,
    seed: int = 0,
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

    Raises:
        UsageError: there are too few such sessions.
    """
    found: list[tuple[Any, ...]] = []
    with one_thread():
        for session in walk(library, catalogue, shuffled=shuffled):
            first = slice(0, steps)
            known = session.listener.known(
                session.place[first],
                session.day,
                session.hour,
                shuffled=session.shuffled[first],
                picked=session.picked[first],
            )
            whole, columns = float(len(session.place) <= steps), (session.place, session.stage, session.share)
            found.append(
                (session.number, session.name, *(each[first] for each in columns), known, whole, session.day)
            )
    if len(found) < FEWEST:
        kind = "shuffled session" if shuffled else "session"
        raise UsageError(
            f"There {'is' if len(found) == 1 else 'are'} {count(len(found), kind)} to learn from",
            expected=f"{FEWEST} or more of two tracks whose skips are known",
            hint="import sessions with shuffle on, or take all sessions: --any-order"
            if shuffled
            else "import a history that tells skips, such as Spotify's extended one",
        )
    if len(found) > most:
        chosen = np.random.default_rng(seed).choice(len(found), most, replace=False)
        found = [found[number] for number in np.sort(chosen)]
    return _padded(found, steps)


def _padded(found: list[tuple[Any, ...]], steps: int) -> Heard:
    shape = (len(found), steps)
    place, stage = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    static, share = np.zeros((*shape, len(STATIC)), np.float32), np.full(shape, np.nan)
    there, left = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for row, (_, _, places, stages, shares, known, whole, _) in enumerate(found):
        size = len(places)
        place[row, :size], static[row, :size], stage[row, :size] = places, known, stages
        share[row, :size], there[row, :size], left[row, size - 1] = shares, 1, whole
    who, day = np.array([each[0] for each in found]), np.array([each[-1] for each in found])
    names = np.array([each[1] for each in found], dtype=object)
    return Heard(who, names, place, static, stage, share, there, left, day)


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

        begun = nothing_heard(tracks.vector.shape[1], jnp)
        features, candidate, leaving = jax.lax.scan(one, begun, (place, static, stage))[1]
        return Log(features, candidate, stage, there, leaving, left)

    return jax.vmap(session)(*columns)


def log_of(catalogue: Catalogue, heard: Heard) -> Log:
    """What a user model learns from, made by the very functions that a world plays by."""
    return _log(
        catalogue.tracks, *map(jnp.asarray, (heard.place, heard.static, heard.stage, heard.there, heard.left))
    )


def second_part(heard: Heard) -> NDArray[np.bool_]:
    """Which of the sessions (n,) are of the second part: those of every other listener.

    Where there are fewer than FEW listeners it is the last LATE of each one's sessions: what somebody will do
    is asked of all they have done so far. `heard` must be as `read_sessions` gives it: listener by listener,
    each in order of time.
    """
    people, row, count = np.unique(heard.listener, return_inverse=True, return_counts=True)
    if len(people) >= FEW:
        return heard.listener % 2 == 1
    place = np.arange(len(row)) - (np.cumsum(count) - count)[row]
    return place >= np.ceil((1 - LATE) * count).astype(int)[row]


def chosen(heard: Heard, rows: NDArray) -> Heard:
    """Some of the sessions."""
    return Heard(*(values[rows] for values in heard))
