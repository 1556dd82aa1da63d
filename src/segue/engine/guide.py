"""What a library's radio asks, and what was worked out for it at training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.errors import NotFoundError, install
from segue.library import Library
from segue.library.listening import units
from segue.library.vocabulary import Vocabulary
from segue.playlists.belonging import ListenerTastes
from segue.playlists.catalogue import Catalogue
from segue.playlists.rules import Context, Listening
from segue.playlists.rules.reading import catalogue_context
from segue.playlists.shared import Shared, Songs
from segue.sequences.documents import Documents
from segue.sequences.guide import Guide, NeighbourGuide
from segue.sequences.reading import guide_documents
from segue.sequences.storing import load_documents
from segue.sequences.vectors import unit
from segue.shelf.names import NETWORK, shelf_of
from segue.tastes.changes import NONE, Changes, sides
from segue.tastes.profiles import Profiles

if TYPE_CHECKING:
    from segue.engine.engine import Engine, Factors
    from segue.playlists.listeners import Listeners


# Part of a listener's tastes that the network must know. It learns only tracks that several playlists have,
# and of classical music or jazz that may be a few in a hundred.
KNOWN = 0.4
LIKED = 1.0  # deviations above a listener's average score, from which the factors say that a track is liked


class Tastes(NamedTuple):
    """A listener's tastes, heaviest first: by the guide's codes, the most typical tracks first."""

    tracks: list[NDArray[np.int32]]
    shares: list[float]
    names: list[str]
    belongs: NDArray[np.bool_] | None = None  # (n_tastes, n_tracks) which of the guide's tracks may come
    own: NDArray[np.int32] | None = None  # (n_tracks,) of which taste each of the listener's songs is, or -1


@dataclass(frozen=True)
class Asked:
    """A guide, and the factors of the same library, with what is kept beside them.

    Attributes:
        guide: what scores tracks.
        version: of the guide's model on the shelf.
        factors: tracks of the current factors. None, as `shared`, where there are none.
        shared: what was worked out when they were trained.
        notes: why it is not the trained network, where one was trained.
        songs: what was kept of the guide's tracks with it.
        known: what listeners have heard of the guide's tracks; None once the library has changed.
    """

    library: Library
    guide: Guide
    version: str
    factors: Vocabulary | None
    shared: Shared | None
    notes: tuple[str, ...] = ()
    songs: Songs | None = None
    known: Listeners | None = None

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
        if self.songs is not None:
            return self.songs.context
        return catalogue_context(self.library, self.tracks.ids, units(self.library))

    @cached_property
    def catalogue(self) -> Catalogue:
        """What people read of the guide's tracks."""
        if self.shared is not None and self.factors == self.tracks:
            return self.shared.catalogue
        if self.songs is not None:
            return self.songs.catalogue
        return Catalogue.read(self.library, self.tracks.ids)

    def knows(self, profiles: Profiles, listener: str) -> float:
        """Part of the tracks of a listener's tastes that the guide knows, each taste by its share, 0 to 1.

        1 where there are no tastes.
        """
        tastes = profiles.tastes(listener)
        share = float(sum(profiles.weights[taste] for taste in tastes))
        part = [self._codes[profiles.tracks_of(taste)] >= 0 for taste in tastes]
        known = sum(
            float(its.mean() * profiles.weights[taste]) for its, taste in zip(part, tastes, strict=True)
        )
        return known / share if share else 1.0

    def tastes(
        self,
        engine: Engine,
        profiles: Profiles,
        listener: str,
        listening: Listening,
        changes: Changes = NONE,
    ) -> Tastes:
        """The tastes of a listener or playlist, of `tastes_now`, in the guide's numbers.

        Without those that were left out; those that were merged have one name.
        """
        codes = self._codes
        side_of = {place: side for side in sides(profiles, listener, changes) for place in side.parts}
        members = {
            place: profiles.tracks_of(place)
            for place in profiles.tastes(listener)
            if not side_of[place].left_out
        }
        tastes = [taste for taste, its in members.items() if (codes[its] >= 0).any()]
        if not tastes:
            return Tastes([], [], [])
        belongs, own = self._placed([members[taste] for taste in tastes], listening)
        return Tastes(
            [here[here >= 0].astype(np.int32) for here in (codes[members[taste]] for taste in tastes)],
            [float(profiles.weights[taste]) for taste in tastes],
            [side_of[taste].name for taste in tastes],
            belongs & self._liked(engine, listener),
            own,
        )

    def with_unwanted(
        self, profiles: Profiles, listener: str, listening: Listening, changes: Changes
    ) -> Listening:
        """The listening with all of the guide's tracks of tastes that are left out as unwanted."""
        places = profiles.tastes(listener)
        out = {place for side in sides(profiles, listener, changes) if side.left_out for place in side.parts}
        if not out or self.shared is None:
            return listening
        laid, here = self._laid([profiles.tracks_of(place) for place in places], listening)
        told = laid._replace(out=np.array([place in out for place in places]))
        unwanted = self._codes[self.shared.belonging.with_unwanted(here, told).unwanted]
        return replace(listening, unwanted=unwanted[unwanted >= 0].astype(np.int32))

    def _placed(
        self, members: Sequence[NDArray[np.int32]], listening: Listening
    ) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
        """Which of the guide's tracks are near enough to tastes of these tracks, and whose what was heard is.

        Returns:
            (n_tastes, n_tracks), and (n_tracks,) -1 for none.
        """
        assert self.shared is not None
        tastes, here = self._laid(members, listening)
        belonging = self.shared.belonging
        near_enough = belonging.likeness(tastes) >= belonging.least(tastes)[:, None]
        own = np.full(len(self.shared.space.vectors), -1, np.int32)
        own[here.heard] = belonging.played_for(tastes, here.heard)
        for taste, its in enumerate(members):
            own[its] = taste
        # A place of -1 would read the last track: what the factors lack is masked out afterwards.
        there = self._places >= 0
        return near_enough[:, self._places] & there, np.where(there, own[self._places], -1).astype(np.int32)

    def _laid(
        self, members: Sequence[NDArray[np.int32]], listening: Listening
    ) -> tuple[ListenerTastes, Listening]:
        """Tastes of these tracks in the factors' space, with the listening in the factors' numbers."""
        assert self.shared is not None
        vectors = self.shared.space.vectors
        centres = unit(np.stack([vectors[its].mean(axis=0) for its in members]))
        heard = self._places[listening.heard]
        here = replace(
            listening,
            heard=heard[heard >= 0].astype(np.int32),
            plays=listening.plays[heard >= 0],
            days_ago=listening.days_ago[heard >= 0],
        )
        tastes = ListenerTastes(centres, np.ones(len(centres), np.float32))
        return self.shared.belonging.with_thresholds(tastes, here), here

    def _liked(self, engine: Engine, listener: str) -> NDArray[np.bool_]:
        """(n_tracks,) which of the guide's tracks the factors say that a listener or playlist likes."""
        factors = engine.factors()
        known = factors.known.take([listener]) if factors.known is not None else None
        if known is not None:
            seen = known.observations(factors.model)
        else:
            seen = factors.model.observe(engine.library, [listener])
        scores = factors.model.blend_.scores(seen.matrix)[0]
        return (scores[self._places] > LIKED) & (self._places >= 0)

    @cached_property
    def _codes(self) -> NDArray[np.integer]:
        """(n_factors_tracks,) the guide's numbers of the factors' tracks, -1 for none."""
        assert self.factors is not None
        return self.tracks.numbers(self.factors.arrow)

    @cached_property
    def _places(self) -> NDArray[np.integer]:
        """(n_tracks,) the factors' numbers of the guide's tracks, -1 for none."""
        assert self.factors is not None
        return self.factors.numbers(self.tracks.arrow)


def asked_guide(engine: Engine) -> Asked:
    """The trained network with what is blended with it; without it, neighbours.

    Raises:
        NotFoundError: nothing was trained yet.
    """
    if NETWORK not in shelf_of(engine.library).names():
        return neighbour_guide(engine)
    try:
        known = engine.factors()
    except NotFoundError:
        known = None
    try:
        from segue.sequences.loading import load_network

        blend, made = load_network(engine.library)
    except ModuleNotFoundError as error:
        if known is None:
            raise
        note = f"Without the trained network: {error}. Try: {install('taste')}."
        return replace(neighbour_guide(engine), notes=(note,))
    version, songs = f"{NETWORK}/{made}", shelf_of(engine.library).load_held(NETWORK, Songs.kept, made)
    heard = None if songs is None else songs.listeners
    # What was kept is of the library as it was at the training; plays that came since must count.
    if heard is not None and heard.data != engine.library.fingerprint():
        heard = None
    if known is None:
        return Asked(engine.library, blend, version, None, None, songs=songs, known=heard)
    return Asked(engine.library, blend, version, known.tracks, known.shared, songs=songs, known=heard)


def neighbour_guide(engine: Engine) -> Asked:
    """Neighbours among playlists and sessions, which know every track of the factors; they are learned now.

    Raises:
        NotFoundError: nothing was trained yet.
    """
    known = engine.factors()
    guide = NeighbourGuide(_documents(engine, known), known.shared.space.vectors)
    return Asked(engine.library, guide, known.made_from, known.tracks, known.shared, known=known.known)


def _documents(engine: Engine, factors: Factors) -> Documents:
    """Playlists and sessions, as kept at training; read anew where the library has changed since."""
    if factors.known is None:
        return guide_documents(engine.library, factors.tracks.ids)
    shelf, tracks = shelf_of(engine.library), factors.tracks.ids
    return shelf.load_held(factors.name, lambda folder: load_documents(folder, tracks), factors.version)
