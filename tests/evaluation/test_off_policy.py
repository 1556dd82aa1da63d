"""Off-policy estimates: against small sums done by hand, and against a town's truth."""

from __future__ import annotations

import numpy as np
import pytest

from segue.errors import UsageError
from segue.evaluation import off_policy
from segue.evaluation.shuffled_town import FEATURES, ShuffledLog, shuffled_log
from segue.town import TownConfig, build

FREE = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 0, 0]], dtype=bool)
TARGET = np.array([[1, 0, 0, 0], [0, 0, 0.5, 0.5], [0, 1, 0, 0]], dtype=float)
LOG = off_policy.events([1.0, 1.0, 0.0], [0, 2, 0], FREE, TARGET, [0, 0, 1])
MODEL = off_policy.modelled(np.full((3, 4), 0.25), [0, 2, 0], TARGET)


def test_sums_done_by_hand() -> None:
    # Weights: 1 / (1/2) = 2, 0.5 / (1/4) = 2, 0.
    np.testing.assert_allclose(LOG.weight, [2, 2, 0])
    found = {name: each.mean for name, each in off_policy.estimates(LOG, MODEL, cap=1.5).items()}
    assert found == pytest.approx(
        {
            "replay": 1.0,
            "ips": 4 / 3,
            "snips": 1.0,
            "capped_ips": 1.0,
            "direct": 0.25,
            "doubly_robust": 0.25 + (2 * 0.75 + 2 * 0.75) / 3,
        }
    )


def test_a_policy_that_is_the_log_earns_the_mean_reward() -> None:
    rng = np.random.default_rng(0)
    free = np.ones((500, 5), dtype=bool)
    reward, chosen = rng.random(500), rng.integers(5, size=500)
    log = off_policy.events(reward, chosen, free, np.full((500, 5), 0.2), np.arange(500) // 5)
    for name, estimate in off_policy.estimates(log).items():
        assert estimate.mean == pytest.approx(reward.mean()), name
        assert estimate.low < reward.mean() < estimate.high


def test_mistakes_are_named() -> None:
    with pytest.raises(UsageError, match="sum to 1"):
        off_policy.events([1.0], [0], [[True, True]], [[0.2, 0.2]], [0])
    with pytest.raises(UsageError, match="no candidate"):
        off_policy.events([1.0], [0], [[False, True]], [[0.0, 1.0]], [0])
    never = off_policy.events([1.0], [0], [[True, True]], [[0.0, 1.0]], [0])
    with pytest.raises(UsageError, match="never chooses"):
        off_policy.snips(never)


def test_folds_never_cut_a_session() -> None:
    session = np.repeat(np.arange(40), 7)
    part = off_policy.folds(session, 4, seed=3)
    assert len({(s, p) for s, p in zip(session, part, strict=True)}) == 40
    assert np.bincount(part).tolist() == [70] * 4


@pytest.fixture(scope="module")
def log() -> ShuffledLog:
    size = {"listeners": 150, "tracks": 1500, "months": 0.5}
    return shuffled_log(build(TownConfig.named("ordinary", **size), 7).truth(), 1500, pool=12, seed=5)


def test_estimates_agree_with_the_truth_of_a_town(log: ShuffledLog) -> None:
    """The truth lies near each unbiased estimate, and a wrong model is put right by the weights alone."""
    score = np.where(log.free, log.seen[..., FEATURES.index("taste")], -np.inf)
    target = (np.arange(12) == score.argmax(1)[:, None]).astype(float)
    value = float((target * log.chance).sum(1).mean())
    events = off_policy.events(log.whole, log.chosen, log.free, target, log.session)
    wrong = off_policy.modelled(np.full(log.free.shape, 0.9), log.chosen, target)
    found = off_policy.estimates(events, wrong)
    assert value > log.whole.mean() + 0.02
    assert abs(found["direct"].mean - value) > 0.2
    for name in ("ips", "snips", "doubly_robust"):
        width = found[name].high - found[name].low
        assert abs(found[name].mean - value) < 0.75 * width, name


def test_doubly_robust_is_narrower_than_weights_alone(log: ShuffledLog) -> None:
    """With the truth as its model: what is left is the chance in the rewards."""
    target = np.where(log.free, 1.0, 0.0)
    target[np.arange(len(target)), np.where(log.free, log.chance, -1).argmax(1)] += 5
    target /= target.sum(1, keepdims=True)
    events = off_policy.events(log.whole, log.chosen, log.free, target, log.session)
    found = off_policy.estimates(events, off_policy.modelled(log.chance, log.chosen, target))
    width = {name: each.high - each.low for name, each in found.items()}
    assert width["doubly_robust"] < width["ips"]
