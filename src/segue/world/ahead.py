"""The second half of a session foretold from its first: the task of the Music Streaming Sessions Dataset.

Brost, Mehrotra, Jehan, "The Music Streaming Sessions Dataset", WWW 2019; the measure is its challenge's. The
tracks of the second half are known, what becomes of them is not: there the model goes on from what it has
foretold itself. A track is skipped if it was left at once or soon (`skip_2` of the dataset).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from segue.world.catalogue import Catalogue
from segue.world.features import Heard as Session
from segue.world.features import hear, moment_features, nothing_heard, session_features
from segue.world.law import SLOWER
from segue.world.logs import Heard
from segue.world.members import nothing_read
from segue.world.responses import SURPRISE, UserModel, chances, read
from segue.world.tracks import Track, take

SKIPPED, WHOLE = 1, 3  # stages that a foretold track is taken to have reached


def mean_average_accuracy(right: NDArray[np.bool_], asked: NDArray[np.bool_]) -> float:
    """Mean over sessions of the mean over tracks of: the accuracy so far, where the track is right.

    Args:
        right: (n, T) whether each was foretold rightly.
        asked: (n, T) which were to be foretold; sessions without any are left out.
    """
    right, number = right & asked, np.cumsum(asked, 1)
    so_far = np.cumsum(right, 1) / np.maximum(number, 1)
    some = number[:, -1] > 0
    return float(((so_far * right).sum(1)[some] / number[some, -1]).mean())


def second_halves(catalogue: Catalogue, heard: Heard, model: UserModel) -> dict[str, float]:
    """Mean average accuracy on second halves of sessions: the model's, and of the last response repeated.

    Args:
        catalogue: of the songs.
        heard: sessions; of an odd number of tracks the larger part is foretold.
        model: one, of any form.
    """
    there, skipped = heard.there > 0, heard.stage < 2
    known = there.sum(1) // 2
    asked = there & (np.arange(there.shape[1]) >= known[:, None])
    columns = (heard.place, heard.static, heard.stage)
    chance = np.asarray(_foretold(catalogue.tracks, model, jnp.asarray(known), *map(jnp.asarray, columns)))
    last = np.take_along_axis(skipped, np.maximum(known - 1, 0)[:, None], 1)
    guesses = {"recurrent": chance > 0.5, "the last response, repeated": np.broadcast_to(last, asked.shape)}
    return {name: mean_average_accuracy(guess == skipped, asked) for name, guess in guesses.items()}


@jax.jit
def _foretold(tracks: Track, model: UserModel, known: Array, *columns: Array) -> Array:
    """Chances (n, T) that tracks are skipped, each by what was known of the first `known` (n,) tracks."""

    def session(known: Array, *columns: Array) -> Array:
        def one(carry: tuple[Session, Array, Array], at: tuple[Array, ...]) -> tuple[Any, Array]:
            so_far, memory, surprise = carry
            number, place, static, stage = at
            track = take(tracks, place)
            moment = moment_features(so_far, Track(*(value[None] for value in track)))[0]
            features = session_features(so_far).at[SURPRISE].set(surprise)
            candidate = jnp.concatenate([static, moment])
            found = chances(model, features, memory, candidate[None])[0]
            skip, told = found[0] + found[1], number < known
            stage = jnp.where(told, stage, jnp.where(skip > 0.5, SKIPPED, WHOLE))
            more = jnp.where(told, (stage == WHOLE) - found[3], 0.0)  # nothing surprises in what is foretold
            slower = jnp.asarray(SLOWER)
            surprise = slower * surprise + (1 - slower) * more
            memory = read(model, memory, features, candidate, stage, more)
            return (hear(so_far, track, stage, jnp.zeros(())), memory, surprise), skip

        begun = (nothing_heard(tracks.vector.shape[1], jnp), nothing_read(model), jnp.zeros(2))
        return jax.lax.scan(one, begun, (jnp.arange(columns[0].shape[0]), *columns))[1]

    return jax.vmap(session)(known, *columns)
