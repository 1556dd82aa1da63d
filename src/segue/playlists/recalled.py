"""Why a track of the listener's own comes again: of what is true of it, what the list has said least."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segue.playlists.catalogue import Catalogue
from segue.playlists.reasons import sided
from segue.playlists.rules import Context, Listening
from segue.playlists.rules.context import Ints
from segue.wording import MONTHS, times

TOP = 10  # tracks that are told to be among the most played
KNOWN_TOP = 3 * TOP  # tracks heard, below which that says little
SEVERAL = 3  # tracks heard of an artist or a taste, before one is the most played of them
LONG = 365  # days after which it is told that a track rested
RUNNING = 2  # times that one kind of reason is given one after another, where there is another

Kind = Literal["first", "top", "taste", "artist", "only", "some", "rested", "once", "plain"]


class Recalled:
    """Reasons for tracks that a listener has played.

    Args:
        listening: what was played.
        context: the catalogue, for versions and artists.
        catalogue: what people read of it.
        tastes: (h,) the taste of each track of `listening.heard`, -1 for none.
        moment: from which days are counted.
        noun: what a track is called.
    """

    def __init__(
        self,
        listening: Listening,
        context: Context,
        catalogue: Catalogue,
        tastes: Ints,
        moment: datetime,
        noun: str = "song",
    ) -> None:
        self._context, self._catalogue, self._moment, self._noun = context, catalogue, moment, noun
        works, first, of_work = np.unique(
            context.work[listening.heard], return_index=True, return_inverse=True
        )
        self._place = {work: at for at, work in enumerate(works.tolist())}
        # Versions of a song are one.
        self._plays = np.bincount(of_work, listening.plays, len(works))
        self._heard, self._of_work = listening.heard[listening.plays > 0], of_work[listening.plays > 0]
        self._days = np.full(len(works), np.inf)
        # `fmin` passes over NaN: a version whose time is not known does not hide another's.
        np.fmin.at(self._days, of_work, listening.days_ago)
        self._taste = tastes[first] if len(works) else tastes
        self._artist = np.array([self._main(track) for track in listening.heard[first].tolist()], np.int64)

    def reasons(self, tracks: Sequence[int], tastes: Sequence[str]) -> list[str]:
        """A line for each of `tracks` in the order of the list; `tastes` are the names they end with."""
        said: Counter[Kind] = Counter()
        lines: list[str] = []
        last: list[Kind] = []
        for track, taste in zip(tracks, tastes, strict=True):
            true = dict(self._true(track))
            tired = set(last[-RUNNING:]) if len(last) >= RUNNING else set()
            open_ = [kind for kind in true if tired != {kind}] or list(true)
            kind = min(open_, key=lambda each: said[each])  # the first of equals: the most particular
            said[kind] += 1
            last.append(kind)
            lines.append(sided(true[kind], taste))
        return lines

    def _true(self, track: int) -> Iterator[tuple[Kind, str]]:
        """What can be said of a track, the most particular first."""
        at = self._place[int(self._context.work[track])]
        plays, days, noun = float(self._plays[at]), float(self._days[at]), self._noun
        often, when = times(plays) + self._in_versions(at), self._when(days)
        by = "of" if noun == "episode" else "by"
        last = f"{often}, {'last ' if plays > 1 else ''}in {when}" if when else often
        before = int((self._plays > plays).sum())
        if plays > 1 and len(self._plays) >= KNOWN_TOP and self._leads(at, np.ones(len(self._plays), bool)):
            yield "first", f"Your most played {noun} of all: {last}"
        elif plays > 1 and len(self._plays) >= KNOWN_TOP and before < TOP:
            yield "top", f"One of your {TOP} most played {noun}s: {last}"
        if self._taste[at] >= 0 and self._leads(at, self._taste == self._taste[at]):
            yield "taste", f"Your most played {noun} of this taste: {last}"
        if self._artist[at] >= 0:
            name, of_artist = self._credit(track), self._artist == self._artist[at]
            if of_artist.sum() == 1:
                yield "only", f"The only {noun} {by} {name} that you have played: {last}"
            elif self._leads(at, of_artist):
                yield "artist", f"Your most played {noun} {by} {name}: {last}"
        if when and days > LONG and plays > 1:
            yield "rested", f"Not heard out since {when}: played {often} up to then"
        if self._artist[at] >= 0 and (of := int(of_artist.sum())) > 1:
            yield "some", f"One of {of} {noun}s {by} {name} that you have played, this one {last}"
        if plays <= 1 and when:
            yield "once", f"You played it once, in {when}"
        yield "plain", f"You played it {last}"

    def _in_versions(self, at: int) -> str:
        """ " with its other versions", where remixes or the like have a part in the plays."""
        versions = self._heard[self._of_work == at].tolist()
        return " with its other versions" if len(versions) > 1 and self._catalogue.differ(versions) else ""

    def _leads(self, at: int, among: NDArray[np.bool_]) -> bool:
        """Whether a track was played more than each of several others."""
        others = self._plays[among]
        return bool(len(others) >= SEVERAL and (others >= self._plays[at]).sum() == 1)

    def _when(self, days: float) -> str:
        if not np.isfinite(days):
            return ""
        last = self._moment - timedelta(days=days)
        return f"{MONTHS[last.month - 1]} {last.year}"

    def _main(self, track: int) -> int:
        credited = self._context.credited(track)
        return int(credited[0]) if len(credited) else -1

    def _credit(self, track: int) -> str:
        """The main artist's name; as rules know it, where the catalogue has none."""
        artists = self._catalogue.card(track).artists
        return artists[0] if artists else self._context.artist_names[self._main(track)]
