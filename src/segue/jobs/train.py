"""Training: from the library to a model on the shelf."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from segue.errors import NotFoundError, UsageError
from segue.factors.model import FactorConfig, FactorModel
from segue.factors.observations import observe
from segue.files import refuse_read_only
from segue.jobs.alone import in_media
from segue.jobs.working_out import work_out
from segue.library import Library
from segue.library.listening import Unit, owners, told_by_artists, units
from segue.library.versions import group_library
from segue.playlists.rediscover import MORE
from segue.progress import progress
from segue.shelf import Shelf
from segue.wording import count

if TYPE_CHECKING:
    from segue.playlists.weekly import WeeklyConfig
    from segue.taste.documents import Documents
    from segue.taste.vectors import SongVectors, SongVectorsConfig

FACTORS = "factors"
VECTORS = "vectors"  # song vectors on the shelf: vectors.npz
NETWORK = "network"  # a SequenceBlend's folder on the shelf
AGENTS = "agents"  # a trained agent and its user models on the shelf


def shelf_of(library: Library | Path) -> Shelf:
    """The shelf that stands in a library's folder."""
    return Shelf((library.path if isinstance(library, Library) else library) / "shelf")


@dataclass(frozen=True)
class Trained:
    """What a training made."""

    version: str
    model: FactorModel
    losses: list[float]  # by epoch
    pruned: list[str]
    listeners: int  # who were rows of the matrix
    playlists: int
    by_artists: int = 0  # of the listeners, those who are told by artists

    @property
    def learned_from(self) -> str:
        """What the model learned from, in a sentence."""
        tracks = count(len(self.model.tracks_), "track")
        if self.model.config.observations.teachers == "sessions":
            return self._from_sessions(tracks)
        people, playlists = count(self.listeners, "listener"), count(self.playlists, "playlist")
        if self.model.config.observations.teachers == "playlists" and self.listeners:
            asked = self.listeners - self.by_artists
            who = "The listener's" if asked == 1 else f"Each of the {count(asked, 'listener')}'"
            others = f" and {count(self.by_artists, 'listener')} told by artists" if self.by_artists else ""
            return (
                f"Learned from {playlists}{others}: {tracks}. {who} own lists are made from their plays, "
                "which taught the others nothing."
            )
        rows = [text for number, text in ((self.listeners, people), (self.playlists, playlists)) if number]
        return f"Learned from {' and '.join(rows)}{' together' if len(rows) > 1 else ''}: {tracks}."

    def _from_sessions(self, tracks: str) -> str:
        """The same where a few people's sessions taught the model, and what else is needed."""
        people = count(self.listeners, "person", "people")
        also = f" and {count(self.playlists, 'playlist')}" if self.playlists else ""
        sessions = count(len(self.model.listeners_) - self.playlists, "session")
        return (
            f"Learned from {sessions} of {people}{also}: {tracks}, alike where they are played together. "
            f"That gives tastes, similar songs, radio and a list of favourites to hear again, but can't tell "
            f"what else there is. {MORE}"
        )


def train(
    library: Library,
    config: FactorConfig | None = None,
    *,
    weekly: WeeklyConfig | None = None,
    unit: Unit | None = None,
    keep: int = 3,
    show_progress: bool = True,
    callback: Callable[[int, float, float], None] | None = None,
) -> Trained:
    """Group versions of songs, factorise what was heard, and publish the model; old versions are pruned.

    Listeners and playlists teach one model: each listener is a row of the matrix and so is each playlist.

    Args:
        library: to learn from.
        config: the settings; those left at their defaults become what measured best for such a library.
        weekly: what lists will be like; hub artists are measured by it.
        unit: whose rows; both where the library has both, if left out.
        keep: how many versions stay on the shelf.
        show_progress: draw bars on a terminal.
        callback: called with epoch, seconds and loss after each epoch.

    Raises:
        UsageError: there is nothing to learn from.
        NumericalError: the factors overflowed.
        BusyError: another process is writing.
    """
    shelf = shelf_of(library)
    refuse_read_only(shelf.folder, "shelf")
    if not library.count("tracks"):
        raise UsageError("The library is empty", do="import something first: segue import PATH")
    people, playlists = owners(library, unit or units(library))
    listens = library.table("listens")
    timed = bool(library.arrow(listens.filter(listens.started_at.notnull()).count()).as_py())
    by_artists = len(told_by_artists(library)) if people else 0
    config = in_media(library, config or FactorConfig())
    config = config.suited(len(people) - by_artists, len(playlists), by_artists=by_artists, timed=timed)
    tracks = library.table("tracks")
    if library.arrow(tracks.filter(tracks.work_id.isnull()).count()).as_py():
        group_library(library)
    losses: list[float] = []

    def told(epoch: int, seconds: float, loss: float) -> None:
        losses.append(loss)
        if callback is not None:
            callback(epoch, seconds, loss)

    observations = observe(library, config.observations)
    model = FactorModel(config).fit_observations(observations, show_progress=show_progress, callback=told)
    with progress("Reading the catalogue") if show_progress else nullcontext():
        shared = work_out(library, model, observations.matrix, weekly)

    def save(folder: Path) -> None:
        model.save(folder)
        shared.save(folder)

    with library.departed.held() as gone:
        for listener in gone.among(map(str, model.listeners_)):
            model.forget(listener)
        version = shelf.publish(
            FACTORS,
            save,
            {
                "kind": "FactorModel",
                "config": model.config.model_dump(mode="json"),
                "data": library.fingerprint(),
                "seed": model.config.als.random_state,
                "metrics": {"loss": losses},
                "shapes": {
                    "listeners": [len(model.listeners_), model.config.als.factors],
                    "tracks": [len(model.tracks_), model.config.als.factors],
                },
            },
        )
    pruned = shelf.prune(FACTORS, keep)
    return Trained(version, model, losses, pruned, len(people), len(playlists), by_artists)


def train_vectors(
    library: Library, config: SongVectorsConfig | None = None, *, seed: int = 0, keep: int = 3
) -> str:
    """Learn song vectors from playlists and sessions, and publish them.

    Tastes are found in factors and song vectors together from then on. Needs gensim, in the extra "taste".

    Returns:
        The version.

    Raises:
        SegueError: there are neither playlists nor plays with times, or no song is met often enough.
        BusyError: another process is writing.
    """
    from segue.taste.vectors import SongVectors

    shelf = shelf_of(library)
    refuse_read_only(shelf.folder, "shelf")
    vectors = SongVectors(config).fit(sequences(library), seed=seed)
    version = shelf.publish(
        VECTORS,
        lambda folder: vectors.save(folder / f"{VECTORS}.npz"),
        {
            "kind": "SongVectors",
            "config": vectors.config.model_dump(mode="json"),
            "data": library.fingerprint(),
            "seed": seed,
            "shapes": {"tracks": list(vectors.in_.shape)},
        },
    )
    shelf.prune(VECTORS, keep)
    return version


def sequences(library: Library) -> Documents:
    """Songs in order: the playlists, and the sessions without what was skipped, each by its listener's name.

    Raises:
        SegueError: there are neither playlists nor plays with times.
    """
    from segue.taste.documents import join, session_documents
    from segue.taste.reading import listening_documents, playlist_documents

    listens = library.table("listens")
    corpora = []
    if library.count("playlist_entries"):
        corpora.append(playlist_documents(library, by_owner=True))
    if not corpora or library.arrow(listens.filter(listens.started_at.notnull()).count()).as_py():
        corpora.append(session_documents(listening_documents(library)))
    return join(*corpora)


def load_factors(library: Library, version: str | None = None) -> tuple[FactorModel, str]:
    """The current factor model of a library's shelf (or one of its versions), and its version.

    Raises:
        NotFoundError: nothing was trained yet.
    """
    return shelf_of(library).load(FACTORS, FactorModel.load, version)


def load_vectors(library: Library) -> tuple[SongVectors, str]:
    """The current song vectors of a library's shelf, and their version.

    Raises:
        NotFoundError: none were trained yet.
    """
    from segue.taste.vectors import SongVectors

    shelf = shelf_of(library)
    if VECTORS not in shelf.names():
        raise NotFoundError("This library has no song vectors yet", do="segue train --vectors")
    return shelf.load(VECTORS, lambda folder: SongVectors.load(folder / f"{VECTORS}.npz"))
