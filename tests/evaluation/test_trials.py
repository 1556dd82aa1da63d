"""The whole way: a town, user models, an agent, a comparison; and what a model learns from nonsense."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest

from segue.agents import policies
from segue.agents.config import AgentConfig
from segue.agents.custom import load_policy
from segue.evaluation.comparing import AGENT, TRUE, Player, compare, recommendation, rivals
from segue.evaluation.intervals import Interval
from segue.evaluation.populations import TownPopulation
from segue.evaluation.trials import current_trial, player, publish, trained, trial
from segue.shelf import Shelf
from segue.shelf.names import AGENTS
from segue.town import TownConfig, build
from segue.town.law import true_world
from segue.town.starts import TownStarts, starts_of
from segue.town.truth import Truth
from segue.world.config import WorldConfig
from segue.world.dynamics import sessions
from segue.world.fitting import fit_model, init_model, log_loss
from segue.world.pools import SessionDraw
from segue.world.responses import Log

SIZE = {"listeners": 80, "tracks": 900, "months": 0.5}
TEN_LINES = """
import jax.numpy as jnp
from segue.world.features import PLACES


def choose(params, seen, key):
    taste = seen.candidates[:, PLACES["taste"]]
    follows = seen.candidates[:, PLACES["follows"]]
    return jnp.argmax(jnp.where(seen.mask, taste + 0.3 * follows, -jnp.inf))
"""


@pytest.fixture(scope="module")
def truth() -> Truth:
    return build(TownConfig.named("ordinary", **SIZE), 3).truth()


@pytest.fixture(scope="module")
def starts(truth: Truth) -> TownStarts:
    return starts_of(truth, SessionDraw(200, 40, 1))


@pytest.fixture(scope="module")
def log(truth: Truth, starts: TownStarts) -> Log:
    blank = init_model(jax.random.key(0), "plain")
    return sessions(true_world(truth, starts, blank), policies.by_chance, None, 1200, 30, 11).log


def _returned(truth: Truth, starts: TownStarts, log: Log) -> tuple[float, float]:
    """The model's log loss against the constant one's, and what greed on it earns over chance, in truth."""
    model = fit_model(log, "summary", epochs=8)
    world = true_world(truth, starts, model)
    earned = []
    for policy in (policies.greedy, policies.by_chance):
        played = sessions(world, policy, None, 400, 30, 21)
        earned.append(float((played.there & (played.stage == 3)).sum(1).mean()))
    share = np.bincount(np.asarray(log.stage)[np.asarray(log.there) > 0], minlength=4) / log.there.sum()
    constant = float(-(share * np.log(share)).sum())
    return float(log_loss(model, log)) / constant, earned[0] / earned[1]


@pytest.mark.slow
def test_a_model_of_shuffled_labels_lifts_nothing(truth: Truth, starts: TownStarts, log: Log) -> None:
    loss, lift = _returned(truth, starts, log)
    assert loss < 0.9
    assert lift > 1.15
    there = np.asarray(log.there) > 0
    stage = np.asarray(log.stage).copy()
    stage[there] = np.random.default_rng(0).permutation(stage[there])
    # Its greedy returns are not looked at: any fixed scorer beats chance a little, because what it takes is
    # alike, and listeners care for coherence.
    loss, _ = _returned(truth, starts, log._replace(stage=jax.numpy.asarray(stage)))
    assert loss > 0.995


@pytest.mark.slow
def test_the_whole_way_with_a_strangers_policy(tmp_path: Path) -> None:
    settings = AgentConfig(iterations=6, sessions=8, updates=4, batch=64, hidden=(16,), pool=40)
    population = TownPopulation(TownConfig.named("tiring", **SIZE), 3)
    made = trial(population, settings, WorldConfig(sessions=600, members=1))
    versions = [publish(tmp_path / "agents", made, keep=2) for _ in range(3)]
    assert sorted(Shelf(tmp_path / "agents").versions(AGENTS)) == versions[1:]  # the first was removed
    kept = current_trial(tmp_path / "agents")
    np.testing.assert_array_equal(kept.agent.params_.network.candidate, made.agent.params_.network.candidate)
    assert kept.facts["used"] == made.facts["used"]
    (tmp_path / "my_policy.py").write_text(TEN_LINES)
    name, choose = load_policy(f"{tmp_path / 'my_policy.py'}:choose")
    playing = rivals(kept.population) | {AGENT: player(kept.agent), name: Player(choose)}
    comparison = compare(kept.population, kept.models, playing, SessionDraw(120, 40, 7))
    assert {"choose", "random", "factors' order", AGENT} <= set(comparison.agents("the town"))
    assert comparison.mean("the town", "greedy, recurrent") > comparison.mean("the town", "random")
    used, why = recommendation(comparison)
    assert not used or "its gain is sure" in why


class Nonsense(TownPopulation):
    """A town from whose logs nothing can be learned: what became of a track, and who left, is another's."""

    shuffle = 0  # which of the ways to mix them up

    def logs(self, count: int) -> tuple[list[Log], list[Log]]:
        learn, test = super().logs(count)
        return [_shuffled(each, self.shuffle) for each in learn], test


def _shuffled(log: Log, shuffle: int) -> Log:
    there, stage, left = np.asarray(log.there) > 0, np.array(log.stage), np.array(log.left)
    mixed = np.random.default_rng(shuffle).permutation(int(there.sum()))
    stage[there], left[there] = stage[there][mixed], left[there][mixed]
    return log._replace(stage=jax.numpy.asarray(stage), left=jax.numpy.asarray(left))


@pytest.mark.slow
def test_an_agent_gains_nothing_from_a_model_of_shuffled_labels() -> None:
    config = TownConfig.named("ordinary", **(SIZE | {"listeners": 200, "tracks": 2000}))
    settings = AgentConfig(iterations=80, sessions=32, pool=60)

    def gain(population: TownPopulation) -> Interval:
        """Of an agent trained on what can be learned here, over chance, in truth."""
        _, found = population.user_models(WorldConfig(sessions=4000, members=1))
        models = found.models
        agent, _ = trained(population, models, settings)
        playing = {"random": Player(policies.by_chance), AGENT: player(agent)}
        return compare(population, models, playing, SessionDraw(1500, 60, 7), worlds=[TRUE]).gain(
            TRUE, AGENT, "random"
        )

    assert gain(TownPopulation(config, 5)).low > 0.3
    gains = []
    for shuffle in range(3):
        population = Nonsense(config, 5)
        population.shuffle = shuffle
        gains.append(gain(population).mean)
    print(gains)
    # What nonsense prefers is by luck better or worse than chance; over several shuffles it is nothing.
    assert np.mean(gains) < 0.05
