"""Several user models as one: an ensemble, whose arrays have a leading axis of members."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import Array

from segue.world.responses import MEMORY, UserModel, chances, read


def ensemble(models: Sequence[UserModel]) -> UserModel:
    """Several models as one that `opinions` and `reads` take: every array has a leading axis of members."""
    return jax.tree.map(lambda *each: jnp.stack(each), *models)


def nothing_read(model: UserModel) -> Array:
    """The memory at a session's start, (MEMORY,); of an ensemble (members, MEMORY)."""
    return jnp.zeros((*model.bias.shape[:-1], MEMORY))


def opinions(model: UserModel, session: Array, memory: Array, candidates: Array) -> Array:
    """Chances (members, m, 4) by a model, which counts as one member, or an ensemble. Surprise is shared."""
    if model.bias.ndim == 1:
        return chances(model, session, memory, candidates)[None]
    return jax.vmap(chances, (0, None, 0, None))(model, session, memory, candidates)


def reads(model: UserModel, memory: Array, *heard: Array) -> Array:
    """`read` by a model or all members of an ensemble, for one session."""
    if model.bias.ndim == 1:
        return read(model, memory, *heard)
    return jax.vmap(lambda member, each: read(member, each, *heard))(model, memory)
