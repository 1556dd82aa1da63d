"""Agents beside each other: who plays, in which worlds, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from segue.agents import policies
from segue.agents.planning import LOOK_AHEAD
from segue.evaluation.playing import Comparison, Kind, Played, measured, verdict
from segue.evaluation.populations import Population
from segue.progress import progress
from segue.world.config import MAIN_MODEL
from segue.world.dynamics import Sessions, sessions
from segue.world.pools import SessionDraw
from segue.world.responses import UserModel
from segue.world.session import Planner, Policy

STEPS, SESSIONS = 30, SessionDraw(2000, seed=7)
# Greedy agents by the user model through which they observe; the trained agent has the last.
GREEDY = {"greedy, plain": "plain", "greedy, summary": "summary", "greedy, recurrent": "recurrent"}
AGENT, AHEAD, FACTORS = "agent", "short look-ahead", "factors' order"
# What each does, for people.
ABOUT = {
    "random": "takes any candidate",
    "popularity": "takes what most people play",
    "cosine to taste": "takes what is most like all that the listener has heard",
    "nearest favourites": "takes what is most like a few favourites, known tracks first",
    FACTORS: "goes down the list of likes found by matrix factorisation, whatever happens in the session",
    "greedy, plain": "takes what is likeliest to be heard out now, by a model of listener and track alone",
    "greedy, summary": "the same, by a model that also knows how the session has gone so far",
    "greedy, recurrent": "the same, by a model that reads the session track by track",
    AHEAD: "tries its five favourite candidates out in the model, for two tracks more, before it chooses",
    AGENT: "has learned, from thousands of simulated sessions, what a choice does to the tracks after it",
}
SLOWER = 4  # the look-ahead plays so many times fewer sessions


class World(NamedTuple):
    """A world of a comparison: what it is, who answers, and whose sessions begin it."""

    kind: Kind
    true: bool
    half: int
    answers: str


LEARNED, TRUE = "the world it learned in", "the town"
WORLDS = {
    LEARNED: World("training", False, 0, MAIN_MODEL),
    "other listeners": World("independent", False, 1, "recurrent, others"),
    "other listeners, other form": World("independent", False, 1, "summary, others"),
    TRUE: World("truth", True, 1, MAIN_MODEL),
}


class Player(NamedTuple):
    """Somebody who takes part in a comparison."""

    policy: Policy | Planner
    params: Any = None
    user_model: str = MAIN_MODEL  # through which it observes sessions


def greedy() -> dict[str, Player]:
    """Greedy agents, which a trained one must beat."""
    return {name: Player(policies.greedy, None, model) for name, model in GREEDY.items()}


def rivals(population: Population) -> dict[str, Player]:
    """All that stand beside a trained agent."""
    found = greedy() | {name: Player(policy) for name, policy in policies.BASELINES.items()}
    return found | {FACTORS: Player(policies.factors, population.factors()), AHEAD: Player(LOOK_AHEAD)}


def worlds_of(population: Population) -> list[str]:
    """The worlds there are of a population."""
    return [name for name, world in WORLDS.items() if population.truth_known or not world.true]


def compare(
    population: Population,
    models: Mapping[str, UserModel],
    playing: Mapping[str, Player],
    draw: SessionDraw = SESSIONS,
    *,
    worlds: Sequence[str] | None = None,
) -> Comparison:
    """Agents in the world one was trained in, in independent worlds, and in truth where that is known.

    Args:
        population: of a town or a library.
        models: the user models `USER_MODELS`.
        playing: who takes part.
        draw: sessions of each in each world.
        worlds: names of those to play in; by default all there are.
    """
    found: dict[str, dict[str, Any]] = {}
    played_in = worlds_of(population) if worlds is None else worlds
    together = _together(playing)
    with progress("Playing", len(played_in) * len(playing)) as advance:
        for name in played_in:
            world = WORLDS[name]
            starts = population.starts(world.half, draw)
            for who, player in playing.items():
                own, answers = models[player.user_model], models[world.answers]
                where = (
                    population.true_world(starts, own)
                    if world.true
                    else population.world(starts, own, answers)
                )
                count = max(1, draw.count // SLOWER) if isinstance(player.policy, Planner) else draw.count
                played = sessions(where, *together[who], count, STEPS, draw.seed)
                found.setdefault(name, {})[who] = _measured(played, population)
                advance(1)
    return Comparison({name: WORLDS[name].kind for name in found}, found)


def _together(playing: Mapping[str, Player]) -> dict[str, tuple[Policy | Planner, Any]]:
    """Policy and params of each player; what is no planner plays by one policy, which is compiled once."""
    found: dict[str, tuple[Policy | Planner, Any]] = {
        who: (player.policy, player.params) for who, player in playing.items()
    }
    simple = {who: each for who, each in found.items() if not isinstance(each[0], Planner)}
    # Players of one policy without params, such as greed on several models, are one.
    distinct = {(policy, id(params)): (policy, params) for policy, params in simple.values()}
    numbers = {key: number for number, key in enumerate(distinct)}
    policy = policies.one_of(tuple(policy for policy, _ in distinct.values()))
    params = tuple(params for _, params in distinct.values())
    for who, (own, its) in simple.items():
        found[who] = policy, (np.int32(numbers[own, id(its)]), params)
    return found


def recommendation(comparison: Comparison) -> tuple[bool, str]:
    """Whether the agent is to be used, and why."""
    return verdict(comparison, AGENT, list(GREEDY))


def _measured(played: Sessions, population: Population) -> dict[str, Any]:
    track, known, there, stage = (np.asarray(x) for x in played[:4])
    heard = Played(track, there, stage == 3, stage < 2, (stage == 3).astype(float))
    return measured(heard, population.tracks, known)
