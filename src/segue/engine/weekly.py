"""The Monday job: this week's list for some listeners or all, remembered; and lists for who is not here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from segue.engine.editions import Editions
from segue.engine.few_listeners import available_medium, only_other_media, recommendable
from segue.engine.keeping import refuse_before_first_play, to_be_kept
from segue.engine.owned import with_owned
from segue.engine.tastes import (
    WeekOfTastes,
    find_tastes,
    has_many,
    taste_changes,
    tastes_by,
    tastes_known,
    tastes_of_week,
)
from segue.errors import SegueError, install
from segue.factors.model import FactorModel
from segue.factors.observations import Observations
from segue.factors.titles import playlist_titles
from segue.files import refuse_read_only
from segue.library import Library
from segue.library.collection.owned import Owned
from segue.library.few_listeners import UNLEARNED
from segue.library.listening import LibrarySubset, owners
from segue.library.vocabulary import Vocabulary
from segue.playlists import newcomers
from segue.playlists.belonging import ListenerTastes
from segue.playlists.history import NOTHING, History, places_of
from segue.playlists.listeners import Listeners
from segue.playlists.material import Material
from segue.playlists.memory import Weeks
from segue.playlists.placed import with_files
from segue.playlists.playlist import Playlist, monday
from segue.playlists.weekly import make_weekly
from segue.playlists.weekly_config import Edition, WeeklyConfig
from segue.progress import portion, progress
from segue.shelf.names import AGENTS, FACTORS, shelf_of
from segue.tastes.changes import NONE, Changes
from segue.tastes.finding import profiles_of
from segue.tastes.profiles import Profiles

if TYPE_CHECKING:
    from segue.agents.sequencing import Sequencer
    from segue.engine.engine import Engine
    from segue.engine.trial import Trial

AT_ONCE = 4096  # listeners whose history is read at a time
GUEST = "guest"  # who is not in the library


@dataclass(frozen=True)
class Ready:
    """All that the lists of a week are made from; `lists` makes them for any listeners."""

    library: Library
    week: str
    config: WeeklyConfig
    model: FactorModel
    tracks: Vocabulary
    material: Material
    everybody: list[str]  # who gets a list unasked
    playlists: frozenset[str] = frozenset()  # rows of the model that are playlists
    known: Listeners | None = None  # of everybody, while the library is as it was at the training
    note: str = ""  # for every list
    owned: Owned | None = None  # the files at home
    find: Callable[[Sequence[str]], Profiles] | None = None  # tastes of some, where not everybody's are known
    keeps_tastes: bool = True  # from week to week, so that listeners can change them; other media's are not

    def edition(self, seed: int = 0) -> Edition:
        """The week's lists, with the seed of the chance in the choice."""
        return Edition(self.week, self.config, seed)

    def read(self, listeners: Sequence[str]) -> tuple[Observations, list[History]]:
        """What is known of listeners by now."""
        known = self.known.take(listeners) if self.known is not None else None
        catalogue = self.material.catalogue
        if known is None:
            some = LibrarySubset(self.library, listeners)
            known = Listeners.observed(some, self.model, catalogue, self.material.context, listeners)
        weeks = Weeks(self.library.path / "weeks")
        earlier = weeks.earlier(self.week, self.config.earlier_weeks, listeners)
        places = places_of(self.library, catalogue, earlier)
        moment = datetime.combine(monday(self.week), time(), UTC)
        histories = [
            known.heard.history(row, moment, places.get(listener, NOTHING))
            for row, listener in enumerate(listeners)
        ]
        return self._titled(known.observations(self.model)), histories

    def _titled(self, seen: Observations) -> Observations:
        """The same, with the titles of those who are playlists."""
        asked = [name for name in seen.listeners.tolist() if name in self.playlists]
        if not asked or self.model.titles_ is None:
            return seen
        titles = playlist_titles(self.library, asked)
        return self.model.titled(seen, [titles.get(name) for name in seen.listeners.tolist()])

    def lists(
        self,
        listeners: Sequence[str],
        seed: int = 0,
        trial: Trial | None = None,
        profiles: Profiles | None = None,
    ) -> Iterator[Playlist]:
        """The list of each of `listeners`, in their order. Nothing is remembered here.

        Args:
            listeners: ids.
            seed: of the chance in the choice.
            trial: who gets other settings.
            profiles: their tastes, if they are known already.
        """
        editions = Editions(self.library, self.week, self.config, trial, seed)
        for start in range(0, len(listeners), AT_ONCE):
            part = listeners[start : start + AT_ONCE]
            groups, found = editions.groups(part), dict[int, Playlist]()
            for group in groups:
                edition = Edition(self.week, group[0][1].config, seed)
                made = self._made([part[place] for place, _ in group], edition, profiles)
                for (place, asked), each in zip(group, made, strict=True):
                    drawn = replace(each.drawn, arm=asked.arm, familiar_chance=asked.familiar_chance)
                    found[place] = replace(each, drawn=drawn)
                    if len(groups) == 1:
                        yield found.pop(place)
            yield from (found[place] for place in sorted(found))

    def _made(
        self, listeners: Sequence[str], edition: Edition, profiles: Profiles | None
    ) -> Iterator[Playlist]:
        """The lists of listeners who have the same settings."""
        seen, histories = self.read(listeners)
        tastes = self.tastes(seen.listeners.tolist(), profiles)
        made = make_weekly(
            self.material,
            seen,
            histories,
            edition,
            tastes=tastes,
            askers=dict.fromkeys(self.playlists, "playlist"),
        )
        known = np.diff(seen.matrix.indptr) > 0
        for each, something in zip(made, known.tolist(), strict=True):
            told = each if something else self._of_what(each)
            told = self._noted(told)
            yield told if self.owned is None else with_files(told, self.owned)

    def _noted(self, playlist: Playlist) -> Playlist:
        """The list with what is to be said of all: on playlists that nothing was learned from, once."""
        notes = playlist.notes
        if self.material.unlearned and not any(UNLEARNED in note for note in notes):
            notes = (UNLEARNED, *notes)
        return replace(playlist, notes=(self.note, *notes) if self.note else notes)

    def _of_what(self, playlist: Playlist) -> Playlist:
        """The list of a listener of whom nothing is known, and why, where they play other media."""
        note = only_other_media(self.library, playlist.listener, self.config.medium)
        if not note:
            return playlist
        told = newcomers.MANY if playlist.entries else ""
        return replace(playlist, notes=(f"{note} {told}".strip(), *playlist.notes[1:]))

    def profiles(self, listeners: Sequence[str]) -> Profiles | None:
        """The tastes of listeners, by the week's plays; those of playlists may be missing."""
        return self.material.profiles if self.find is None else self.find(listeners)

    def tastes(self, listeners: Sequence[str], profiles: Profiles | None = None) -> list[ListenerTastes]:
        """The tastes of listeners, kept from week to week, as they have changed them by now.

        Those of playlists are found when asked for.
        """
        known, changed = profiles or self.profiles(listeners), dict[str, Changes]()
        if self.keeps_tastes:
            changed = taste_changes(self.library).every()
        new = [who for who in listeners if who in self.playlists and not (known and len(known.tastes(who)))]
        if new:
            near, unit = self.material.belonging.near, self.model.config.observations.unit
            known_too = profiles_of(self.library, self.tracks.ids, near, new, unit)
        d = self.material.space.vectors.shape[1]
        return [
            ListenerTastes.of(known_too, who, d)
            if who in new
            else ListenerTastes.of(known, who, d, changed.get(who, NONE))
            for who in listeners
        ]


def prepare(
    engine: Engine,
    week: str,
    config: WeeklyConfig | None = None,
    *,
    keep: bool = True,
    found: WeekOfTastes | None = None,
) -> Ready:
    """Load models and catalogue, find the tastes of the week, if not `found` already; `keep` keeps these.

    Of many listeners they are found list by list, where none are kept.

    Raises:
        NotFoundError: nothing was trained yet.
    """
    config, library = config or WeeklyConfig(), engine.library
    factors = engine.factors(config.medium)
    model, shared = factors.model, factors.shared
    # Read now, while it is there: lists are made from it, and a version goes when somebody is forgotten.
    shelf_of(library).load_held(factors.name, lambda folder: (model.blend_, model.titles_), factors.version)
    unit = model.config.observations.unit
    medium, instead = available_medium(config.medium, shared.context)
    config = config.model_copy(update={"medium": medium})
    find = None
    with progress("Looking for tastes"):
        if factors.name != FACTORS and has_many(engine):
            found, find = _one_by_one(partial(tastes_by, library, week, factors))
        elif factors.name != FACTORS:
            found = tastes_by(library, week, factors)
        elif found is None and not keep and not has_many(engine):
            found = tastes_of_week(engine, week, keep=False)
        elif found is None and (found := tastes_known(engine, week)) is None:
            found, find = _one_by_one(partial(find_tastes, engine, week))
    sequencer, aside = _sequencer(engine, config)
    versions = found.models if sequencer is None else (*found.models, sequencer.version)
    people, playlists = owners(library, unit)
    may_come, few = recommendable(library, model, people, playlists)
    owned = Owned(library)
    material = Material(
        model,
        shared.catalogue,
        with_owned(shared.context, owned, factors.tracks.ids) if config.owned else shared.context,
        found.space,
        found.profiles,
        versions,
        sequencer,
        aside,
        recommendable=may_come,
        few=few,
        # Playlists hold songs: what is played of other media is learned from listeners alone.
        unlearned=unit == "listeners"
        and "song" in model.config.observations.media
        and library.count("playlist_entries") > 0,
    )
    everybody, known = people or playlists, factors.known
    return Ready(
        library,
        week,
        config,
        model,
        factors.tracks,
        material,
        everybody,
        frozenset(playlists),
        known,
        instead,
        owned,
        find,
        keeps_tastes=factors.name == FACTORS,
    )


def _one_by_one(
    find: Callable[[Sequence[str]], WeekOfTastes],
) -> tuple[WeekOfTastes, Callable[[Sequence[str]], Profiles]]:
    """The space that tastes are found in, and what finds them for listeners when they are asked for."""
    return find([]), lambda listeners: find(listeners).profiles


def _sequencer(engine: Engine, config: WeeklyConfig) -> tuple[Sequencer | None, str]:
    """What puts the lists in order, None for likeness from track to track; and a note if it had to be that.

    Who asked for nobody in particular gets a list even where the agent cannot be used: it is of another
    version of Segue, the songs have other vectors now, or an extra is missing.
    """
    if config.medium != "song" or config.order == "near":
        return None, ""
    if config.order == "auto" and AGENTS not in shelf_of(engine.library).names():
        return None, ""
    try:
        with progress("Reading who orders"):
            return engine.sequencer(config.order), ""
    except (SegueError, ModuleNotFoundError) as error:
        if config.order != "auto":
            raise
        why = f"{error}. Try: {install('world')}." if isinstance(error, ModuleNotFoundError) else error
        return None, f"Put in order by likeness, not by the agent. {why}"


def weekly(
    engine: Engine,
    week: str,
    *,
    listeners: Sequence[str] | None = None,
    config: WeeklyConfig | None = None,
    seed: int = 0,
    trial: Trial | None = None,
    keep: bool = True,
) -> list[Playlist]:
    """Make the lists of `week`, by listener; all listeners if none are named. They are remembered,
    as far as lists of that week are kept (`keeping.py`), and not without `keep`.

    Some of them with other settings, where there is a `trial`.

    Raises:
        NotFoundError: a listener is not in the library, or nothing was trained yet.
        UsageError: the library cannot be written to, or a listener had played nothing by then.
    """
    library = engine.library
    for listener in listeners or ():
        engine.refuse_unknown(listener)
    refuse_read_only(library.path, "library")
    refuse_before_first_play(library, week, listeners or ())
    ready = engine.week(week, config)
    chosen = ready.everybody if listeners is None else list(listeners)
    lists = []
    n = len(chosen)
    with progress("Making lists", n) as advance, portion(n, of=max(n, 1), advance=advance):
        lists.extend(ready.lists(chosen, seed, trial))
    with library.forgotten.held() as gone:
        lists = [each for each in lists if each.listener not in gone]
        weeks = Weeks(library.path / "weeks")
        stay = set(to_be_kept(weeks, week, [each.listener for each in lists])) if keep else set()
        if kept := [each for each in lists if each.listener in stay]:
            weeks.remember(week, kept)
    return lists
