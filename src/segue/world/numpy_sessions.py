"""Sessions of a user model in NumPy, many at once: for answers that somebody waits for.

The formulas are those of `dynamics.py`, which JAX compiles to train and compare agents: here nothing is
compiled, and JAX is not even imported. A session's axes are n lists, each heard by d simulated listeners.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.library.stages import HEARD
from segue.namespace import sigmoid
from segue.world.features import (
    Heard,
    hear,
    leaving_features,
    moment_features,
    nothing_heard,
    session_features,
)
from segue.world.following import OFFSET, shifted
from segue.world.responses import MEMORY, UserModel, chances, observed, read
from segue.world.session import Seen
from segue.world.tracks import Track, take

Floats = NDArray[np.floating]
Places = NDArray[np.integer]


class Offered(NamedTuple):
    """What may be chosen: m candidates for each of n lists."""

    places: Places  # (n, m) in the catalogue
    tracks: Track  # (n, 1, m, ...)
    static: Floats  # (n, 1, m, len(STATIC))
    offset: Floats  # (n, 1, 1, 3, 2) of the listeners, see `following.py`


class Session(NamedTuple):
    """How far n lists have been heard, by d listeners each."""

    heard: Heard  # (n, d, ...)
    memory: Floats  # (n, d, MEMORY)
    free: NDArray[np.bool_]  # (n, m) not played yet


class Looked(NamedTuple):
    """Features, and chances of the stages, of candidates."""

    session: Floats  # (n, d, S)
    candidates: Floats  # (n, d, m, C)
    chances: Floats  # (n, d, m, 4)


def offered(tracks: Track, places: Places, static: Floats, offset: Floats | None = None) -> Offered:
    """Candidates.

    Args:
        tracks: of the catalogue.
        places: (n, m) in it.
        static: (n, m, len(STATIC)), see `Listener.known`.
        offset: (n, 3, 2) of the listeners; by default none.
    """
    offset = np.zeros((len(places), *OFFSET)) if offset is None else offset
    arrays = np.asarray(static, np.float32)[:, None], np.asarray(offset, np.float32)[:, None, None]
    return Offered(places, take(tracks, places[:, None]), *arrays)


def begin(offer: Offered, free: NDArray[np.bool_], draws: int) -> Session:
    """Lists before their first track; `free` (n, m) tells which of the candidates there are."""
    shape = (len(offer.places), draws)
    heard = nothing_heard(offer.tracks.vector.shape[-1], np, shape)
    return Session(heard, np.zeros((*shape, MEMORY), np.float32), free)


def look(model: UserModel, offer: Offered, session: Session) -> Looked:
    """What the user model expects of every candidate now."""
    moment = moment_features(session.heard, offer.tracks)
    static = np.broadcast_to(offer.static, (*moment.shape[:-1], offer.static.shape[-1]))
    features, candidates = session_features(session.heard), np.concatenate([static, moment], -1)
    expected = chances(model, features, session.memory, candidates)
    if offer.offset.any():
        expected = shifted(expected, offer.offset)
    return Looked(features, candidates, expected)


def seen(offer: Offered, session: Session, looked: Looked) -> Seen:
    """The same as an agent takes it, with leading axes (n, d)."""
    return Seen(
        session=np.concatenate([looked.session, session.memory], -1),
        candidates=observed(looked.candidates, looked.chances),
        prior=looked.chances[..., 3],
        mask=session.free,
        track=offer.places,
        listener=np.zeros((), np.int64),
    )


def only(offer: Offered, place: Places) -> Offered:
    """One candidate (n,) of each list."""
    rows = np.arange(len(place))
    tracks = Track(*(values[rows, :, place][:, :, None] for values in offer.tracks))
    static = offer.static[rows, :, place][:, :, None]
    return Offered(offer.places[rows, place][:, None], tracks, static, offer.offset)


def of_one(looked: Looked, place: Places) -> Looked:
    """What was seen of one candidate (n,) of each list; arrays keep an axis of 1 for it."""
    rows = np.arange(len(place))
    chosen = (values[rows, :, place][:, :, None] for values in looked[1:])
    return Looked(looked.session, *chosen)


def drawn(looked: Looked, number: Floats) -> Places:
    """Stages (n, d) that the only candidate reaches, by uniform numbers (d,) or (n, d)."""
    return (number[..., None] > np.cumsum(looked.chances[..., 0, :3], -1)).sum(-1)


def after(
    model: UserModel, offer: Offered, session: Session, looked: Looked, place: Places, stage: Places
) -> tuple[Session, Floats]:
    """The sessions after a track, and the chances (n, d) that the listeners stay.

    Args:
        model: the user model.
        offer, looked: of the track alone (`only`, `of_one`).
        session: before it.
        place: (n,) of the track among the candidates.
        stage: (n, d) that it reached.
    """
    track = Track(*(values[:, :, 0] for values in offer.tracks))
    shape = stage.shape
    spread = Track(*(np.broadcast_to(value, (*shape, *value.shape[2:])) for value in track))
    surprise = (stage == 3).astype(np.float32) - looked.chances[..., 0, 3]
    heard = hear(session.heard, spread, stage, surprise)
    candidate = looked.candidates[..., 0, :]
    memory = read(model, session.memory, looked.session, candidate, stage, surprise)
    free = session.free.copy()
    free[np.arange(len(place)), place] = False
    leaving = leaving_features(heard, stage, spread.minutes * HEARD[stage])
    return Session(heard, memory, free), 1 - sigmoid(leaving @ model.leaves)
