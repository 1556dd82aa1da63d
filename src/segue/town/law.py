"""A town's own law as a law of the world, and worlds of its sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from segue.town import response
from segue.town.starts import TownStarts, seen_tracks
from segue.town.truth import Truth
from segue.world.dynamics import World, world_of
from segue.world.law import ModelLaw, Moment
from segue.world.responses import WHOLE, UserModel


class TownLaw(NamedTuple):
    """The listeners of a town answer, by its law (`response.py`)."""

    constants: response.Parameters
    tracks: response.Track  # (n_tracks, ...)
    appeal: Array  # (n_starts, m)
    care: Array  # (n_starts,)
    genres: Array  # (n_genres,), for its shape

    def begin(self, mood: Array, frailty: Array) -> response.State:
        dimensions = self.tracks.vector.shape[1]
        return response.begin(self.constants, mood, frailty, dimensions, len(self.genres), jnp)

    def answer(self, state: response.State, moment: Moment) -> Array:
        appeal, care = self.appeal[moment.start, moment.place], self.care[moment.start]
        track = response.take(self.tracks, moment.track)
        worth = response.utility(self.constants, appeal, care, track, state, jnp)
        return response.stages(self.constants, worth, jnp)[None]

    def heard(self, state: response.State, moment: Moment, stage: Array, key: Array) -> response.State:
        track = response.take(self.tracks, moment.track)
        return response.advance(self.constants, state, track, stage, jax.random.normal(key), jnp)

    def leaving(self, state: response.State, features: Array, minutes: Array) -> Array:
        return response.leaving(self.constants, state, minutes, jnp)


def town_law(truth: Truth, begun: TownStarts) -> TownLaw:
    """The law of a town, for sessions that begin so."""
    constants, tracks = jax.tree.map(jnp.asarray, (response.float32(truth.config.response), truth.tracks))
    return TownLaw(constants, tracks, begun.appeal, begun.care, jnp.zeros(int(truth.tracks.genre.max()) + 1))


def true_world(
    truth: Truth,
    begun: TownStarts,
    model: UserModel,
    *,
    rewards: Sequence[float] = WHOLE,
    uncertainty_penalty: float = 0.0,
) -> World:
    """A world of a town's sessions in which its listeners answer; see `segue.world.dynamics.world_of`."""
    law = town_law(truth, begun)
    return world_of(
        seen_tracks(truth), begun.starts, model, law, rewards=rewards, uncertainty_penalty=uncertainty_penalty
    )


def model_world(
    truth: Truth,
    begun: TownStarts,
    model: UserModel,
    answers: UserModel | None = None,
    *,
    rewards: Sequence[float] = WHOLE,
    uncertainty_penalty: float = 0.0,
) -> World:
    """A world of a town's sessions in which a user model answers: `answers`, or `model` itself."""
    law = ModelLaw(model if answers is None else answers)
    return world_of(
        seen_tracks(truth), begun.starts, model, law, rewards=rewards, uncertainty_penalty=uncertainty_penalty
    )
