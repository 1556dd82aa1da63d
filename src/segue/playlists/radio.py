"""Radio: a stream without end that follows a listener, one track after another.

    radio = Radio(guide, context, config, listening=listening)
    radio.hear(codes, context)            # the history, or the seeds
    pick = radio.next()                   # the track that comes now, and why
    radio.answer(pick.track, skipped=True)

What a listener is to the radio is one small array (the guide's state) and what was played last. Each answer
moves both; nothing is trained. Tracks are numbers: places in `guide.track_ids_`, for the rules too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.factors.quantised import products_of
from segue.factors.selecting import best_of
from segue.playlists.kernels import deviation
from segue.playlists.radio_config import RadioConfig
from segue.playlists.rules import Context, Listening, RulesConfig
from segue.playlists.rules.filters import ALWAYS, HEARD, Asked
from segue.playlists.taste_turns import TasteTurns
from segue.sequences.vectors import unit

if TYPE_CHECKING:
    from segue.sequences.documents import Context as PlayContext
    from segue.sequences.guide import Guide


APART = 3  # reasons after which a track is named again, where there are others


class Pick(NamedTuple):
    """The track that comes now."""

    track: int
    score: float
    near: int  # the other played track it is nearest to, of those not named just before; -1 for none
    own: bool  # whether the listener chose that one: played it before, or named it
    after: bool  # whether it is the track played just before
    away: int  # the track just skipped, from which it keeps away; -1 if the last one was not skipped
    taste: int  # the taste whose turn it is; -1 where no tastes are told
    first: bool  # whether nothing was played before it


class Radio:
    """One listener's stream.

    Args:
        guide: what scores the next track: a `SequenceBlend`, or a `NeighbourGuide`.
        context: the catalogue, in the order of `guide.track_ids_`.
        config: the settings.
        listening: what is known of the listener: bans, what was heard.
        recommendable: (n_tracks,) what may come; everything if it is left out.
        day: on which it plays, which says what is in season; today if it is left out.

    Attributes:
        state: (1, size) the guide's state.
        away: (d,) decaying sum of the directions of skipped tracks.
        vectors: (n_tracks, d) directions of the tracks, by which nearness is told.
    """

    def __init__(
        self,
        guide: Guide,
        context: Context,
        config: RadioConfig | None = None,
        *,
        listening: Listening | None = None,
        recommendable: NDArray[np.bool_] | None = None,
        day: date | None = None,
    ) -> None:
        self.config = config or RadioConfig()
        self._guide, self._catalogue = guide, context
        self._day = day or datetime.now(UTC).date()
        self.vectors = guide.directions
        self.state = guide.start()
        self.away = np.zeros(self.vectors.shape[1], np.float32)
        self.played: list[int] = []  # not skipped, the latest last
        self.skipped: list[int] = []
        self._chosen: list[int] = []  # played by the listener's own choice
        self._turns: TasteTurns | None = None
        self._streams: list[_Stream] = []  # one for each taste, where the radio follows them
        self._belongs: NDArray[np.bool_] | None = None  # which tracks may come in whose turn
        self._asked: Pick | None = None  # what comes now
        self._skipping = False  # whether what came last was skipped
        self._reasons: list[int] = []  # the last tracks that were given as reasons
        self._own: set[int] = set()  # what the listener chose
        self._artists: list[NDArray[np.int32]] = []  # of the last tracks that came
        listening = listening or Listening()
        self._allowed = self._lasting(listening)
        # Before the radio began, in any version.
        self._heard = np.isin(context.work, context.work[listening.heard])
        self._count, self._new = 0, 0  # tracks that came, and those of them not heard before
        if recommendable is not None:
            self._allowed &= recommendable

    def hear(self, tracks: NDArray[np.int32], context: PlayContext | None = None) -> None:
        """Begin with plays of the past, oldest first; they may come again, unlike what the radio plays.

        Args:
            tracks: (n,) numbers, -1 for those the guide does not know.
            context: of these plays, each field (n,).
        """
        for place in np.flatnonzero(tracks >= 0)[-self.config.recent :]:
            here = None if context is None else context.take(np.array([place]))
            skipped = here is not None and bool(here.skipped[0] == 1)
            self._follow(int(tracks[place]), skipped, here)
            # A skip tells where to keep away from; tastes are made of what was chosen.
            self._chosen += [] if skipped else [int(tracks[place])]
        self._own.update(self._chosen)
        self._turns, self._streams = None, []

    def follow_tastes(
        self,
        tastes: Sequence[NDArray[np.int32]],
        shares: NDArray[np.floating],
        belongs: NDArray[np.bool_] | None = None,
        own: NDArray[np.int32] | None = None,
    ) -> None:
        """Take turns between a listener's tastes, each by its share of the plays, instead of the last plays.

        Each taste is a stream of its own: what comes in its turn follows what was played of it, and not the
        last track of another's turn.

        Args:
            tastes: numbers of each one's tracks, each (n,) with n >= 1, the most typical first.
            shares: (n_tastes,) above 0.
            belongs: (n_tastes, n_tracks) what may come in the turn of each, while there is some of it.
            own: (n_tracks,) of which taste what was played before is, -1 for none; the nearest if left out.
        """
        if not len(tastes) or not self.config.taste_weight:
            return
        # The most typical track is told last, as if it had just been played.
        told = [np.array(tracks[: self.config.recent][::-1], np.int32) for tracks in tastes]
        self._own.update(*(tracks.tolist() for tracks in told))
        self._turns, self._belongs = TasteTurns(told, shares, self._suits, self.config.stay), belongs
        if own is None:
            centres = unit(np.stack([self.vectors[tracks].mean(axis=0) for tracks in tastes]))
            own = (self.vectors @ centres.T).argmax(axis=1).astype(np.int32)
        self._streams = []
        for taste, typical in enumerate(told):
            lately = [track for track in self.played if own[track] == taste]
            stream = _Stream([], self._guide.start())
            for track in [*typical.tolist(), *lately][-self.config.recent :]:
                stream = stream.after(self._guide, track)
            self._streams.append(stream)

    @property
    def work(self) -> NDArray[np.int32]:
        """(n_tracks,) numbers of works: versions of a song share theirs."""
        return self._catalogue.work

    def seed(self, tracks: NDArray[np.int32]) -> None:
        """Begin with tracks that somebody named: the radio does not play them itself."""
        self.hear(tracks)
        for track in tracks[tracks >= 0].tolist():
            self._record(track)

    def next(self) -> Pick | None:
        """The track that comes now; None when the catalogue has none left. Asking twice gives the same."""
        offered = self.choices(1)
        return self.take(*offered[0]) if offered else None

    def choices(self, most: int) -> list[tuple[int, float]]:
        """What may come now and its score, the best first; as many as suit equally well by the rules.

        Of the taste whose turn it is, whose artists have not come for a while; new to the listener, where too
        few of those that came were. What can't be had gives way: first that it is new, then the taste, then
        the artists.
        """
        for among in self._groups():
            if not len(among):
                continue
            scores = self._scores(among)
            theirs = self._pushed(scores, self._skips(scores), among)
            best = best_of(theirs, np.isfinite(theirs), most)
            if len(best):
                best = best[np.lexsort((best, -theirs[best]))]
                return list(zip(among[best].tolist(), theirs[best].tolist(), strict=True))
        return []

    def take(self, track: int, score: float) -> Pick:
        """One of the choices as the track that comes now, with its reason."""
        self._asked = self._reasoned(track, score)
        return self._asked

    def scores(self) -> NDArray[np.float32]:
        """How much each track suits now, (n_tracks,); -inf for those that may not come."""
        every, scores = np.flatnonzero(self._allowed).astype(np.int32), self._scores(None)
        found = np.full(len(scores), -np.inf, np.float32)
        found[every] = self._pushed(scores, self._skips(scores), every)
        return found

    def _scores(self, among: NDArray[np.int32] | None) -> NDArray[np.float32]:
        """Scores (n_tracks,) before skips push some away; exact for those `among` which is chosen."""
        played, state = self._stream()
        codes = np.array(played[-self.config.recent :], np.int32)
        scores = self._guide.scores_after(codes, state[0], among=among)
        if (turns := self._taste_turns()) is not None:
            scores = (1 - self.config.taste_weight) * scores + self.config.taste_weight * turns.scores
        return np.ascontiguousarray(scores, np.float32)

    def _skips(self, scores: NDArray[np.float32]) -> _Skips | None:
        """How what was skipped pushes away; None where nothing was."""
        if not self.away.any():
            return None
        usual, turns = 0.0, self._taste_turns()
        if self._streams and turns is not None:  # the turns say how often it comes
            usual = float((self.vectors[turns.chosen[turns.turn]] @ self.away).mean())
        # Guides score on scales of their own; measured in deviations, a push means the same for each.
        spread = max(float(deviation(scores, self._allowed)), 1e-6)
        return _Skips(np.float32(usual), np.float32(self.config.skip_push * spread))

    def _pushed(
        self, scores: NDArray[np.float32], skips: _Skips | None, tracks: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """The scores of `tracks`, less for those that are like what was skipped."""
        if skips is None:
            return scores[tracks]
        near = np.zeros(len(tracks), np.float32)
        products_of(self.vectors, tracks, self.away, near)
        # What is unlike the skipped gains nothing.
        return scores[tracks] - skips.push * np.maximum(near - skips.usual, 0)

    def answer(self, track: int, *, skipped: bool) -> None:
        """The listener has played a track, or skipped it."""
        self._follow(track, skipped)
        self._record(track)
        self._count += 1
        self._new += not self._heard[track]
        self._skipping = skipped
        if self._asked is not None and self._asked.track == track:
            self._reasons = [*self._reasons, self._asked.near][-APART:]
        turns = self._taste_turns()
        if turns is not None:
            if self._streams and not skipped:
                self._streams[turns.turn] = self._streams[turns.turn].after(self._guide, track)
            turns.record(skipped=skipped)

    def _taste_turns(self) -> TasteTurns | None:
        """The listener's tastes, or else what they chose last; None where they chose nothing."""
        if self._turns is None and self._chosen and self.config.taste_weight > 0:
            recent = np.array(self._chosen[-self.config.recent :], np.int32)
            self._turns = TasteTurns.from_tracks(recent, self.vectors, self._suits, self.config.stay)
        return self._turns

    def _stream(self) -> _Stream:
        """What was played, and the guide's state: of the taste whose turn it is, else altogether."""
        if not self._streams or self._turns is None:
            return _Stream(self.played, self.state)
        return self._streams[self._turns.turn]

    def _suits(self, tracks: NDArray[np.int32]) -> NDArray[np.float32]:
        """Scores of what goes with some tracks altogether, (n_tracks,)."""
        return self._guide.scores(tracks, np.array([len(tracks)]), "soon")[0]

    def _follow(self, track: int, skipped: bool, context: PlayContext | None = None) -> None:
        """Move what is remembered. Skips have one memory, here: the guide is told of plays alone."""
        self.away *= self.config.skip_memory
        if skipped:
            self.away += self.vectors[track]
            self.skipped.append(track)
        else:
            self.state = self._guide.play(self.state, track, context)
            self.played.append(track)

    def _record(self, track: int) -> None:
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

    def _groups(self) -> Iterator[NDArray[np.int32]]:
        """Tracks of which the best may come now: each group where there are none of those before it."""
        here = self._allowed
        in_turn = self._belongs is not None and bool(self._streams) and self._turns is not None
        if in_turn and self._belongs is not None and self._turns is not None:
            here = here & self._belongs[self._turns.turn]
        suited = self._spaced(here)
        if self._new < self.config.new * (self._count + 1):
            yield suited[~self._heard[suited]]
        yield suited
        if in_turn:
            yield self._spaced(self._allowed)
        yield np.flatnonzero(self._allowed).astype(np.int32)

    def _spaced(self, which: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Those tracks whose artists have not come for a while."""
        tracks = np.flatnonzero(which).astype(np.int32)
        recent = np.zeros(max(1, self._catalogue.n_artists), bool)
        for artists in self._artists[-self.config.artist_gap :] if self.config.artist_gap else ():
            recent[artists] = True
        return tracks[~self._catalogue.any_artist(tracks, recent)]

    def _reasoned(self, track: int, score: float) -> Pick:
        played, taste = self.played, -1
        if self._streams and self._turns is not None:
            taste = self._turns.turn
            played = self._streams[taste].played + self._turns.chosen[taste].tolist()
        work = self.work
        near = self._near(track, [one for one in played[-self.config.recent :] if work[one] != work[track]])
        away = self.skipped[-1] if self._skipping else -1
        after = bool(self.played) and near == self.played[-1]
        return Pick(track, score, near, near in self._own, after, away, taste, not played)

    def _near(self, track: int, heard: list[int]) -> int:
        """The nearest of `heard` that was not named just before; no one is named three times running."""
        order = [
            heard[place] for place in np.argsort(-(self.vectors[heard] @ self.vectors[track]), kind="stable")
        ]
        fresh = [one for one in order if one not in self._reasons]
        if fresh or not order:
            return fresh[0] if fresh else -1
        return order[0] if self._reasons[-2:] != [order[0]] * 2 else -1


class _Skips(NamedTuple):
    """How what was skipped pushes away."""

    usual: np.float32  # nearness to it that counts for nothing
    push: np.float32  # off a score, for a nearness of 1 beyond that


class _Stream(NamedTuple):
    """What was played of something, the latest last, and the guide's state after it."""

    played: list[int]
    state: NDArray[np.float32]  # (1, size)

    def after(self, guide: Guide, track: int) -> _Stream:
        """The same, one play later."""
        return _Stream([*self.played, track], guide.play(self.state, track))
