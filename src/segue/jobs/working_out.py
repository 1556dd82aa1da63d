"""What is the same for everybody, worked out when a model is trained."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from segue.jobs.catalogue import catalogue_context
from segue.jobs.shared import Shared
from segue.library.listening import owners
from segue.playlists.catalogue import Catalogue
from segue.playlists.history import read_histories
from segue.playlists.weekly import Material, WeeklyConfig
from segue.taste.apart import joined_by_sessions
from segue.taste.listened import ListenedConfig, read_plays
from segue.taste.profiles import find_profiles
from segue.taste.space import TasteSpace, drawn
from segue.taste.spectral import beside_their_artist, spectral_vectors

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from segue.factors.model import FactorModel
    from segue.library import Library

HUB_SAMPLE = 200  # listeners and playlists on whom it is measured who would be on everybody's list


def work_out(
    library: Library, model: FactorModel, matrix: csr_matrix, config: WeeklyConfig | None = None
) -> Shared:
    """What all lists by a model share.

    Args:
        library: the model was trained on.
        model: trained.
        matrix: (n_rows, n_tracks) what it was trained on.
        config: the lists', by which hub artists are measured.
    """
    config = config or WeeklyConfig()
    unit, tracks = model.config.observations.unit, [str(track) for track in model.tracks_]
    context = catalogue_context(library, tracks, unit)
    people, playlists = owners(library, unit)
    sample = drawn([*people, *playlists])
    plays = read_plays(library, tracks, listeners=sample, config=ListenedConfig(unit=unit))
    credited = np.diff(context.first) > 0
    artist = np.where(credited, context.artists[np.where(credited, context.first[:-1], 0)], -1)
    space = TasteSpace.of(spectral_vectors(matrix), plays)
    space = replace(space, vectors=beside_their_artist(space.vectors, artist.astype(np.int32)))
    if model.config.observations.teachers == "sessions":
        space = joined_by_sessions(space, plays, matrix)
    some = sorted(sample[:HUB_SAMPLE])
    catalogue = Catalogue.read(library, tracks)
    histories = read_histories(library, catalogue, context, some, datetime.now(UTC), unit=unit)
    material = Material(model, catalogue, context, space, find_profiles(space, plays))
    seen = model.observe(library, some)
    return Shared(catalogue, material.with_hubs(seen, histories, config).context, space)
