"""Any pool of a library's songs in order for a listener, by a trained agent or greedily on the user model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from segue.agents.ordering import Limits, Opening, along, order
from segue.agents.policies import Trained
from segue.library import Library
from segue.library.listening import LibrarySubset, sessions
from segue.library.moments import DAY, seconds
from segue.world.catalogue import Catalogue
from segue.world.dynamics import TRAINING, State, World, begin
from segue.world.features import STATIC
from segue.world.library_world import library_world
from segue.world.listener import Listener
from segue.world.pools import Pool
from segue.world.responses import UserModel
from segue.world.starts import Starts
from segue.world.tracks import Track

DRAWS = 256  # sessions by which an order is weighed
STEP = 16  # pools and lists are filled up to multiples of this, so that few shapes are compiled


class Placed(NamedTuple):
    """A list; arrays (length,)."""

    place: NDArray[np.integer]  # in the pool
    q: NDArray[np.floating]  # worth of the choice, for the rest of the list too
    prior: NDArray[np.floating]  # chance of a whole play, as the user model sees it


class Course(NamedTuple):
    """What is expected of a list, place by place; arrays (length,)."""

    whole: NDArray[np.floating]  # chance that the track is heard whole, if the listener is still there
    there: NDArray[np.floating]  # chance that they are


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
    """

    library: Library
    catalogue: Catalogue
    model: UserModel
    agent: Trained | None
    version: str
    why: str
    places: dict[str, int] = field(init=False, repr=False)
    shared: Catalogue = field(init=False, repr=False)  # the same, with arrays that all its worlds share

    def __post_init__(self) -> None:
        found = {track: place for place, track in enumerate(self.catalogue.ids)}
        object.__setattr__(self, "places", found)
        tracks = Track(*map(jnp.asarray, self.catalogue.tracks))
        object.__setattr__(self, "shared", self.catalogue._replace(tracks=tracks))

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
        if not pools:
            return []
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        day = moment.timestamp() / DAY
        world, states, limits = self._prepared(pools, day)
        length = _round(max(pool.length for pool in pools))
        keys = jax.random.split(jax.random.key(seed), len(limits.quota))
        found = order(TRAINING, world, Opening(states, limits, keys), self.agent, length)
        place, q, prior, there = (np.asarray(values) for values in found)
        placed = []
        for row, pool in enumerate(pools):
            chosen = np.flatnonzero(there[row, : pool.length])
            placed.append(Placed(place[row, chosen], q[row, chosen], prior[row, chosen]))
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
        world, state = self.started(pool, moment)
        keys = jax.random.split(jax.random.key(0), DRAWS)
        size = _round(max(map(len, orders)))
        found = []
        for each in orders:
            places, listed = np.zeros(size, np.int32), np.arange(size) < len(each)
            places[: len(each)] = each
            come = along(TRAINING, world, state, jnp.asarray(places), jnp.asarray(listed), keys)
            whole, there = (np.asarray(values)[: len(each)] for values in come)
            found.append(Course(whole, there))
        return found

    def started(self, pool: Pool, moment: datetime) -> tuple[World, State]:
        """A session of a pool's listener that begins at `moment`, which has a zone."""
        world, states, _ = self._prepared([pool], moment.timestamp() / DAY)
        return world, jax.tree.map(lambda x: x[0], states)

    def _prepared(self, pools: Sequence[Pool], day: float) -> tuple[World, State, Limits]:
        n, m = _power(len(pools)), _round(max(len(pool.tracks) for pool in pools))
        k = _power(max(len(pool.quota or [0]) for pool in pools))
        songs, free = np.zeros((n, m), np.int32), np.zeros((n, m), bool)
        static = np.zeros((n, m, len(STATIC)), np.float32)
        group, quota = np.zeros((n, m), np.int32), np.zeros((n, k), np.int32)
        heard = heard_by(self.library, self.catalogue, [p.listener for p in pools if p.listener is not None])
        for row, pool in enumerate(pools):
            size = len(pool.tracks)
            songs[row, :size] = [self.places[track] for track in pool.tracks]
            free[row, :size] = True
            listener = heard.get(pool.listener or "") or Listener(self.catalogue)
            static[row, :size] = listener.known(songs[row, :size], day, 24 * (day % 1))
            group[row, :size] = 0 if pool.group is None else pool.group
            given = [size] if pool.quota is None else pool.quota
            quota[row, : len(given)] = given
        known = static[..., STATIC.index("plays")] > 0
        starts = Starts(*map(jnp.asarray, (songs, static, known, np.arange(n))))
        world = library_world(self.shared, starts, self.model)
        states = jax.vmap(begin, (None, 0))(world, jax.random.split(jax.random.key(0), n))
        states = states._replace(start=jnp.arange(n), free=jnp.asarray(free))
        artist = world.tracks.artist[songs]
        return world, states, Limits(jnp.asarray(group), jnp.asarray(quota), artist)


def _power(number: int) -> int:
    return 1 << (number - 1).bit_length()


def _round(number: int) -> int:
    return -(-number // STEP) * STEP


def heard_by(library: Library, catalogue: Catalogue, listeners: Sequence[str]) -> dict[str, Listener]:
    """What listeners have heard of the catalogue by now; who has heard nothing is left out."""
    if not listeners:
        return {}
    some: Any = LibrarySubset(library, listeners)
    table = sessions(some)
    columns = table.select("listener_id", "track_id", "stage", seconds=seconds(table.started_at))
    rows = library.arrow(columns.order_by(["listener_id", "seconds", "track_id"])).to_pydict()
    place = {track: number for number, track in enumerate(catalogue.ids)}
    found: dict[str, Listener] = {}
    for who, track, stage, at in zip(*rows.values(), strict=True):
        if track in place:
            reached = -1 if stage is None else int(stage)  # not told: it counts as heard
            listener = found.setdefault(who, Listener(catalogue))
            listener.hears(place[track], reached, (at or 0.0) / DAY)
    return found
