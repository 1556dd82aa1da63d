"""The Monday job: this week's list for some listeners or all, remembered; and lists for who is not here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from segue.engine.alone import in_hand, offered, only_other_media
from segue.engine.tastes import tastes_by, tastes_of_week
from segue.errors import SegueError, install
from segue.factors.loading import load_factors
from segue.factors.model import FactorModel
from segue.factors.observations import Observations
from segue.files import refuse_read_only
from segue.library import Library
from segue.library.few import UNLEARNED
from segue.library.listening import Some, Unit, owners, refuse_unknown
from segue.library.search import Found, find_track
from segue.playlists import newcomers
from segue.playlists.candidates import Sides
from segue.playlists.history import NOTHING, History, places_of
from segue.playlists.listeners import Listeners
from segue.playlists.memory import Weeks
from segue.playlists.playlist import Playlist, monday
from segue.playlists.rules import Listening
from segue.playlists.shared import Shared
from segue.playlists.weekly import Material, WeeklyConfig, make_weekly
from segue.playlists.why_not import WhyNot, why_not
from segue.progress import progress
from segue.shelf.names import AGENTS, FACTORS, factors_of, shelf_of
from segue.tastes.finding import profiles_of
from segue.wording import count

if TYPE_CHECKING:
    from segue.agents.sequencing import Sequencer

AT_ONCE = 4096  # listeners whose history is read at a time
GUEST = "guest"  # who is not in the library


def listeners_of(library: Library, unit: Unit = "listeners") -> list[str]:
    """Everybody who gets a list unasked, sorted: the listeners; playlists where there are no listeners."""
    people, playlists = owners(library, unit)
    return people or playlists


@dataclass(frozen=True)
class Ready:
    """All that the lists of a week are made from; `lists` makes them for any listeners."""

    library: Library
    week: str
    config: WeeklyConfig
    model: FactorModel
    material: Material
    everybody: list[str]  # who gets a list unasked
    playlists: frozenset[str] = frozenset()  # rows of the model that are playlists
    known: Listeners | None = None  # of everybody, while the library is as it was at the training

    def read(self, listeners: Sequence[str]) -> tuple[Observations, list[History]]:
        """What is known of listeners by now."""
        known = self.known.take(listeners) if self.known is not None else None
        catalogue = self.material.catalogue
        if known is None:
            some = Some(self.library, listeners)
            known = Listeners.read(some, self.model, catalogue, self.material.context, listeners)
        weeks = Weeks(self.library.path / "weeks")
        earlier = weeks.earlier(self.week, self.config.earlier_weeks, listeners)
        places = places_of(self.library, catalogue, earlier)
        moment = datetime.combine(monday(self.week), time(), UTC)
        histories = [
            known.heard.history(row, moment, places.get(listener, NOTHING))
            for row, listener in enumerate(listeners)
        ]
        return known.observations(self.model), histories

    def lists(self, listeners: Sequence[str], seed: int = 0) -> Iterator[Playlist]:
        """The list of each of `listeners`, in their order. Nothing is remembered here."""
        for start in range(0, len(listeners), AT_ONCE):
            seen, histories = self.read(listeners[start : start + AT_ONCE])
            sides = self.sides(seen.listeners.tolist())
            made = make_weekly(
                self.material,
                seen,
                histories,
                self.week,
                config=self.config,
                seed=seed,
                sides=sides,
                askers=dict.fromkeys(self.playlists, "playlist"),
            )
            known = np.diff(seen.matrix.indptr) > 0
            for each, something in zip(made, known.tolist(), strict=True):
                told = each if something else self._of_what(each)
                yield self._unlearned(told)

    def _unlearned(self, playlist: Playlist) -> Playlist:
        """The list with a word on playlists that nothing was learned from, unless it says so already."""
        said = UNLEARNED
        if not self.material.unlearned or any(said in note for note in playlist.notes):
            return playlist
        return replace(playlist, notes=(said, *playlist.notes))

    def _of_what(self, playlist: Playlist) -> Playlist:
        """The list of a listener of whom nothing is known, and why, where they play other media."""
        note = only_other_media(self.library, playlist.listener, self.config.medium)
        if not note:
            return playlist
        told = newcomers.MANY if playlist.entries else ""
        return replace(playlist, notes=(f"{note} {told}".strip(), *playlist.notes[1:]))

    def sides(self, listeners: Sequence[str]) -> list[Sides]:
        """The tastes of listeners, kept from week to week; those of playlists are found when asked for."""
        known = self.material.profiles
        new = [who for who in listeners if who in self.playlists and not (known and len(known.tastes(who)))]
        if new:
            space, tracks = self.material.space, [str(track) for track in self.model.tracks_]
            known_too = profiles_of(self.library, tracks, space, new, self.model.config.observations.unit)
        d = self.material.space.vectors.shape[1]
        return [Sides.of(known_too if who in new else known, who, d) for who in listeners]


def prepare(library: Library, week: str, config: WeeklyConfig | None = None, *, keep: bool = True) -> Ready:
    """Load models and catalogue, find the tastes of the week; `keep` keeps the tastes.

    Raises:
        NotFoundError: nothing was trained yet.
    """
    config = config or WeeklyConfig()
    with progress("Reading the model"):
        name = _factors_for(library, config.medium)
        model, version = load_factors(library, name=name)
        shared = shelf_of(library).load_held(name, Shared.load, version)
        known = shelf_of(library).load_held(name, Listeners.load, version)
    unit = model.config.observations.unit
    config = config.model_copy(update={"medium": in_hand(config.medium, shared.context)})
    with progress("Looking for tastes"):
        if name == FACTORS:
            found = tastes_of_week(library, week, model, version, keep=keep)
        else:
            found = tastes_by(library, week, model, shared.space, f"{name}/{version}")
    sequencer, aside = _sequencer(library, config)
    versions = found.models if sequencer is None else (*found.models, sequencer.version)
    people, playlists = owners(library, unit)
    may_come, few = offered(library, model, people, playlists)
    material = Material(
        model,
        shared.catalogue,
        shared.context,
        found.space,
        found.profiles,
        versions,
        sequencer,
        aside,
        offered=may_come,
        few=few,
        unlearned=unit == "listeners" and library.count("playlist_entries") > 0,
    )
    fresh = known if known.data == library.fingerprint() else None
    everybody = people or playlists
    return Ready(library, week, config, model, material, everybody, frozenset(playlists), fresh)


def _factors_for(library: Library, medium: str) -> str:
    """Which factors a list of a medium is made from: its own, if they were trained."""
    name = factors_of(medium)
    return name if name in shelf_of(library).names() else FACTORS


def _sequencer(library: Library, config: WeeklyConfig) -> tuple[Sequencer | None, str]:
    """What puts the lists in order, None for likeness from track to track; and a note if it had to be that.

    Who asked for nobody in particular gets a list even where the agent cannot be used: it is of another
    version of Segue, the songs have other vectors now, or an extra is missing.
    """
    if config.medium != "song" or config.order == "near":
        return None, ""
    if config.order == "auto" and AGENTS not in shelf_of(library).names():
        return None, ""
    try:
        from segue.engine.sequence import load_sequencer  # it needs JAX, which lists alone do not

        with progress("Reading who orders"):
            return load_sequencer(library, config.order), ""
    except (SegueError, ModuleNotFoundError) as error:
        if config.order != "auto":
            raise
        why = f"{error}. To do: {install('world')}." if isinstance(error, ModuleNotFoundError) else error
        return None, f"Put in order by likeness, not by the agent. {why}"


def weekly(
    library: Library,
    week: str,
    *,
    listeners: Sequence[str] | None = None,
    config: WeeklyConfig | None = None,
    seed: int = 0,
) -> list[Playlist]:
    """Make and remember the lists of `week`, by listener; all listeners if none are named.

    Raises:
        NotFoundError: a listener is not in the library, or nothing was trained yet.
        UsageError: the library cannot be written to.
    """
    refuse_unknown(library, listeners or ())
    refuse_read_only(library.path, "library")
    ready = prepare(library, week, config)
    chosen = ready.everybody if listeners is None else list(listeners)
    lists = []
    with progress("Making lists", len(chosen)) as advance:
        for playlist in ready.lists(chosen, seed):
            lists.append(playlist)
            advance(1)
    with library.departed.held() as gone:
        lists = [each for each in lists if each.listener not in gone]
        Weeks(library.path / "weeks").remember(week, lists)
    return lists


def weekly_for_guest(
    library: Library,
    week: str,
    likes: Sequence[str],
    *,
    config: WeeklyConfig | None = None,
    seed: int = 0,
) -> tuple[Playlist, list[Found]]:
    """A list for somebody who is not in the library, from tracks they name, folded in; none is remembered.

    Each track named has the same part of the list. Without any, it is a list for a stranger.

    Args:
        likes: track ids, or words of artists and titles.

    Returns:
        The list, and the tracks that were understood.

    Raises:
        NotFoundError: a track is not in the library, or the model does not know it.
    """
    ready = prepare(library, week, config)
    number = {str(track): at for at, track in enumerate(ready.model.tracks_)}
    known = set(ready.model.tracks_)
    understood = [find_track(library, text, known) for text in likes]
    liked = np.array(sorted({number[found.track_id] for found in understood}), np.int32)
    settings = ready.model.config.observations
    worth = settings.base + settings.love
    row = csr_matrix(
        (np.full(len(liked), worth, np.float32), liked, [0, len(liked)]),
        shape=(1, len(number)),
        dtype=np.float32,
    )
    space = ready.material.space
    centres = liked[space.known[liked]]
    sides = Sides(space.vectors[centres], np.full(len(centres), 1 / max(len(centres), 1), np.float32))
    seen = Observations(row, np.array([GUEST], object), ready.model.tracks_, settings)
    history = History(Listening(heard=liked))
    # Who names tracks to a library of a few people asks what there is near them, and it is theirs to ask.
    material = replace(ready.material, offered=None)
    (made,) = make_weekly(
        material,
        seen,
        [history],
        week,
        config=ready.config,
        seed=seed,
        sides=[sides],
        askers={GUEST: "guest"},
    )
    if ready.material.few and made.entries:
        people = count(ready.material.few, "person", "people")
        note = f"From what {people} here played: it can't tell what else there is. {ready.material.more}"
        made = replace(made, title=f"Near what was named, {week}", notes=(note, *made.notes))
    return made, understood


def explain_absence(
    library: Library,
    week: str,
    listener: str,
    track: str,
    *,
    config: WeeklyConfig | None = None,
    seed: int = 0,
) -> tuple[Found, WhyNot]:
    """What every rule says of a track for a listener's list of `week`.

    Raises:
        NotFoundError: no such listener or track, or the model does not know the track.
    """
    refuse_unknown(library, [listener])
    ready = prepare(library, week, config)
    found = find_track(library, track, set(ready.model.tracks_))
    number = int(np.flatnonzero(ready.model.tracks_ == found.track_id)[0])
    seen, (history,) = ready.read([listener])
    said = why_not(ready.material, seen, history, week, number, config=ready.config, seed=seed)
    return found, said
