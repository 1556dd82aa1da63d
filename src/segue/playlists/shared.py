"""What is the same for everybody: worked out when a model is trained, and kept beside it.

The catalogue as rules see it (parsed titles, popularity, seasons, hub artists) and the space that tastes lie
in take a minute for a large catalogue. A list for one listener reads them in a moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from segue.errors import NotFoundError
from segue.playlists.belonging import Belonging
from segue.playlists.catalogue import Catalogue
from segue.playlists.listeners import FILE as LISTENERS
from segue.playlists.listeners import Listeners
from segue.playlists.rules import Context
from segue.tastes.likeness import Credits
from segue.tastes.space import TasteSpace

if TYPE_CHECKING:
    from segue.library.forgotten import ForgottenIds

CATALOGUE, CONTEXT, SPACE = "tracks.arrow", "catalogue.npz", "tastes.npz"


class Songs(NamedTuple):
    """What a radio needs to know of a network's songs, of which the factors may not have all."""

    context: Context  # the catalogue as rules see it
    catalogue: Catalogue
    listeners: Listeners | None = None  # who has heard which of them

    def without(self, gone: ForgottenIds) -> Songs:
        """The same without who asked to be forgotten."""
        if self.listeners is None:
            return self
        return self._replace(listeners=self.listeners.without(gone.among(self.listeners.names.tolist())))

    def save(self, folder: Path) -> None:
        """Write all into a model's folder."""
        if self.listeners is not None:
            self.listeners.save(folder)
        self.context.save(folder / CONTEXT)
        self.catalogue.save(folder / CATALOGUE)

    @classmethod
    def kept(cls, folder: Path) -> Songs | None:
        """What `save` wrote; None in a model of an earlier version.

        Raises:
            FormatError: it is damaged.
        """
        if not (folder / CONTEXT).is_file():
            return None
        listeners = Listeners.load(folder) if (folder / LISTENERS).is_file() else None
        return cls(Context.load(folder / CONTEXT), Catalogue.load(folder / CATALOGUE), listeners)


@dataclass(frozen=True)
class Shared:
    """What all lists share.

    Attributes:
        catalogue: what people and players read of tracks.
        context: the catalogue as rules see it, with hub artists measured.
        space: where tastes lie.
    """

    catalogue: Catalogue
    context: Context
    space: TasteSpace

    @cached_property
    def credits(self) -> Credits:
        """Whose tracks are, and how many have them."""
        return Credits(self.context.main_artists(), self.catalogue.support)

    @cached_property
    def belonging(self) -> Belonging:
        """Which taste a track belongs to."""
        return Belonging(self.space, self.context, self.catalogue.support)

    def save(self, folder: Path) -> None:
        """Write all into a model's folder."""
        self.catalogue.save(folder / CATALOGUE)
        self.context.save(folder / CONTEXT)
        self.space.save(folder / SPACE)

    @classmethod
    def load(cls, folder: Path) -> Shared:
        """Read what `save` wrote.

        Raises:
            NotFoundError: the model was trained by a version that did not keep it.
            FormatError: it is damaged.
        """
        if folder.is_dir() and not all((folder / name).is_file() for name in (CATALOGUE, CONTEXT, SPACE)):
            raise NotFoundError(
                "The model was trained by an earlier version of Segue", hint="train again: segue train"
            )
        return cls(
            Catalogue.load(folder / CATALOGUE),
            Context.load(folder / CONTEXT),
            TasteSpace.load(folder / SPACE),
        )
