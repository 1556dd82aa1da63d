"""Radio: a stream without end that follows a listener, one track after another.

    radio = Radio(blend, context, config, listening=listening)
    radio.hear(codes, context)            # the history, or the seeds
    pick = radio.next()                   # the track that comes now, and why
    radio.answer(pick.track, skipped=True)

What a listener is to the radio is one small array (the taste network's state) and what was played last. Each
answer moves both; nothing is trained. Tracks are numbers: places in `blend.track_ids_`, for the rules too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from segue.playlists.home import Home
from segue.playlists.rules import Context, Listening, RulesConfig
from segue.playlists.rules.filters import ALWAYS, HEARD, Asked
from segue.taste.vectors import best, unit

if TYPE_CHECKING:
    from segue.taste.blend import SequenceBlend
    from segue.taste.documents import Context as PlayContext
    from segue.taste.network import TasteNetwork


class RadioConfig(BaseModel):
    """What a radio plays and how it follows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    medium: Literal["song", "podcast", "audiobook", "artist"] = Field("song", description="what it plays")
    explicit: bool = Field(True, description="whether explicit tracks may come, if a listener has not said")
    familiar: bool = Field(True, description="whether tracks may come that the listener has heard before")
    artist_gap: NonNegativeInt = Field(9, description="tracks before an artist may come again")
    recent: PositiveInt = Field(50, description="plays that the next track is chosen by")
    home: float = Field(
        0.6,
        ge=0,
        le=1,
        description="weight of what the listener chose (seeds, history) against all that came since, the "
        "radio's own choices among it; 0 lets it drift wherever it leads",
    )
    stay: PositiveInt = Field(
        4, description="tracks in a row for one side of what was chosen, before another's turn"
    )
    skip_push: NonNegativeFloat = Field(
        4.0, description="deviations of the scores by which a skip lowers the skipped track itself"
    )
    skip_memory: float = Field(0.9, ge=0, lt=1, description="how much of a skip's push is left a track later")


class Pick(NamedTuple):
    """The track that comes now."""

    track: int
    score: float
    near: int  # the other played track it is nearest to, no one three times running; -1 for none
    after: bool  # whether that is the track played just before
    away: int  # the skipped track that it keeps away from; -1 if none is remembered


class Radio:
    """One listener's stream.

    Args:
        blend: what scores the next track.
        context: the catalogue, in the order of `blend.track_ids_`.
        config: the settings.
        listening: what is known of the listener: bans, what was heard.
        day: on which it plays, which says what is in season; today if it is left out.

    Attributes:
        state: (1, size) the taste network's state.
        away: (d,) decaying sum of the directions of skipped tracks.
        vectors: (n_tracks, d) directions of the tracks, by which nearness is told.
    """

    def __init__(
        self,
        blend: SequenceBlend,
        context: Context,
        config: RadioConfig | None = None,
        *,
        listening: Listening | None = None,
        day: date | None = None,
    ) -> None:
        self.config = config or RadioConfig()
        self._blend, self._catalogue = blend, context
        self._day = day or datetime.now(UTC).date()
        self._network = blend.network_
        vectors = self._network.table().vectors
        self.vectors = unit(vectors - vectors.mean(axis=0))
        self.state = self._network.start()
        self.away = np.zeros(vectors.shape[1], np.float32)
        self.played: list[int] = []  # not skipped, the latest last
        self.skipped: list[int] = []
        self._chosen: list[int] = []  # played by the listener's own choice
        self._home: Home | None = None
        self._streams: list[_Stream] | None = None  # one for each taste, where these are home
        self._asked: Pick | None = None  # what comes now
        self._reasons: list[int] = []  # the last tracks that were given as reasons
        self._artists: list[NDArray[np.int32]] = []  # of the last tracks that came
        self._allowed = self._lasting(listening or Listening())

    def hear(self, tracks: NDArray[np.int32], context: PlayContext | None = None) -> None:
        """Begin with plays of the past, oldest first; they may come again, unlike what the radio plays.

        Args:
            tracks: (n,) numbers, -1 for those the network does not know.
            context: of these plays, each field (n,).
        """
        for place in np.flatnonzero(tracks >= 0)[-self.config.recent :]:
            here = None if context is None else context.take(np.array([place]))
            skipped = here is not None and bool(here.skipped[0] == 1)
            self._follow(int(tracks[place]), skipped, here)
            self._chosen += [] if skipped else [int(tracks[place])]
        if self._chosen and self.config.home > 0:
            recent = np.array(self._chosen[-self.config.recent :], np.int32)
            self._home = Home.of(recent, self.vectors, self._suits, self.config.stay)
            self._streams = None

    def live_in(self, tastes: Sequence[NDArray[np.int32]], shares: NDArray[np.floating]) -> None:
        """Be at home in a listener's tastes, each by its share of the plays, instead of the last plays.

        Each taste is a stream of its own: what comes in its turn follows what was played of it, and not the
        last track of another's turn.

        Args:
            tastes: numbers of each one's tracks, each (n,) with n >= 1, the most typical first.
            shares: (n_tastes,) above 0.
        """
        if not len(tastes) or not self.config.home:
            return
        centres = unit(np.stack([self.vectors[tracks].mean(axis=0) for tracks in tastes]))
        told = [np.array(tracks[: self.config.recent][::-1], np.int32) for tracks in tastes]
        self._home = Home(told, shares, self._suits, self.config.stay)
        nearest = (self.vectors[self.played] @ centres.T).argmax(axis=1) if self.played else []
        self._streams = []
        for taste, typical in enumerate(told):
            lately = [track for track, its in zip(self.played, nearest, strict=True) if its == taste]
            stream = _Stream([], self._network.start())
            for track in [*typical.tolist(), *lately][-self.config.recent :]:
                stream = stream.after(self._network, track)
            self._streams.append(stream)

    def seed(self, tracks: NDArray[np.int32]) -> None:
        """Begin with tracks that somebody named: the radio does not play them itself."""
        self.hear(tracks)
        for track in tracks[tracks >= 0].tolist():
            self._came(track)

    def next(self) -> Pick | None:
        """The track that comes now; None when the catalogue has none left. Asking twice gives the same."""
        scores = self.scores()
        choice = self._best(scores)
        if choice < 0:
            return None
        self._asked = self._reasoned(choice, float(scores[choice]))
        return self._asked

    def scores(self) -> NDArray[np.float32]:
        """How much each track suits now, (n_tracks,); -inf for those that may not come."""
        played, state = self._stream()
        codes = np.array(played[-self.config.recent :], np.int32)
        scores = self._blend.scores_after(codes, state[0])
        if self._home is not None:
            scores = (1 - self.config.home) * scores + self.config.home * self._home.scores
        if self.away.any():
            spread = float(scores[self._allowed].std()) if self._allowed.any() else 0.0
            near = np.maximum(self.vectors @ self.away, 0)  # what is unlike the skipped gains nothing
            scores = scores - self.config.skip_push * max(spread, 1e-6) * near
        return np.where(self._allowed, scores, -np.inf).astype(np.float32)

    def answer(self, track: int, *, skipped: bool) -> None:
        """The listener has played a track, or skipped it."""
        self._follow(track, skipped)
        self._came(track)
        if self._asked is not None and self._asked.track == track:
            self._reasons = [*self._reasons, self._asked.near][-2:]
        if self._streams is not None and self._home is not None and not skipped:
            turn = self._home.turn
            self._streams[turn] = self._streams[turn].after(self._network, track)
        if self._home is not None:
            self._home.came(skipped=skipped)

    def _stream(self) -> _Stream:
        """What was played, and the network's state: of the taste whose turn it is, else altogether."""
        if self._streams is None or self._home is None:
            return _Stream(self.played, self.state)
        return self._streams[self._home.turn]

    def _own(self) -> list[int]:
        """Tracks of the listener's own in the taste whose turn it is, of the most typical the last."""
        return [] if self._home is None else self._home.chosen[self._home.turn].tolist()

    def _suits(self, tracks: NDArray[np.int32]) -> NDArray[np.float32]:
        """Scores of what goes with some tracks altogether, (n_tracks,)."""
        return self._blend.scores(tracks, np.array([len(tracks)]), "soon")[0]

    def _follow(self, track: int, skipped: bool, context: PlayContext | None = None) -> None:
        """Move what is remembered. Skips have one memory, here: the network is told of plays alone."""
        self.away *= self.config.skip_memory
        if skipped:
            self.away += self.vectors[track]
            self.skipped.append(track)
        else:
            self.state = self._network.play(self.state, np.array([track], np.int32), context)
            self.played.append(track)

    def _came(self, track: int) -> None:
        """No version of it comes again, and its artists not soon."""
        self._allowed &= self._catalogue.work != self._catalogue.work[track]
        self._artists = [*self._artists, self._catalogue.credited(track)][-max(self.config.artist_gap, 1) :]

    def _lasting(self, listening: Listening) -> NDArray[np.bool_]:
        n = self._catalogue.n_tracks
        asked = Asked(
            self._catalogue,
            listening,
            RulesConfig(medium=self.config.medium, explicit=self.config.explicit),
            np.arange(n, dtype=np.int32),
            self._day,
            np.zeros(n, np.float32),
        )
        rules = ALWAYS if self.config.familiar else (*ALWAYS, HEARD)
        out = np.zeros(n, bool)
        for rule in rules:
            out |= rule.mask(asked)
        return ~out

    def _best(self, scores: NDArray[np.float32]) -> int:
        """The best track whose artists have not come for a while; if all have, the best of all."""
        recent = np.zeros(max(1, self._catalogue.n_artists), bool)
        for artists in self._artists[-self.config.artist_gap :] if self.config.artist_gap else ():
            recent[artists] = True
        everything = np.arange(len(scores), dtype=np.int32)
        spaced = np.where(self._catalogue.any_artist(everything, recent), -np.inf, scores)
        found = best(spaced.astype(np.float32), 1)
        if not len(found):
            found = best(scores.astype(np.float32), 1)
        return int(found[0]) if len(found) else -1

    def _reasoned(self, track: int, score: float) -> Pick:
        near, away = -1, -1
        heard = self.played if self._streams is None else self._stream().played + self._own()
        heard = [one for one in heard[-self.config.recent :] if one != track]
        if heard:
            alike = self.vectors[heard] @ self.vectors[track]
            order = [heard[place] for place in np.argsort(-alike, kind="stable")]
            told = self._reasons[0] if len(self._reasons) == 2 and len(set(self._reasons)) == 1 else -1
            near = next((one for one in order if one != told), -1)  # a third time says nothing new
        if self.skipped and np.linalg.norm(self.away) > 0.3:
            away = self.skipped[-1]
        return Pick(track, score, near, bool(self.played) and near == self.played[-1], away)


class _Stream(NamedTuple):
    """What was played of something, the latest last, and the network's state after it."""

    played: list[int]
    state: NDArray[np.float32]  # (1, size)

    def after(self, network: TasteNetwork, track: int) -> _Stream:
        """The same, one play later."""
        return _Stream([*self.played, track], network.play(self.state, np.array([track], np.int32), None))
