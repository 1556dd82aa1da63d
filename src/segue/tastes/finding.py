"""Taste profiles from a library in one call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segue.library.listening import Unit, owners
from segue.tastes.config import ProfileConfig
from segue.tastes.likeness import Credits, Likeness
from segue.tastes.listened import ListenedConfig, read_plays
from segue.tastes.matching import carry_over, names_before
from segue.tastes.naming import with_names
from segue.tastes.profiles import Profiles, find_profiles
from segue.tastes.space import Floats, Plays, TasteSpace, drawn, read_features

if TYPE_CHECKING:
    from segue.library.store import Library


def tastes_of(
    library: Library,
    tracks: Sequence[str],
    vectors: Floats | Sequence[Floats] | TasteSpace,
    *,
    before: Profiles | None = None,
    listeners: Sequence[str] | None = None,
    now: datetime | None = None,
    config: ProfileConfig | None = None,
    listened: ListenedConfig | None = None,
    credits: Credits | None = None,
) -> tuple[TasteSpace, Profiles]:
    """The named tastes of the library's listeners, and the space they are in.

    Args:
        library: the listening, and the artists that give names.
        tracks: (n_tracks,) ids.
        vectors: (n_tracks, f) of a model, or of several: spectral, song vectors; a row of zeros where it has
            none. Or a space that is there already.
        before: last week's profiles, whose numbers and names are kept.
        listeners: ids; None for all who listened.
        now: the moment to which ages of plays are counted; None for the last play in the whole library.
        config: how tastes are found.
        listened: how plays count.
        credits: whose tracks are, so that a song goes by the taste of its artist; None where nobody knows.

    Raises:
        NumericalError: NaN or infinity in `vectors`.
    """
    config, listened = config or ProfileConfig(), listened or ListenedConfig()
    plays = read_plays(library, tracks, listeners=listeners, now=now, config=listened)
    if isinstance(vectors, TasteSpace):
        space = vectors
    else:
        sample = plays if listeners is None else None
        space = space_of(library, tracks, vectors, config=config, listened=listened, sample=sample)
    profiles = carry_over(find_profiles(space, plays, config, Likeness(space, credits)), before)
    return space, with_names(profiles, _artists(library, profiles), names_before(profiles, before))


def space_of(
    library: Library,
    tracks: Sequence[str],
    vectors: Floats | Sequence[Floats],
    *,
    config: ProfileConfig,
    listened: ListenedConfig,
    sample: Plays | None = None,
) -> TasteSpace:
    """The space that tastes of a library lie in, whoever's are asked for.

    Args:
        library, tracks, vectors, config, listened: as for `tastes_of`.
        sample: plays from which the resolution is found; of some drawn from all, if left out.

    Raises:
        NumericalError: NaN or infinity in `vectors`.
    """
    features = None
    if config.sound:
        facts = library.arrow(library.table("tracks").select("track_id", "features"))
        rows = facts.take(pc.index_in(pa.array(list(tracks), pa.string()), value_set=facts["track_id"]))
        features = read_features([dict(row) if row else None for row in rows["features"].to_pylist()])
    if sample is None and config.resolution is None:
        people, playlists = owners(library, listened.unit)
        chosen = drawn([*people, *playlists], config.seed)
        sample = read_plays(library, tracks, listeners=chosen, config=listened)
    return TasteSpace.of(vectors, sample, config, features)


def profiles_of(
    library: Library,
    tracks: Sequence[str],
    likeness: Likeness,
    listeners: Sequence[str],
    unit: Unit,
    config: ProfileConfig | None = None,
    *,
    now: datetime | None = None,
    before: Profiles | None = None,
) -> Profiles:
    """The named tastes of some listeners or playlists, found in the space of `likeness`.

    Ages of plays are counted to `now`, by default the last play in the whole library. Tastes of `before` keep
    their numbers and names.
    """
    plays = read_plays(library, tracks, listeners=listeners, now=now, config=ListenedConfig(unit=unit))
    profiles = carry_over(find_profiles(likeness.space, plays, config, likeness), before)
    return with_names(profiles, _artists(library, profiles), names_before(profiles, before))


def _artists(library: Library, profiles: Profiles) -> dict[int, list[str]]:
    """The credited artists of all tracks in tastes, by their numbers."""
    import ibis

    numbers = np.unique(profiles.members)
    ids = pa.array([str(profiles.tracks[number]) for number in numbers], pa.string())
    facts = library.table("tracks").select("track_id", "artists")
    some = library.arrow(facts.semi_join(ibis.memtable(pa.table({"track_id": ids})), "track_id"))
    rows = some["artists"].take(pc.index_in(ids, value_set=some["track_id"])).to_pylist()
    return {number: names or [] for number, names in zip(numbers.tolist(), rows, strict=True)}
