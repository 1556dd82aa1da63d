"""Taste profiles: what a listener plays often, grouped by how alike the songs are in learned vectors.

No label such as genre or artist takes part in the grouping; artists only name what was found. How alike two
songs must be to belong together is found for the vectors as a whole (`TasteSpace.of`), how many tastes a
listener has is found for each one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveInt
from scipy.sparse import csr_matrix

from segue.errors import NumericalError
from segue.taste.profile_kernels import agglomerate, settle

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
SAMPLE = 500  # listeners from whose tracks the resolution is found
# Between-taste likeness is narrow and within-taste likeness wide, so the line lies below Otsu's, which takes
# both for equally wide. Found on one generated town and on mixtures of Gaussians (docs/taste-profiles.md).
BELOW_OTSU = 0.8


class ProfileConfig(BaseModel):
    """How tastes are found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tracks: PositiveInt = Field(100, ge=2, le=1000, description="Tracks looked at: those played most.")
    most: PositiveInt = Field(8, le=32, description="Tastes of a listener at most.")
    least_share: float = Field(
        0.06, ge=0, lt=1, description="Part of the listening below which a group of songs is no taste."
    )
    least_tracks: PositiveInt = Field(3, description="Tracks below which a group is no taste.")
    resolution: float | None = Field(
        None, gt=-1, lt=1, description="Mean likeness above which groups are one taste; None finds it."
    )
    sound: float = Field(
        0.0, ge=0, le=1, description="Part of the likeness that is of sound features, where a track has them."
    )
    seed: int = Field(0, ge=0, description="Of the listeners drawn to find the resolution.")


@dataclass(frozen=True)
class Plays:
    """What listeners played, by numbers of listeners and of a model's tracks.

    Attributes:
        listeners: (n_listeners,) ids.
        tracks: (n_tracks,) ids, as the vectors have them.
        matrix: (n_listeners, n_tracks) how much each track counts; what is not above 0 is left out.
        recent, before: (matrix.nnz,) plays in the last weeks, and in the time before; None where times are
            unknown.
    """

    listeners: NDArray[np.object_]
    tracks: NDArray[np.object_]
    matrix: csr_matrix
    recent: Floats | None = None
    before: Floats | None = None


@dataclass(frozen=True)
class TasteSpace:
    """Song vectors as tastes see them.

    Attributes:
        vectors: (n_tracks, d) unit vectors; all zero where nothing is known of a track.
        resolution: mean likeness (cosine) above which two groups of songs are one taste.
    """

    vectors: Floats
    resolution: float

    @classmethod
    def of(
        cls,
        vectors: Floats,
        plays: Plays,
        config: ProfileConfig | None = None,
        features: Floats | None = None,
    ) -> Self:
        """Centre `vectors`, scale them to unit length, and find the resolution of the space.

        The resolution is 0.8 times Otsu's threshold (1979) on the likeness of pairs of songs that one
        listener plays often: it parts pairs of one taste from pairs of two.

        Args:
            vectors: (n_tracks, f) factors or song vectors; a row of zeros is a track without one.
            plays: the listeners, for the pairs.
            config: `resolution` and `sound`.
            features: (n_tracks, g) sound features, NaN where a track has none.

        Raises:
            NumericalError: NaN or infinity in `vectors`.
        """
        config = config or ProfileConfig()
        if not np.isfinite(vectors).all():
            raise NumericalError("Song vectors hold NaN or infinity", do="train the model again")
        unit = _unit(_centred(np.asarray(vectors, np.float32)))
        if features is not None and config.sound:
            sound = _unit(_standard(np.asarray(features, np.float32)))
            unit = _unit(np.hstack([np.sqrt(1 - config.sound) * unit, np.sqrt(config.sound) * sound]))
        unit = np.ascontiguousarray(unit, np.float32)
        return cls(
            unit, config.resolution if config.resolution is not None else _resolution(unit, plays, config)
        )


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
        trends: (n_tastes,) log2 of recent over earlier share; NaN where times are unknown or plays too few.
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

    def trend(self, taste: int) -> str:
        """ "rising", "fading", "steady", or "" where nothing can be said."""
        if np.isnan(self.trends[taste]):
            return ""
        if not self.sure[taste]:
            return "steady"
        return "rising" if self.trends[taste] > 0 else "fading"


def find_profiles(space: TasteSpace, plays: Plays, config: ProfileConfig | None = None) -> Profiles:
    """The tastes of every listener of `plays`, numbered from 0 by weight; `matching.carry_over` keeps
    identities.

    A listener's tracks are joined into groups while their mean likeness is above the resolution; groups with
    enough of the listening are tastes, and every track goes to the nearest of them. Who has no vectors has
    no tastes.
    """
    config = config or ProfileConfig()
    known = np.abs(space.vectors).sum(1) > 0
    found = [_of_listener(space, plays, known, row, config) for row in range(plays.matrix.shape[0])]
    counts = np.array([len(f.weights) for f in found], np.int64)
    parts = {name: [getattr(f, name) for f in found] for name in _Found._fields}
    sizes = np.concatenate([np.empty(0, np.int64), *parts["sizes"]])
    d = space.vectors.shape[1]

    def joined(name: str, kind: type) -> NDArray:
        return np.concatenate([np.empty(0, kind), *parts[name]]).astype(kind)

    return Profiles(
        listeners=plays.listeners,
        tracks=plays.tracks,
        first=np.concatenate([[0], np.cumsum(counts)]),
        ids=np.concatenate([np.empty(0, np.int32), *(np.arange(c, dtype=np.int32) for c in counts)]),
        weights=joined("weights", np.float32),
        trends=joined("trends", np.float32),
        sure=joined("sure", np.bool_),
        centres=np.concatenate([np.empty((0, d), np.float32), *parts["centres"]]),
        member_first=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        members=joined("members", np.int32),
        member_weights=joined("member_weights", np.float32),
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


def _top(plays: Plays, known: NDArray[np.bool_], row: int, most: int) -> NDArray[np.int64]:
    """Places in the matrix's data of the listener's most played tracks with vectors, most played first."""
    start, stop = plays.matrix.indptr[row], plays.matrix.indptr[row + 1]
    amount = plays.matrix.data[start:stop]
    good = np.flatnonzero((amount > 0) & known[plays.matrix.indices[start:stop]])
    return start + good[np.argsort(-amount[good], kind="stable")[:most]]


def _of_listener(
    space: TasteSpace, plays: Plays, known: NDArray[np.bool_], row: int, config: ProfileConfig
) -> _Found:
    places = _top(plays, known, row, config.tracks)
    tracks = plays.matrix.indices[places].astype(np.int32)
    weights = plays.matrix.data[places].astype(np.float32)
    vectors = space.vectors[tracks]
    if not len(tracks):
        none = np.empty(0, np.float32)
        return _Found(none, none, none.astype(bool), vectors, none.astype(np.int64), tracks, none)
    weights /= weights.sum()
    likeness = vectors @ vectors.T
    group = agglomerate(likeness, weights, space.resolution)
    taste, centres = settle(vectors, weights, group, config.most, config.least_share, config.least_tracks, 3)
    share = np.bincount(taste, weights=weights, minlength=len(centres))
    heaviest = np.argsort(-share, kind="stable")
    heaviest = heaviest[share[heaviest] > 0]
    typical = weights * np.maximum((vectors * centres[taste]).sum(1), 0)
    rank = np.empty(len(centres), np.int64)
    rank[heaviest] = np.arange(len(heaviest))
    order = np.lexsort((-typical, rank[taste]))
    sizes = np.bincount(taste, minlength=len(centres))[heaviest]
    trends, sure = _trends(plays, places, taste, len(centres))
    return _Found(
        share[heaviest].astype(np.float32),
        trends[heaviest],
        sure[heaviest],
        centres[heaviest],
        sizes,
        tracks[order],
        weights[order],
    )


FEWEST_PLAYS = 20  # in each window, before anything is said of a trend
BURSTS = 3.0  # plays come in bursts, so that many plays say as much as a third of independent ones


def _trends(plays: Plays, places: NDArray[np.int64], taste: Ints, k: int) -> tuple[Floats, NDArray[np.bool_]]:
    """log2 of each taste's recent share over its earlier share, and whether a z-test finds them different."""
    nothing = np.full(k, np.nan, np.float32), np.zeros(k, bool)
    if plays.recent is None or plays.before is None:
        return nothing
    recent = np.bincount(taste, weights=plays.recent[places], minlength=k)
    before = np.bincount(taste, weights=plays.before[places], minlength=k)
    n, m = recent.sum(), before.sum()
    if min(n, m) < FEWEST_PLAYS:
        return nothing
    now, then = recent / n, before / m
    pooled = (recent + before) / (n + m)
    error = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-9) * (1 / n + 1 / m) * BURSTS)
    change = np.log2((recent + 1) / (n + k)) - np.log2((before + 1) / (m + k))
    return change.astype(np.float32), np.abs(now - then) / error > 2


def _resolution(unit: Floats, plays: Plays, config: ProfileConfig) -> float:
    known = np.abs(unit).sum(1) > 0
    n = plays.matrix.shape[0]
    rng = np.random.default_rng(config.seed)
    counts = np.zeros(512)
    edges = np.linspace(-1, 1, len(counts) + 1)
    for row in rng.choice(n, min(n, SAMPLE), replace=False).tolist():
        vectors = unit[plays.matrix.indices[_top(plays, known, row, config.tracks)]]
        counts += np.histogram((vectors @ vectors.T)[np.triu_indices(len(vectors), 1)], edges)[0]
    return BELOW_OTSU * otsu(counts, (edges[1:] + edges[:-1]) / 2)


def otsu(counts: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """The value that parts a histogram with the largest variance between the parts; 0 for an empty one."""
    weight, mean = np.cumsum(counts), np.cumsum(counts * values)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (mean[-1] * weight / weight[-1] - mean) ** 2 / (weight * (weight[-1] - weight))
    return float(values[np.nanargmax(between)]) if np.isfinite(between).any() else 0.0


def _centred(vectors: Floats) -> Floats:
    known = np.abs(vectors).sum(1) > 0
    mean = vectors[known].mean(0) if known.any() else 0
    return np.where(known[:, None], vectors - mean, 0).astype(np.float32)


def _standard(features: Floats) -> Floats:
    """Features with mean 0 and deviation 1; 0 where they are not known."""
    known = np.isfinite(features)
    some = known.any(0)
    features = features[:, some]
    known = known[:, some]
    mean = np.nanmean(np.where(known, features, np.nan), 0)
    spread = np.nanstd(np.where(known, features, np.nan), 0)
    return np.where(known, (features - mean) / np.where(spread > 0, spread, 1), 0).astype(np.float32)


def _unit(vectors: Floats) -> Floats:
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norm, out=np.zeros_like(vectors), where=norm > 1e-12)


def read_features(rows: Sequence[Mapping[str, float] | None]) -> Floats:
    """(n_tracks, g) sound features in a fixed order of names, NaN where a track has none."""
    names = sorted({name for row in rows for name in row or ()})
    return np.array([[(row or {}).get(name, np.nan) for name in names] for row in rows], np.float32).reshape(
        len(rows), len(names)
    )
