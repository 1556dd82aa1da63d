"""The familiar share of a listener's lists, learned: a bandit on what was played again within four weeks.

Thompson sampling over a few shares. The reward y of a list is the part of its tracks that was played again
(`outcomes.py`); it comes four weeks late, so that a listener's last lists do not count yet. Listeners differ,
and one has few lists, so what all say of a share is where each begins:

    y = θ_ua + ε,    θ_ua ~ N(m_a, τ²),    ε ~ N(0, σ²),    m_a ~ N(m, v)

with m the mean of all lists, σ² the variance within a listener's lists of one share and τ² what listeners
differ by, both estimated by the method of moments from all lists and held above a floor. Each week θ is drawn
from its posterior for every share, and the share with the largest draw is taken: one that does well comes
often, and one of which little is known still comes. (Thompson 1933; Russo et al. 2018, "A tutorial on
Thompson sampling".)
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

SHARES = (0.0, 0.1, 0.25, 0.5)  # of a list, for favourites
NOISE, APART, BEFORE = 0.05, 0.03, 0.1  # floors of σ and τ; standard deviation of m_a before anything is seen
DRAWS = 4000  # by which the chance of a share is told
NEAR = 1e-4  # shares that are written with fewer digits

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FamiliarShares:
    """What is known of the familiar share, of all listeners together and of each.

    Attributes:
        mean: (n_shares,) m_a, and
        variance: (n_shares,) how far off it may be.
        apart: τ², what listeners differ by.
        noise: σ², what lists of one listener differ by.
        own: for each listener, (n_shares,) sums of rewards and (n_shares,) numbers of lists.
    """

    mean: Floats = field(default_factory=lambda: np.zeros(len(SHARES)))
    variance: Floats = field(default_factory=lambda: np.full(len(SHARES), BEFORE**2))
    apart: float = APART**2
    noise: float = NOISE**2
    own: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)

    @classmethod
    def learn(cls, listeners: NDArray[np.object_], shares: Floats, rewards: Floats) -> FamiliarShares:
        """From lists: (n,) whose they were, the shares that were asked for, and the parts played again.

        Lists of other shares than `SHARES` say nothing here.
        """
        gap = np.abs(shares[:, None] - np.array(SHARES)[None, :])
        known = gap.min(1, initial=np.inf) < NEAR
        arm, rewards, listeners = (
            gap.argmin(1)[known] if len(gap) else gap[:, 0],
            rewards[known],
            listeners[known],
        )
        if not len(rewards):
            return cls()
        names, who = np.unique(listeners.astype(str), return_inverse=True)
        cell = who * len(SHARES) + arm.astype(np.int64)
        size = len(names) * len(SHARES)
        n, total = np.bincount(cell, minlength=size).astype(float), np.bincount(cell, rewards, size)
        mean = np.divide(total, n, out=np.zeros(size), where=n > 0)
        # The spread of lists of one listener and one share, pooled over all; of fewer than ten degrees of
        # freedom the floor is taken.
        left = rewards - mean[cell]
        free = float(np.maximum(n - 1, 0).sum())
        noise = max(NOISE**2, float((left**2).sum()) / free if free >= 10 else NOISE**2)
        means, counts = mean.reshape(-1, len(SHARES)), n.reshape(-1, len(SHARES))
        there = counts > 0
        apart = max(APART**2, _apart(means, counts, noise))
        overall = float(rewards.mean())
        centre, spread = np.full(len(SHARES), overall), np.full(len(SHARES), BEFORE**2)
        for share in range(len(SHARES)):
            on = there[:, share]
            if on.any():
                weight = 1 / (apart + noise / counts[on, share])
                precision = 1 / BEFORE**2 + weight.sum()
                centre[share] = (overall / BEFORE**2 + weight @ means[on, share]) / precision
                spread[share] = 1 / precision
        sums = total.reshape(-1, len(SHARES))
        own = {name: (sums[row], counts[row]) for row, name in enumerate(names.tolist())}
        return cls(centre, spread, apart, noise, own)

    def posterior(self, listener: str) -> tuple[Floats, Floats]:
        """(n_shares,) mean and variance of what the shares are worth to a listener."""
        total, n = self.own.get(listener, (np.zeros(len(SHARES)), np.zeros(len(SHARES))))
        before = self.variance + self.apart
        precision = 1 / before + n / self.noise
        return (self.mean / before + total / self.noise) / precision, 1 / precision

    def drawn(self, listener: str, key: str) -> tuple[float, float]:
        """A share for a listener, and the chance of it; the same for a key, such as the week."""
        digest = hashlib.sha256(f"{key}\x1f{listener}".encode("utf-8", "surrogatepass")).digest()
        rng = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))
        mean, variance = self.posterior(listener)
        # Thompson sampling: the first draw decides, and the others say with what chance it was decided so.
        best = (mean + np.sqrt(variance) * rng.standard_normal((DRAWS, len(SHARES)))).argmax(1)
        return SHARES[best[0]], float((best == best[0]).mean())


def learn_familiar(rows: pa.Table) -> FamiliarShares:
    """What is known of the familiar share by the `outcomes` of lists."""
    rows = rows.filter(rows["familiar"].is_valid())
    lists = rows.group_by(["week", "listener_id"]).aggregate([("again", "mean"), ("familiar", "min")])
    return FamiliarShares.learn(
        lists["listener_id"].to_numpy(), _numbers(lists["familiar_min"]), _numbers(lists["again_mean"])
    )


def _numbers(column: pa.ChunkedArray) -> Floats:
    return column.to_numpy().astype(np.float64)


def _apart(means: Floats, counts: Floats, noise: float) -> float:
    """What listeners' means of one share differ by beyond what chance explains, over all shares."""
    parts, weights = [], []
    for share in range(means.shape[1]):
        on = counts[:, share] > 0
        if on.sum() >= 5:
            parts.append(means[on, share].var(ddof=1) - noise * (1 / counts[on, share]).mean())
            weights.append(on.sum())
    return float(np.average(parts, weights=weights)) if parts else 0.0
