"""A world of a library's listeners: real starts, pools of its songs, answers by the user model."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from segue.errors import UsageError
from segue.library import Library
from segue.world.catalogue import Catalogue
from segue.world.dynamics import World, world_of
from segue.world.features import STATIC
from segue.world.law import ModelLaw
from segue.world.pools import SessionDraw, drawn_pool
from segue.world.responses import WHOLE, UserModel
from segue.world.starts import Starts
from segue.world.walking import one_thread, walk


def library_starts(
    library: Library,
    catalogue: Catalogue,
    draw: SessionDraw | None = None,
    *,
    shuffled: bool = True,
    half: int | None = None,
) -> Starts:
    """Beginnings of sessions of a library (as many as asked for, or as there are), drawn evenly.

    Each has its own pool, see `drawn_pool`.

    Args:
        library: to read.
        catalogue: of its songs.
        draw: how many, and of how many candidates.
        shuffled: only of sessions played with shuffle on.
        half: 0 or 1: only of every other listener; by default of all.

    Raises:
        UsageError: there are fewer songs than a pool holds, or no sessions.
    """
    count, pool, seed = draw or SessionDraw()
    if pool > len(catalogue.ids):
        raise UsageError("The pool is larger than the catalogue", expected=f"at most {len(catalogue.ids)}")
    draws, found = np.random.default_rng(seed), []
    every = walk(library, catalogue, shuffled=shuffled)
    theirs = (session for session in every if half is None or session.number % 2 == half)
    with one_thread():
        for number, session in enumerate(theirs):
            # Reservoir sampling (Vitter 1985): how many there are is known only at the end.
            place = number if number < count else int(draws.integers(number + 1))
            if place >= count:
                continue
            songs = drawn_pool(catalogue.popularity, session.listener.plays, pool, draws)
            start = (songs, session.listener.known(songs, session.day, session.hour), session.number)
            if number < count:
                found.append(start)
            else:
                found[place] = start
    if not found:
        raise UsageError("There are no sessions to begin with", hint="import sessions whose skips are known")
    songs, static, who = (np.stack(column) for column in zip(*found, strict=True))
    plays = static[..., STATIC.index("plays")]
    return Starts(*map(jnp.asarray, (songs, static, plays > 0, who)))


def library_world(
    catalogue: Catalogue,
    starts: Starts,
    model: UserModel,
    answers: UserModel | None = None,
    rewards: Sequence[float] = WHOLE,
    uncertainty_penalty: float = 0.0,
) -> World:
    """A world whose listeners answer by a user model.

    Args:
        catalogue: of the library's songs.
        starts: of its sessions.
        model: what an agent sees through.
        answers: the model that answers; by default the same.
        rewards: of a track left at once, left soon, mostly heard, heard whole.
        uncertainty_penalty: see `dynamics.world_of`.
    """
    law = ModelLaw(model if answers is None else answers)
    return world_of(
        catalogue.tracks, starts, model, law, rewards=rewards, uncertainty_penalty=uncertainty_penalty
    )
