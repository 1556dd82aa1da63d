"""Mixing recommenders: scores brought to one scale per listener, and the weights that rank best."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from segue.factors import kernels
from segue.factors.scored import LEFT_OUT, top

Scores = NDArray[np.float32]

DEPTH = 100  # the head of a list is judged by NDCG@100
OTHERS = 500  # tracks a listener does not have, drawn to judge the whole order by
FINEST = 0.05  # smallest step of a weight


def standardised(scores: Scores, out: Scores | None = None) -> Scores:
    """Every row shifted and scaled to mean 0 and deviation 1; a row of equal scores becomes 0.

    Args:
        scores: (n, m).
        out: (n, m) where the result goes; may be `scores` itself.
    """
    result = np.array(scores, np.float32, order="C") if out is None else out
    if result is not scores and out is not None:
        result[:] = scores
    kernels.standardise(result)
    return result


def mixed(parts: Mapping[str, Scores], weights: Mapping[str, float]) -> Scores:
    """The weighted mean of standardised scores, in the memory of the first part's: (n, n_items).

    The catalogue is gone through as seldom as can be: this is most of the work of a list.
    """
    first, *others = parts
    mix = standardised(parts[first], out=parts[first])
    mix *= np.float32(weights.get(first, 0.0))
    for name in others:
        mix += np.float32(weights.get(name, 0.0)) * standardised(parts[name], out=parts[name])
    return mix


class _Listener(NamedTuple):
    """A held-out listener's scores by all parts: (parts, ...)."""

    best: Scores  # of the parts' best candidates
    wanted: NDArray[np.bool_]  # which of those are to be found
    ideal: float  # the most that DCG@100 can be
    targets: Scores  # of all that is to be found
    others: Scores  # of others drawn at random


class Bench:
    """Held-out listeners' scores by every part, few enough to try many weights on."""

    def __init__(self, names: Sequence[str], whole: float = 0.0, seed: int = 0) -> None:
        """Begin with nobody.

        Args:
            names: of the parts.
            whole: what AUC below the best part's costs, in NDCG@100. NDCG alone leaves all below
                a list's head free, so that weights chosen by it can spoil the order of a small catalogue.
            seed: of the tracks that AUC is taken on.
        """
        self.names, self.whole, self.floor = tuple(names), whole, 0.0
        self._rng = np.random.default_rng(seed)
        self._rows: list[_Listener] = []

    def add(self, scores: Mapping[str, Scores], seen: csr_matrix, targets: csr_matrix) -> None:
        """Take some listeners.

        Args:
            scores: (n, n_items) of each part, standardised.
            seen: (n, n_items), stored entries are not ranked.
            targets: (n, n_items), stored entries are to be found.
        """
        n, width = targets.shape
        owner = np.repeat(np.arange(n), np.diff(seen.indptr))
        wanted = np.zeros((n, width), dtype=bool)
        wanted[np.repeat(np.arange(n), np.diff(targets.indptr)), targets.indices] = True
        # A track that no part ranks high hardly comes among the first DEPTH of any blend of them. Scores
        # of the others are not kept, which is what makes the search over weights quick.
        candidates = np.zeros((n, width), dtype=bool)
        for part in scores.values():
            open_ = part.copy()
            open_[owner, seen.indices] = LEFT_OUT
            ids, _ = top(open_, min(3 * DEPTH, width))
            np.put_along_axis(candidates, np.maximum(ids, 0), ids >= 0, axis=1)
        candidates[owner, seen.indices] = False
        gains = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, DEPTH + 2)))])
        ideal = gains[np.minimum(np.diff(targets.indptr), DEPTH)]
        for row in np.flatnonzero(ideal > 0):
            chosen = np.flatnonzero(candidates[row])
            found = targets.indices[targets.indptr[row] : targets.indptr[row + 1]]
            open_ = ~wanted[row]
            open_[seen.indices[seen.indptr[row] : seen.indptr[row + 1]]] = False
            rest = np.flatnonzero(open_)
            others = self._rng.choice(rest, min(OTHERS, len(rest)), replace=False)
            values = np.stack([scores[name][row] for name in self.names])
            self._rows.append(
                _Listener(
                    values[:, chosen],
                    wanted[row, chosen],
                    float(ideal[row]),
                    values[:, found],
                    values[:, others],
                )
            )

    def ndcg(self, weights: ArrayLike) -> float:
        """Mean NDCG@100 of the weighted sum."""
        mix = np.asarray(weights, dtype=np.float32)
        total = 0.0
        for row in self._rows:
            score = mix @ row.best
            hits = score[row.wanted]
            # The place of a target is the number of candidates that are not below it.
            places = (score[None, :] >= hits[:, None]).sum(axis=1)
            total += float((1 / np.log2(places[places <= DEPTH] + 1)).sum() / row.ideal)
        return total / max(len(self._rows), 1)

    def auc(self, weights: ArrayLike) -> float:
        """Mean share of the others that a target is above, by the weighted sum; a tie counts half."""
        mix = np.asarray(weights, dtype=np.float32)
        total = 0.0
        for row in self._rows:
            # Places from both sides of equal scores, halved below: the middle, so that a tie counts half.
            others, targets = np.sort(mix @ row.others), mix @ row.targets
            below = np.searchsorted(others, targets) + np.searchsorted(others, targets, side="right")
            total += float(below.mean() / (2 * max(len(others), 1)))
        return total / max(len(self._rows), 1)

    def worth(self, weights: ArrayLike) -> float:
        """What is maximised: NDCG@100, less `whole` for every point of AUC below `floor`."""
        short = max(0.0, self.floor - self.auc(weights)) if self.whole else 0.0
        return self.ndcg(weights) - self.whole * short

    def best(self) -> tuple[dict[str, float], float]:
        """The weights found by coordinate search from the best of a few starts, summing to 1, and their NDCG.

        With nobody held out, all parts weigh alike.
        """
        count = len(self.names)
        even = np.full(count, 1 / count)
        if not self._rows:
            return dict(zip(self.names, even.tolist(), strict=True)), float("nan")
        # The best part by itself orders the whole catalogue so well; a blend is to do no worse.
        if self.whole:
            self.floor = max(self.auc(unit) for unit in np.eye(count))
        pairs = [np.eye(count)[list(pair)].mean(axis=0) for pair in itertools.combinations(range(count), 2)]
        starts = [*np.eye(count), *pairs, even]
        reached = [self.worth(start) for start in starts]
        found, weights, step = max(reached), starts[int(np.argmax(reached))], 0.2
        # NDCG changes in steps as tracks change places, so there is no gradient to follow: one weight at
        # a time is moved up and down, by less and less.
        while step >= FINEST:
            better = False
            for at, sign in itertools.product(range(count), (step, -step)):
                moved = weights.copy()
                moved[at] = max(0.0, moved[at] + sign)
                if moved.any() and (value := self.worth(moved)) > found + 1e-6:
                    weights, found, better = moved, value, True
            step = step if better else step / 2
        weights = weights / weights.sum()
        return dict(zip(self.names, weights.round(4).tolist(), strict=True)), self.ndcg(weights)
