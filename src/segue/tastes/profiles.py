"""Taste profiles: what a listener plays often, grouped by how alike the songs are in learned vectors.

No label such as genre or artist takes part in the grouping; artists only name what was found. How alike two
songs must be to belong together is found for the vectors as a whole (`space.py`), how many tastes a
listener has is found for each one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.tastes.config import ProfileConfig
from segue.tastes.kernels import agglomerate, settle
from segue.tastes.likeness import Likeness
from segue.tastes.space import Floats, Ints, Plays, TasteSpace
from segue.tastes.trends import Trends, trends

ROUNDS = 3  # of k-means after the grouping
STEADY = 0.32  # log2 of a change of a fourth: by more a share is not called steady, sure or not


@dataclass(frozen=True)
class Profiles:
    """Tastes of many listeners, one after another.

    Attributes:
        listeners: (n_listeners,) ids.
        tracks: (n_tracks,) ids that `members` count in.
        first: (n_listeners + 1,) where each listener's tastes begin, heaviest first.
        ids: (n_tastes,) a taste's number, which it keeps from week to week; never given to another of the
            listener.
        weights: (n_tastes,) share of the listening, adding up to 1 for a listener.
        trends: (n_tastes,) log2 of the share of the listener's days now over that of two years ago, or of the
            first ones; NaN where times are unknown or days too few.
        sure: (n_tastes,) whether that change is more than chance.
        centres: (n_tastes, d) unit vectors in the space of the model.
        member_first: (n_tastes + 1,) where each taste's tracks begin in `members`, the most typical first.
        members: (n_members,) track numbers.
        member_weights: (n_members,) part of the listener's listening.
        names: (n_tastes,) of the most typical artists; empty until named.
        last_ids: (n_listeners,) the highest number ever given to a taste of the listener.
    """

    listeners: NDArray[np.object_]
    tracks: NDArray[np.object_]
    first: NDArray[np.int64]
    ids: Ints
    weights: Floats
    trends: Floats
    sure: NDArray[np.bool_]
    centres: Floats
    member_first: NDArray[np.int64]
    members: Ints
    member_weights: Floats
    last_ids: Ints
    names: tuple[str, ...] = ()
    place: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", {who: at for at, who in enumerate(self.listeners.tolist())})

    def tastes(self, listener: str) -> range:
        """Places of a listener's tastes, heaviest first; empty if the listener is not here."""
        at = self.place.get(listener)
        return range(0) if at is None else range(int(self.first[at]), int(self.first[at + 1]))

    def tracks_of(self, taste: int) -> Ints:
        """Track numbers of the taste at this place, the most typical first."""
        return self.members[self.member_first[taste] : self.member_first[taste + 1]]

    def rows(self, keep: NDArray[np.bool_]) -> Profiles:
        """Those of some listeners alone, `keep` (n_listeners,)."""
        of_taste = np.repeat(np.arange(len(keep)), np.diff(self.first))
        tastes = np.flatnonzero(keep[of_taste])
        of_member = np.repeat(np.arange(len(of_taste)), np.diff(self.member_first))
        members = np.flatnonzero(keep[of_taste[of_member]])
        return replace(
            self,
            listeners=self.listeners[keep],
            first=_begins(np.diff(self.first)[keep]),
            member_first=_begins(np.diff(self.member_first)[tastes]),
            names=tuple(self.names[t] for t in tastes.tolist()) if self.names else (),
            last_ids=self.last_ids[keep],
            **{name: getattr(self, name)[tastes] for name in _OF_TASTES},
            **{name: getattr(self, name)[members] for name in _OF_MEMBERS},
        )

    def of(self, listeners: Iterable[str]) -> Profiles:
        """Those of `listeners` alone, of whom some may not be here."""
        keep = np.zeros(len(self.listeners), bool)
        keep[[self.place[who] for who in listeners if who in self.place]] = True
        return self.rows(keep)

    def trend(self, taste: int) -> str:
        """ "rising", "fading", "steady", or "" where nothing can be said: a large change may be chance."""
        if np.isnan(self.trends[taste]):
            return ""
        if not self.sure[taste]:
            return "steady" if abs(self.trends[taste]) < STEADY else ""
        return "rising" if self.trends[taste] > 0 else "fading"


_OF_TASTES = ("ids", "weights", "trends", "sure", "centres")
_OF_MEMBERS = ("members", "member_weights")


def _begins(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """(n + 1,) where each of n begins that have so many, one after another."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def joined(parts: Sequence[Profiles]) -> Profiles:
    """Profiles of different listeners, over the same tracks, as one; of one part at least."""
    return replace(
        parts[0],
        first=_begins(np.concatenate([np.diff(part.first) for part in parts])),
        member_first=_begins(np.concatenate([np.diff(part.member_first) for part in parts])),
        names=tuple(name for part in parts for name in part.names),
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("listeners", "last_ids", *_OF_TASTES, *_OF_MEMBERS)
        },
    )


def find_profiles(
    space: TasteSpace, plays: Plays, config: ProfileConfig | None = None, likeness: Likeness | None = None
) -> Profiles:
    """The tastes of every listener of `plays`, numbered from 0 by weight; `matching.carry_over` keeps
    identities.

    A listener's most played tracks are joined into groups while their mean likeness is above the resolution;
    groups with enough of the listening are tastes. Among all tracks that are like none of these, groups are
    looked for once more: a small taste has few of the most played tracks. Of which taste each song is in the
    end, `likeness` says; without it, the nearest. Who has no vectors has no tastes.
    """
    config, likeness = config or ProfileConfig(), likeness or Likeness(space)
    known = space.known
    found = [_of_listener(likeness, plays, known, row, config) for row in range(plays.matrix.shape[0])]
    counts = np.array([len(f.weights) for f in found], np.int64)
    parts = {name: [getattr(f, name) for f in found] for name in _Found._fields}
    sizes = np.concatenate([np.empty(0, np.int64), *parts["sizes"]])
    d = space.vectors.shape[1]

    def together(name: str, kind: type) -> NDArray:
        return np.concatenate([np.empty(0, kind), *parts[name]]).astype(kind)

    return Profiles(
        listeners=plays.listeners,
        tracks=plays.tracks,
        first=_begins(counts),
        ids=np.concatenate([np.empty(0, np.int32), *(np.arange(c, dtype=np.int32) for c in counts)]),
        weights=together("weights", np.float32),
        trends=together("trends", np.float32),
        sure=together("sure", np.bool_),
        centres=np.concatenate([np.empty((0, d), np.float32), *parts["centres"]]),
        member_first=_begins(sizes),
        members=together("members", np.int32),
        member_weights=together("member_weights", np.float32),
        last_ids=(counts - 1).astype(np.int32),
    )


class _Found(NamedTuple):
    """One listener's tastes."""

    weights: Floats
    trends: Floats
    sure: NDArray[np.bool_]
    centres: Floats
    sizes: NDArray[np.int64]
    members: Ints
    member_weights: Floats


class _Heard(NamedTuple):
    """What a listener played of what the space knows: (n,) each."""

    places: NDArray[np.int64]  # in the data of the plays' matrix
    tracks: Ints
    weights: Floats  # as the plays count
    shares: NDArray[np.float64]  # of all that was played, none too large

    @classmethod
    def of(cls, plays: Plays, known: NDArray[np.bool_], row: int, most: float) -> _Heard:
        """Shares of the plays.

        A song on repeat says less than as many plays of different songs, so no track counts for more than
        `most`.
        """
        places = np.arange(plays.matrix.indptr[row], plays.matrix.indptr[row + 1])
        amount = (plays.matrix.data if plays.faded is None else plays.faded)[places].astype(np.float64)
        here = known[plays.matrix.indices[places]] & (amount > 0)
        places, amount = places[here], amount[here]
        amount = np.minimum(amount, most * amount.sum())
        tracks, weights = plays.matrix.indices[places], plays.matrix.data[places]
        return cls(places, tracks.astype(np.int32), weights.astype(np.float32), amount / amount.sum())


def _of_listener(
    likeness: Likeness, plays: Plays, known: NDArray[np.bool_], row: int, config: ProfileConfig
) -> _Found:
    space = likeness.space
    places = plays.top(row, known, config.tracks)
    if not len(places):
        none = np.empty(0, np.float32)
        vectors = np.empty((0, space.vectors.shape[1]), np.float32)
        return _Found(
            none, none, none.astype(bool), vectors, none.astype(np.int64), none.astype(np.int32), none
        )
    heard = _Heard.of(plays, known, row, config.most_of_one)
    tracks, weights = plays.matrix.indices[places], plays.matrix.data[places].astype(np.float32)
    taste, k = _groups(space, tracks, weights, weights / weights.sum(), config.most, config)
    if k:
        centres = settle(space.vectors[tracks], weights, taste, k, ROUNDS)
        places, taste, k = _with_small(space, heard, places, taste, centres, config)
    else:
        taste, k = np.zeros(len(places), np.int32), 1
    tracks, weights = plays.matrix.indices[places], plays.matrix.data[places].astype(np.float32)
    weights /= weights.sum()
    centres = settle(space.vectors[tracks], weights, taste, k, ROUNDS)
    alike = likeness.to(centres, tracks)
    taste = _own(likeness, alike)
    own = _own(likeness, likeness.to(centres, heard.tracks))
    share = _shares(own, heard.shares, k)
    sizes = np.bincount(taste[taste >= 0], minlength=k)
    heaviest = np.argsort(-share, kind="stable")
    heaviest = heaviest[(share[heaviest] > 0) & (sizes[heaviest] > 0)]
    share = share[heaviest] / share[heaviest].sum()
    rank = np.full(k + 1, -1, np.int64)  # the last for tracks of no taste
    rank[heaviest] = np.arange(len(heaviest))
    stays = rank[taste] >= 0
    tracks, weights, taste, alike = tracks[stays], weights[stays], taste[stays], alike[:, stays]
    typical = weights * _margin(alike, taste)
    order = np.lexsort((-typical, rank[taste]))
    change, sure = _trends(plays, heard.places, own, k)
    return _Found(
        share.astype(np.float32),
        change[heaviest],
        sure[heaviest],
        centres[heaviest],
        sizes[heaviest],
        tracks[order].astype(np.int32),
        weights[order],
    )


def _margin(likeness: Floats, taste: Ints) -> Floats:
    """(n,) how much more like its taste each track is than like another: what lies between is of none.

    Args:
        likeness: (k, n) of the tracks to the tastes.
        taste: (n,) of each.
    """
    own, others = likeness[taste, np.arange(len(taste))], likeness.copy()
    others[taste, np.arange(len(taste))] = 0
    return np.maximum(own - np.maximum(others.max(axis=0, initial=0), 0), 0)


def _own(likeness: Likeness, alike: Floats) -> Ints:
    """(n,) of which taste each track is, -1 for none, by their likeness (k, n) to the tastes.

    Where none is of any, the nearest of each.
    """
    own = likeness.taste_by(alike)
    return own if (own >= 0).any() else alike.argmax(0).astype(np.int32)


def _shares(own: Ints, shares: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """(k,) part of each taste of what is of any."""
    there = own >= 0
    share = np.bincount(own[there], shares[there], k)
    return share / share.sum()


def _groups(
    space: TasteSpace,
    tracks: Ints,
    weights: Floats,
    shares: NDArray[np.floating],
    most: int,
    config: ProfileConfig,
) -> tuple[Ints, int]:
    """(n,) group of each track, the heaviest 0, and how many groups; -1 where one is too small for a taste.

    Args:
        space: where tastes lie.
        tracks: (n,).
        weights: (n,) by which likeness is averaged.
        shares: (n,) part of the listening that each track is.
        most: groups at most.
        config: how small is too small.
    """
    vectors = space.vectors[tracks]
    group = agglomerate(vectors @ vectors.T, weights, space.resolution)
    share, count = np.bincount(group, shares), np.bincount(group)
    order = np.argsort(-share, kind="stable")
    large = order[(share[order] >= config.least_share) & (count[order] >= config.least_tracks)][:most]
    place = np.full(len(share), -1, np.int32)
    place[large] = np.arange(len(large), dtype=np.int32)
    return place[group], len(large)


def _with_small(
    space: TasteSpace,
    heard: _Heard,
    places: NDArray[np.int64],
    taste: Ints,
    centres: Floats,
    config: ProfileConfig,
) -> tuple[NDArray[np.int64], Ints, int]:
    """The tracks with those of tastes that have few among the most played: places, taste of each, how many.

    They are looked for among all tracks that are like no taste so far.
    """
    k = len(centres)
    unlike = (space.vectors[heard.tracks] @ centres.T).max(1) < space.resolution
    far = np.flatnonzero(unlike)
    far = far[np.argsort(-heard.shares[far], kind="stable")[: config.tracks]]
    if k >= config.most or heard.shares[far].sum() < config.least_share:
        return places, taste, k
    group, more = _groups(
        space, heard.tracks[far], heard.weights[far], heard.shares[far], config.most - k, config
    )
    far, group = far[group >= 0], group[group >= 0]
    stays = ~np.isin(places, heard.places[far])
    return (
        np.concatenate([places[stays], heard.places[far]]),
        np.concatenate([taste[stays], k + group]).astype(np.int32),
        k + more,
    )


def _trends(plays: Plays, places: NDArray[np.int64], taste: Ints, k: int) -> Trends:
    """How shares change from month to month; `taste` (n,) of the tracks at `places`, -1 for none."""
    if plays.months is None:
        return trends(np.zeros((k, 0)))
    first, n_months = plays.months.indptr, plays.months.shape[1]
    of_any = taste >= 0
    places, taste = places[of_any], taste[of_any]
    counts = first[places + 1] - first[places]
    at = np.repeat(first[places] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
    cells = np.repeat(taste, counts) * n_months + plays.months.indices[at]
    days = np.bincount(cells, plays.months.data[at], k * n_months).astype(np.float64)
    return trends(days.reshape(k, n_months))
