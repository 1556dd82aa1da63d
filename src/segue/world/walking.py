"""A library's listening, walked through in order of time: every session with what was known before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segue.library import Library
from segue.library.listening import sessions
from segue.library.moments import DAY, seconds
from segue.library.stages import HEARD
from segue.world.catalogue import Catalogue
from segue.world.known import Floats, reception, surprises
from segue.world.listener import Listener

PICKED = ("clickrow", "clickside", "playbtn")  # reasons to start of a track that the listener pointed at


class WalkedSession(NamedTuple):
    """A session, just before it is played."""

    number: int  # of the listener
    name: str  # theirs
    listener: Listener  # as of then: ask it now, for it goes on to hear the session
    place: NDArray[Any]  # (t,) in the catalogue
    stage: NDArray[Any]
    share: Floats  # played of each; NaN if not known
    day: float  # UTC, since 1970
    shuffled: NDArray[np.bool_]  # (t,) chance chose it
    picked: NDArray[np.bool_]  # (t,) the listener chose this very track

    @property
    def hour(self) -> float:
        """0 to 24, UTC."""
        return 24 * (self.day % 1)


def one_thread() -> Any:
    """A context in which NumPy multiplies in one thread.

    What is known of a listener comes from products so small that threads only wait for each other, and take
    twice the processor's time.
    """
    return threadpool_limits(1, user_api="blas")


def walk(library: Library, catalogue: Catalogue, *, shuffled: bool = True) -> Iterator[WalkedSession]:
    """The sessions of two tracks or more in which every track's fate is known, listener by listener.

    Args:
        library: to read.
        catalogue: of its songs; what is not in it is passed over.
        shuffled: only sessions played with shuffle on: there, chance chose the order, not the listener.
    """
    table = sessions(library)
    rows = library.arrow(
        table.select(
            *("listener_id", "track_id", "session_id", "stage", "shuffle", "share", "start_reason"),
            seconds=seconds(table.started_at),
            order=table.session_position,
        ).order_by(["listener_id", "seconds", "order", "track_id"])
    )
    index = {track: number for number, track in enumerate(catalogue.ids)}
    place = np.array([index.get(track, -1) for track in rows["track_id"].to_pylist()], np.int32)
    stage = np.array([-1 if s is None else s for s in rows["stage"].to_pylist()], np.int32)
    share = np.array(rows["share"].to_pylist(), dtype=float)
    shuffle = np.array([bool(s) for s in rows["shuffle"].to_pylist()])
    picked = np.array([reason in PICKED for reason in rows["start_reason"].to_pylist()])
    days = np.nan_to_num(np.array(rows["seconds"].to_pylist(), dtype=float)) / DAY
    session = rows["session_id"].to_numpy()
    names = rows["listener_id"].to_numpy(zero_copy_only=False)
    for number, person in enumerate(_runs(names)):
        with_stage = person[stage[person] >= 0]
        surprise = surprises(HEARD[stage[with_stage]], np.unique(session[with_stage], return_inverse=True)[1])
        song = place[with_stage] >= 0
        # Taken off below: how a song was received must not tell a model what this very listener did with it.
        own = reception(place[with_stage][song], surprise[song], len(catalogue.ids))
        listener = Listener(catalogue, catalogue.reception - own)
        for part in _runs(session[person]):
            here = person[part]
            here = here[place[here] >= 0]
            known = len(here) > 1 and (stage[here] >= 0).all()
            if known and (not shuffled or shuffle[here].mean() > 0.5):
                day = float(days[here[0]])
                told = (place[here], stage[here], share[here])
                name = str(names[here[0]])
                yield WalkedSession(number, name, listener, *told, day, shuffle[here], picked[here])
            for row in here.tolist():
                listener.hears(int(place[row]), int(stage[row]), float(days[row]))


def _runs(values: NDArray) -> list[NDArray[np.int64]]:
    """Rows of equal neighbours."""
    if not len(values):
        return []
    ends = np.flatnonzero(values[1:] != values[:-1]) + 1
    return np.split(np.arange(len(values)), ends)
