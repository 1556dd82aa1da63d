"""How sure a difference is: bootstrap intervals over listeners, paired."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS_AT_ONCE = 256


class Interval(NamedTuple):
    """A mean with its interval; `decided` if the interval leaves zero out."""

    mean: float
    low: float
    high: float

    @property
    def decided(self) -> bool:
        """Whether the whole interval is on one side of zero."""
        return self.low > 0 or self.high < 0


def mean_interval(
    values: ArrayLike,
    clusters: ArrayLike | None = None,
    *,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap interval of a mean (Efron and Tibshirani 1993, chapter 13).

    Args:
        values: (n,), for a paired comparison the differences; NaN is left out.
        clusters: (n,) labels of what is drawn as a whole. The same listener tested under several seeds is one
            cluster: its differences are not independent. None takes each value for its own.
        level: coverage of the interval.
        draws: bootstrap samples.
        seed: of the draws.

    Raises:
        ValueError: nothing to average.
    """
    x = np.asarray(values, dtype=np.float64)
    known = ~np.isnan(x)
    if not known.any():
        raise ValueError("There is no value to average")
    labels = np.arange(len(x)) if clusters is None else np.asarray(clusters)
    one = np.ones(int(known.sum()))
    return ratio_interval(x[known], one, labels[known], level=level, draws=draws, seed=seed)


def ratio_interval(
    numerator: ArrayLike,
    denominator: ArrayLike,
    clusters: ArrayLike,
    *,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap interval of sum(numerator) / sum(denominator), clusters drawn as a whole.

    Args:
        numerator, denominator: (n,).
        clusters: (n,) labels of what is drawn as a whole.
        level, draws, seed: as in `mean_interval`.

    Raises:
        ValueError: the denominator sums to nothing.
    """
    above, below = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    if not below.sum() > 0:
        raise ValueError("There is nothing to divide by")
    _, cluster = np.unique(np.asarray(clusters), return_inverse=True)
    totals = np.bincount(cluster, weights=above).astype(np.float64)
    sizes = np.bincount(cluster, weights=below).astype(np.float64)
    # A sample may hold nothing that counts when few events do; it says nothing of the ratio.
    means = _bootstrap(totals, sizes, draws, np.random.default_rng(seed))
    low, high = np.nanquantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(totals.sum() / sizes.sum()), float(low), float(high))


def _bootstrap(
    totals: NDArray[np.float64], sizes: NDArray[np.float64], draws: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    n = len(totals)
    # Sums of clusters are drawn, not rows: a sample costs one number for each cluster, however many rows it
    # has.
    means = np.empty(draws)
    for start in range(0, draws, DRAWS_AT_ONCE):
        count = min(DRAWS_AT_ONCE, draws - start)
        picked = rng.integers(n, size=(count, n))
        with np.errstate(invalid="ignore", divide="ignore"):
            means[start : start + count] = totals[picked].sum(axis=1) / sizes[picked].sum(axis=1)
    return means
