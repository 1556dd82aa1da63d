"""A library's listening, walked through in order of time: every session with what was known before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from heapq import nlargest
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.library import Library
from segue.library.listening import sessions
from segue.progress import Advance
from segue.town.response import HEARD, take
from segue.world.catalogue import Catalogue
from segue.world.known import MOST_PLAYED, NEVER, WEAR_DAYS, About, Floats, static_features


class Listener:
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


class Told(NamedTuple):
    """A session, just before it is played."""

    number: int  # of the listener
    listener: Listener  # as of then: ask it now, for it goes on to hear the session
    place: NDArray[Any]  # (t,) in the catalogue
    stage: NDArray[Any]
    share: Floats  # played of each; NaN if not known
    day: float  # UTC, since 1970

    @property
    def hour(self) -> float:
        """0 to 24, UTC."""
        return 24 * (self.day % 1)


def walk(
    library: Library, catalogue: Catalogue, *, shuffled: bool = True, advance: Advance | None = None
) -> Iterator[Told]:
    """The sessions of two tracks or more in which every track's fate is known, listener by listener.

    Args:
        library: to read.
        catalogue: of its songs; what is not in it is passed over.
        shuffled: only sessions played with shuffle on: there, chance chose the order, not the listener.
        advance: called with the number of listeners done.
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
    days = np.nan_to_num(np.array(rows["seconds"].to_pylist(), dtype=float)) / 86_400
    session = rows["session_id"].to_numpy()
    for number, person in enumerate(_runs(rows["listener_id"].to_numpy())):
        listener = Listener(catalogue)
        for part in _runs(session[person]):
            here = person[part]
            here = here[place[here] >= 0]
            known = len(here) > 1 and (stage[here] >= 0).all()
            if known and (not shuffled or shuffle[here].mean() > 0.5):
                yield Told(number, listener, place[here], stage[here], share[here], float(days[here[0]]))
            for row in here.tolist():  # what nothing tells the fate of counts as heard: -1 % 4 is 3
                listener.hears(int(place[row]), int(stage[row]) % 4, float(days[row]))
        if advance:
            advance(1)


def _runs(values: NDArray) -> list[NDArray[np.int64]]:
    """Rows of equal neighbours."""
    if not len(values):
        return []
    ends = np.flatnonzero(values[1:] != values[:-1]) + 1
    return np.split(np.arange(len(values)), ends)
