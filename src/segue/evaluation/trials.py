"""Train agents in worlds learned from listeners, and compare them there, in other worlds, and in truth."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.agents import policies
from segue.agents.agent import Agent
from segue.agents.config import AgentConfig
from segue.agents.loading import MODELS, stored
from segue.agents.user_models import EYES, FORMS
from segue.errors import UsageError
from segue.evaluation.comparing import AGENT, POOL, WORLDS, Player, compare, greedy, said
from segue.evaluation.grounds import Ground, LibraryGround, TownGround
from segue.library import Library
from segue.progress import Advance
from segue.shelf import Shelf
from segue.shelf.arrays import save_arrays
from segue.shelf.names import AGENTS
from segue.town import TownConfig
from segue.world.dynamics import TRAINING
from segue.world.responses import UserModel, fit_model, log_loss
from segue.world.trees import to_arrays

JUDGED = 1000  # sessions by which a training says whether its agent is to be used


@dataclass(frozen=True)
class Trial:
    """A ground, what was learned from its sessions, and the agent."""

    ground: Ground
    models: Mapping[str, UserModel]
    agent: Agent
    facts: Mapping[str, Any]  # ground, losses, seconds; "used" and "why" once it was judged


def learned(
    ground: Ground, *, logged: int = 6000, seed: int = 0, tell: Callable[[str], None] = lambda text: None
) -> tuple[dict[str, UserModel], dict[str, float]]:
    """User models from shuffled sessions, and the log loss of each on the other half of the listeners."""
    learn, test = ground.logs(logged, tell)
    models, losses = {}, {}
    for name, (form, half) in FORMS.items():
        models[name] = fit_model(learn[half], form, seed=seed)
        losses[name] = float(log_loss(models[name], test[1 - half]))
        tell(f"   {name}: log loss {losses[name]:.4f} on listeners it has not seen")
    return models, losses


def trial(
    ground: Ground,
    settings: AgentConfig | None = None,
    *,
    logged: int = 6000,
    pool: int = POOL,
    seed: int = 0,
    checkpoint: Path | None = None,
    tell: Callable[[str], None] = lambda text: None,
    advance: Advance | None = None,
) -> Trial:
    """Learn user models from shuffled sessions, train an agent, and judge whether it is to be used.

    Half of the listeners is what the agent's world is learned from; the worlds that judge it are learned
    from the other half.

    Args:
        ground: a town or a library.
        settings: of the agent.
        logged: shuffled sessions of each half.
        pool: candidates of a session in training.
        seed: of the models and of the agent's training.
        checkpoint: see `Agent.fit`.
        tell: told what is being done.
        advance: called with iterations of the agent's training.
    """
    tell("1. How listeners respond: five user models")
    models, losses = learned(ground, logged=logged, seed=seed, tell=tell)
    tell("2. The agent")
    agent, seconds = trained(
        ground, models, settings, pool=pool, seed=seed, checkpoint=checkpoint, advance=advance
    )
    tell(f"   trained in {seconds:.0f} s")
    facts = {**ground.facts, "log_loss": losses, "seconds": seconds, "logged": logged, "pool": pool}
    tell("3. Is it better than greed, in worlds that it does not know?")
    judges = [name for name, world in WORLDS.items() if world.kind == "independent"]
    playing = {**greedy(), AGENT: player(agent)}
    used, why = said(compare(ground, models, playing, count=JUDGED, pool=pool, worlds=judges))
    tell(f"   {why}")
    return Trial(ground, models, agent, facts | {"used": used, "why": why})


def player(agent: Agent) -> Player:
    """A trained agent as one who takes part in a comparison."""
    return Player(policies.agent, agent.params_)


def trained(
    ground: Ground,
    models: Mapping[str, UserModel],
    settings: AgentConfig | None = None,
    *,
    pool: int = POOL,
    seed: int = 0,
    checkpoint: Path | None = None,
    advance: Advance | None = None,
) -> tuple[Agent, float]:
    """An agent trained in the world of the first half of the listeners, and the seconds that took."""
    world = ground.world(ground.starts(0, 2000, pool, 40), models[EYES])
    began = time.perf_counter()
    agent = Agent(settings).fit(TRAINING, world, seed=seed, checkpoint=checkpoint, advance=advance)
    return agent, time.perf_counter() - began


def publish(folder: Path, made: Trial, *, keep: int = 3) -> str:
    """Put agent and user models on the shelf in `folder`, which keeps so many; returns the version."""

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
    shelf = Shelf(folder)
    version = shelf.publish(AGENTS, write, manifest)
    shelf.prune(AGENTS, keep)
    return version


def again(folder: Path, library: Library | None = None) -> Trial:
    """The current trial of the shelf in `folder`, on its ground: the town made anew, or the library.

    Raises:
        NotFoundError: nothing was trained there yet.
        UsageError: it was trained on a library, and none is given.
    """
    kept = stored(folder)
    if "town" in kept.facts:
        ground: Ground = TownGround(TownConfig.checked(kept.facts["town"]), int(kept.facts["seed"]))
    elif library is None:
        raise UsageError("This agent was trained on a library", do="name it: --library PATH")
    else:
        ground = LibraryGround(library, shuffled=bool(kept.facts["shuffled"]))
        ground.facts |= {name: kept.facts[name] for name in ("sessions", "listeners")}
    return Trial(ground, kept.models, kept.agent, kept.facts)
