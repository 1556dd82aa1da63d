"""Where agents are trained and judged: a simulated town, or a library's own listeners.

Listeners fall into two halves: one teaches the world an agent learns in, the other the worlds that judge it.
Both populations answer the same calls, so that one way leads through training and judging.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix

from segue.agents.policies import Factors, by_chance
from segue.errors import UsageError
from segue.evaluation.playing import Tracks
from segue.events import get_logger
from segue.factors.als import ImplicitALS
from segue.library import Library
from segue.library.listening import listens
from segue.library.stages import HEARD
from segue.progress import step
from segue.town import TownConfig, build
from segue.town.law import model_world, true_world
from segue.town.starts import TownStarts, lives, starts_of
from segue.world.catalogue import catalogue_of
from segue.world.config import WorldConfig
from segue.world.dynamics import World, sessions
from segue.world.fitting import init_model
from segue.world.library_world import library_starts, library_world
from segue.world.loading import song_vectors
from segue.world.logs import FEW
from segue.world.pools import SessionDraw
from segue.world.responses import Log, UserModel
from segue.world.starts import Starts
from segue.world.tracks import take
from segue.world.training import UserModels, fit_user_models, user_models

log = get_logger(__name__)
SHUFFLED = 30  # tracks of a shuffled session
STARTS = 2000  # beginnings of sessions that are kept at hand
FACTORS = 32


class Population(Protocol):
    """What a training and a comparison need."""

    facts: dict[str, Any]  # enough to make the population anew
    truth_known: bool

    @property
    def tracks(self) -> Tracks:
        """What measures need of the songs."""

    def user_models(
        self, config: WorldConfig | None = None, *, seed: int = 0
    ) -> tuple[str | None, UserModels]:
        """User models of each half of the listeners, and their version if they are published."""

    def starts(self, half: int, draw: SessionDraw) -> Any:
        """Beginnings of sessions of one half, as `world` takes them."""

    def world(self, starts: Any, model: UserModel, answers: UserModel | None = None) -> World:
        """A world: what an agent sees through, and the user model that answers."""

    def true_world(self, starts: Any, model: UserModel) -> World:
        """A world in which the truth answers, where it is known."""

    def factors(self) -> Factors:
        """Matrix factorisation of what had been heard before."""


class TownPopulation(Population):
    """A simulated town, whose truth is known."""

    truth_known = True

    def __init__(self, config: TownConfig, seed: int) -> None:
        self.truth = build(config, seed).truth()
        self.facts: dict[str, Any] = {"town": config.model_dump(mode="json"), "seed": seed}

    @property
    def tracks(self) -> Tracks:
        return Tracks(self.truth.tracks.vector, self.truth.tracks.artist)

    def user_models(
        self, config: WorldConfig | None = None, *, seed: int = 0
    ) -> tuple[str | None, UserModels]:
        config = config or WorldConfig()
        step("how listeners respond")
        return None, fit_user_models(*self.logs(config.sessions // 2), config, seed=seed)

    def logs(self, count: int) -> tuple[list[Log], list[Log]]:
        """`count` shuffled sessions of each half to learn from, and others to test models on."""
        log.info("Playing shuffled sessions", sessions=2 * count)
        blank, learn, test = init_model(jax.random.key(0), "plain"), [], []
        for half in (0, 1):
            world = self.true_world(self.starts(half, SessionDraw(min(STARTS, count), SHUFFLED, 10)), blank)
            for found, each, draw in ((learn, count, 20), (test, max(200, count // 5), 30)):
                found.append(sessions(world, by_chance, None, each, SHUFFLED, draw + half).log)
        return learn, test

    def starts(self, half: int, draw: SessionDraw) -> TownStarts:
        them = np.arange(half, self.truth.config.listeners, 2)
        draw = SessionDraw(min(draw.count, STARTS), draw.pool, draw.seed + half)
        return starts_of(self.truth, draw, listeners=them)

    def world(self, starts: TownStarts, model: UserModel, answers: UserModel | None = None) -> World:
        return model_world(self.truth, starts, model, answers)

    def true_world(self, starts: TownStarts, model: UserModel) -> World:
        return true_world(self.truth, starts, model)

    def factors(self) -> Factors:
        lived, plays = lives(self.truth.config, self.truth.seed), self.truth.first_memory().plays
        np.add.at(plays, (lived.listener, lived.track), HEARD[lived.stage])
        return _factors(csr_matrix(np.log1p(plays)))


class LibraryPopulation(Population):
    """The listeners of a library. What is true of them nobody knows."""

    truth_known = False

    def __init__(self, library: Library, *, shuffled: bool = True, keep: int = 3) -> None:
        """The listeners of `library`.

        Args:
            library: whose listening it is.
            shuffled: learn from sessions played with shuffle on alone.
            keep: versions of user models that are kept on its shelf.
        """
        self.library, self.shuffled, self.keep = library, shuffled, keep
        self.catalogue = catalogue_of(library, song_vectors(library))
        self.facts: dict[str, Any] = {"library": library.fingerprint(), "shuffled": shuffled}
        self._starts: dict[tuple[int, SessionDraw], Starts] = {}

    @property
    def tracks(self) -> Tracks:
        return Tracks(self.catalogue.tracks.vector, self.catalogue.tracks.artist)

    def user_models(
        self, config: WorldConfig | None = None, *, seed: int = 0
    ) -> tuple[str | None, UserModels]:
        config = (config or WorldConfig()).model_copy(update={"shuffled": self.shuffled})
        version, found = user_models(self.library, config, seed=seed, keep=self.keep)
        self.facts["listeners"] = found.listeners
        return version, found

    def starts(self, half: int, draw: SessionDraw) -> Starts:
        part = half if self.facts.get("listeners", FEW) >= FEW else None
        if (half, draw) in self._starts:  # several worlds begin with the same
            return self._starts[half, draw]
        pool = min(draw.pool, len(self.catalogue.ids))
        own = SessionDraw(min(draw.count, STARTS), pool, draw.seed + half)
        found = library_starts(self.library, self.catalogue, own, shuffled=self.shuffled, half=part)
        # Where there are fewer they come again, so that worlds of both halves have one form, compiled once.
        self._starts[half, draw] = take(found, np.arange(own.count) % len(found.pool))
        return self._starts[half, draw]

    def world(self, starts: Starts, model: UserModel, answers: UserModel | None = None) -> World:
        return library_world(self.catalogue, starts, model, answers)

    def true_world(self, starts: Starts, model: UserModel) -> World:
        raise UsageError("What is true of a library's listeners nobody knows", hint="take a town")

    def factors(self) -> Factors:
        table = listens(self.library)
        counted = table.group_by(["listener_id", "track_id"]).agg(plays=table.plays.sum())
        rows = self.library.arrow(counted)
        who = _places(rows["listener_id"].to_pylist(), sorted(set(rows["listener_id"].to_pylist())))
        track = _places(rows["track_id"].to_pylist(), self.catalogue.ids)
        plays = np.log1p(rows["plays"].to_numpy().astype(np.float32))
        known = track >= 0
        shape = (int(who.max()) + 1, len(self.catalogue.ids))
        return _factors(coo_matrix((plays[known], (who[known], track[known])), shape=shape).tocsr())


def _places(names: Sequence[str], among: Sequence[str]) -> NDArray[np.int64]:
    at = {name: place for place, name in enumerate(among)}
    return np.array([at.get(name, -1) for name in names])


def _factors(plays: csr_matrix) -> Factors:
    model = ImplicitALS(factors=min(FACTORS, *plays.shape), random_state=0, num_threads=1)
    model.fit(plays.astype(np.float32), show_progress=False)
    return Factors(jnp.asarray(model.user_factors), jnp.asarray(model.item_factors))
