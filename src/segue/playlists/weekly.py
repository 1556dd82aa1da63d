"""Discover Weekly: thirty tracks for each listener, by their tastes and the rules, with true reasons.

`make_weekly` goes over any listeners, one after another: candidates (`candidates.py`), rules (`rules/`),
order (`order.py`), reasons (`reasons.py`). The same library, models, seed and ISO week give the same list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import numpy as np
from pydantic import Field, NonNegativeFloat, NonNegativeInt
from scipy.sparse import csr_matrix
from threadpoolctl import ThreadpoolController

from segue.factors.model import FactorModel
from segue.factors.observations import Observations
from segue.factors.scored import rows_of
from segue.library.few_listeners import MORE, UNLEARNED
from segue.playlists import newcomers, rediscover
from segue.playlists.belonging import Belonging, ListenerTastes
from segue.playlists.candidates import NAMES, CandidatesConfig, Proposed, Proposer
from segue.playlists.catalogue import Catalogue
from segue.playlists.drawing import measured
from segue.playlists.history import History
from segue.playlists.nearest import Nearest
from segue.playlists.order import in_order
from segue.playlists.playlist import Drawn, Playlist, PlaylistEntry, monday
from segue.playlists.reasons import Asker, because, favourite, sided, telling, together
from segue.playlists.recalled import Recalled
from segue.playlists.rules import (
    FAMILIAR,
    Choice,
    Context,
    Rules,
    RulesConfig,
    with_hubs,
)
from segue.playlists.rules.context import MEDIA, Bools, Floats, Ints
from segue.playlists.sequenced import chosen
from segue.playlists.titled import ALONE, TitleReasons
from segue.progress import portion, told
from segue.tastes.profiles import Profiles
from segue.tastes.space import TasteSpace
from segue.wording import ORDERED, count, noun_of

if TYPE_CHECKING:
    from segue.agents.sequencing import Sequencer

AT_ONCE = 256  # listeners at a time
KEPT = 32  # of what is the same for all lists with the same settings
SCORING = 0.9  # part of the time that scores take, for progress
T = TypeVar("T")
# Lists of new tracks, of what the listener knows already, and for somebody of whom nothing is known.
Kind = Literal["new", "past", "stranger"]


class WeeklyConfig(CandidatesConfig):
    """What a weekly list is like: the rules, and what is the list's own."""

    earlier_weeks: NonNegativeInt = Field(12, description="Weeks before whose tracks do not come again.")
    surprise: NonNegativeFloat = Field(
        0.1,
        description="Chance in the choice: scale of Gumbel noise on scores, in their standard deviations.",
    )
    order: Literal["auto", "agent", "greedy", "near"] = Field(
        "auto",
        description="Who puts the list in order: the trained agent, greed on the user model, or likeness "
        "from track to track. auto: if an agent was trained, it or greed, whichever is sure; else likeness.",
    )
    draws: NonNegativeInt = Field(
        0,
        le=1000,
        description="Draws by which the chance of each track is measured and kept, for segue evaluate "
        "served; each takes as long as choosing the list.",
    )
    learn_familiar: bool = Field(
        False,
        description="Learn each listener's familiar share from what they played again within four weeks; "
        "until then, and for who is new, from what others did.",
    )
    pool: float = Field(
        2.0, ge=1, le=10, description="Lists' lengths that agent or greed choose from, tastes in proportion."
    )


@dataclass(frozen=True)
class Edition:
    """The lists of one week."""

    week: str  # ISO, "2026-W48"
    config: WeeklyConfig
    seed: int = 0  # of the chance in the choice
    draw: int = 0  # another one of the same seed, to measure that chance

    @property
    def moment(self) -> datetime:
        """When the week begins, UTC."""
        return datetime.combine(monday(self.week), time(), UTC)


@dataclass(frozen=True)
class Material:
    """What lists are made from, the same for every listener.

    Attributes:
        model: the trained factors.
        catalogue: what people read of its tracks.
        context: what rules look at; `popularity` by listeners, for whom nothing is known of.
        space: where tastes lie.
        profiles: the listeners' tastes; None where none were looked for.
        versions: of the models, for the playlist's record.
        sequencer: what puts lists in order; None for likeness from track to track.
        aside: a note for every list, where who should order them cannot.
        offered: (n_tracks,) what may come as new; None for everything. Among a few people, not what another
            of them plays.
        few: listeners of the library, where they are too few to tell what else there is; else 0.
        unlearned: whether the library has playlists of which the model knows nothing.
    """

    model: FactorModel
    catalogue: Catalogue
    context: Context
    space: TasteSpace
    profiles: Profiles | None = None
    versions: tuple[str, ...] = ()
    sequencer: Sequencer | None = None
    aside: str = ""
    recommendable: Bools | None = None
    few: int = 0
    unlearned: bool = False

    @property
    def more(self) -> str:
        """What to do for new music, where there is none."""
        return UNLEARNED if self.unlearned else MORE

    def allowed(self, config: RulesConfig) -> Bools:
        """(n_tracks,) tracks of the list's medium that may come as new."""
        right = self.context.medium == MEDIA.index(config.medium)
        if config.owned and self.context.owned is not None:
            right = right & self.context.owned
        return right if self.recommendable is None else right & self.recommendable

    def least_new(self, config: RulesConfig) -> int:
        """New tracks below which a list is made of what the listener knows: a few playlists tell little."""
        return 1 if self.recommendable is None else config.tracks

    def proposer(self, config: WeeklyConfig) -> Proposer:
        """Who proposes candidates for lists with these settings."""

        def make() -> Proposer:
            return Proposer(self.model, self.nearest, self.context, self.allowed(config), config)

        return self._once(("proposer", config), make)

    def stranger(self, config: WeeklyConfig) -> Proposed:
        """The candidates of somebody of whom nothing is known."""

        def make() -> Proposed:
            return newcomers.popular(self.context, self.space, self.proposer(config).allowed, config.tracks)

        return self._once(("stranger", config), make)

    def _once(self, key: tuple[str, WeeklyConfig], make: Callable[[], T]) -> T:
        """What is the same for all lists with the same settings, made for the first of them."""
        kept = self._kept
        if key not in kept and len(kept) >= KEPT:
            kept.clear()
        return kept.setdefault(key, make()) if key not in kept else kept[key]

    @cached_property
    def _kept(self) -> dict[tuple[str, WeeklyConfig], Any]:
        return {}

    @cached_property
    def nearest(self) -> Nearest:
        """What is near to single tracks."""
        return Nearest(self.model.als_, self.belonging)

    @cached_property
    def belonging(self) -> Belonging:
        """Which taste a track belongs to."""
        return Belonging(self.space, self.context, self.catalogue.support)

    @cached_property
    def for_guests(self) -> Material:
        """The same for who names tracks to a library of a few people: they may hear what these play."""
        if self.recommendable is None:
            return self
        made = replace(self, recommendable=None)
        made.__dict__["nearest"] = self.nearest  # which takes long to be made, and is the same
        made.__dict__["belonging"] = self.belonging
        return made

    def tastes(self, listener: str) -> ListenerTastes:
        """A listener's tastes; none where none were found."""
        return ListenerTastes.of(self.profiles, listener, self.space.vectors.shape[1])

    def with_hubs(self, seen: Observations, histories: Sequence[History], config: WeeklyConfig) -> Material:
        """The same, with artists who would be on everybody's list measured on a sample of listeners."""
        proposer, batch = self.proposer(config), []
        for start in range(0, len(seen.listeners), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            listenings = [history.listening for history in histories[part]]
            tastes = [
                self.belonging.with_thresholds(self.tastes(str(who)), listening)
                for who, listening in zip(seen.listeners[part], listenings, strict=True)
            ]
            batch += [each.candidates for each in proposer.propose(seen.matrix[part], listenings, tastes)]
        return replace(self, context=with_hubs(self.context, batch, config))


def make_weekly(
    material: Material,
    seen: Observations,
    histories: Sequence[History],
    edition: Edition,
    *,
    tastes: Sequence[ListenerTastes] | None = None,
    askers: Mapping[str, Asker] | None = None,
) -> Iterator[Playlist]:
    """A list for every listener of `seen`, one after another.

    Args:
        material: models and catalogue.
        seen: what the listeners have heard, from `model.observe`.
        histories: of the same listeners, from `read_histories`.
        edition: which week's lists, and what they are like.
        tastes: of the same listeners; from `material.profiles` if left out.
        askers: who is spoken to, of those who are not listeners.
    """
    config, week = edition.config, edition.week
    rules, proposer = Rules(material.context, config, monday(week)), material.proposer(config)
    for start in range(0, len(seen.listeners), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        names = [str(listener) for listener in seen.listeners[part]]
        theirs = list(tastes[part]) if tastes is not None else [material.tastes(name) for name in names]
        rows, mine = rows_of(seen.matrix, part), histories[part]
        asked = rows if seen.asked is seen.matrix else rows_of(seen.asked, part)
        theirs = [
            material.belonging.with_thresholds(its, history.listening)
            for its, history in zip(theirs, mine, strict=True)
        ]
        with portion(SCORING * len(names)):
            proposed = proposer.propose(asked, [history.listening for history in mine], theirs)
        known = [bool((asked.data[slice(*asked.indptr[at : at + 2])] > 0).any()) for at in range(len(names))]
        proposed = [each if known[at] else material.stranger(config) for at, each in enumerate(proposed)]
        listenings = [
            material.belonging.for_rules(history.listening, its)
            for history, its in zip(mine, theirs, strict=True)
        ]
        past = [
            known[at] and rediscover.needed(listenings[at], proposer.allowed, material.least_new(config))
            for at in range(len(names))
        ]
        for at in np.flatnonzero(past).tolist():
            proposed[at], listenings[at] = rediscover.favourites(
                listenings[at], theirs[at], material.context, material.belonging, config
            )
        choices = chosen(material, edition, rules, names, listenings, proposed)
        lists = [choice for choice, _ in choices]
        drawn = measured(material, edition, rules, names, (listenings, proposed), lists)
        made = []
        # Reasons are small systems, one a listener: more threads would only wait for each other.
        with _pools().limit(limits=1, user_api="blas"):
            for at in range(len(names)):
                asker: Asker = (askers or {}).get(names[at], "listener")
                about = _About(
                    rows_of(rows, slice(at, at + 1)),
                    mine[at],
                    theirs[at],
                    asker,
                    _titled(material, seen, start + at, asker),
                )
                one = _One(material, edition, about)
                kind = "past" if past[at] else "new" if known[at] else "stranger"
                made.append(one.listed(proposed[at], *choices[at], kind))
                told(1 - SCORING)
        for at, (name, again_, (entries, notes)) in enumerate(zip(names, past, made, strict=True)):
            chances = Drawn() if drawn is None else drawn[at].of(entries, material.catalogue.ids)
            yield Playlist(
                title=f"{rediscover.TITLE if again_ else 'Discover Weekly'}, {week}",
                listener=name,
                week=week,
                created_at=edition.moment,
                entries=entries,
                notes=notes,
                seed=edition.seed,
                models=material.versions,
                drawn=replace(chances, familiar=config.familiar),
            )


@cache
def _pools() -> ThreadpoolController:
    """The pools of threads of this process; looking for them takes longer than a list."""
    return ThreadpoolController()


class _About(NamedTuple):
    """What is known of whom a list is for."""

    row: csr_matrix  # (1, n_tracks)
    history: History
    tastes: ListenerTastes
    asker: Asker
    titled: TitleReasons | None  # where they ask by a title


def _titled(material: Material, seen: Observations, at: int, asker: Asker) -> TitleReasons | None:
    """What is said because of the title of a row of `seen`, if it has one."""
    if seen.titled is None or not seen.titled.texts[at]:
        return None
    return TitleReasons(material.model, material.catalogue, seen.titled, at, asker)


class _One:
    """One listener's list."""

    def __init__(self, material: Material, edition: Edition, about: _About) -> None:
        self.material, self.config = material, edition.config
        self.row, self.history, self.tastes, self.asker, self.titled = about
        self.moment = edition.moment

    def listed(
        self, proposed: Proposed, choice: Choice, worth: Floats | None, kind: Kind
    ) -> tuple[tuple[PlaylistEntry, ...], tuple[str, ...]]:
        """Entries and notes of what was chosen; with the `worth` of each place it is in order already."""
        places = np.searchsorted(proposed.candidates.tracks, choice.stands_for)
        new = choice.sources != FAMILIAR
        scores = np.full(len(choice.tracks), np.nan, np.float32)
        scores[new] = proposed.candidates.scores[places[new]]
        if worth is None:
            order = in_order(choice.tracks, scores, self.material.space.vectors, self.material.context)
        else:
            order = np.arange(len(choice.tracks), dtype=np.int32)
        unheard = new & (kind == "new")  # what was heard is of the taste that it was played for
        nearest = self._belonging(choice, unheard)
        tastes = self._names(nearest) if kind != "stranger" else [""] * len(new)
        if kind == "past":
            reasons = self._recalled(choice.tracks, order, tastes)
        elif kind == "stranger":
            reasons = [newcomers.REASON] * len(new)
        else:
            reasons = self._reasons(choice, new, nearest, tastes)
        by = [NAMES[proposed.found_by[p]] for p in np.where(new, places, 0)]
        if kind != "new":
            by = ["familiar" if kind == "past" else "popularity"] * len(new)
        by = [name if fresh else "familiar" for name, fresh in zip(by, new, strict=True)]
        shown = [float(score) if fresh else None for score, fresh in zip(scores, new, strict=True)]
        if worth is not None and self.material.sequencer is not None:
            by, shown = [self.material.sequencer.name] * len(new), [float(q) for q in worth]
        cards = self.material.catalogue.cards(choice.tracks.tolist())
        entries = tuple(
            PlaylistEntry(
                position=position + 1,
                track=cards[at],
                score=shown[at],
                reason=reasons[at],
                chosen_by=by[at],
                taste=tastes[at] or None,
            )
            for position, at in enumerate(order.tolist())
        )
        said = choice.notes if entries or kind == "new" else ()  # why there is nothing is said already
        return entries, (*self._notes_for_listener(kind, choice), *said, *self._by_whom(worth))

    def _by_whom(self, worth: Floats | None) -> tuple[str, ...]:
        """Who ordered the list, where that is not who always does."""
        sequencer = self.material.sequencer
        if worth is None or sequencer is None:
            return (self.material.aside,) if self.material.aside else ()
        return (ORDERED[sequencer.name],)

    def _notes_for_listener(self, kind: Kind, choice: Choice) -> tuple[str, ...]:
        """What the listener should know of how the list came about."""
        if kind == "stranger":
            if self.titled is not None and len(choice.tracks):
                return (*self.titled.notes, newcomers.MANY)
            return (newcomers.NOTE if len(choice.tracks) else newcomers.NOBODY,)
        notes = []
        if kind == "past":
            days = np.array([self._place(track)[1] for track in choice.tracks.tolist()], np.float32)
            notes = list(rediscover.notes(days, self.material.few, self.config, self.material.more))
        if self.titled is not None:
            notes.extend(self.titled.notes)
        liked = int((self.row.data > 0).sum())
        if self.titled is not None and not liked:
            notes.append(ALONE)
        elif liked < newcomers.FEW:
            tracks = count(liked, "track")
            notes.append(f"Made from {tracks} only: the more is known, the closer the next list will be.")
        heard = len(self.history.listening.heard) + self.history.unknown
        # A model of podcasts knows no songs, which is nothing to be told of.
        if self.config.medium == "song" and self.history.unknown > heard / 2:
            few = heard - self.history.unknown
            notes.append(
                f"Of {count(heard, 'track')} heard, the model knows {few:,}; the list is from those."
            )
        return tuple(notes)

    def _belonging(self, choice: Choice, new: Bools) -> Ints:
        """(n,) the taste each track of the list belongs to, -1 for none."""
        belongs = self.material.belonging.of(self.tastes, choice.tracks)
        return np.where(new, belongs, self.material.belonging.played_for(self.tastes, choice.tracks))

    def _names(self, nearest: Ints) -> list[str]:
        """The name of each track's taste; "" where there is one alone, and for none."""
        names = self.tastes.names
        return [names[taste] if len(names) > 1 and taste >= 0 else "" for taste in nearest.tolist()]

    def _reasons(self, choice: Choice, new: Bools, nearest: Ints, tastes: Sequence[str]) -> list[str]:
        """A line for each track of the list, in the order of `choice`; `nearest` as from `_belonging`."""
        if not len(choice.tracks):
            return []
        catalogue = self.material.catalogue
        plays, parts = self.material.model.als_.contributions(self.row, choice.stands_for)
        belonging = self.material.belonging
        played_for = belonging.played_for(self.tastes, plays)
        same = nearest[:, None] == played_for  # what is of no taste was led to by songs of none, too
        likeness = belonging.near.to(belonging.space.vectors[choice.stands_for], plays)
        lines, told_of = [], telling(parts, same, likeness)
        catalogue.cards(sorted({int(plays[play]) for led in told_of for play in led}))  # all at once
        for at, led in enumerate(told_of):
            if not new[at]:
                lines.append(self._favourite(int(choice.tracks[at])))
                continue
            names = together([catalogue.spoken(int(plays[play])) for play in led])
            lines.append(because(names, tastes[at] if not led or same[at, led[0]] else "", self.asker))
        if self.titled is None:
            return lines
        by_title = self.titled.lines(self.row, choice.stands_for)
        return [
            by or own if new[at] else own for at, (by, own) in enumerate(zip(by_title, lines, strict=True))
        ]

    def _recalled(self, tracks: Ints, order: Ints, tastes: Sequence[str]) -> list[str]:
        """Reasons for (n,) tracks of the listener's own; they differ down the list, which has this order."""
        if self.asker == "playlist":
            return [sided("This playlist has it", taste, self.asker) for taste in tastes]
        material, listening = self.material, self.history.listening
        heard = material.belonging.played_for(self.tastes, listening.heard)
        recalled = Recalled(
            listening, material.context, material.catalogue, heard, self.moment, noun_of(self.config.medium)
        )
        told = recalled.reasons(tracks[order].tolist(), [tastes[at] for at in order.tolist()])
        return [line for _, line in sorted(zip(order.tolist(), told, strict=True))]

    def _favourite(self, track: int) -> str:
        return favourite(*self._place(track), self.moment)

    def _place(self, track: int) -> tuple[float, float]:
        """How often a track was played, and days since; the song's, where another version was."""
        listening, work = self.history.listening, self.material.context.work
        same = listening.heard == track
        if not same.any():
            same = work[listening.heard] == work[track]
        plays = float(listening.plays[same].sum())
        return plays, float(np.fmin.reduce(listening.days_ago[same])) if same.any() else float("nan")
