"""Who answers in a world: a law. Here the user model's; a simulated town has its own (`segue.town.law`)."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import Array

from segue.world import members
from segue.world.responses import SURPRISE, UserModel

SLOWER = (0.6, 0.9)  # how much of the surprise so far stays, fast and slowly fading


class Moment(NamedTuple):
    """A choice in a session: which of the candidates, and what can be seen of both."""

    start: Array  # the session's place among the starts
    place: Array  # of the candidate in its pool
    track: Array  # its place in the catalogue
    session: Array  # features of the session
    candidate: Array  # features of the candidate


class Law(Protocol):
    """Answers to choices. A pytree of arrays whose functions are pure, so that JAX compiles them.

    Its state is of one session and its own affair.
    """

    def begin(self, mood: Array, frailty: Array) -> Any:
        """The state of a session that begins. `mood` and `frailty` are standard normal draws."""

    def answer(self, state: Any, moment: Moment) -> Array:
        """Chances (members, 4) of how far the track is heard: of one law, or of several who may differ."""

    def heard(self, state: Any, moment: Moment, stage: Array, key: Array) -> Any:
        """The state after it was heard so far."""

    def leaving(self, state: Any, features: Array, minutes: Array) -> Array:
        """Chance that the session ends now, after `minutes` of that track.

        `features` are those of `dynamics.leaving_features`.
        """


class ModelState(NamedTuple):
    """What a model that answers remembers of a session."""

    surprise: Array  # (2,)
    memory: Array  # (MEMORY,); of an ensemble (members, MEMORY)


class ModelLaw(NamedTuple):
    """A user model answers, by its own chances."""

    model: UserModel

    def begin(self, mood: Array, frailty: Array) -> ModelState:
        return ModelState(jnp.zeros(2), members.nothing_read(self.model))

    def answer(self, state: ModelState, moment: Moment) -> Array:
        return self._opinions(state, moment)[:, 0]

    def heard(self, state: ModelState, moment: Moment, stage: Array, key: Array) -> ModelState:
        surprise = (stage == 3).astype(jnp.float32) - self._opinions(state, moment).mean(0)[0, 3]
        slower = jnp.asarray(SLOWER)
        session = self._session(state, moment)
        return ModelState(
            slower * state.surprise + (1 - slower) * surprise,
            members.reads(self.model, state.memory, session, moment.candidate, stage, surprise),
        )

    def leaving(self, state: ModelState, features: Array, minutes: Array) -> Array:
        return jax.nn.sigmoid(self.model.leaves @ features).mean()

    def _session(self, state: ModelState, moment: Moment) -> Array:
        """The session as this model sees it, with its own surprise at what came."""
        return moment.session.at[SURPRISE].set(state.surprise)

    def _opinions(self, state: ModelState, moment: Moment) -> Array:
        session = self._session(state, moment)
        return members.opinions(self.model, session, state.memory, moment.candidate[None])
