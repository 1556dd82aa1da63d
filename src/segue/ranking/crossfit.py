"""Whether a second stage is worth having: lists ranked by what learned from other owners' lists alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.progress import progress
from segue.ranking.config import RankerConfig
from segue.ranking.lists import Lists
from segue.ranking.ranker import Ranker


class Worth(NamedTuple):
    """NDCG of lists before and after ranking, a mean over owners, and the gain's 95% interval."""

    before: float
    after: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """Whether the gain's whole interval is above zero."""
        return self.low > 0


def cross_fitted(lists: Lists, config: RankerConfig, *, seed: int = 0) -> NDArray[np.float32] | None:
    """Scores `(n_candidates,)`, each fold's by a ranker that learned from the other folds.

    Folds are of owners. None if there are fewer owners than folds, or a fold leaves nothing to learn from.
    """
    owners = np.unique(lists.owners)
    if len(owners) < config.folds:
        return None
    fold_of_owner = np.random.default_rng(seed).permutation(len(owners)) % config.folds
    fold = fold_of_owner[np.searchsorted(owners, lists.owners)]
    lengths = np.diff(lists.offsets)
    scores = np.zeros(len(lists.wanted), np.float32)
    with progress("Ranking", config.folds, unit="folds") as advance:
        for number in range(config.folds):
            others = lists.select(fold != number)
            if not (others.wanted > 0).any():
                return None
            rows = np.repeat(fold == number, lengths)
            ranker = Ranker(config).fit(others, seed=seed)
            scores[rows] = ranker.scores(lists.features[rows], lists.before[rows])
            advance(1)
    return scores


def worth(lists: Lists, scores: NDArray[np.float32], depth: int) -> Worth:
    """What the order of `scores` is worth against the order before; owners are the units of the interval."""
    _, owner = np.unique(lists.owners, return_inverse=True)
    number = np.bincount(owner)
    before, after = (np.bincount(owner, lists.ndcg(each, depth)) / number for each in (lists.before, scores))
    gain = after - before
    # Of one owner the spread is not known: an interval that wide is never above zero.
    half = 1.96 * gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else 1.0
    return Worth(
        float(before.mean()), float(after.mean()), float(gain.mean() - half), float(gain.mean() + half)
    )
