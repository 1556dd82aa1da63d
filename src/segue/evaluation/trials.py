"""Train agents in worlds learned from listeners, and compare them there, in other worlds, and in truth."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.agents import policies
from segue.agents.agent import Agent
from segue.agents.config import AgentConfig
from segue.agents.loading import MODELS, stored
from segue.errors import UsageError
from segue.evaluation.comparing import AGENT, SESSIONS, WORLDS, Player, compare, greedy, recommendation
from segue.evaluation.populations import LibraryPopulation, Population, TownPopulation
from segue.events import get_logger
from segue.files import remove
from segue.library import Library
from segue.progress import progress, step
from segue.shelf import Shelf
from segue.shelf.arrays import save_arrays
from segue.shelf.names import AGENTS
from segue.town import TownConfig
from segue.world.config import MAIN_MODEL, USER_MODELS, WorldConfig
from segue.world.dynamics import TRAINING
from segue.world.pools import SessionDraw
from segue.world.responses import UserModel
from segue.world.trees import to_arrays

log = get_logger(__name__)
JUDGED = 1000  # sessions by which a training says whether its agent is to be used


@dataclass(frozen=True)
class Trial:
    """A population, what was learned from its sessions, and the agent."""

    population: Population
    models: Mapping[str, UserModel]
    agent: Agent
    facts: Mapping[str, Any]  # of the population, losses, seconds; "used" and "why" once it was judged


def trial(
    population: Population,
    settings: AgentConfig | None = None,
    world: WorldConfig | None = None,
    *,
    seed: int = 0,
    judged: int = JUDGED,
    checkpoint: Path | None = None,
) -> Trial:
    """Learn user models from shuffled sessions, train an agent, and judge whether it is to be used.

    Half of the listeners is what the agent's world is learned from; the worlds that judge it are learned
    from the other half. A library's user models are those of `segue world`, if they are up to date.

    Args:
        population: of a town or a library.
        settings: of the agent.
        world: settings of the user models.
        seed: of the models and of the agent's training.
        judged: sessions by which it is said whether the agent is to be used.
        checkpoint: see `Agent.fit`.
    """
    settings = settings or AgentConfig()
    version, fitted = population.user_models(world, seed=seed)
    step("the agent")
    agent, seconds = trained(population, fitted.models, settings, seed=seed, checkpoint=checkpoint)
    log.info("Trained the agent", iterations=settings.iterations, seconds=round(seconds))
    facts = {**population.facts, "log_loss": fitted.log_loss, "seconds": seconds, "user_models": version}
    step("whether it is better than greedy agents in worlds that it does not know")
    # An agent may have learned the faults of the world that it was trained in: others have to judge it.
    judges = [name for name, world in WORLDS.items() if world.kind == "independent"]
    playing = {**greedy(), AGENT: player(agent)}
    draw = SESSIONS._replace(count=judged, pool=settings.pool)
    compared = compare(population, fitted.models, playing, draw, worlds=judges)
    used, why = recommendation(compared)
    log.info(why)
    return Trial(population, fitted.models, agent, facts | {"used": used, "why": why})


def player(agent: Agent) -> Player:
    """A trained agent as one who takes part in a comparison."""
    return Player(policies.agent, agent.params_)


def trained(
    population: Population,
    models: Mapping[str, UserModel],
    settings: AgentConfig | None = None,
    *,
    seed: int = 0,
    checkpoint: Path | None = None,
) -> tuple[Agent, float]:
    """An agent trained in the world of the first half of the listeners, and the seconds that took.

    A checkpoint of a training with other settings, or in a world that is not this any more, is removed.
    """
    settings = settings or AgentConfig()
    world = population.world(population.starts(0, SessionDraw(2000, settings.pool, 40)), models[MAIN_MODEL])
    began, agent = time.perf_counter(), Agent(settings)
    if checkpoint is not None and checkpoint.exists() and not agent.began(checkpoint, world, seed=seed):
        log.info("Beginning anew: settings, plays or user models have changed since the training was stopped")
        remove(checkpoint)
    with progress("Training the agent", settings.iterations) as advance:
        agent.fit(TRAINING, world, seed=seed, checkpoint=checkpoint, advance=advance)
    return agent, time.perf_counter() - began


def publish(folder: Path, made: Trial, *, keep: int = 3) -> str:
    """Put agent and user models on the shelf in `folder`, which keeps so many; returns the version."""

    def write(aside: Path) -> None:
        made.agent.save(aside / "agent.npz")
        arrays: dict[str, Any] = {}
        for name in USER_MODELS:  # a copy: the version they came from may be pruned before the agent is
            arrays |= to_arrays(name, made.models[name])
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


def current_trial(folder: Path, library: Library | None = None) -> Trial:
    """The current trial of the shelf in `folder`, on its population: the town made anew, or the library.

    Raises:
        NotFoundError: nothing was trained there yet.
        UsageError: it was trained on a library, and none is given.
    """
    kept = stored(folder)
    if "town" in kept.facts:
        population: Population = TownPopulation(
            TownConfig.checked(kept.facts["town"]), int(kept.facts["seed"])
        )
    elif library is None:
        raise UsageError("This agent was trained on a library", hint="name it: --library PATH")
    else:
        population = LibraryPopulation(library, shuffled=bool(kept.facts["shuffled"]))
        population.facts |= {name: kept.facts[name] for name in ("listeners",)}
    return Trial(population, kept.models, kept.agent, kept.facts)
