"""What another way of choosing the next track would have earned, from logs alone.

A log holds events: a moment x, the track a that was played there, the reward r, and the chance mu(a | x)
with which it was chosen. Where a playlist was shuffled, mu is 1 / (tracks left), exactly known: the best logs
there are. A target policy would have chosen a with chance pi(a | x); w = pi / mu is the event's weight. Each
estimate is of V = E[sum_a pi(a | x) E(r | x, a)], the moments x being those of the log:

    replay          sum pi r / sum pi              Li, Chu, Langford and Wang 2011; uniform mu, equal pools
    ips             mean w r                       Horvitz and Thompson 1952; unbiased, wide
    snips           sum w r / sum w                Swaminathan and Joachims 2015
    capped_ips      mean min(w, cap) r             Ionides 2008; biased low, narrow
    direct          mean q(x, pi)                  only as right as the model q of the reward
    doubly_robust   mean q(x, pi) + w (r - q)      Dudik, Langford and Li 2011

with q(x, pi) = sum_a pi(a | x) q(x, a). For the last two, q must not have been fitted on the event it judges:
`folds` cuts sessions into parts, so that each part is judged by a model of the others. Otherwise a policy
learned from q looks better than it is. Intervals are bootstrap intervals over whole sessions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segue.errors import UsageError
from segue.evaluation.intervals import Interval, ratio_interval

Floats = NDArray[np.float64]


class Events(NamedTuple):
    """What was logged, and what the target policy thinks of it; arrays (n,)."""

    reward: Floats
    logged: Floats  # mu: chance with which the log chose the track that was played
    target: Floats  # pi: chance with which the target policy would have chosen it
    session: NDArray[np.integer]  # label; sessions are drawn as a whole

    @property
    def weight(self) -> Floats:
        """w = pi / mu, (n,)."""
        return self.target / self.logged


class Modelled(NamedTuple):
    """What a model of the reward says of the same events; arrays (n,)."""

    chosen: Floats  # q(x, a) of the track that was played
    expected: Floats  # q(x, pi), the mean over the target policy's choice


def events(
    reward: ArrayLike, chosen: ArrayLike, candidates: ArrayLike, target: ArrayLike, session: ArrayLike
) -> Events:
    """Events of shuffled logs.

    Args:
        reward: (n,).
        chosen: (n,) place of the track that was played, among the candidates.
        candidates: (n, m) bool, which tracks the shuffle could have played.
        target: (n, m) chance of each under the target policy; sums to 1.
        session: (n,) labels.

    Raises:
        UsageError: chances that do not sum to 1, or a track played that was no candidate.
    """
    free, chance = np.asarray(candidates, dtype=bool), np.asarray(target, dtype=np.float64)
    place = np.asarray(chosen)[:, None]
    if not np.take_along_axis(free, place, 1).all():
        raise UsageError("A track was played that was no candidate", hint="mark it in `candidates`")
    sums = np.where(free, chance, 0).sum(1)
    if len(sums) and np.abs(sums - 1).max() > 1e-3:
        raise UsageError(
            "The target policy's chances must sum to 1 over the candidates", got=f"{sums.min():.3f}"
        )
    return Events(
        np.asarray(reward, dtype=np.float64),
        # A shuffle plays each of the tracks that are left with the same chance.
        1 / free.sum(1),
        np.take_along_axis(chance, place, 1)[:, 0],
        np.asarray(session),
    )


def modelled(rewards: ArrayLike, chosen: ArrayLike, target: ArrayLike) -> Modelled:
    """What a reward model's predictions (n, m) say of the events and of the target policy (n, m)."""
    q, chance = np.asarray(rewards, dtype=np.float64), np.asarray(target, dtype=np.float64)
    return Modelled(np.take_along_axis(q, np.asarray(chosen)[:, None], 1)[:, 0], (q * chance).sum(1))


def replay(log: Events) -> Interval:
    """Mean reward where policy and log agree. Only for uniform logs with pools of one size."""
    return _ratio(log, log.target * log.reward, log.target)


def ips(log: Events) -> Interval:
    """Inverse propensity scores."""
    return _ratio(log, log.weight * log.reward)


def snips(log: Events) -> Interval:
    """Self-normalised inverse propensity scores."""
    return _ratio(log, log.weight * log.reward, log.weight)


def capped_ips(log: Events, cap: float = 10.0) -> Interval:
    """Inverse propensity scores, no weight above `cap`."""
    return _ratio(log, np.minimum(log.weight, cap) * log.reward)


def direct(log: Events, model: Modelled) -> Interval:
    """What the reward model expects. Its interval knows nothing of the model's own error."""
    return _ratio(log, model.expected)


def doubly_robust(log: Events, model: Modelled) -> Interval:
    """The reward model's expectation, corrected by what it got wrong where the policy agrees with the log."""
    return _ratio(log, model.expected + log.weight * (log.reward - model.chosen))


def estimates(log: Events, model: Modelled | None = None, cap: float = 10.0) -> dict[str, Interval]:
    """All estimates by name; those that need a reward model only if there is one."""
    alone: dict[str, Callable[[Events], Interval]] = {"replay": replay, "ips": ips, "snips": snips}
    found = {name: estimate(log) for name, estimate in alone.items()}
    found["capped_ips"] = capped_ips(log, cap)
    if model is not None:
        found |= {"direct": direct(log, model), "doubly_robust": doubly_robust(log, model)}
    return found


def folds(session: ArrayLike, parts: int = 2, seed: int = 0) -> NDArray[np.int64]:
    """The part (0 to parts - 1) of each event (n,); a session is never cut."""
    _, place = np.unique(np.asarray(session), return_inverse=True)
    return np.random.default_rng(seed).permutation(place.max(initial=-1) + 1)[place] % parts


def _ratio(log: Events, above: Floats, below: Floats | None = None) -> Interval:
    """The ratio of sums, and its interval.

    Raises:
        UsageError: the policy never agrees with the log.
    """
    below = np.ones(len(above)) if below is None else below
    if not below.sum() > 0:
        raise UsageError(
            "The policy never chooses what was played, so the log says nothing of it",
            hint="bring more events, or a policy that explores",
        )
    return ratio_interval(above, below, log.session)
