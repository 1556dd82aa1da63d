"""The one loaded state: a library with its published models, opened once and shared by threads."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from segue.errors import NotFoundError
from segue.library import Library
from segue.library.listening import owners, refuse_unknown
from segue.library.vocabulary import Vocabulary
from segue.playlists.playlist import week_of
from segue.progress import progress
from segue.shelf.names import FACTORS, factors_of, shelf_of
from segue.tastes.config import ProfileConfig

if TYPE_CHECKING:
    from segue.agents.sequencing import Sequencer
    from segue.engine.explaining import Explained
    from segue.engine.guide import Asked
    from segue.engine.radio import Station
    from segue.engine.sequence import Sequenced
    from segue.engine.sequencer import By
    from segue.engine.session import Led
    from segue.engine.similar import Kind, Neighbourhood
    from segue.engine.tastes import Taste, WeekOfTastes
    from segue.engine.weekly import Ready
    from segue.factors.model import FactorModel
    from segue.library.played import Played
    from segue.library.search import Found
    from segue.playlists.listeners import Listeners
    from segue.playlists.playlist import Playlist, TrackCard
    from segue.playlists.radio_config import RadioConfig
    from segue.playlists.shared import Shared
    from segue.playlists.weekly_config import WeeklyConfig
    from segue.playlists.why_not import WhyNot
    from segue.tastes.changes import Changes

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Factors:
    """Published factors, and what was worked out with them.

    Attributes:
        name: on the shelf.
        version: likewise.
        model: the factors.
        tracks: of the model, by number.
        shared: what is the same for everybody.
        known: what is known of every listener; None once the library has changed since the training.
    """

    name: str
    version: str
    model: FactorModel
    tracks: Vocabulary
    shared: Shared
    known: Listeners | None

    @property
    def made_from(self) -> str:
        """Name and version, as playlists record them."""
        return f"{self.name}/{self.version}"


class Engine:
    """A library with its published models: what answers for its listeners.

    Models are loaded when they are first needed, and then stay as they are, whatever is imported or trained
    meanwhile: open another engine to see that. Threads may share one.

    >>> engine = Engine.open("library")  # doctest: +SKIP
    >>> engine.weekly("ada").entries[0].reason  # doctest: +SKIP
    """

    def __init__(self, library: Library, *, tastes: ProfileConfig | None = None) -> None:
        self.library, self.taste_config = library, tastes or ProfileConfig()
        self._lock = threading.RLock()
        self._kept: dict[Hashable, Any] = {}

    @classmethod
    def open(cls, path: str | Path, *, tastes: ProfileConfig | None = None) -> Engine:
        """The engine of the library in the folder `path`; `tastes` says how tastes are found.

        Raises:
            NotFoundError: there is none.
            FormatError: it is damaged, or of another version.
        """
        return cls(Library.open(path), tastes=tastes)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives the first time; threads that ask meanwhile wait for it."""
        if key in self._kept:  # while another thread makes something else
            return self._kept[key]
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
            return self._kept[key]

    def once_there(self, key: Hashable, make: Callable[[], T | None]) -> T | None:
        """What `make` gives the first time that it is not None."""
        with self._lock:
            if key not in self._kept and (made := make()) is not None:
                self._kept[key] = made
            return self._kept.get(key)

    def refuse_unknown(self, listener: str) -> None:
        """Say whom there is no listening of.

        Raises:
            NotFoundError: it is neither a listener's name nor a playlist's; near misses are offered.
        """
        names = self.once("names", lambda: frozenset().union(*owners(self.library, "both")))
        if listener not in names:
            refuse_unknown(self.library, [listener])

    # What is loaded.

    def factors(self, medium: str = "song") -> Factors:
        """The factors from which lists of a medium are made: its own, if they were trained.

        Raises:
            NotFoundError: nothing was trained yet.
        """
        return self.once(("factors for", medium), lambda: self._factors_for(medium))

    def _factors_for(self, medium: str) -> Factors:
        name = factors_of(medium)
        name = name if name in shelf_of(self.library).names() else FACTORS
        return self.once(("factors", name), lambda: self._factors(name))

    def _factors(self, name: str) -> Factors:
        from segue.factors.loading import load_factors
        from segue.playlists.listeners import Listeners
        from segue.playlists.shared import Shared

        library, shelf = self.library, shelf_of(self.library)
        with progress("Reading the model"):
            model, version = load_factors(library, name=name)
            shared = shelf.load_held(name, Shared.load, version)
            known = shelf.load_held(name, Listeners.load, version)
        fresh = known if known.data == library.fingerprint() else None
        return Factors(name, version, model, Vocabulary(model.tracks_), shared, fresh)

    def played(self) -> Played | None:
        """What everybody played, as kept at the training; None where the library has changed since."""
        return self.once("played", self._played)

    def _played(self) -> Played | None:
        from segue.library.played import kept_played

        shelf = shelf_of(self.library)
        if FACTORS not in shelf.names():
            return None
        version = shelf.current(FACTORS)
        fresh = shelf.manifest(FACTORS, version).data == self.library.fingerprint()
        return shelf.load_held(FACTORS, kept_played, version) if fresh else None

    def cards(self, tracks: Sequence[str]) -> list[TrackCard]:
        """What people read of tracks, from the model's catalogue where it has them all."""
        from segue.playlists.catalogue import Catalogue

        with contextlib.suppress(NotFoundError):  # nothing was trained yet
            factors = self.factors()
            if all(track in factors.tracks for track in tracks):
                return factors.shared.catalogue.cards([factors.tracks[track] for track in tracks])
        return Catalogue.read(self.library, tracks).cards(range(len(tracks)))

    def guide(self) -> Asked:
        """What a radio asks: the trained network with what is blended with it, or neighbours.

        Raises:
            NotFoundError: nothing was trained yet.
        """
        from segue.engine.guide import asked_guide

        return self.once("guide", lambda: asked_guide(self))

    def neighbours(self) -> Asked:
        """What a radio asks where there is no network, or where it knows too little of somebody's tastes.

        Raises:
            NotFoundError: nothing was trained yet.
        """
        from segue.engine.guide import neighbour_guide

        return self.once("neighbours", lambda: neighbour_guide(self))

    def sequencer(self, by: By = "auto") -> Sequencer:
        """What puts playlists in order.

        Raises:
            NotFoundError: nothing was trained for it, or no agent although it is asked for.
        """
        from segue.engine.sequencer import load_sequencer

        return self.once(("sequencer", by), lambda: load_sequencer(self, by))

    def tastes_of_week(self, week: str) -> WeekOfTastes:
        """Everybody's tastes in an ISO week, found once and kept in the library's folder.

        Raises:
            NotFoundError: nothing was trained yet.
            BusyError: another process is keeping tastes.
            UsageError: they cannot be kept there.
        """
        from segue.engine.tastes import tastes_of_week

        return self.once(("tastes", week), lambda: tastes_of_week(self, week))

    def week(
        self, week: str | None = None, config: WeeklyConfig | None = None, *, keep: bool = True
    ) -> Ready:
        """All that lists of an ISO week are made from; by default of this one.

        Args:
            week: "2026-W48".
            config: what lists are like.
            keep: whether the week's tastes are kept in the library's folder.

        Raises:
            NotFoundError: nothing was trained yet.
        """
        from segue.engine.weekly import prepare

        week = week or week_of(datetime.now(UTC))
        key = ("week", week, None if config is None else config.model_dump_json(), keep)
        return self.once(key, lambda: prepare(self, week, config, keep=keep))

    # What it answers.

    def weekly(
        self, listener: str, week: str | None = None, *, config: WeeklyConfig | None = None, seed: int = 0
    ) -> Playlist:
        """The list of a listener, or of a playlist, for an ISO week; it is not remembered.

        Args:
            listener: whose; the id of a listener or of a playlist of the library.
            week: "2026-W48"; by default this one.
            config: what the list is like: its length, caps, the familiar share.
            seed: of chance among near equals; the same seed and week give the same list.

        Raises:
            NotFoundError: no such listener, or nothing was trained yet.
        """
        self.refuse_unknown(listener)
        (playlist,) = self.week(week, config).lists([listener], seed)
        return playlist

    def weekly_for_guest(
        self,
        likes: Sequence[str] = (),
        week: str | None = None,
        *,
        title: str | None = None,
        config: WeeklyConfig | None = None,
        seed: int = 0,
    ) -> tuple[Playlist, list[Found]]:
        """A list for somebody who is not in the library, from the tracks they name. Nothing is kept.

        Args:
            likes: track ids, or words of artists and titles: "portishead - roads".
            title: what the list is called, "rainy sunday": it holds what playlists called like it hold.
            week, config, seed: as for `weekly`.

        Returns:
            The list, and the tracks that `likes` were understood as.

        Raises:
            NotFoundError: a track is not in the library, or the model does not know it; or a title was given
                and nothing was learned of titles.
        """
        from segue.engine.guests import weekly_for_guest

        return weekly_for_guest(self.week(week, config), likes, title=title, seed=seed)

    def why_not(
        self,
        listener: str,
        track: str,
        week: str | None = None,
        *,
        config: WeeklyConfig | None = None,
        seed: int = 0,
    ) -> tuple[Found, WhyNot]:
        """What every rule says of a track for a listener's list of a week.

        Args:
            listener: whose list.
            track: its id, or words of its artists and title.
            week, config, seed: as for `weekly`.

        Returns:
            The track that was understood, and what each rule says of it.

        Raises:
            NotFoundError: no such listener or track, or the model does not know it.
        """
        from segue.engine.explaining import explain_absence

        self.refuse_unknown(listener)
        return explain_absence(self.week(week, config), listener, track, seed=seed)

    def explain(self, listener: str, track: str, most: int = 10) -> Explained:
        """The plays that add up to a track's score for a listener.

        Args:
            listener: whose score.
            track: its id, or words of its artists and title.
            most: at most so many plays, those with the largest share first; shares are 0 to 1.

        Raises:
            NotFoundError: no such listener or track, or the model does not know it.
        """
        from segue.engine.explaining import explain

        return explain(self, listener, track, most)

    def tastes(self, listener: str, week: str | None = None) -> list[Taste]:
        """What a listener likes, in groups, heaviest first.

        Args:
            listener: whose tastes.
            week: "2026-W48", by default this one: plays are weighed by their age then, and numbers and names
                carry on from the weeks before.

        Raises:
            NotFoundError: no such listener, or nothing was trained yet.
        """
        from segue.engine.tastes import described, tastes_for

        self.refuse_unknown(listener)
        return described(self, tastes_for(self, week or week_of(datetime.now(UTC)), listener), listener)

    def change_taste(
        self, listener: str, how: Callable[[Changes], Changes], week: str | None = None
    ) -> list[Taste]:
        """Merge, rename or leave out a taste of a listener, or undo that; what they like by then.

        >>> engine.change_taste("ada", lambda changes: changes.merged(3, 0))  # doctest: +SKIP

        Args:
            listener: whose.
            how: `Changes.merged`, `.renamed`, `.split`, `.left_out` or `.brought_back`, by numbers.
            week: in which they are told.

        Raises:
            NotFoundError: no such listener or taste, or nothing was trained yet.
            UsageError: the change makes no sense, or would leave no taste for lists.
            BusyError: another process is keeping tastes.
        """
        from segue.engine.changing_tastes import change_taste

        return change_taste(self, listener, how, week)

    def similar(self, track: str, count: int = 15, *, kind: Kind = "factors") -> Neighbourhood:
        """The songs nearest to a track, one version of each; its own other versions are left out.

        Args:
            track: its id, or words of its artists and title.
            count: how many.
            kind: nearest by who listens ("factors"), or by what stands together in playlists and sessions
                ("songs", which `segue train vectors` learns).

        Raises:
            NotFoundError: no such track, or it has no vector; or nothing of that kind was trained yet.
        """
        from segue.engine.similar import neighbourhood

        return neighbourhood(self, track, count, kind=kind)

    def radio(
        self, listener: str | None = None, seeds: Sequence[str] = (), *, config: RadioConfig | None = None
    ) -> Station:
        """A radio for a listener, from tracks that are named, or from both.

        Args:
            listener: the id of a listener or of a playlist; their tastes are the radio's home.
            seeds: track ids, or words of artists and titles, to begin with.
            config: how it follows plays and skips.

        Returns:
            A station: `station.radio.next()` chooses, `station.radio.answer(...)` is told. It changes with
            every answer, so each listener has one of their own; the engine behind them does not change.

        Raises:
            UsageError: neither a listener nor a seed.
            NotFoundError: nothing was trained, or no such listener or track.
        """
        from segue.engine.radio import open_radio

        return open_radio(self, listener=listener, seeds=seeds, config=config)

    def session(
        self,
        listener: str | None = None,
        tracks: Sequence[str] = (),
        *,
        likes: Sequence[str] = (),
        by: By = "auto",
        moment: datetime | None = None,
    ) -> Led:
        """A session that the agent leads.

        Args:
            listener: whose taste and habits count; None for somebody of whom nothing is known.
            tracks: ids, or words of artists and titles, of all that may come; by default what a long weekly
                list would hold, a third of it known to the listener.
            likes: instead, what somebody who is not in the library likes.
            by: as for `order`.
            moment: when it begins; by default now.

        Returns:
            `.session.candidates()` tells what comes, with the Q of all that may; `.session.answer(...)` is
            told how it went. It changes with every answer; the engine behind it does not.

        Raises:
            NotFoundError: nothing was trained, or no such listener or track.
        """
        from segue.engine.session import open_session

        return open_session(self, listener, tracks, likes=likes, by=by, moment=moment)

    def order(
        self,
        playlist: Playlist,
        *,
        listener: str | None = None,
        by: By = "auto",
        take: int | None = None,
        seed: int = 0,
    ) -> Sequenced:
        """A playlist in the order in which it is likely to be heard out.

        Args:
            playlist: tracks that the library does not know stay at its end.
            listener: whose taste and habits count; by default somebody unknown.
            by: "agent" (a trained one), "greedy" (on the user model), or "auto": the agent where its gain was
                sure when it was trained, otherwise greedy.
            take: keep so many tracks; by default all.
            seed: of the simulated listeners who hear it as it is made.

        Raises:
            NotFoundError: nothing was trained, or none of the tracks is in the library.
        """
        from segue.engine.sequence import sequence

        return sequence(self, playlist, listener=listener, by=by, take=take, seed=seed)
