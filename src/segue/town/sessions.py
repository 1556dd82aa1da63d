"""When listeners listen and how they begin: the plan of sessions, before anybody has heard anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.draws import Draws
from segue.town.config import TownConfig

if TYPE_CHECKING:
    from segue.town.listeners import Listeners

# Ways to begin a session, the town's share of each, and what a log calls it.
CONTEXTS = ("liked", "playlist", "repeat", "album", "artist", "editorial", "charts", "personalized", "radio")
SHARES = (0.14, 0.24, 0.12, 0.09, 0.09, 0.11, 0.03, 0.09, 0.09)
LOGGED = (
    "user_collection",
    "user_collection",
    "personalized_playlist",
    "catalog",
    "catalog",
    "editorial_playlist",
    "charts",
    "personalized_playlist",
    "radio",
)
PODCAST = len(CONTEXTS)  # a session of episodes instead
# Parts of the day: middle (local hour), spread, share on workdays, share at weekends.
_DAY = ((8.0, 1.1, 0.27, 0.08), (14.0, 2.4, 0.34, 0.46), (20.3, 2.1, 0.39, 0.46))


class Plan(NamedTuple):
    """Sessions of a batch of listeners, in time order; those beyond `count` are not held."""

    count: NDArray[np.int64]  # (n,)
    start: NDArray[np.float64]  # (n, most) days since the town's start, UTC
    kind: NDArray[np.int64]  # (n, most) place in CONTEXTS, or PODCAST


def plan(config: TownConfig, seed: int, listeners: Listeners) -> Plan:
    """When each listener's sessions begin, and how."""
    days, number = config.days, listeners.number
    expected = listeners.rate * days
    draws = Draws(seed, "session counts")
    count = np.maximum(1, np.round(expected + np.sqrt(expected) * draws.normal(number))).astype(np.int64)
    who, which = number[:, None], np.arange(count.max())[None]
    draws = Draws(seed, "session times")
    day = np.floor(draws.uniform(who, which, 0) * np.ceil(days))
    weekday = (
        np.datetime64(config.start, "D").astype(int) + 3 + day
    ) % 7  # 1970-01-01 was a Thursday; 0 is Monday
    part = draws.uniform(who, which, 1)
    middle, spread = np.empty(part.shape), np.empty(part.shape)
    for weekend in (False, True):
        edges = np.cumsum([share[3 if weekend else 2] for share in _DAY])
        place = np.minimum(np.searchsorted(edges, part), len(_DAY) - 1)
        here = (weekday >= 5) == weekend
        middle[here] = np.array([p[0] for p in _DAY])[place[here]] + 1.2 * weekend
        spread[here] = np.array([p[1] for p in _DAY])[place[here]]
    hour = (middle + spread * draws.normal(who, which, 2) + listeners.owl[:, None]) % 24
    start = (day + (hour - listeners.zone[:, None]) / 24) % days
    # What is not held goes to the end of its row, when rows are sorted by time.
    start[which >= count[:, None]] = np.inf
    start.sort(axis=1)
    draws = Draws(seed, "session kinds")
    ladder = np.cumsum(listeners.contexts, 1)[:, None, :]
    pick = draws.uniform(who, which, 0)
    kind = np.minimum((ladder < pick[..., None]).sum(-1), len(CONTEXTS) - 1)
    spoken = listeners.podcasts[:, None] & (draws.uniform(who, which, 1) < 0.12)
    return Plan(count, start, np.where(spoken, PODCAST, kind))
