"""One version of a song: the one that follows what the listener tends to play."""

from __future__ import annotations

import numpy as np

from segue.library.versions.words import ORIGINAL
from segue.playlists.rules import kernels
from segue.playlists.rules.config import RulesConfig
from segue.playlists.rules.context import VERSIONS, Bools, Context, Floats, Ints, Listening

# What listeners in general want of a song whose versions are all there.
_GENERAL = np.full(len(VERSIONS), 0.1 / (len(VERSIONS) - 1))
_GENERAL[VERSIONS.index(ORIGINAL)] = 0.9
for _kind, _factor in {
    "karaoke": 0.01,
    "cover": 0.3,
    "dj mix": 0.3,
    "clean": 0.5,
    "remaster": 8.0,
    "feat.": 8.0,
}.items():
    _GENERAL[VERSIONS.index(_kind)] *= _factor
_GENERAL /= _GENERAL.sum()


def tendency(context: Context, listening: Listening, config: RulesConfig) -> Floats:
    """(n_versions,) log share of each kind of version in what a listener plays, mixed with what is usual."""
    played = context.version[listening.heard]
    plays = np.bincount(played, weights=listening.plays, minlength=len(VERSIONS))
    weight = max(config.version_plays, 1e-6)
    return np.log((plays + weight * _GENERAL) / (plays.sum() + weight)).astype(np.float32)


def with_versions(context: Context, tracks: Ints) -> tuple[Ints, Ints]:
    """`tracks` and all other versions of their songs, and for each the place of the track it stands for.

    A cover is another artist's, liked by others: nothing stands for it, nor it for another. But anybody's
    recording stands for what was made to sing along to.
    """
    stamps, now = context.track_marks.fresh()
    return kernels.expand(
        tracks, context.work, context.work_first, context.work_tracks, context.by, stamps, now
    )


def one_version(
    context: Context, tracks: Ints, stands_for: Ints, allowed: Bools, wanted: Floats, candidate: Bools
) -> Bools:
    """Which of `tracks` give way to another version of their song.

    Of a song by several artists, the artist's stays who comes first. Of the versions that other rules allow,
    the kind the listener plays most stays; between two of one kind a candidate stays before one that is none,
    then the more popular, then the first.

    Args:
        context: the catalogue.
        tracks: (t,) track numbers.
        stands_for: (t,) the place of the track that each stands for, the best first.
        allowed: (t,) whether the other rules let them through.
        wanted: (n_versions,) from `tendency`.
        candidate: (t,) whether the track was proposed itself, and not for being a version of one.
    """
    return kernels.best_of_each(
        context.work[tracks],
        context.by[tracks],
        stands_for,
        allowed,
        wanted[context.version[tracks]],
        candidate,
        context.popularity[tracks],
        context.work_best.array,
    )
