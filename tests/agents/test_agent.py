"""The agent as an object: kept and read again, gone on with after a kill; policies of strangers."""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from segue.agents import agent as agents
from segue.agents.agent import Agent
from segue.agents.config import AgentConfig
from segue.agents.custom import load_policy
from segue.errors import NotFoundError, UsageError

sys.path.insert(0, str(Path(__file__).parent))
import toy

SMALL = AgentConfig(iterations=4, sessions=4, steps=5, updates=2, batch=8, hidden=(8,))


def _same(one: Agent, other: Agent) -> bool:
    return bool(np.array_equal(one.params_.network.candidate, other.params_.network.candidate))


def test_kept_read_again_and_gone_on_with_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "PART", 2)
    whole = Agent(SMALL).fit(toy.WORLD, toy.PARAMS, seed=3)
    whole.save(tmp_path / "agent.npz")
    again = Agent.load(tmp_path / "agent.npz")
    assert _same(whole, again)
    assert again.seed_ == 3
    assert again.config == SMALL
    assert again.curves_["reward"].shape == (4,)

    def killed(amount: float) -> None:
        raise KeyboardInterrupt

    place = tmp_path / "checkpoint.npz"
    with pytest.raises(KeyboardInterrupt):
        Agent(SMALL).fit(toy.WORLD, toy.PARAMS, seed=3, checkpoint=place, advance=killed)
    with pytest.raises(UsageError, match="another run"):
        Agent(SMALL).fit(toy.WORLD, toy.PARAMS, seed=4, checkpoint=place)
    other = jax.tree.map(lambda leaf: leaf + 1, toy.PARAMS)  # listeners have changed meanwhile
    with pytest.raises(UsageError, match="another run"):
        Agent(SMALL).fit(toy.WORLD, other, seed=3, checkpoint=place)
    asked = Agent(SMALL)
    assert asked.began(place, toy.PARAMS, seed=3)
    assert not asked.began(place, other, seed=3) and not asked.began(tmp_path / "none.npz", toy.PARAMS)
    assert _same(Agent(SMALL).fit(toy.WORLD, toy.PARAMS, seed=3, checkpoint=place), whole)
    assert not place.exists()


def test_settings_that_cannot_be() -> None:
    with pytest.raises(UsageError, match="returns"):
        AgentConfig.checked({"returns": "hope"})


def test_a_policy_of_a_stranger(tmp_path: Path) -> None:
    file = tmp_path / "my_policy.py"
    file.write_text("def choose(params, seen, key):\n    return 0\n\ndef short(seen):\n    return 0\n")
    name, choose = load_policy(f"{file}:choose")
    assert name == "choose"
    assert choose(None, None, None) == 0
    with pytest.raises(UsageError, match="cannot be called"):
        load_policy(f"{file}:short")
    with pytest.raises(NotFoundError, match="no function"):
        load_policy(f"{file}:choices")
    with pytest.raises(NotFoundError, match="no file"):
        load_policy("nowhere.py:choose")
    with pytest.raises(UsageError, match="names no policy"):
        load_policy("choose")
