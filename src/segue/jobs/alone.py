"""What a few people can be offered: what is new to them, without one being told another's plays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.factors.model import FactorConfig, FactorModel
from segue.jobs.shared import Shared
from segue.library import Library
from segue.library.listening import FEWEST_PEOPLE, Some, owners
from segue.playlists.rules import Context
from segue.playlists.rules.context import MEDIA
from segue.progress import progress
from segue.wording import count, listed

UNKNOWN_MEDIUM = "song"  # what a track of unknown medium is


def offered(
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


def on_others_playlists(library: Library, tracks: Sequence[str], people: Sequence[str]) -> NDArray[np.bool_]:
    """(n_tracks,) which of `tracks` are on a playlist that is none of `people`'s own."""
    lists, entries = library.table("playlists"), library.table("playlist_entries")
    own = lists.filter(lists.owner.isin(people)).select("playlist_id")
    ids = library.arrow(entries.anti_join(own, "playlist_id").select("track_id").distinct())["track_id"]
    return pc.is_in(pa.array(tracks, pa.string()), value_set=ids).to_numpy(zero_copy_only=False)


def media_played(library: Library, listeners: Sequence[str] | None = None) -> dict[str, int]:
    """Plays of each medium, by everybody or by `listeners`; most first."""
    listens = (library if listeners is None else Some(library, listeners)).table("listens")
    tracks = library.table("tracks").select("track_id", "medium")
    joined = listens.inner_join(tracks, "track_id")
    medium = joined.medium.fill_null(UNKNOWN_MEDIUM)
    found: pa.Table = library.arrow(joined.group_by(medium=medium).aggregate(n=joined.count()))
    rows = sorted(zip(found["medium"].to_pylist(), found["n"].to_pylist(), strict=True), key=lambda r: -r[1])
    return dict(rows)


def only_other_media(library: Library, listener: str, medium: str) -> str:
    """A note for a listener of whom plays are known, but none of `medium`; empty for others."""
    played = media_played(library, [listener])
    if not played or medium in played:
        return ""
    other = next(iter(played))
    return (
        f"{listener} has played {listed([f'{name}s' for name in played])} only, from which no list of "
        f"{medium}s can be made: see segue weekly {listener} --medium {other}."
    )


def in_hand(medium: str, context: Context) -> str:
    """The medium that can come: a library that knows artists and no songs gives artists.

    Raises:
        UsageError: nothing of it was played here.
    """
    media = {MEDIA[number] for number in np.unique(context.medium)}
    if medium in media:
        return medium
    if medium == "song" and "artist" in media:
        return "artist"
    raise UsageError(
        f"No {medium} was played here that could come",
        expected=f"one of {', '.join(sorted(media))}",
        do=f"segue weekly --medium {min(media)}, or medium under [radio] in segue.toml; or import {medium}s "
        "and train again",
    )


def in_media(library: Library, config: FactorConfig) -> FactorConfig:
    """The same for a library in which nothing of the media that count was played: what was played counts."""
    if config.observations.media != FactorConfig().observations.media or library.count("playlist_entries"):
        return config
    played = media_played(library)
    if not played or set(played) & set(config.observations.media):
        return config
    update = {"media": tuple(played)}
    return config.model_copy(update={"observations": config.observations.model_copy(update=update)})


def of_medium(library: Library, model: FactorModel, medium: str) -> tuple[FactorModel, Shared] | None:
    """A model learned now where the library's was not to learn `medium`, but that was played; else None."""
    if medium in model.config.observations.media or medium not in (played := media_played(library)):
        return None
    from segue.factors.observations import observe
    from segue.jobs.working_out import work_out  # training, which a list of what was trained on needs not

    people, _ = owners(library, "listeners")
    config = FactorConfig().suited(len(people), 0, timed=True)
    update = {"media": (medium,)}
    config = config.model_copy(update={"observations": config.observations.model_copy(update=update)})
    with progress(f"Learning from {count(played[medium], f'play of {medium}s', f'plays of {medium}s')}"):
        seen = observe(library, config.observations)
        learned = FactorModel(config).fit_observations(seen, show_progress=False)
        return learned, work_out(library, learned, seen.matrix)
