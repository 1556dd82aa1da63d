"""Candidates for a listener's list: from each taste, from the model as a whole, from late favourites.

Whoever proposes a track, its score is the listener's own (`FactorModel.candidates`), and it belongs to the
taste it is nearest to, if it is as near as what is played of that taste (`belonging.py`). Each taste is to
have its part of the list; a part may be kept for good tracks that belong to none. And of each part most is to
be by artists whom the listener never played: the songs nearest to a favourite are mostly by the same artist,
and everybody knows how to find those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.factors.blend import Blend
from segue.factors.model import FactorModel
from segue.factors.scored import LEFT_OUT, batches, rows_of
from segue.factors.selecting import over
from segue.factors.standard import Scores, Whole
from segue.playlists.belonging import ListenerTastes
from segue.playlists.nearest import Around, Nearest
from segue.playlists.rules import Candidates, Context, Listening
from segue.playlists.rules.context import Bools, Floats, Ints
from segue.playlists.weekly_config import CandidatesConfig
from segue.progress import portion

# How many candidates, in lists' lengths: rules and caps take most of the top.
WHOLE, TASTES = 8, 4
REACH = 5  # tracks near a taste among which the listener's own score chooses
FEWEST = 20  # of a taste, however light
FAVOURITES = 5  # tracks played much lately, of which neighbours are proposed
LONE = 12  # songs of no taste whose neighbours are looked at, the most played
LATELY_DAYS = 30.0  # a play so old counts half among late favourites
TOGETHER = 16  # listeners whose tastes are laid beside all tracks at once: one product instead of many
BY_TASTE, BY_NEIGHBOURS, BY_MODEL, BY_EARLIER = 0, 1, 2, 3
NAMES = ("taste", "neighbours", "factors", "factors")  # as `PlaylistEntry.chosen_by`


class Proposed(NamedTuple):
    """Candidates, and who proposed each."""

    candidates: Candidates
    found_by: NDArray[np.int8]  # (c,) `BY_TASTE`, ...


class Proposer:
    """Proposes candidates to listeners, some at a time.

    Args:
        model: whose scores rank.
        nearest: what is near to single tracks, and which taste a track belongs to.
        context: the catalogue, for artists.
        allowed: (n_tracks,) tracks that may come at all.
        config: how long a list is, and which parts it has.
    """

    def __init__(
        self,
        model: FactorModel,
        nearest: Nearest,
        context: Context,
        allowed: Bools,
        config: CandidatesConfig,
    ) -> None:
        self.blend: Blend = model.blend_
        self.nearest, self.belonging, self.context = nearest, nearest.belonging, context
        self.allowed, self.config = allowed, config
        self.tracks = config.tracks

    def propose(
        self, rows: csr_matrix, listenings: Sequence[Listening], tastes: Sequence[ListenerTastes]
    ) -> list[Proposed]:
        """The candidates of each listener; nothing they have heard among them.

        Tracks of earlier weeks are added with their scores, for they come again where too little is left.

        Args:
            rows: (n, n_tracks) of `FactorModel.observe`.
            listenings, tastes: (n,) of the same listeners; a taste says how near its tracks are
                (`Belonging.told`).
        """
        favourites = [_favourites(listening) for listening in listenings]
        lone = [self._lone(listening, its) for listening, its in zip(listenings, tastes, strict=True)]
        # All at once: every call goes through the whole catalogue.
        asked = [np.empty(0, np.int32), *favourites, *(leading for leading, _ in lone)]
        self.nearest.neighbours(np.unique(np.concatenate(asked)))
        result = []
        for part in batches(rows.shape[0], rows.shape[1]):
            with portion((part.stop - part.start) / rows.shape[0]):
                scores = self._scores(rows_of(rows, part))
            around = self._around(tastes[part])
            for at, row, its in zip(range(part.start, part.stop), scores, around, strict=True):
                near = self.nearest.neighbours(favourites[at]).ravel()
                result.append(self._propose(row, listenings[at], tastes[at], its, near, lone[at]))
        return result

    def _around(self, tastes: Sequence[ListenerTastes]) -> Iterator[list[Around]]:
        """What is near enough to each of the tastes of each listener; some listeners at a time."""
        for start in range(0, len(tastes), TOGETHER):
            some = tastes[start : start + TOGETHER]
            found = iter(self._dense([each for each in some if each.seeds is None]))
            for each in some:
                if each.seeds is not None:
                    yield self.nearest.around(each.seeds.tolist())
                else:
                    yield next(found)

    def _dense(self, some: Sequence[ListenerTastes]) -> Iterator[list[Around]]:
        """The same where tastes are of several tracks: their middles laid beside all tracks."""
        if not some:
            return
        centres = np.concatenate([each.centres for each in some])
        alike = iter(self.belonging.likeness(ListenerTastes(centres, np.empty(0, np.float32))))
        for each in some:
            yield [over(next(alike), float(least)) for least in self.belonging.least(each)]

    def _scores(self, rows: csr_matrix) -> list[Scores]:
        if rows.shape[0] == 1:
            return [self.blend.scored(rows)]
        return [Whole(row) for row in self.blend.scores(rows)]

    def scores(self, row: csr_matrix) -> Floats:
        """(n_tracks,) every score of one listener."""
        return self.blend.scores(row)[0]

    def _propose(
        self,
        scores: Scores,
        listening: Listening,
        tastes: ListenerTastes,
        around: Sequence[Around],
        near: Ints,
        lone: tuple[Ints, float],
    ) -> Proposed:
        """The candidates of one listener.

        Args:
            scores: theirs.
            listening, tastes: theirs.
            around: (k,) what is near enough to each of the tastes, at least.
            near: neighbours of late favourites, -1 for none.
            lone: songs of theirs that are of no taste, and the share of the plays that these are.
        """
        open_ = self.allowed.copy()
        open_[listening.heard] = False
        open_[listening.earlier] = False
        played = self._artists_played(listening)
        found, sizes = list[Ints](), list[int]()
        least = self.belonging.least(tastes)
        for (places, likeness), near_enough, share in zip(around, least, tastes.shares, strict=True):
            wanted = max(FEWEST, round(TASTES * self.tracks * float(share)))
            here = np.flatnonzero(open_[places] & (likeness >= near_enough))
            of_known = self.context.any_artist(places[here], played)
            # Of both kinds as many: each has a share of the list of its own in the end (`_parted`).
            for mine in (here[of_known], here[~of_known]):
                found.append(places[mine[_largest(likeness[mine], REACH * wanted)]])
                sizes.append(wanted)
        by_taste = self._best_of_each(scores, found, sizes)
        near = near[near >= 0]
        leading, lone_share = lone
        near_lone = self._near_lone(leading, tastes, open_)
        parts = [
            by_taste,
            np.concatenate([near[open_[near]], near_lone]),
            scores.best(open_, WHOLE * self.tracks),
            self._again(listening),
        ]
        every = np.concatenate(parts).astype(np.int32)
        kinds = np.repeat(np.arange(4, dtype=np.int8), [len(part) for part in parts])
        # The first place of each: a track that several propose is told to be the taste's before the
        # neighbours', and theirs before the model's.
        tracks, first = np.unique(every, return_index=True)
        theirs = scores.of(tracks)
        good = theirs > LEFT_OUT
        tracks, first, theirs = tracks[good], first[good], theirs[good]
        sources, shares = self._belonging(tracks, theirs, tastes)
        if shares is None:
            return Proposed(Candidates(tracks, theirs, sources, None), kinds[first])
        if lone_share:
            sources[np.isin(tracks, near_lone) & (sources == len(tastes.shares))] = len(shares)
            lone_share = min(lone_share, float((sources == len(shares)).sum()) / self.tracks)
            shares = np.append(shares * (1 - lone_share), lone_share).astype(np.float32)
        known = self.context.any_artist(tracks, played)
        sources, shares = self._parted(sources, shares, known, theirs)
        return Proposed(Candidates(tracks, theirs, sources, shares, parts=2), kinds[first])

    def _best_of_each(self, scores: Scores, groups: Sequence[Ints], sizes: Sequence[int]) -> Ints:
        """The best tracks of each group, as many as `sizes` says."""
        every = np.concatenate([np.empty(0, np.int32), *groups])
        theirs, found, start = scores.of(every), [every[:0]], 0
        for group, size in zip(groups, sizes, strict=True):
            found.append(group[_largest(theirs[start : start + len(group)], size)])
            start += len(group)
        return np.concatenate(found)

    def _lone(self, listening: Listening, tastes: ListenerTastes) -> tuple[Ints, float]:
        """The songs that are of no taste and were played most, and the share of the plays that all such are.

        Two songs are no taste, nor is what is too little of the listening; but where they make up a place of
        the list they are to lead to one.
        """
        played = listening.plays > 0
        heard, plays = listening.heard[played], listening.plays[played]
        nothing = np.empty(0, np.int32), 0.0
        if not len(tastes.shares) or not len(heard):
            return nothing
        alone = self.belonging.played_for(tastes, heard) < 0
        share = float(plays[alone].sum() / plays.sum())
        if round(share * self.tracks) < 1:
            return nothing
        return heard[alone][np.argsort(-plays[alone], kind="stable")[:LONE]], share

    def _near_lone(self, leading: Ints, tastes: ListenerTastes, open_: Bools) -> Ints:
        """What is near to such songs, and of no taste either."""
        if not len(leading):
            return leading
        near, vectors = self.nearest.neighbours(leading), self.belonging.space.vectors
        alike = np.einsum("nkd,nd->nk", vectors[near], vectors[leading])
        good = near[(near >= 0) & (alike >= self.belonging.space.resolution)]
        good = np.unique(good[open_[good]])
        return good[self.belonging.of(tastes, good) < 0].astype(np.int32)

    def _again(self, listening: Listening) -> Ints:
        earlier = listening.earlier[self.allowed[listening.earlier]]
        return earlier[~np.isin(earlier, listening.heard)] if len(earlier) else earlier

    def _belonging(self, tracks: Ints, scores: Floats, tastes: ListenerTastes) -> tuple[Ints, Floats | None]:
        """The taste each of `tracks` belongs to, and the share of each and of what belongs to none.

        That share is no more than there are tracks better than the listener's average, a score of 0.
        """
        k = len(tastes.shares)
        if not k:
            return np.full(len(tracks), -1, np.int32), None
        sources = self.belonging.of(tastes, tracks)
        sources[sources < 0] = k
        good = int(((sources == k) & (scores > 0)).sum())
        beyond = min(self.config.beyond, good / self.tracks)
        return sources, np.append(tastes.shares * (1 - beyond), beyond).astype(np.float32)

    def _artists_played(self, listening: Listening) -> Bools:
        """(n_artists,) which artists are credited on what the listener has played."""
        played = np.zeros(max(1, self.context.n_artists), bool)
        for track in listening.heard[listening.plays > 0].tolist():
            played[self.context.credited(track)] = True
        return played

    def _parted(self, sources: Ints, shares: Floats, known: Bools, scores: Floats) -> tuple[Ints, Floats]:
        """Each taste in two: tracks by artists the listener has played, and by others.

        The others have no more places than there are such tracks better than the listener's average, a score
        of 0: who has played all artists of their kind is not sent to another.
        """
        good = np.bincount(sources[~known & (scores > 0)], minlength=len(shares))
        places = np.maximum(shares * self.tracks, 1e-9)
        others = np.minimum(self.config.new_artists, good / places)
        parted = np.stack([shares * (1 - others), shares * others], axis=1).ravel()
        return (2 * sources + ~known).astype(np.int32), parted.astype(np.float32)


def _favourites(listening: Listening) -> Ints:
    """What was played much lately: log2(1 + plays), halved every `LATELY_DAYS`."""
    days = np.maximum(np.nan_to_num(listening.days_ago, nan=0.0), 0)
    lately = np.log2(1 + listening.plays) * 0.5 ** (days / LATELY_DAYS)
    best = np.argsort(-lately, kind="stable")[:FAVOURITES]
    return listening.heard[best[lately[best] > 0]]


def _largest(values: Floats, n: int) -> Ints:
    """Places of the n largest of `values`, in no order."""
    if n >= len(values):
        return np.arange(len(values), dtype=np.int32)
    return np.argpartition(values, len(values) - n)[len(values) - n :].astype(np.int32)
