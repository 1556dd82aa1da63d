"""What puts a library's lists in order: its trained agent, or greed by its user model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from segue.agents.loading import stored
from segue.agents.sequencing import Sequencer
from segue.errors import NotFoundError
from segue.library import Library
from segue.shelf.names import AGENTS, WORLD, shelf_of
from segue.world.config import MAIN_MODEL
from segue.world.loading import current_catalogue, stored_world
from segue.world.offsets import load_offsets

if TYPE_CHECKING:
    from segue.engine.engine import Engine

By = Literal["auto", "agent", "greedy"]
TRAIN = "segue agents train --library"
NONE = "No agent was trained on this library."


def load_sequencer(engine: Engine, by: By = "auto") -> Sequencer:
    """What puts this library's lists in order.

    Args:
        engine: of a library with a trained agent, or at least a user model.
        by: "auto" takes the agent where its gain was sure in every world that judged it, else greed.

    Raises:
        NotFoundError: nothing was trained, or no agent although it is asked for.
    """
    library, shelf = engine.library, shelf_of(engine.library)
    if AGENTS in shelf.names():
        kept = stored(shelf.folder)
        model, version = kept.models[MAIN_MODEL], f"agents/{kept.version}"
        used = by == "agent" or (by == "auto" and kept.facts["used"])
        agent = kept.agent.params_ if used else None
        why = kept.facts["why"] if by == "auto" else f"By {by}, as asked for."
    elif by == "agent":
        raise NotFoundError("No agent was trained on this library", hint=_training(library))
    else:
        try:
            models, _, _ = stored_world(library)
        except NotFoundError:
            raise NotFoundError(
                "Nothing was learned of how this library's listeners respond",
                hint=f"segue world --library {library.path}{_order(library)}, after which lists are put in "
                f"order; or {_training(library)}, which learns the same and then trains an agent",
            ) from None
        model, agent, why = models[MAIN_MODEL], None, NONE
        version = f"{WORLD}/{shelf.current(WORLD)}"
    catalogue = current_catalogue(library)
    offsets = load_offsets(shelf.path(WORLD)) if WORLD in shelf.names() else {}
    return Sequencer(library, catalogue, model, agent, version, why, offsets, engine.played())


def _training(library: Library) -> str:
    """The one command that trains all that is missing."""
    return f"{TRAIN} {library.path}{_order(library)}"


def _order(library: Library) -> str:
    """The option to learn from any plays, where none had shuffle on."""
    listens = library.table("listens")
    return "" if len(library.arrow(listens.filter(listens.shuffle).limit(1))) else " --any-order"
