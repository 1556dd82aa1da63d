"""What is the same for everybody: worked out when a model is trained, and kept beside it.

The catalogue as rules see it (parsed titles, popularity, seasons, hub artists) and the space that tastes lie
in take a minute for a large catalogue. A list for one listener reads them in a moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segue.errors import FormatError, NotFoundError
from segue.jobs.catalogue import catalogue_context
from segue.library.listening import owners
from segue.playlists.catalogue import Catalogue
from segue.playlists.history import read_histories
from segue.playlists.rules import Context
from segue.playlists.weekly import Material, WeeklyConfig
from segue.taste.apart import told_apart
from segue.taste.listened import ListenedConfig, read_plays
from segue.taste.profiles import find_profiles
from segue.taste.space import TasteSpace, drawn
from segue.taste.spectral import beside_their_artist, spectral_vectors

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from segue.factors.model import FactorModel
    from segue.library import Library

CONTEXT, SPACE = "catalogue.npz", "tastes.npz"
HUB_SAMPLE = 200  # listeners and playlists on whom it is measured who would be on everybody's list


@dataclass(frozen=True)
class Shared:
    """What all lists share.

    Attributes:
        context: the catalogue as rules see it, with hub artists measured.
        space: where tastes lie.
    """

    context: Context
    space: TasteSpace

    def save(self, folder: Path) -> None:
        """Write both into a model's folder."""
        self.context.save(folder / CONTEXT)
        self.space.save(folder / SPACE)

    @classmethod
    def load(cls, folder: Path) -> Shared:
        """Read what `save` wrote.

        Raises:
            NotFoundError: the model was trained by a version that did not keep it.
            FormatError: it is damaged.
        """
        try:
            return cls(Context.load(folder / CONTEXT), TasteSpace.load(folder / SPACE))
        except FileNotFoundError:
            raise NotFoundError(
                "The model was trained by an earlier version of Segue", do="train again: segue train"
            ) from None
        except (ValueError, KeyError, OSError) as error:
            raise FormatError(
                f"{folder} holds a damaged model", came=str(error), do="train again: segue train"
            ) from None


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
        finest = told_apart(
            matrix, space.resolution, lambda at: find_profiles(replace(space, resolution=at), plays)
        )
        space = replace(space, resolution=finest)
    some = sorted(sample[:HUB_SAMPLE])
    histories = read_histories(library, tracks, context, some, datetime.now(UTC), unit=unit)
    material = Material(model, Catalogue(library, tracks), context, space, find_profiles(space, plays))
    seen = model.observe(library, some)
    return Shared(material.with_hubs(seen, histories, config).context, space)
