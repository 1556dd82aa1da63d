"""What a library's radio asks, and what was worked out for it at training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.engine.tastes import tastes_now
from segue.errors import NotFoundError, install
from segue.library import Library
from segue.library.listening import units
from segue.library.vocabulary import Vocabulary
from segue.playlists.belonging import ListenerTastes
from segue.playlists.catalogue import Catalogue
from segue.playlists.rules import Context, Listening
from segue.playlists.rules.reading import catalogue_context
from segue.playlists.shared import Shared
from segue.sequences.documents import Documents
from segue.sequences.guide import Guide, NeighbourGuide
from segue.sequences.reading import guide_documents
from segue.sequences.storing import load_documents
from segue.sequences.vectors import unit
from segue.shelf.names import NETWORK, shelf_of

if TYPE_CHECKING:
    from segue.engine.engine import Engine, Factors


class Tastes(NamedTuple):
    """A listener's tastes, heaviest first: by the guide's codes, the most typical tracks first."""

    tracks: list[NDArray[np.int32]]
    shares: list[float]
    names: list[str]
    belongs: NDArray[np.bool_] | None = (
        None  # (n_tastes, n_tracks) which of the guide's tracks are near enough
    )


@dataclass(frozen=True)
class Asked:
    """A guide, and the factors of the same library, with what is kept beside them.

    Attributes:
        guide: what scores tracks.
        version: of the guide's model on the shelf.
        factors: tracks of the current factors. None, as `shared`, where there are none.
        shared: what was worked out when they were trained.
        notes: why it is not the trained network, where one was trained.
    """

    library: Library
    guide: Guide
    version: str
    factors: Vocabulary | None
    shared: Shared | None
    notes: tuple[str, ...] = ()

    @cached_property
    def tracks(self) -> Vocabulary:
        """The guide's tracks."""
        return Vocabulary(self.guide.track_ids_)

    @cached_property
    def context(self) -> Context:
        """The catalogue of the guide's tracks: what is kept, if it has them all."""
        if self.shared is not None and self.factors == self.tracks:
            return self.shared.context
        if self.shared is not None and self.factors is not None:
            places = self.factors.numbers(self.tracks.arrow)
            if (places >= 0).all():
                return self.shared.context.take(places)
        return catalogue_context(self.library, self.tracks.ids, units(self.library))

    @cached_property
    def catalogue(self) -> Catalogue:
        """What people read of the guide's tracks."""
        if self.shared is not None and self.factors == self.tracks:
            return self.shared.catalogue
        return Catalogue.read(self.library, self.tracks.ids)

    def tastes(self, engine: Engine, listener: str, listening: Listening) -> Tastes:
        """The tastes of a listener or playlist, in the space kept with the factors; none without these."""
        if self.shared is None or self.factors is None:
            return Tastes([], [], [])
        profiles = tastes_now(engine, listener)
        codes = self.tracks.numbers(self.factors.arrow)
        members = {taste: profiles.tracks_of(taste) for taste in profiles.tastes(listener)}
        known = [taste for taste, its in members.items() if (codes[its] >= 0).any()]
        if not known:
            return Tastes([], [], [])
        return Tastes(
            [here[here >= 0].astype(np.int32) for here in (codes[members[taste]] for taste in known)],
            [float(profiles.weights[taste]) for taste in known],
            [profiles.names[taste] for taste in known],
            self._belongs([members[taste] for taste in known], listening),
        )

    def _belongs(self, members: Sequence[NDArray[np.int32]], listening: Listening) -> NDArray[np.bool_]:
        """(n_tastes, n_tracks) which of the guide's tracks are near enough to tastes of these tracks."""
        assert self.shared is not None and self.factors is not None
        belonging, vectors = self.shared.belonging, self.shared.space.vectors
        centres = unit(np.stack([vectors[its].mean(axis=0) for its in members]))
        place = self.factors.numbers(self.tracks.arrow)
        heard = place[listening.heard]
        here = replace(
            listening,
            heard=heard[heard >= 0].astype(np.int32),
            plays=listening.plays[heard >= 0],
            days_ago=listening.days_ago[heard >= 0],
        )
        tastes = belonging.told(ListenerTastes(centres, np.ones(len(centres), np.float32)), here)
        near_enough = belonging.likeness(tastes) >= belonging.least(tastes)[:, None]
        return near_enough[:, place] & (place >= 0)


def asked_guide(engine: Engine) -> Asked:
    """The trained network with what is blended with it; without it, neighbours that are learned now.

    Raises:
        NotFoundError: nothing was trained yet.
    """
    library, notes = engine.library, ()
    trained = NETWORK in shelf_of(library).names()
    try:
        known = engine.factors()
        shared, factors = known.shared, known.tracks
    except NotFoundError:
        if not trained:
            raise
        known = factors = shared = None
    if trained:
        try:
            from segue.sequences.loading import load_network

            blend, made = load_network(library)
            return Asked(library, blend, f"{NETWORK}/{made}", factors, shared)
        except ModuleNotFoundError as error:
            if factors is None:
                raise
            notes = (f"Without the trained network: {error}. To do: {install('taste')}.",)
    assert factors is not None and shared is not None and known is not None
    guide = NeighbourGuide(_documents(engine, known), shared.space.vectors)
    return Asked(library, guide, known.made_from, factors, shared, notes)


def _documents(engine: Engine, factors: Factors) -> Documents:
    """Playlists and sessions, as kept at training; read anew where the library has changed since."""
    if factors.known is None:
        return guide_documents(engine.library, factors.tracks.ids)
    shelf, tracks = shelf_of(engine.library), factors.tracks.ids
    return shelf.load_held(factors.name, lambda folder: load_documents(folder, tracks), factors.version)
