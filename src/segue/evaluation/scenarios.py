"""Continuing playlists of which little is known: the scenarios of the RecSys Challenge 2018.

A held-out playlist is asked for from its title, its first tracks, or both (Chen et al. 2018); all that
follows is to be found. Unlike there, every scenario is tried on all the held-out playlists that are long
enough for it, and the tracks given are always the first ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.evaluation.histories import Histories
from segue.evaluation.protocols import accuracy
from segue.evaluation.splits import Fold

LEAST_TO_FIND = 5  # tracks that are left of a playlist that is tested
METRICS = ("ndcg@100", "r_precision", "recall@50")
DEPTH = 200  # of lists


class Scenario(NamedTuple):
    """What is known of a playlist."""

    tracks: int  # the first so many
    title: bool

    @property
    def name(self) -> str:
        """ "title, 5 tracks"."""
        told = [f"{self.tracks} {'track' if self.tracks == 1 else 'tracks'}"] if self.tracks else []
        return ", ".join([*(["title"] if self.title else []), *told])


SCENARIOS = tuple(
    Scenario(tracks, title) for tracks in (0, 1, 5, 10, 25, 100) for title in (True, False) if tracks or title
)


class Continuation(Protocol):
    """What is compared."""

    def fit(
        self, train: Histories, titles: Sequence[str | None], artists: Sequence[str | None]
    ) -> Continuation:
        """Learn from playlists, their titles (n_playlists,), and the artist of each track (n_tracks,)."""
        ...

    def recommend(
        self, given: Histories, titles: Sequence[str | None], n: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The n best tracks that each playlist does not have yet, and scores, (n_playlists, n)."""
        ...


class Asked(NamedTuple):
    """One scenario's questions."""

    given: Histories
    titles: list[str | None]
    targets: csr_matrix  # (n, n_tracks), stored entries are to be found
    tested: NDArray[np.int64]  # (n,) rows of the histories that were split


def asked(
    histories: Histories, fold: Fold, titles: Mapping[str, str], scenario: Scenario, most: int | None = None
) -> Asked:
    """What a scenario gives of the playlists that `fold` holds out.

    Args:
        histories: that were split, with ids.
        fold: whose `tested` playlists are asked for, whole.
        titles: by playlist's id.
        scenario: what is given.
        most: playlists at most, the first; None for all.
    """
    rows = fold.tested[histories.sizes[fold.tested] >= scenario.tracks + LEAST_TO_FIND]
    if scenario.title and histories.listener_ids is not None:
        rows = rows[[histories.listener_ids[row] in titles for row in rows.tolist()]]
    rows = rows[:most]
    whole = histories.take(rows)
    place = np.arange(len(whole.items)) - np.repeat(whole.offsets[:-1], whole.sizes)
    given, rest = whole.keep(place < scenario.tracks), whole.keep(place >= scenario.tracks)
    return Asked(given, told(given, titles) if scenario.title else [None] * len(rows), rest.matrix(), rows)


def told(histories: Histories, titles: Mapping[str, str]) -> list[str | None]:
    """(n,) the title of each playlist."""
    return [titles.get(name) for name in histories.listener_ids or [""] * histories.n_listeners]


def measured(model: Continuation, questions: Asked) -> dict[str, NDArray[np.float64]]:
    """`METRICS` of each playlist, (n,), for a model that was fitted."""
    ids, scores = model.recommend(questions.given, questions.titles, DEPTH)
    return accuracy(ids, scores, questions.targets, METRICS)
