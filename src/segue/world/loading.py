"""The published user models of a library, and the world they make of its listeners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.errors import NotFoundError, UsageError
from segue.files import reading
from segue.library import Library
from segue.sequences.loading import load_vectors
from segue.shelf.arrays import AGAIN, load_arrays, unpack_strings
from segue.shelf.names import VECTORS, WORLD, shelf_of
from segue.world.catalogue import FILE as SONGS
from segue.world.catalogue import Catalogue, catalogue_of, load_catalogue
from segue.world.config import MAIN_MODEL, WorldConfig
from segue.world.pools import SessionDraw
from segue.world.responses import WHOLE, UserModel, blank_model
from segue.world.trees import from_arrays

if TYPE_CHECKING:
    from segue.world.dynamics import World

FILE, KIND = "models.npz", "user models"


def stored_world(library: Library) -> tuple[dict[str, UserModel], list[str], NDArray[np.floating]]:
    """The current user models by name, the ids of the tracks they know, and the shares played by stage.

    Raises:
        NotFoundError: none was trained yet.
        FormatError: what is there cannot be read.
    """
    path = shelf_of(library).path(WORLD) / FILE
    facts, arrays = load_arrays(path, KIND)
    with reading(path, KIND, AGAIN):
        models = {name: from_arrays(name, blank_model(), arrays) for name in facts["models"]}
        return models, list(unpack_strings(arrays["tracks"])), arrays["shares"]


def stored_library_world(
    library: Library, *, starts: int = 500, pool: int = 100, rewards: Sequence[float] = WHOLE, seed: int = 0
) -> tuple[World, list[str]]:
    """A world of the library's listeners by the current user model, and the names of its tracks.

    Args:
        library: where `segue world` has been run.
        starts: beginnings of sessions.
        pool: candidates of each.
        rewards: of a track left at once, left soon, mostly heard, heard whole.
        seed: of the draws.

    Raises:
        NotFoundError: no model was trained yet.
        UsageError: the library's songs have changed since.
    """
    from segue.world.library_world import library_starts, library_world

    models, tracks, _ = stored_world(library)
    config = WorldConfig.checked(shelf_of(library).manifest(WORLD).config)
    catalogue = catalogue_of(library, song_vectors(library))
    if catalogue.ids != tracks:
        raise UsageError("The library's songs have changed since the model was trained", hint="segue world")
    draw = SessionDraw(starts, pool, seed)
    begun = library_starts(library, catalogue, draw, shuffled=config.shuffled)
    return library_world(catalogue, begun, models[MAIN_MODEL], rewards=rewards), catalogue.labels


def made_from(library: Library) -> list[str]:
    """The shelf's versions that user models are learned from."""
    shelf = shelf_of(library)
    try:
        return [f"{VECTORS}/{shelf.current(VECTORS)}"]
    except NotFoundError:
        return []


def current_catalogue(library: Library) -> Catalogue:
    """The songs of a library, as kept with the user models while nothing has changed since.

    Raises:
        UsageError: nothing tells which songs are alike.
        FormatError: what is kept is damaged.
    """
    shelf = shelf_of(library)
    if WORLD in shelf.names():
        version = shelf.current(WORLD)
        kept = shelf.manifest(WORLD, version)
        same = (kept.data, list(kept.made_from)) == (library.fingerprint(), made_from(library))
        if same and (shelf.path(WORLD, version) / SONGS).exists():
            return shelf.load_held(WORLD, load_catalogue, version)
    return catalogue_of(library, song_vectors(library))


def song_vectors(library: Library) -> NDArray[np.floating] | None:
    """Vectors of all songs in the order of their ids, if any were learned; zeros for those without."""
    try:
        vectors, _ = load_vectors(library)
    except NotFoundError:
        return None
    table = library.table("tracks")
    songs = table.filter(table.medium.isnull() | (table.medium == "song")).select("track_id")
    codes = vectors.codes(library.arrow(songs.order_by("track_id"))["track_id"].to_pylist())
    return np.where(codes[:, None] >= 0, vectors.in_[codes], 0.0)
