"""Train agents in worlds learned from a simulated town, and compare them there and in the town's truth."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from segue.agents import policies
from segue.agents.agent import Agent
from segue.agents.config import AgentConfig
from segue.errors import FormatError
from segue.evaluation.playing import Comparison, Kind, Played, Tracks, measured, verdict
from segue.progress import Advance
from segue.shelf import Shelf
from segue.taste.arrays import load_arrays, save_arrays
from segue.town import TownConfig, build
from segue.world.dynamics import TRAINING, Law, Sessions, sessions, world_of
from segue.world.responses import UserModel, fit_model, init_model, log_loss
from segue.world.starts import starts_of
from segue.world.trees import from_arrays, to_arrays

if TYPE_CHECKING:
    from segue.town.truth import Truth

NAME, MODELS, STEPS, SHUFFLED = "agents", "user models", 30, 30
# User models: form, and whose sessions each was learned from.
FORMS: Mapping[str, tuple[Any, int]] = {
    "plain": ("plain", 0),
    "summary": ("summary", 0),
    "recurrent": ("recurrent", 0),
    "recurrent, others": ("recurrent", 1),
    "summary, others": ("summary", 1),
}
# Greedy agents by what they see through; the trained agent sees through the last.
GREEDY = {"greedy, plain": "plain", "greedy, summary": "summary", "greedy, recurrent": "recurrent"}
AGENT, EYES = "agent", "recurrent"


@dataclass(frozen=True)
class Trial:
    """A town, what was learned from its sessions, and the agent."""

    truth: Truth
    models: Mapping[str, UserModel]
    agent: Agent
    facts: Mapping[str, Any]  # town, seed, sessions, losses, seconds


def trial(
    config: TownConfig,
    seed: int,
    settings: AgentConfig | None = None,
    *,
    logged: int = 6000,
    pool: int = 100,
    checkpoint: Path | None = None,
    tell: Callable[[str], None] = lambda text: None,
    advance: Advance | None = None,
    agent_seed: int = 0,
) -> Trial:
    """Build a town, learn user models from shuffled sessions of its listeners, train an agent.

    Half of the listeners is what the agent's world is learned from; the worlds that judge it are learned
    from the other half.

    Args:
        config, seed: of the town.
        settings: of the agent.
        logged: shuffled sessions of each half.
        pool: candidates of a session in training.
        checkpoint: see `Agent.fit`.
        tell: told what is being done.
        advance: called with iterations of the agent's training.
        agent_seed: of the agent's training.
    """
    tell(f"1. A town of {config.listeners} listeners and {config.tracks} songs, {config.name}")
    truth = build(config, seed).truth()
    tell(f"2. {2 * logged:,} shuffled sessions, and five models of how listeners respond")
    halves = np.arange(config.listeners) % 2
    blank = init_model(jax.random.key(0), "plain")
    logs, tests = [], []
    for half in (0, 1):
        them = np.flatnonzero(halves == half)
        starts = starts_of(truth, min(2000, logged), SHUFFLED, seed=10 + half, listeners=them)
        world = world_of(truth, starts, blank)
        for found, count, draw in ((logs, logged, 20), (tests, max(200, logged // 5), 30)):
            found.append(sessions("town", world, policies.by_chance, None, count, SHUFFLED, draw + half).log)
    models, losses = {}, {}
    for name, (form, half) in FORMS.items():
        models[name] = fit_model(logs[half], form, seed=seed)
        losses[name] = float(log_loss(models[name], tests[1 - half]))
        tell(f"   {name}: log loss {losses[name]:.4f} on listeners it has not seen")
    tell("3. The agent")
    began = time.perf_counter()
    starts = starts_of(truth, 2000, pool, seed=40, listeners=np.flatnonzero(halves == 0))
    agent = Agent(settings).fit(
        TRAINING,
        world_of(truth, starts, models[EYES]),
        seed=agent_seed,
        checkpoint=checkpoint,
        advance=advance,
    )
    seconds = time.perf_counter() - began
    tell(f"   trained in {seconds:.0f} s")
    facts = {"town": config.model_dump(mode="json"), "seed": seed, "log_loss": losses, "seconds": seconds}
    return Trial(truth, models, agent, facts | {"logged": logged, "pool": pool})


def publish(folder: Path, made: Trial) -> str:
    """Put agent and user models on the shelf in `folder`; returns the version."""

    def write(aside: Path) -> None:
        made.agent.save(aside / "agent.npz")
        arrays: dict[str, Any] = {}
        for name, model in made.models.items():
            arrays |= to_arrays(name, model)
        save_arrays(aside / "models.npz", MODELS, {"facts": dict(made.facts)}, arrays)

    manifest = {
        "kind": "Agent",
        "config": {"agent": made.agent.config.model_dump(mode="json"), **made.facts},
        "seed": made.agent.seed_,
        "metrics": {"log_loss": made.facts["log_loss"], "seconds": made.facts["seconds"]},
    }
    return Shelf(folder).publish(NAME, write, manifest)


def stored(folder: Path) -> Trial:
    """The current agent of the shelf in `folder`, its user models, and its town made anew.

    Raises:
        NotFoundError: nothing was trained there yet.
        FormatError: what is there cannot be read.
    """
    path = Shelf(folder).path(NAME)
    facts, arrays = load_arrays(path / "models.npz", MODELS)
    if not isinstance(facts.get("facts"), dict):
        raise FormatError(f"{path} holds no trained agent", do="train it again: segue agents train")
    told = facts["facts"]
    models = {
        name: from_arrays(name, init_model(jax.random.key(0), form), arrays)
        for name, (form, _) in FORMS.items()
    }
    truth = build(TownConfig.checked(told["town"]), int(told["seed"])).truth()
    return Trial(truth, models, Agent.load(path / "agent.npz"), told)


@dataclass(frozen=True)
class Compared:
    """What came of a comparison."""

    comparison: Comparison
    used: bool
    why: str


def compare(
    made: Trial,
    *,
    count: int = 2000,
    pool: int = 100,
    seed: int = 7,
    others: Mapping[str, policies.Policy] | None = None,
    advance: Advance | None = None,
) -> Compared:
    """Every agent in the world it was trained in, in independent worlds, and in the town's truth.

    Args:
        made: a trial.
        count: sessions of each agent in each world.
        pool: candidates of a session.
        seed: of the sessions.
        others: further policies by name.
        advance: called with one for each agent and world.
    """
    own = np.arange(0, made.truth.config.listeners, 2)
    theirs = own[:-1] + 1
    starts = {"own": starts_of(made.truth, min(count, 2000), pool, seed=seed, listeners=own)}
    starts["theirs"] = starts_of(made.truth, min(count, 2000), pool, seed=seed + 1, listeners=theirs)
    worlds: dict[str, tuple[Kind, Law, str, str]] = {
        "the world it learned in": ("training", "model", "own", EYES),
        "other listeners": ("independent", "model", "theirs", "recurrent, others"),
        "other listeners, other form": ("independent", "model", "theirs", "summary, others"),
        "the town": ("truth", "town", "theirs", EYES),
    }
    agents: dict[str, tuple[policies.Policy, Any, str]] = {
        name: (policy, None, EYES) for name, policy in (policies.BASELINES | dict(others or {})).items()
    }
    agents |= {name: (policies.greedy, None, eyes) for name, eyes in GREEDY.items()}
    agents[AGENT] = (policies.agent, made.agent.params_, EYES)
    tracks = Tracks(made.truth.tracks.vector, made.truth.tracks.artist)
    found: dict[str, dict[str, Any]] = {}
    for world, (_, law, whose, answers) in worlds.items():
        for name, (policy, params, eyes) in agents.items():
            where = world_of(made.truth, starts[whose], made.models[eyes], made.models[answers])
            played = sessions(law, where, policy, params, count, STEPS, seed)
            found.setdefault(world, {})[name] = _measured(played, tracks)
            if advance:
                advance(1)
    comparison = Comparison({name: kind for name, (kind, *_) in worlds.items()}, found)
    return Compared(comparison, *verdict(comparison, AGENT, list(GREEDY)))


def _measured(played: Sessions, tracks: Tracks) -> dict[str, Any]:
    track, known, there, stage = (np.asarray(x) for x in played[:4])
    return measured(Played(track, there, stage == 3, stage < 2, (stage == 3).astype(float)), tracks, known)


def runs(others: int = 0) -> int:
    """How often `compare` advances."""
    return 4 * (len(policies.BASELINES) + len(GREEDY) + 1 + others)
