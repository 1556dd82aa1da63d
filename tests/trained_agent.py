"""An agent for a library of tests, put on its shelf without any training."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pyarrow as pa

from segue.agents.agent import Agent
from segue.agents.config import AgentConfig
from segue.agents.learning import init_network
from segue.agents.network import Scaling, Trained
from segue.evaluation.populations import LibraryPopulation
from segue.evaluation.trials import Trial, publish
from segue.library import Library
from segue.library.tables import TRACKS
from segue.shelf.names import shelf_of
from segue.world.config import USER_MODELS
from segue.world.features import CANDIDATE, SESSION
from segue.world.fitting import init_model
from segue.world.responses import MEMORY


def put_agent(library: Library, *, used: bool) -> None:
    """An agent that knows nothing: its Q is what a user model expects that was never trained."""
    agent, (s, c) = Agent(AgentConfig(hidden=(8,))), (len(SESSION) + MEMORY, len(CANDIDATE) + 3)
    network = init_network(jax.random.key(0), s, c, (8,))._replace(
        layers=((jax.random.normal(jax.random.key(1), (8, 1)), jnp.zeros(1)),)
    )
    agent.params_ = Trained(network, Scaling(jnp.zeros(s), jnp.ones(s), jnp.zeros(c), jnp.ones(c)))
    agent.curves_, agent.seed_ = {name: jnp.zeros(1) for name in ("reward", "loss", "value")}, 0
    models = {name: init_model(jax.random.key(0), form) for name, (form, _) in USER_MODELS.items()}
    population = LibraryPopulation(library)
    facts = {**population.facts, "listeners": 40, "log_loss": {}, "seconds": 0.0}
    why = "its gain is sure" if used else "its gain is not sure"
    publish(shelf_of(library).folder, Trial(population, models, agent, facts | {"used": used, "why": why}))


def put_sound(library: Library) -> None:
    """Give every track sound features, by which the agent tells what is like what."""
    rng, rows = np.random.default_rng(1), library.arrow("tracks").to_pylist()
    names = ("energy", "loudness", "valence")
    for row in rows:
        row["features"] = list(zip(names, rng.random(3).tolist(), strict=True))
    with library.writing() as writer:
        writer.rewrite("tracks", pa.Table.from_pylist(rows, schema=TRACKS).sort_by("track_id"))
