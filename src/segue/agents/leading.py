"""A session that an agent leads for somebody real: it looks, chooses, is told how far that was heard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from segue.agents.network import q_of
from segue.agents.sequencing import Sequencer
from segue.errors import UsageError
from segue.library.stages import STAGES
from segue.world import numpy_sessions
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
        self._offer = sequencer.offered(Pool(listener, self.tracks, len(self.tracks)), moment)
        free = np.ones((1, len(self.tracks)), np.bool_)
        self._session = numpy_sessions.begin(self._offer, free, 1)
        self.stay = 1.0
        self._seen: list[Candidate] | None = None

    def candidates(self) -> list[Candidate]:
        """What may come next, the largest Q first; empty when all of it was played."""
        if self._seen is None:
            looked, agent = self._look(), self.sequencer.agent
            whole, left = looked.chances[0, 0, :, 3], looked.chances[0, 0, :, 0]
            seen = numpy_sessions.seen(self._offer, self._session, looked)
            q = whole if agent is None else q_of(agent, seen)[0, 0]
            free = self._session.free[0]
            order = np.argsort(-np.where(free, q, -np.inf), kind="stable")[: int(free.sum())]
            self._seen = [
                Candidate(self.tracks[at], float(q[at]), float(whole[at]), float(whole[at]), float(left[at]))
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
        place, reached = np.array([self.tracks.index(track)]), np.array([[stage]])
        one = numpy_sessions.of_one(self._look(), place)
        alone = numpy_sessions.only(self._offer, place)
        self._session, stay = numpy_sessions.after(
            self.sequencer.model, alone, self._session, one, place, reached
        )
        self.stay, self._seen = float(stay[0, 0]), None

    def _look(self) -> numpy_sessions.Looked:
        return numpy_sessions.look(self.sequencer.model, self._offer, self._session)
