"""What is said of tracks that came because of a playlist's title."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.factors.model import FactorModel
from segue.factors.titles import Titled
from segue.playlists.catalogue import Catalogue
from segue.playlists.reasons import Asker, because, telling, together
from segue.playlists.rules.context import Bools, Ints
from segue.wording import count, ended

ALONE = "Made from the title alone: tracks to begin with make it closer."
UNLIKE = (
    "No playlist here is called like that: these tracks are near what titles spelled a little like it hold."
)
UNKNOWN = "No playlist and no artist here is called anything like that, so the title tells nothing."


class TitleReasons:
    """Reasons for one list that was asked for by a title.

    Args:
        model: that was asked; it has `titles_`.
        catalogue: of its tracks.
        titled: what it was asked by.
        at: the list's row there.
        asker: who is spoken to.
    """

    def __init__(
        self, model: FactorModel, catalogue: Catalogue, titled: Titled, at: int, asker: Asker
    ) -> None:
        titles, text = model.titles_, titled.texts[at]
        assert titles is not None and text is not None
        self.model, self.catalogue, self.asker, self.title = model, catalogue, asker, text
        self.asked = titled.asked[at]
        self.alike, self.shown = titles.holding(text, titled.own[at])
        self.holding: NDArray[np.int64] = np.asarray(self.alike.sum(axis=0)).ravel().astype(np.int64)
        self.named: Bools = titles.named(text)
        self.known = titles.known(text)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known of how the title was understood."""
        if not self.known:
            return (UNKNOWN,)
        return () if self.holding.any() or self.named.any() else (UNLIKE,)

    def lines(self, row: csr_matrix, tracks: Ints) -> list[str | None]:
        """A sentence for each of `tracks` (n,) for which the title says more than what is known; else None.

        It is true of playlists that are called like this one: which of them have the track; or that its
        artist's name is in the title; or which tracks of theirs led to it.

        Args:
            row: (1, n_tracks) what is known of the list, without its title.
            tracks: (n,) numbers.
        """
        plays, parts = self.model.als_.contributions(self.asked, tracks)
        known = np.isin(plays, row.indices[row.data > 0])
        gained = np.maximum(parts, 0)
        by_title = gained[:, ~known].sum(axis=1) >= gained[:, known].sum(axis=1)
        theirs = ((self.holding[plays] > 0) | self.named[plays]) & ~known
        told = telling(np.where(theirs, parts, 0), np.zeros(parts.shape, bool))
        return [
            self._line(track, plays[some]) if led else None
            for track, some, led in zip(tracks.tolist(), told, by_title, strict=True)
        ]

    def _line(self, track: int, led: Ints) -> str:
        if self.holding[track]:
            return self._held(track)
        if self.named[track]:
            _, artist = self.catalogue.spoken(track)
            return (
                f"By {artist}, whose name is in the title."
                if artist
                else "Its artist's name is in the title."
            )
        if not len(led):
            return f"Near what playlists with titles a little {self._so} hold."
        held = self.holding[led] > 0
        names = together([self.catalogue.spoken(int(play)) for play in led[held == held[0]]])
        if held[0]:
            return because(names, "", "title")
        return ended(f"Near {' and '.join(names)}, who stands in the title")

    def _held(self, track: int) -> str:
        """ "In “RAP WORKOUT” and 3 more playlists called like it."; the title is the one most like this."""
        holders = np.flatnonzero(np.asarray(self.alike[:, [track]].todense()).ravel())
        shown = next((title for place in holders.tolist() if (title := self.shown[place])), None)
        if shown is None:
            return f"In {count(len(holders), 'playlist')} called {self._so}."
        shown, more = " ".join(shown.split()), len(holders) - 1
        return f"In “{shown}”." if not more else f"In “{shown}” and {count(more, 'more playlist')}."

    @property
    def _so(self) -> str:
        return "like this one" if self.asker == "playlist" else f"like “{self.title}”"
