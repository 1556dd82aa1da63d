"""What was served, and what came of it: what other choices would have earned, and which setting is better.

A service keeps every track that a radio or a session played with all that it was chosen from, the chance of
the choice, and how far it was heard. Where chance chose now and then (`[service] explore`), the estimators of
`off_policy` say what other policies would have earned at the same moments. Of two settings that were tried on
listeners drawn by chance, `sequential` says which does better, however often one looks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.evaluation.intervals import Interval, mean_interval
from segue.evaluation.off_policy import Events, Modelled, doubly_robust, folds, snips
from segue.evaluation.sequential import always_valid

Floats = NDArray[np.float64]
WHOLE = 3  # the stage that is rewarded


class Choice(NamedTuple):
    """A track that was served and answered."""

    session: str
    listener: str
    arm: str  # of a trial, "NAME/a" or "NAME/b"; empty for none
    model: str
    tracks: Sequence[str]  # what it was chosen from, m of them, the best first
    scores: Floats  # (m,) by which they stood in that order
    expected: Floats | None  # (m,) reward that a user model expected of each at once
    chosen: int  # place in the pool
    chance: float
    stage: int  # how far it was heard: `library.stages`


Policy = Callable[[Choice], Floats]  # chance (m,) of each track of the pool


def best(choice: Choice) -> Floats:
    """Always the best by the scores, as served without chance."""
    return _all_on(0, len(choice.tracks))


def greedy(choice: Choice) -> Floats:
    """Always what the user model expected most of at once."""
    assert choice.expected is not None
    return _all_on(int(choice.expected.argmax()), len(choice.tracks))


def anything(choice: Choice) -> Floats:
    """Any track of the pool, each with the same chance."""
    return np.full(len(choice.tracks), 1 / len(choice.tracks))


class Estimate(NamedTuple):
    """The share of tracks heard whole that a policy would have had."""

    policy: str
    snips: Interval
    doubly_robust: Interval
    weight: float  # effective number of choices that say something of it


def estimates(choices: Sequence[Choice]) -> list[Estimate]:
    """What the policies above would have earned, as far as the log can say; greed only where it is known.

    Raises:
        UsageError: nothing was served and answered.
    """
    if not choices:
        raise UsageError("Nothing was served and answered yet", hint="let a radio or a session play")
    policies: dict[str, Policy] = {"the best always": best}
    if all(choice.expected is not None for choice in choices):
        policies["greed on the user model"] = greedy
    if any(choice.chance < 1 for choice in choices):
        policies["any of the pool"] = anything
    found = (_estimate(name, policy, choices) for name, policy in policies.items())
    return [each for each in found if each is not None]


def estimate(name: str, policy: Policy, choices: Sequence[Choice]) -> Estimate | None:
    """What one policy would have earned; None where the log says nothing of it."""
    return _estimate(name, policy, choices)


def served(choices: Sequence[Choice]) -> Interval:
    """The share of tracks heard whole as they were served, by session."""
    return mean_interval(_reward(choices), np.array([choice.session for choice in choices]))


class Compared(NamedTuple):
    """Two settings of a trial: a as it was, b the other one."""

    trial: str
    listeners: tuple[int, int]
    earned: tuple[float, float]  # mean over listeners of theirs: heard whole, or played again
    difference: Interval  # b - a, valid whenever one looks


def trials(choices: Sequence[Choice]) -> list[Compared]:
    """What each trial of radios and sessions says by now: of the share of tracks heard whole."""
    rows = [each for each in choices if each.arm]
    return compared([each.arm for each in rows], [each.listener for each in rows], _reward(rows))


def compared(
    arms: Sequence[str], listeners: Sequence[str], rewards: Sequence[float] | Floats
) -> list[Compared]:
    """The arms of each trial. A listener counts once, with the mean of what they were served.

    Args:
        arms: (n,) "NAME/a" or "NAME/b".
        listeners: (n,) who was served.
        rewards: (n,) what came of it.
    """
    by_arm: dict[str, dict[str, list[float]]] = {}
    for arm, listener, reward in zip(arms, listeners, rewards, strict=True):
        by_arm.setdefault(arm, {}).setdefault(listener, []).append(float(reward))
    found = []
    for trial in sorted({arm[:-2] for arm in by_arm}):
        both = [by_arm.get(f"{trial}/{arm}", {}) for arm in "ab"]
        a, b = (np.array([np.mean(each) for each in arm.values()], np.float64) for arm in both)
        if min(len(a), len(b)) < 2:
            continue
        means = float(a.mean()), float(b.mean())
        found.append(Compared(trial, (len(a), len(b)), means, always_valid(a, b)))
    return found


def _estimate(name: str, policy: Policy, choices: Sequence[Choice]) -> Estimate | None:
    session = np.array([choice.session for choice in choices])
    target = [policy(choice) for choice in choices]
    at = np.array([chance[choice.chosen] for chance, choice in zip(target, choices, strict=True)])
    logged = np.array([choice.chance for choice in choices])
    events = Events(_reward(choices), logged, at, session)
    if not events.weight.sum() > 0:
        return None
    q = _expected(choices, folds(session))
    chosen = np.array([each[choice.chosen] for each, choice in zip(q, choices, strict=True)])
    model = Modelled(chosen, np.array([each @ chance for each, chance in zip(q, target, strict=True)]))
    # Kish's effective sample size: so many choices of equal weight would say as much.
    size = float(events.weight.sum() ** 2 / (events.weight**2).sum())
    return Estimate(name, snips(events), doubly_robust(events, model), size)


def _expected(choices: Sequence[Choice], part: NDArray[np.int64]) -> list[Floats]:
    """The chance (m,) of each track to be heard whole: the user model's, moved by the other part's error.

    Without one it is the mean of the other part, so that nothing is judged by what it was learned from.
    """
    reward = _reward(choices)
    prior = [
        np.zeros(len(choice.tracks)) if choice.expected is None else choice.expected for choice in choices
    ]
    chosen = np.array([each[choice.chosen] for each, choice in zip(prior, choices, strict=True)])
    off = reward - chosen
    rest = [off[part != one].mean() if (part != one).any() else 0.0 for one in range(part.max() + 1)]
    return [np.clip(each + rest[one], 0, 1) for each, one in zip(prior, part.tolist(), strict=True)]


def _reward(choices: Sequence[Choice]) -> Floats:
    return np.array([choice.stage == WHOLE for choice in choices], np.float64)


def _all_on(place: int, count: int) -> Floats:
    chance = np.zeros(count)
    chance[place] = 1
    return chance
