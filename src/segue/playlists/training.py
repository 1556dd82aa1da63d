"""Training for lists: factors, and with them what is the same for everybody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segue.factors import training as factors
from segue.factors.model import FactorConfig, FactorModel
from segue.factors.observations import ObservationConfig
from segue.factors.training import Trained
from segue.library.few_listeners import media_played
from segue.library.forgotten import ForgottenIds
from segue.library.listening import Unit, owners, units
from segue.library.played import Played
from segue.library.search import keep_names
from segue.playlists.catalogue import Catalogue
from segue.playlists.history import read_histories
from segue.playlists.listeners import Listeners
from segue.playlists.material import Material
from segue.playlists.rules.reading import catalogue_context
from segue.playlists.shared import Shared, Songs
from segue.playlists.weekly_config import WeeklyConfig
from segue.progress import one_step, portion, progress, told
from segue.sequences import training as sequences
from segue.sequences.reading import guide_documents
from segue.sequences.storing import save_documents, without
from segue.shelf.names import factors_of
from segue.tastes.apart import joined_by_sessions
from segue.tastes.config import ProfileConfig
from segue.tastes.listened import ListenedConfig, read_plays
from segue.tastes.profiles import find_profiles
from segue.tastes.space import TasteSpace, drawn
from segue.tastes.spectral import beside_their_artist, spectral_vectors

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from segue.library import Library
    from segue.sequences.blend_config import SequenceBlendConfig
    from segue.sequences.documents import Documents
    from segue.sequences.training import TrainedNetwork

HUB_SAMPLE = 200  # listeners and playlists on whom it is measured who would be on everybody's list
STAGES = 6  # of `work_out`, for progress


@dataclass(frozen=True)
class _Kept:
    """What is published beside the factors."""

    shared: Shared
    listeners: Listeners
    documents: Documents
    played: Played | None

    def without(self, gone: ForgottenIds) -> _Kept:
        names = [*self.listeners.names.tolist(), *(each for each in self.documents.names.tolist() if each)]
        names += [] if self.played is None else self.played.names
        who = gone.among(names)
        played = None if self.played is None else self.played.without(who)
        listeners, documents = self.listeners.without(who), without(self.documents, who)
        return replace(self, listeners=listeners, documents=documents, played=played)

    def save(self, folder: Path) -> None:
        self.shared.save(folder)
        self.listeners.save(folder)
        save_documents(folder, self.documents)
        if self.played is not None:
            self.played.save(folder)


def train(
    library: Library,
    config: FactorConfig | None = None,
    *,
    weekly: WeeklyConfig | None = None,
    tastes: ProfileConfig | None = None,
    unit: Unit | None = None,
    keep: int = 3,
) -> Trained:
    """Group versions of songs, factorise what was heard, work out what lists share, and publish the whole.

    Podcasts and audiobooks that were played get models of their own, named after them.

    Args:
        library: to learn from.
        config: the settings; those left at their defaults become what measured best for such a library.
        weekly: what lists will be like; hub artists are measured by it.
        tastes: how tastes are found.
        unit: whose rows; both where the library has both, if left out.
        keep: how many versions stay on the shelf.

    Raises:
        UsageError: there is nothing to learn from.
        NumericalError: the factors overflowed.
        BusyError: another process is writing.
    """

    def beside(model: FactorModel, matrix: csr_matrix) -> _Kept:
        with progress("Working out what lists share", STAGES + 2) as advance:
            with portion(STAGES, of=STAGES, advance=advance):
                shared = work_out(library, model, matrix, weekly, tastes)
            people, playlists = owners(library, model.config.observations.unit)
            context, everybody = shared.context, people or playlists
            listeners = Listeners.observed(library, model, shared.catalogue, context, everybody)
            advance(1)
            documents = guide_documents(library, [str(track) for track in model.tracks_])
            advance(1)
            songs = "song" in model.config.observations.media  # of other media their model keeps no more
            return _Kept(shared, listeners, documents, Played.read(library) if songs else None)

    trained = factors.train(
        library,
        config,
        unit=unit,
        keep=keep,
        beside=beside,
    )
    for medium in other_media(library, config, unit):
        with one_step(f"{medium}s, which have a model of their own"):
            own = FactorConfig(observations=ObservationConfig(media=(medium,)))
            factors.train(library, own, unit="listeners", name=factors_of(medium), keep=keep, beside=beside)
    keep_names(library)
    return trained


def train_network(
    library: Library, config: SequenceBlendConfig | None = None, *, seed: int = 0, keep: int = 3
) -> TrainedNetwork:
    """`sequences.training.train_network`, and with the network what a radio needs to know of its songs.

    Raises:
        NotFoundError: no song vectors were trained yet.
        SegueError: there is too little to learn from.
    """

    def beside(tracks: list[str]) -> Songs:
        unit = units(library)
        context, catalogue = catalogue_context(library, tracks, unit), Catalogue.read(library, tracks)
        people, playlists = owners(library, unit)
        listeners = Listeners.read(library, catalogue, context, people or playlists, unit=unit)
        return Songs(context, catalogue, listeners)

    return sequences.train_network(library, config, seed=seed, keep=keep, beside=beside)


def other_media(library: Library, config: FactorConfig | None = None, unit: Unit | None = None) -> list[str]:
    """The media that were played and that training gives models of their own."""
    if unit == "playlists":
        return []
    main = factors.in_media(library, config or FactorConfig()).observations.media
    return [medium for medium in media_played(library) if medium not in main]


def work_out(
    library: Library,
    model: FactorModel,
    matrix: csr_matrix,
    config: WeeklyConfig | None = None,
    tastes: ProfileConfig | None = None,
) -> Shared:
    """What all lists by a model share.

    Args:
        library: the model was trained on.
        model: trained.
        matrix: (n_rows, n_tracks) what it was trained on.
        config: the lists', by which hub artists are measured.
        tastes: how tastes are found.
    """
    config = config or WeeklyConfig()
    unit, tracks = model.config.observations.unit, [str(track) for track in model.tracks_]
    context = catalogue_context(library, tracks, unit)
    told(1)
    people, playlists = owners(library, unit)
    sample = drawn([*people, *playlists])
    plays = read_plays(library, tracks, listeners=sample, config=ListenedConfig(unit=unit))
    space = TasteSpace.of(spectral_vectors(matrix), plays, tastes)
    space = replace(space, vectors=beside_their_artist(space.vectors, matrix, context.main_artists()))
    if model.config.observations.teachers == "sessions":
        space = joined_by_sessions(space, plays, matrix, context.main_artists())
    told(1)
    some = sorted(sample[:HUB_SAMPLE])
    liked = matrix.indices[matrix.data > 0]
    catalogue = Catalogue.read(library, tracks, np.bincount(liked, minlength=len(tracks)))
    told(1)
    histories = read_histories(library, catalogue, context, some, datetime.now(UTC), unit=unit)
    told(1)
    shared = Shared(catalogue, context, space)
    profiles = find_profiles(space, plays, tastes, shared.belonging.near)
    told(1)
    material = Material(model, catalogue, context, space, profiles)
    seen = model.observe(library, some)
    return replace(shared, context=material.with_hubs(seen, histories, config).context)
