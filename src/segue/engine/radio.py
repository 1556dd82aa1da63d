"""A radio of a library: what its models say, the listener's tastes, the tracks that somebody named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.engine.few_listeners import available_medium, only_other_media
from segue.engine.guide import KNOWN, Tastes
from segue.engine.owned import with_owned
from segue.engine.tastes import taste_changes, tastes_now
from segue.errors import SegueError, UsageError
from segue.library.collection.owned import Owned
from segue.library.few_listeners import FEWEST_PEOPLE, MORE, MORE_EPISODES, on_others_playlists, plays_of
from segue.library.listening import LibrarySubset, owners, units
from segue.library.search import Found, find_track, find_tracks
from segue.library.vocabulary import Vocabulary
from segue.playlists.catalogue import Catalogue
from segue.playlists.history import read_histories
from segue.playlists.placed import with_files
from segue.playlists.playlist import Playlist, PlaylistEntry
from segue.playlists.radio import Pick, Radio
from segue.playlists.radio_config import RadioConfig
from segue.playlists.reasons import Asker, again, because, sided, together
from segue.playlists.rules import Listening
from segue.playlists.rules.context import MEDIA
from segue.progress import progress
from segue.sequences.reading import listening_documents, one_listeners_document
from segue.wording import noun_of

if TYPE_CHECKING:
    from segue.engine.engine import Engine
    from segue.engine.guide import Asked
    from segue.library.listening import Unit
    from segue.sequences.documents import Context as PlayContext

FIRST = "To begin with: nothing is known of what you like yet."
POPULAR = "What comes is what many listeners or playlists here have, until you have played some of it."
FEW_KNOWN = "Made by neighbours of playlists: the trained network knows few of these songs."
ALONE = "{} can't tell what else there is: these are {}s that you have heard. {}"


@dataclass(frozen=True)
class Station:
    """A radio that is ready to play, and what people read of its tracks.

    Attributes:
        understood: the seeds.
        model: the shelf's version of what is asked.
        listening: of the listener.
        asker: who is spoken to.
        sides: names of the tastes it plays in turn.
        notes: what the listener should know of how it is made.
        owned: the files at home.
    """

    radio: Radio
    catalogue: Catalogue
    listener: str
    understood: list[Found]
    model: str
    listening: Listening = field(default_factory=Listening)
    asker: Asker = "listener"
    tastes: Sequence[str] = ()
    notes: tuple[str, ...] = ()
    owned: Owned | None = None

    def entry(self, pick: Pick, position: int) -> PlaylistEntry:
        """A pick as a place of a playlist."""
        card, by = self.catalogue.card(pick.track), self.model.split("/")[0]
        return PlaylistEntry(position, card, pick.score, self.reason(pick), by, self.taste(pick) or None)

    def reason(self, pick: Pick, *, with_taste: bool = True) -> str:
        """What led here: a track near it and its taste, how often it was played, what was skipped.

        Two causes at most. Beside what was skipped just now, that the listener played the track goes before
        what it goes with: who has skipped wants to know whether they know what comes.
        """
        side = self.taste(pick) if with_taste else ""
        away = [f"Away from {self._named(pick.away)}, which you skipped."] if pick.away >= 0 else []
        if away and (played := self._heard(pick.track, side)):
            return " ".join([*played, *away])
        if pick.near < 0:
            lines = [FIRST] if pick.first else []
        elif pick.own:
            lines = [because([self._named(pick.near)], side, self.asker)]
        else:
            lines = [
                sided(
                    f"{'Follows' if pick.after else 'Goes with'} {self._named(pick.near)}", side, self.asker
                )
            ]
        lines += away or self._heard(pick.track, when=True, what="this one" if lines else "it")
        return " ".join(lines or ["Goes with what was played."])

    def _named(self, track: int) -> str:
        return together([self.catalogue.spoken(track)])[0]

    def taste(self, pick: Pick) -> str:
        """The name of the taste that it is of; "" where there is one alone, and for none."""
        return self.tastes[pick.taste] if len(self.tastes) > 1 and pick.taste >= 0 else ""

    def _heard(self, track: int, side: str = "", *, when: bool = False, what: str = "this") -> list[str]:
        """How often the listener has played it, in any version, if any, and on request when last."""
        told, work = self.listening, self.radio.work
        same = work[told.heard] == work[track]
        plays = float(told.plays[same].sum()) if len(told.plays) else 0.0
        if self.asker != "listener" or plays < 1:
            return []
        days = float(np.fmin.reduce(told.days_ago[same])) if when else float("nan")
        if self.catalogue.differ([track, *told.heard[same & (told.plays > 0)].tolist()]):
            what += " and its other versions"
        return [again(plays, days, datetime.now(UTC), side, what)]

    def playlist(self, picks: Sequence[Pick]) -> Playlist:
        """What came, as a playlist."""
        entries = tuple(self.entry(pick, number) for number, pick in enumerate(picks, 1))
        made = Playlist(
            "Radio", self.listener, None, datetime.now(UTC), entries, self.notes, models=(self.model,)
        )
        return made if self.owned is None else with_files(made, self.owned)


def open_radio(
    engine: Engine,
    *,
    listener: str | None = None,
    seeds: Sequence[str] = (),
    config: RadioConfig | None = None,
) -> Station:
    """A radio for a listener, from tracks that are named, or from both.

    It asks the trained network; where there is none, neighbours, which are learned now.

    Args:
        engine: a library and its models.
        listener: whose tastes it follows, and whose bans hold; a listener's id, or a playlist's.
        seeds: track ids, or words of artists and titles; where there are some, they and what was played
            last are followed instead.
        config: the settings.

    Raises:
        UsageError: neither a listener nor a seed.
        NotFoundError: nothing was trained, or no such listener or track.
    """
    if listener is None and not seeds:
        raise UsageError("A radio begins with something", hint="name a listener, or give --seed-track TRACK")
    library = engine.library
    if listener is not None:
        engine.refuse_unknown(listener)
    unit = units(library)
    people, _ = owners(library, unit)
    for text in seeds:
        find_tracks(library, text)  # a wrong name is told before anything is loaded
    with progress("Reading the models"):
        asked = engine.guide()
    listening, tastes = Listening(), None
    if listener is not None:
        asked, listening, tastes = _known(engine, asked, listener, unit, seeds)
    number = asked.tracks
    understood = [find_track(library, text, number) for text in seeds]
    with progress("Reading the catalogue"):
        context, catalogue = asked.context, asked.catalogue
    config = config or RadioConfig()
    medium, instead = available_medium(config.medium, context)
    config = config.model_copy(update={"medium": medium})
    recommendable, notes = None, (*asked.notes, instead) if instead else asked.notes
    if listener is not None:
        nothing = not (context.medium[listening.heard] == MEDIA.index(medium)).any()
        others = only_other_media(library, listener, medium) if nothing else ""
        if listener in people and len(people) < FEWEST_PEOPLE:  # nobody is played what another plays
            recommendable = on_others_playlists(library, asked.tracks.ids, people)
            if not recommendable.any():
                more = MORE if medium == "song" else MORE_EPISODES
                notes += (ALONE.format(plays_of(len(people)), noun_of(medium), more),)
            recommendable[listening.heard] = True
        if others:
            something = (
                recommendable is None or (recommendable & (context.medium == MEDIA.index(medium))).any()
            )
            notes = (f"{others} {POPULAR}" if something and not seeds else others, *notes)
    owned = Owned(library)
    if config.owned:
        there = with_owned(context, owned, asked.tracks.ids).owned
        recommendable = there if recommendable is None or there is None else recommendable & there
    radio = Radio(asked.guide, context, config, listening=listening, recommendable=recommendable)
    names: list[str] = []
    if listener is not None:
        radio.hear(*_plays(engine, listener, number, listening))
    if understood:
        radio.seed(np.array([number[found.track_id] for found in understood], np.int32))
    elif tastes is not None:
        radio.follow_tastes(tastes.tracks, np.array(tastes.shares), tastes.belongs, tastes.own)
        names = tastes.names
    asker: Asker = "guest" if listener is None else "listener" if listener in people else "playlist"
    return Station(
        radio,
        catalogue,
        listener or "guest",
        understood,
        asked.version,
        listening=listening,
        asker=asker,
        tastes=names,
        notes=notes,
        owned=owned,
    )


def _known(
    engine: Engine, asked: Asked, listener: str, unit: Unit, seeds: Sequence[str]
) -> tuple[Asked, Listening, Tastes | None]:
    """Who answers a listener, what they heard, and their tastes, which are left out where seeds are named.

    Where the network knows too little of the tastes, neighbours answer, who know every track.
    """
    if seeds:
        return asked, _listening(engine, asked, listener, unit), None
    with progress("Looking for tastes"):
        # Asked first: what both guides know of the catalogue takes seconds to be read.
        profiles = None if asked.shared is None else tastes_now(engine, listener)
        if profiles is not None and asked.knows(profiles, listener) < KNOWN:
            asked = replace(engine.neighbours(), notes=(*asked.notes, FEW_KNOWN))
        listening = _listening(engine, asked, listener, unit)
        if profiles is None:
            return asked, listening, Tastes([], [], [])
        changes = taste_changes(engine.library).of(listener)
        listening = asked.with_unwanted(profiles, listener, listening, changes)
        return asked, listening, asked.tastes(engine, profiles, listener, listening, changes)


def _listening(engine: Engine, asked: Asked, listener: str, unit: Unit) -> Listening:
    """What a listener has heard by now, in the guide's numbers."""
    now = datetime.now(UTC)
    known = None if asked.known is None else asked.known.take([listener])
    if known is not None:
        return known.heard.history(0, now).listening
    context, catalogue = asked.context, asked.catalogue
    (history,) = read_histories(engine.library, catalogue, context, [listener], now, unit=unit)
    return history.listening


def _plays(
    engine: Engine, listener: str, number: Vocabulary, listening: Listening
) -> tuple[NDArray[np.int32], PlayContext | None]:
    """The listener's plays in order of time; where no time is known, what was heard most comes last."""
    try:
        played = engine.played()
        rows = None if played is None else played.of(listener)
        if rows is None:
            documents = listening_documents(LibrarySubset(engine.library, [listener]))
        else:
            documents = one_listeners_document(rows)
    except SegueError:
        return listening.heard[np.argsort(listening.plays, kind="stable")], None
    place = number.numbers(documents.track_ids.tolist())
    return place[documents.codes], documents.context
