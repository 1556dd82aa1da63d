"""What a few people can be offered: what is new to them, without one being told another's plays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.factors.model import FactorModel
from segue.library import Library
from segue.library.few_listeners import FEWEST_PEOPLE, media_played, on_others_playlists
from segue.playlists.rules import Context
from segue.playlists.rules.context import MEDIA
from segue.wording import listed, noun_of


def recommendable(
    library: Library, model: FactorModel, people: Sequence[str], playlists: Sequence[str]
) -> tuple[NDArray[np.bool_] | None, int]:
    """(n_tracks,) what may come as new to a listener, and how many people are too few to tell what there is.

    `people` and `playlists` are the library's. Of five people or more, and of playlists alone, everything
    may come (None). Of fewer people, what is on playlists of others.
    """
    if not people or len(people) >= FEWEST_PEOPLE:
        return None, 0
    if model.config.observations.teachers == "playlists":
        factors = model.als_.item_factors
        return np.abs(np.asarray(factors)).sum(axis=1) > 0, 0  # the others are on no playlist
    if not playlists:
        return np.zeros(len(model.tracks_), bool), len(people)
    known = on_others_playlists(library, [str(track) for track in model.tracks_], people)
    return known, 0 if known.any() else len(people)


def media_instead(library: Library, listener: str, medium: str) -> list[str]:
    """What a listener has played, the most played first, where none of it is of `medium`; else nothing."""
    played = media_played(library, [listener])
    return [] if medium in played else list(played)


def only_other_media(
    library: Library, listener: str, medium: str, then: str = "from which no list of {medium}s can be made"
) -> str:
    """A note for a listener of whom plays are known, but none of `medium`; empty for others.

    `then` is what follows from it.
    """
    played = media_instead(library, listener, medium)
    if not played:
        return ""
    return (
        f"{listener} has played {listed([f'{name}s' for name in played])} only, {then.format(medium=medium)}."
    )


def no_tastes(library: Library, listener: str) -> str:
    """Why no tastes of a listener are told."""
    why = only_other_media(library, listener, "song", "and tastes are told of songs")
    return why or f"Too few plays of {listener} are known to tell tastes."


def available_medium(medium: str, context: Context) -> tuple[str, str]:
    """The medium that can come, and a note where it is not the one asked for.

    Without songs that is artists, or else what there is most of: songs are meant where nothing is said.

    Raises:
        UsageError: nothing of it was played here.
    """
    numbers, counts = np.unique(context.medium, return_counts=True)
    media = {MEDIA[number]: int(n) for number, n in zip(numbers, counts, strict=True)}
    if medium in media:
        return medium, ""
    if medium == "song" and media:
        other = "artist" if "artist" in media else max(media, key=lambda name: media[name])
        return other, f"No songs were played here: these are {noun_of(other)}s."
    raise UsageError(
        f"No {medium} was played here that could come",
        expected=f"one of {', '.join(sorted(media))}",
        hint=f"segue weekly --medium {min(media)}, or medium under [radio] in segue.toml; or import "
        f"{medium}s and train again",
    )
