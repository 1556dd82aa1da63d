"""The published agent of a library or a town, and the user models it was trained with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from segue.agents.agent import Agent
from segue.errors import FormatError
from segue.shelf import Shelf
from segue.shelf.arrays import load_arrays
from segue.shelf.names import AGENTS
from segue.world.config import USER_MODELS
from segue.world.responses import UserModel, blank_model
from segue.world.trees import from_arrays

MODELS = "user models"
AGAIN = "train it again: segue agents train"


class StoredAgent(NamedTuple):
    """What `publish` kept."""

    models: dict[str, UserModel]
    agent: Agent
    facts: dict[str, Any]
    version: str


def stored(folder: Path) -> StoredAgent:
    """The current agent of the shelf in `folder`, and its user models.

    Raises:
        NotFoundError: nothing was trained there yet.
        FormatError: what is there cannot be read.
    """
    shelf = Shelf(folder)
    version = shelf.current(AGENTS)
    path = shelf.path(AGENTS, version)
    facts, arrays = load_arrays(path / "models.npz", MODELS)
    if not isinstance(facts.get("facts"), dict) or "used" not in facts["facts"]:
        raise FormatError(f"{path} holds no trained agent", hint=AGAIN)
    try:
        models = {name: from_arrays(name, blank_model(), arrays) for name in USER_MODELS}
    except FormatError as error:
        raise FormatError(
            f"The agent in {path} is of another version of Segue ({error})", hint=AGAIN
        ) from None
    return StoredAgent(models, Agent.load(path / "agent.npz"), facts["facts"], version)
