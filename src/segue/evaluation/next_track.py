"""Next track and continuation: how well a model of sequences follows playlists it has not seen.

Documents are split by sha1(name) mod 10: 0 to 7 train, 8 validation, 9 test. The vocabulary is what is in
`min_count` or more training documents; other songs are taken out of all documents.

* Next track: at positions 5 to 99 (from 0) of each test document, all songs are ranked that were not in it
  before; among equal scores the true song comes last. HR@20 and MRR@20 are means over positions.
* Continuation: the first 80% is given, the rest is the target. NDCG@100, its ideal that of Liang et al.
  (2018), is a mean over documents.

Intervals are bootstrap ones over documents, paired where two systems are compared.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.errors import SegueError
from segue.evaluation.intervals import Interval, mean_interval
from segue.evaluation.metrics import ndcg
from segue.progress import progress
from segue.sequences.documents import Documents
from segue.sequences.neighbourhood import SequenceScorer

FIRST, LAST = 5, 99
GIVEN = 0.8
DEPTH = 100
CUT = 20

METRICS = ("HR@20", "MRR@20", "NDCG@100")


@dataclass(frozen=True, eq=False)
class Parts:
    """The three parts of the documents, in the codes of the training vocabulary."""

    train: Documents
    validation: Documents
    test: Documents


@dataclass(frozen=True, eq=False)
class SequenceResult:
    """What one system did, place by place."""

    ranks: NDArray[np.int64]  # (n_positions,) of the true next song, from 1
    owners: NDArray[np.int64]  # (n_positions,) its document
    ndcg: NDArray[np.float64]  # (n_documents,)

    def values(self, metric: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The values whose mean is `metric`, and the document of each."""
        if metric == "HR@20":
            return (self.ranks <= CUT).astype(np.float64), self.owners
        if metric == "MRR@20":
            return np.where(self.ranks <= CUT, 1.0 / self.ranks, 0.0), self.owners
        if metric == "NDCG@100":
            return self.ndcg, np.arange(len(self.ndcg))
        raise ValueError(f"no metric {metric!r}; there are {', '.join(METRICS)}")

    def mean(self, metric: str, **bootstrap: int) -> Interval:
        """The metric with its interval."""
        return mean_interval(*self.values(metric), **bootstrap)

    def less(self, other: SequenceResult, metric: str, **bootstrap: int) -> Interval:
        """This system's metric less the other's on the same documents, with the paired interval."""
        (mine, owners), (theirs, _) = self.values(metric), other.values(metric)
        return mean_interval(mine - theirs, owners, **bootstrap)


def split_documents(documents: Documents, *, min_count: int = 5) -> Parts:
    """Split by name, and keep to the vocabulary of the training part.

    Raises:
        SegueError: no song is in `min_count` training documents.
    """
    part = np.array([part_of(name) for name in documents.names])
    train = documents.select(part < 8)
    vocabulary = train.vocabulary(min_count=min_count)
    if len(vocabulary) < 2:
        raise SegueError(
            f"Next-track evaluation needs songs in {min_count} or more documents",
            got=f"{len(vocabulary)} such songs",
        )
    validation, test = documents.select(part == 8), documents.select(part == 9)
    return Parts(train.restrict(vocabulary), validation.restrict(vocabulary), test.restrict(vocabulary))


def part_of(name: str) -> int:
    """0 to 9, from the document's name without the archive it is from ("mpd:17" is "17")."""
    return int(hashlib.sha1(name.rpartition(":")[2].encode()).hexdigest(), 16) % 10


def evaluate_sequences(
    scorer: SequenceScorer,
    documents: Documents,
    *,
    most: int | None = None,
    seed: int = 0,
    what: str = "",
    next_track: bool = True,
) -> SequenceResult:
    """Both tasks on all documents that are long enough (6 songs of the vocabulary).

    Args:
        scorer: the fitted system.
        documents: as `Parts.validation` or `Parts.test`.
        most: look at so many documents only, drawn with `seed`.
        seed: of that draw.
        what: the system's name, for the progress bar.
        next_track: whether the next track is asked for, too, which takes most of the time; else no ranks.
    """
    long_enough = np.flatnonzero(documents.lengths > FIRST)
    if most is not None and most < len(long_enough):
        long_enough = np.sort(np.random.default_rng(seed).choice(long_enough, most, replace=False))
    ranks: list[NDArray[np.int64]] = []
    hits = np.zeros((len(long_enough), DEPTH), bool)
    n_targets = np.zeros(len(long_enough), np.int64)
    with progress(f"Evaluating {what}".strip(), len(long_enough), unit="documents") as advance:
        for row, number in enumerate(long_enough):
            codes = documents[number]
            positions = np.arange(FIRST, min(len(codes), LAST + 1) if next_track else FIRST)
            given = int(GIVEN * len(codes))
            lengths = np.append(positions, given)
            scores = np.array(scorer.scores(codes, lengths), np.float32)  # a copy, to be written to
            for at, length in enumerate(lengths):
                scores[at, codes[:length]] = -np.inf
            true = scores[np.arange(len(positions)), codes[positions]]
            ranks.append((scores[:-1] >= true[:, None]).sum(axis=1))
            hits[row], n_targets[row] = _continuation(scores[-1], codes[given:])
            advance(1)
    owners = np.repeat(np.arange(len(ranks)), [len(some) for some in ranks])
    return SequenceResult(np.concatenate(ranks), owners, ndcg(hits, n_targets, DEPTH))


def _continuation(scores: NDArray[np.float32], targets: NDArray[np.int32]) -> tuple[NDArray[np.bool_], int]:
    """Which of the first DEPTH places hold a target, ties against the targets; how many targets there are."""
    wanted = np.zeros(len(scores), bool)
    wanted[targets] = True
    depth = min(DEPTH, len(scores))
    least = np.partition(scores, len(scores) - depth)[len(scores) - depth]
    near = np.flatnonzero(scores >= least)
    order = near[np.lexsort((wanted[near], -scores[near]))][:depth]
    found = np.zeros(DEPTH, bool)
    found[:depth] = wanted[order] & np.isfinite(scores[order])
    return found, int(wanted.sum())
