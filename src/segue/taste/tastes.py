"""Taste profiles from a library in one call, and which taste a track belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.taste.listened import ListenedConfig, everybody, read_plays
from segue.taste.matching import carry_over, names_before
from segue.taste.naming import with_names
from segue.taste.profiles import Profiles, find_profiles
from segue.taste.space import Floats, ProfileConfig, TasteSpace, drawn, read_features

if TYPE_CHECKING:
    from segue.library.store import Library


def tastes_of(
    library: Library,
    tracks: Sequence[str],
    vectors: Floats | Sequence[Floats],
    *,
    before: Profiles | None = None,
    listeners: Sequence[str] | None = None,
    now: datetime | None = None,
    config: ProfileConfig | None = None,
    listened: ListenedConfig | None = None,
) -> tuple[TasteSpace, Profiles]:
    """The named tastes of the library's listeners, and the space they are in.

    Args:
        library: the listening, and the artists that give names.
        tracks: (n_tracks,) ids.
        vectors: (n_tracks, f) of a model, or of several: factors, song vectors; a row of zeros where it has
            none.
        before: last week's profiles, whose numbers and names are kept.
        listeners: ids; None for all who listened.
        now: the moment it is; None for the last play.
        config: how tastes are found.
        listened: how plays count.

    Raises:
        NumericalError: NaN or infinity in `vectors`.
    """
    config, listened = config or ProfileConfig(), listened or ListenedConfig()
    plays = read_plays(library, tracks, listeners=listeners, now=now, config=listened)
    facts = library.arrow(library.table("tracks").select("track_id", "artists", "features"))
    rows = facts.take(pc.index_in(pa.array(list(tracks), pa.string()), value_set=facts["track_id"]))
    features = None
    if config.sound:
        features = read_features([dict(row) if row else None for row in rows["features"].to_pylist()])
    # The space is that of the whole library, whoever is asked for.
    sample = plays
    if listeners is not None and config.resolution is None:
        chosen = drawn(everybody(library, listened.unit), config.seed)
        sample = read_plays(library, tracks, listeners=chosen, now=now, config=listened)
    space = TasteSpace.of(vectors, sample, config, features)
    profiles = carry_over(find_profiles(space, plays, config), before)
    artists = [names or [] for names in rows["artists"].to_pylist()]
    return space, with_names(profiles, artists, names_before(profiles, before))


def nearest_tastes(
    space: TasteSpace, profiles: Profiles, listener: str, tracks: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """For each of `tracks` the listener's nearest taste, from 0, and its likeness (cosine) to the centre.

    -1 and 0 for a listener without tastes, and for tracks without a vector.
    """
    tastes = profiles.tastes(listener)
    if not len(tastes) or not len(tracks):
        return np.full(len(tracks), -1, np.int32), np.zeros(len(tracks), np.float32)
    likeness = space.vectors[tracks] @ profiles.centres[tastes.start : tastes.stop].T
    nearest = likeness.argmax(1).astype(np.int32)
    known = np.abs(space.vectors[tracks]).sum(1) > 0
    return np.where(known, nearest, -1).astype(np.int32), likeness.max(1) * known
