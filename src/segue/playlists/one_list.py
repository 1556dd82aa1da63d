"""One listener's weekly list: what was chosen, in order, with the reason of each track and notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from segue.factors.observations import Observations
from segue.playlists import newcomers, rediscover
from segue.playlists.belonging import ListenerTastes
from segue.playlists.candidates import NAMES, Proposed
from segue.playlists.history import History
from segue.playlists.material import Material
from segue.playlists.order import in_order
from segue.playlists.playlist import PlaylistEntry
from segue.playlists.reasons import Asker, because, favourite, sided, telling, together
from segue.playlists.recalled import Recalled
from segue.playlists.rules import FAMILIAR, Choice
from segue.playlists.rules.context import Bools, Floats, Ints
from segue.playlists.titled import ALONE, TitleReasons
from segue.playlists.weekly_config import Edition
from segue.wording import ORDERED, count, noun_of

# Lists of new tracks, of what the listener knows already, and for somebody of whom nothing is known.
Kind = Literal["new", "past", "stranger"]


class About(NamedTuple):
    """What is known of whom a list is for."""

    row: csr_matrix  # (1, n_tracks)
    history: History
    tastes: ListenerTastes
    asker: Asker
    titled: TitleReasons | None  # where they ask by a title


def titled_reasons(material: Material, seen: Observations, at: int, asker: Asker) -> TitleReasons | None:
    """What is said because of the title of a row of `seen`, if it has one."""
    if seen.titled is None or not seen.titled.texts[at]:
        return None
    return TitleReasons(material.model, material.catalogue, seen.titled, at, asker)


class OneList:
    """One listener's list: order, tastes, reasons and notes of what the rules chose."""

    def __init__(self, material: Material, edition: Edition, about: About) -> None:
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
