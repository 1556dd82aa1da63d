"""Training: from the library to a model on the shelf."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from segue.errors import UsageError
from segue.factors.cluster import cluster
from segue.factors.model import FactorConfig, FactorModel
from segue.factors.observations import observe
from segue.files import refuse_read_only
from segue.library import Library
from segue.library.few_listeners import MORE, media_played
from segue.library.listening import Unit, listeners_of_artists_only, owners, units
from segue.library.versions.columns import group_library
from segue.progress import step
from segue.shelf.names import FACTORS, shelf_of
from segue.wording import count

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from segue.library.forgotten import Kept


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
            who = "The listener's" if asked == 1 else f"The {count(asked, 'listener')}'"
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
    unit: Unit | None = None,
    name: str = FACTORS,
    keep: int = 3,
    beside: Callable[[FactorModel, csr_matrix], Kept] | None = None,
) -> Trained:
    """Group versions of songs, factorise what was heard, and publish the model; old versions are pruned.

    Listeners and playlists teach one model: each listener is a row of the matrix and so is each playlist.

    Args:
        library: to learn from.
        config: the settings; those left at their defaults become what measured best for such a library.
        unit: whose rows; both where the library has both, if left out.
        name: of the model on the shelf.
        keep: how many versions stay on the shelf.
        beside: works out what is published with the model, of the model and the (n_rows, n_tracks) matrix
            that it learned from.

    Raises:
        UsageError: there is nothing to learn from.
        NumericalError: the factors overflowed.
        BusyError: another process is writing.
    """
    shelf = shelf_of(library)
    refuse_read_only(shelf.folder, "shelf")
    if not library.count("tracks"):
        raise UsageError("The library is empty", hint="import something first: segue import PATH")
    people, playlists = owners(library, unit or units(library))
    listens = library.table("listens")
    timed = bool(library.arrow(listens.filter(listens.started_at.notnull()).count()).as_py())
    by_artists = len(listeners_of_artists_only(library)) if people else 0
    config = in_media(library, config or FactorConfig())
    config = config.suited(len(people) - by_artists, len(playlists), by_artists=by_artists, timed=timed)
    step("which tracks are versions of one song")
    group_library(library)
    losses: list[float] = []

    def told(epoch: int, seconds: float, loss: float) -> None:
        losses.append(loss)

    step("who likes what")
    spark = cluster()
    observations = observe(spark.tables(library) if spark else library, config.observations)
    model = FactorModel(config).fit_observations(observations, callback=told)
    model.fit_titles(library, observations)
    step("what all lists share")
    kept = None if beside is None else beside(model, observations.matrix)

    def save(folder: Path) -> None:
        model.save(folder)
        if kept is not None:
            kept.save(folder)

    with library.forgotten.held() as gone:
        for listener in gone.among(map(str, model.listeners_)):
            model.forget(listener)
        kept = kept and kept.without(gone)
        version = shelf.publish(
            name,
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
    pruned = shelf.prune(name, keep)
    return Trained(version, model, losses, pruned, len(people), len(playlists), by_artists)


def in_media(library: Library, config: FactorConfig) -> FactorConfig:
    """The same for a library in which nothing of the media that count was played: what was played counts."""
    if config.observations.media != FactorConfig().observations.media or library.count("playlist_entries"):
        return config
    played = media_played(library)
    if not played or set(played) & set(config.observations.media):
        return config
    update = {"media": tuple(played)}
    return config.model_copy(update={"observations": config.observations.model_copy(update=update)})
