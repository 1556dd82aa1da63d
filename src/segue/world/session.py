"""What a world is to an agent, whichever world it is: what is seen, what a choice brings, who chooses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from segue.namespace import Array

Tree = Any


class Seen(NamedTuple):
    """What the agent looks at before a track."""

    session: Array  # (S,) features of the session
    candidates: Array  # (m, C) features of the candidates
    prior: Array  # (m,) reward that the user model expects of each at once
    mask: Array  # (m,) bool, may be chosen
    track: Array  # (m,) places of the candidates in the catalogue
    listener: Array  # () number of the listener


class Turn(NamedTuple):
    """What came of a choice."""

    state: Tree
    reward: Array  # () that the world expects of the chosen track
    stay: Array  # () chance that the listener is still there after it


class Training(NamedTuple):
    """A world to train in; pure functions of `params`, a pytree, for one session each. Map them yourself.

    Sessions go on however the listener feels: leaving is in `Turn.stay`.
    """

    begin: Callable[[Tree, Array], Tree]  # params, key -> state
    see: Callable[[Tree, Tree], Seen]  # params, state -> what the agent sees
    turn: Callable[[Tree, Tree, Array, Array], Turn]  # params, state, place, key -> turn


Policy = Callable[[Any, Seen, Array], Array]  # params, what is seen, key -> place in the pool


class Planner(NamedTuple):
    """A policy that tries out what comes of a choice, and so needs the world and the state."""

    choose: Callable[[Any, Tree, Tree, Array], Array]  # params, world, state, key -> place in the pool
