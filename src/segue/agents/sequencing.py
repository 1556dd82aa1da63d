"""Any pool of a library's songs in order for a listener, by a trained agent or greedily on the user model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from segue.agents.network import Trained
from segue.agents.ordering import Course, Limits, along, order
from segue.library import Library
from segue.library.listening import LibrarySubset, sessions
from segue.library.moments import DAY, seconds
from segue.library.played import Played
from segue.world.catalogue import Catalogue
from segue.world.features import STATIC
from segue.world.following import OFFSET
from segue.world.known import Floats
from segue.world.listener import Listener
from segue.world.numpy_sessions import Offered, offered
from segue.world.pools import Pool
from segue.world.responses import UserModel

DRAWS = 256  # sessions by which an order is weighed
Play = tuple[str, str, int | None, float | None]  # listener, track, stage, seconds since 1970
AT_ONCE = 16  # lists whose features still fit the processor's cache


class Placed(NamedTuple):
    """A list; arrays (length,)."""

    place: NDArray[np.integer]  # in the pool
    q: NDArray[np.floating]  # worth of the choice, for the rest of the list too
    prior: NDArray[np.floating]  # chance of a whole play, as the user model sees it


@dataclass(frozen=True)
class Sequencer:
    """Puts pools in order.

    Attributes:
        library: for what listeners have heard.
        catalogue: of its songs.
        model: the user model through which sessions are observed.
        agent: None for greedy on the model.
        version: of what was trained, on the shelf.
        why: why the agent is used, or is not.
        offsets: of listeners, by name: how the model's chances are moved for them.
        played: what everybody played, where it was kept and nothing has changed since.
    """

    library: Library
    catalogue: Catalogue
    model: UserModel
    agent: Trained | None
    version: str
    why: str
    offsets: Mapping[str, Floats] = field(default_factory=dict, repr=False)
    played: Played | None = field(default=None, repr=False)
    places: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        found = {track: place for place, track in enumerate(self.catalogue.ids)}
        object.__setattr__(self, "places", found)

    @property
    def name(self) -> str:
        """Who orders: "agent" or "greedy"."""
        return "greedy" if self.agent is None else "agent"

    def knows(self, tracks: Sequence[str]) -> bool:
        """Whether all of these are songs of the catalogue."""
        return all(track in self.places for track in tracks)

    def order(self, pools: Sequence[Pool], moment: datetime, seed: int = 0) -> list[Placed]:
        """Each pool in order, as heard from `moment` on.

        Args:
            pools: of known tracks.
            moment: when the lists are heard; without a zone it is UTC.
            seed: of the responses that are drawn on the way.
        """
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        placed: list[Placed] = []
        for first in range(0, len(pools), AT_ONCE):
            some = pools[first : first + AT_ONCE]
            offer, limits = self._prepared(some, moment)
            found = order(self.model, self.agent, offer, limits, max(pool.length for pool in some), seed)
            for row, pool in enumerate(some):
                chosen = np.flatnonzero(found.there[row, : pool.length])
                placed.append(Placed(*(values[row, chosen] for values in found[:3])))
        return placed

    def worth(self, pool: Pool, orders: Sequence[Sequence[int]], moment: datetime) -> list[float]:
        """Tracks heard whole, as the user model expects, if a pool is heard in given orders.

        Args:
            pool: of known tracks.
            orders: places in it; tracks after which the listener is expected to have left count little.
            moment: when it is heard, with a zone.
        """
        return [float((each.whole * each.there).sum()) for each in self.along(pool, orders, moment)]

    def along(self, pool: Pool, orders: Sequence[Sequence[int]], moment: datetime) -> list[Course]:
        """What the user model expects of each track of a pool that is heard in given orders.

        Args: as for `worth`.
        """
        offer = self.offered(pool, moment)
        return [along(self.model, offer, each, DRAWS) for each in orders]

    def offered(self, pool: Pool, moment: datetime) -> Offered:
        """A pool as its listener may hear it at `moment`, which has a zone."""
        return self._prepared([pool], moment)[0]

    def _prepared(self, pools: Sequence[Pool], moment: datetime) -> tuple[Offered, Limits]:
        day, n, m = moment.timestamp() / DAY, len(pools), max(len(pool.tracks) for pool in pools)
        songs, free = np.zeros((n, m), np.int32), np.zeros((n, m), bool)
        static = np.zeros((n, m, len(STATIC)), np.float32)
        group = np.zeros((n, m), np.int32)
        quota = np.zeros((n, max(len(pool.quota or [0]) for pool in pools)), np.int32)
        offset = np.array([self.offsets.get(pool.listener or "", np.zeros(OFFSET)) for pool in pools])
        listeners = [pool.listener for pool in pools if pool.listener is not None]
        heard = heard_by(self.library, self.catalogue, listeners, self.played)
        for row, pool in enumerate(pools):
            size = len(pool.tracks)
            songs[row, :size] = [self.places[track] for track in pool.tracks]
            free[row, :size] = True
            listener = heard.get(pool.listener or "") or Listener(self.catalogue)
            static[row, :size] = listener.known(songs[row, :size], day, 24 * (day % 1))
            group[row, :size] = 0 if pool.group is None else pool.group
            given = [size] if pool.quota is None else pool.quota
            quota[row, : len(given)] = given
        tracks = self.catalogue.tracks
        return offered(tracks, songs, static, offset), Limits(free, group, quota, tracks.artist[songs])


def heard_by(
    library: Library, catalogue: Catalogue, listeners: Sequence[str], played: Played | None = None
) -> dict[str, Listener]:
    """What listeners have heard of the catalogue by now; who has heard nothing is left out.

    Args:
        library: to read, where `played` is None.
        catalogue: of the songs.
        listeners: ids; playlists among them have heard nothing.
        played: what everybody played.
    """
    if not listeners:
        return {}
    place, found = {track: number for number, track in enumerate(catalogue.ids)}, dict[str, Listener]()
    for who, track, stage, at in _plays(library, listeners) if played is None else _kept(played, listeners):
        if track in place:
            reached = -1 if stage is None else int(stage)  # not told: it counts as heard
            listener = found.setdefault(who, Listener(catalogue))
            listener.hears(place[track], reached, (at or 0.0) / DAY)
    return found


def _plays(library: Library, listeners: Sequence[str]) -> Iterator[Play]:
    some: Any = LibrarySubset(library, listeners)
    table = sessions(some)
    columns = table.select("listener_id", "track_id", "stage", seconds=seconds(table.started_at))
    rows = library.arrow(columns.order_by(["listener_id", "seconds", "track_id"])).to_pydict()
    yield from zip(*rows.values(), strict=True)


def _kept(played: Played, listeners: Sequence[str]) -> Iterator[Play]:
    for who in dict.fromkeys(listeners):
        if (rows := played.of(who)) is None:
            continue
        tracks = rows["track_id"].to_pylist()
        at = [None if us is None else us / 1e6 for us in rows["started_at"].cast(pa.int64()).to_pylist()]
        plays = zip(tracks, rows["stage"].to_pylist(), at, strict=True)
        # As the tables order them in `_plays`: what has no time comes last.
        for play in sorted(plays, key=lambda play: (play[2] is None, play[2], play[0])):
            yield who, *play
