"""Vectors for songs outside the vocabulary: from another version of the work, the artist, the sound.

A song that is in too few documents to learn from takes, in this order,
1. the mean vector of the other versions of its work,
2. the mean vector of its main artist's songs, weighted by their counts, moved by what its sound says beyond
   the artist's mean sound,
3. what its sound alone says: ridge regression from standardised sound features to vectors.
What has none of these gets no vector.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.sequences.documents import UNKNOWN
from segue.sequences.vectors import LEARNED, SongVectors

if TYPE_CHECKING:
    from segue.library import Library

FROM_WORK, FROM_ARTIST, FROM_SOUND = 1, 2, 3
"""In `SongVectors.origins_`: where an unseen song's vector came from."""

ORIGINS = {LEARNED: "learned", FROM_WORK: "work", FROM_ARTIST: "artist", FROM_SOUND: "sound"}


@dataclass(frozen=True, eq=False)
class TrackFacts:
    """What is known of tracks, whether or not anybody listened to them."""

    track_ids: NDArray[np.object_]  # (n_tracks,) str
    artists: NDArray[np.object_]  # (n_tracks,) main artist; None
    works: NDArray[np.object_]  # (n_tracks,) None
    sound: NDArray[np.float32]  # (n_tracks, n_features), NaN where not known


def track_facts(library: Library) -> TrackFacts:
    """The facts of every track of the library, in order of track id."""
    tracks = library.table("tracks")
    table = library.arrow(
        tracks.select(
            "track_id", artist=tracks.artists[0], work_id=tracks.work_id, features=tracks.features
        ).order_by("track_id")
    )
    sounds = [dict(pairs or ()) for pairs in table.column("features").to_pylist()]
    names = sorted({name for sound in sounds for name in sound})
    matrix = np.full((len(sounds), len(names)), np.nan, np.float32)
    place = {name: column for column, name in enumerate(names)}
    for row, sound in enumerate(sounds):
        for name, value in sound.items():
            if value is not None:
                matrix[row, place[name]] = value
    return TrackFacts(
        np.array(table.column("track_id").to_pylist(), dtype=object),
        np.array(table.column("artist").to_pylist(), dtype=object),
        np.array(table.column("work_id").to_pylist(), dtype=object),
        matrix,
    )


def extend(vectors: SongVectors, facts: TrackFacts, *, ridge: float = 10.0) -> SongVectors:
    """A copy of `vectors` that also covers the tracks of `facts` for which something is known.

    Args:
        vectors: learned vectors.
        facts: tracks, those in the vocabulary included (they tie artists, works and sound to vectors).
        ridge: weight of the squared coefficients in the regression from sound, in songs.
    """
    codes = vectors.codes(list(facts.track_ids))
    learned = np.flatnonzero(codes >= 0)
    learned = learned[vectors.origins_[codes[learned]] == LEARNED]
    unseen = np.flatnonzero(codes < 0)
    both = np.concatenate([vectors.in_, vectors.out_], axis=1)
    seen_vectors, seen_counts = both[codes[learned]], vectors.counts_[codes[learned]].astype(np.float64)

    origins = np.zeros(len(unseen), np.int8)
    made = np.zeros((len(unseen), both.shape[1]), np.float32)
    sound = _standardised(facts.sound, learned)
    has_sound: NDArray[np.bool_] = np.any(np.isfinite(facts.sound), axis=1)
    coefficients = _ridge(sound[learned], seen_vectors, has_sound[learned], ridge)
    by_sound = np.flatnonzero(has_sound[unseen])
    # From the vaguest to the surest: what a track's artist says replaces what its sound says, and its work
    # replaces both.
    made[by_sound] = _with_one(sound[unseen[by_sound]]) @ coefficients
    origins[by_sound] = FROM_SOUND

    with_sound = np.concatenate([seen_vectors, sound[learned], has_sound[learned, None]], axis=1)
    rows, means = _group_means(facts.artists, learned, unseen, with_sound, seen_counts)
    dim = both.shape[1]
    share = means[:, -1:]  # of the artist's songs whose sound is known
    # The artist's mean, moved by as much as the song sounds unlike the artist's other songs.
    moved = np.where(
        (share > 0.5) & has_sound[unseen[rows], None],
        sound[unseen[rows]] - means[:, dim:-1] / np.maximum(share, 0.5),
        0.0,
    )
    made[rows] = means[:, :dim] + moved @ coefficients[1:]
    origins[rows] = FROM_ARTIST

    rows, means = _group_means(facts.works, learned, unseen, seen_vectors, seen_counts)
    made[rows], origins[rows] = means, FROM_WORK

    got = np.flatnonzero(origins)
    extended = copy.copy(vectors)
    extended._places = None
    half = vectors.in_.shape[1]
    extended.track_ids_ = np.concatenate([vectors.track_ids_, facts.track_ids[unseen[got]]])
    extended.in_ = np.concatenate([vectors.in_, made[got, :half]])
    extended.out_ = np.concatenate([vectors.out_, made[got, half:]])
    extended.counts_ = np.concatenate([vectors.counts_, np.zeros(len(got), np.int64)])
    extended.origins_ = np.concatenate([vectors.origins_, origins[got]])
    extended.artists_ = np.concatenate([vectors.artists_, facts.artists[unseen[got]]])
    extended.works_ = np.concatenate([vectors.works_, facts.works[unseen[got]]])
    return extended


def _standardised(sound: NDArray[np.float32], learned: NDArray[np.intp]) -> NDArray[np.float64]:
    """Features with mean 0 and deviation 1 over the learned songs; 0 where not known."""
    known = np.isfinite(sound)
    values = np.where(known, sound, 0.0).astype(np.float64)
    number = np.maximum(known[learned].sum(axis=0), 1)
    mean = values[learned].sum(axis=0) / number
    centred = np.where(known, values - mean, 0.0)
    deviation = np.sqrt((centred[learned] ** 2).sum(axis=0) / number)
    # Three deviations are as far as a straight line is believed: one odd duration must not throw a song out.
    return np.clip(centred / np.where(deviation > 0, deviation, 1.0), -3.0, 3.0)


def _with_one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([np.ones((len(values), 1)), values], axis=1)


def _ridge(
    sound: NDArray[np.float64], target: NDArray[np.float32], has: NDArray[np.bool_], ridge: float
) -> NDArray[np.float64]:
    """Coefficients `(1 + n_features, 2 dim)` of the regression; the constant is not held down."""
    x, y = _with_one(sound[has]), target[has].astype(np.float64)
    penalty = np.full(x.shape[1], ridge)
    penalty[0] = 1e-6
    return np.linalg.solve(x.T @ x + np.diag(penalty), x.T @ y)


def _group_means(
    labels: NDArray[np.object_],
    learned: NDArray[np.intp],
    unseen: NDArray[np.intp],
    values: NDArray[np.floating],
    weights: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Unseen rows whose group has learned songs, and the weighted mean of those songs' `values`."""
    place: dict[str, int] = {}
    group = np.array(
        [UNKNOWN if labels[row] is None else place.setdefault(labels[row], len(place)) for row in learned],
        np.intp,
    )
    member = group >= 0
    total = np.zeros((len(place), values.shape[1]))
    np.add.at(total, group[member], values[member] * weights[member, None])
    number = np.bincount(group[member], weights[member], minlength=len(place))
    of = np.array([place.get(labels[row], UNKNOWN) for row in unseen], np.intp)
    rows = np.flatnonzero(of >= 0)
    return rows, total[of[rows]] / number[of[rows], None]
