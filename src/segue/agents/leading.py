"""A session that an agent leads for somebody real: it looks, chooses, is told how far that was heard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from segue.agents.policies import Trained, q_of
from segue.agents.sequencing import Sequencer
from segue.errors import UsageError
from segue.library.stages import STAGES
from segue.world.dynamics import State, World, observe_response, see
from segue.world.pools import Pool


class Candidate(NamedTuple):
    """A track that may come next."""

    track: str
    q: float  # worth of choosing it, for the rest of the session too; without an agent, what is expected
    expected: float  # reward that the user model expects at once
    whole: float  # chance that it is heard whole
    left: float  # chance that it is left at once


class Session:
    """A session of one listener. It is not safe for threads; the sequencer behind it is.

    Args:
        sequencer: the agent, or greed.
        listener: whose; None for somebody of whom nothing is known.
        tracks: ids of what may come, of songs that the sequencer knows.
        moment: when it begins, with a zone.

    Attributes:
        stay: the chance that the listener is still there after the last track; 1 at first.
    """

    def __init__(
        self, sequencer: Sequencer, listener: str | None, tracks: Sequence[str], moment: datetime
    ) -> None:
        self.sequencer, self.tracks = sequencer, list(tracks)
        self._world, self._state = sequencer.started(Pool(listener, self.tracks, len(self.tracks)), moment)
        self.stay = 1.0
        self._seen: list[Candidate] | None = None

    def candidates(self) -> list[Candidate]:
        """What may come next, the largest Q first; empty when all of it was played."""
        if self._seen is None:
            looked = _look(self._world, self._state, self.sequencer.agent)
            q, expected, left, whole, free = (np.asarray(each)[: len(self.tracks)] for each in looked)
            order = np.argsort(-np.where(free, q, -np.inf), kind="stable")[: int(free.sum())]
            self._seen = [
                Candidate(
                    self.tracks[at], float(q[at]), float(expected[at]), float(whole[at]), float(left[at])
                )
                for at in order.tolist()
            ]
        return self._seen

    def answer(self, track: str, stage: int) -> None:
        """A track was heard so far: 0 very briefly, 1 briefly, 2 most of it, 3 whole (`library.stages`).

        Raises:
            UsageError: it is not of this session, was played before, or there is no such stage.
        """
        if track not in {each.track for each in self.candidates()} or not 0 <= stage < len(STAGES):
            raise UsageError(
                "That cannot have been heard now",
                expected=f"a track of the session, and a stage from 0 to {len(STAGES) - 1}",
                got=f"{track}, {stage}",
            )
        place = jnp.asarray(self.tracks.index(track))
        self._state, stay = _told(self._world, self._state, place, jnp.asarray(stage))
        self.stay, self._seen = float(stay), None


@jax.jit
def _look(world: World, state: State, agent: Trained | None) -> tuple[Array, ...]:
    """Q, expected reward, chances of leaving at once and of hearing whole, and what is free; each (m,)."""
    seen = see(world, state)
    q = seen.prior if agent is None else q_of(agent, seen)
    return q, seen.prior, seen.candidates[:, -3], seen.candidates[:, -2], seen.mask


_told = jax.jit(observe_response)
