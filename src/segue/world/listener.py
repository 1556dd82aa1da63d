"""What a listener has heard so far and how it went: all that a user model knows of somebody."""

from __future__ import annotations

from collections import defaultdict
from heapq import nlargest
from itertools import islice
from math import exp

import numpy as np
from numpy.typing import NDArray

from segue.library.listening import SESSION_GAP_MS
from segue.library.stages import HEARD
from segue.world.catalogue import Catalogue
from segue.world.features import USUAL_ENERGY
from segue.world.known import MOST_PLAYED, NEVER, WEAR_DAYS, About, Floats, static_features, surprises
from segue.world.outcomes import Outcomes
from segue.world.tracks import take

GAP_DAYS = SESSION_GAP_MS / 86_400_000  # without listening, after which a session is another
Flags = bool | NDArray[np.bool_]
PARTS = [float(part) for part in HEARD]
LATEST = 1000  # songs, and plays, that tastes and outcomes are taken from


class Listener:
    """Somebody's listening, play by play. Ask `known` at the moment that counts: nothing is forgotten.

    Args:
        catalogue: of the songs.
        others: how songs were received by others (n, 2), as `Catalogue.reception`, which is the default.
    """

    def __init__(self, catalogue: Catalogue, others: Floats | None = None) -> None:
        self.catalogue = catalogue
        self.others = catalogue.reception if others is None else others
        self.plays: dict[int, float] = defaultdict(float)
        self.last: dict[int, float] = {}  # the latest at the end
        self.wear: dict[int, tuple[float, float]] = {}
        self.outcomes = Outcomes()
        self._told: list[tuple[int, float, int]] = []  # place, part heard, session
        self._until = -NEVER

    def remembers(self, place: int, plays: float, day: float) -> None:
        """A song known from before: how often, and when last; what became of each play is not told."""
        self.plays[place] += plays
        self.last.pop(place, None)
        self.last[place] = day

    def hears(self, place: int, stage: int, day: float) -> None:
        """One more play. A stage below 0 is not told: such a play counts as heard."""
        part, artist = PARTS[stage], int(self.catalogue.tracks.artist[place])
        session = self._told[-1][2] + (day > self._until + GAP_DAYS) if self._told else 0
        self._until = day + part * float(self.catalogue.tracks.minutes[place]) / (24 * 60)
        self._told.append((place, part, session))
        self.outcomes.hears(place, artist, stage, day, self._until)
        self.remembers(place, part, day)
        self.wear[artist] = (self._worn(artist, day) + part, day)

    def known(
        self,
        places: NDArray[np.integer],
        day: float,
        hour: float,
        *,
        shuffled: Flags = True,
        picked: Flags = False,
    ) -> NDArray[np.float32]:
        """Features STATIC of tracks, (m, len(STATIC)).

        Args:
            places: of the tracks in the catalogue (m,).
            day: since 1970, UTC.
            hour: of the day.
            shuffled: whether chance, or whoever recommends, chooses what comes; (m,) or one for all.
            picked: whether the listener chose this very track.
        """
        tracks, all_tracks = take(self.catalogue.tracks, places), self.catalogue.tracks
        best = nlargest(MOST_PLAYED, self.plays, key=lambda place: self.plays[place])
        most = np.zeros((MOST_PLAYED, all_tracks.vector.shape[1]), np.float32)
        most[: len(best)] = all_tracks.vector[best]
        songs, plays = list(self.plays), np.log1p(list(self.plays.values()))
        heard = list(islice(reversed(self.last), LATEST))
        told = np.array(self._told[-LATEST:], dtype=float).reshape(-1, 3)
        parts, session = told[:, 1], (told[:, 2] - told[:1, 2]).astype(np.int64)
        received = self.others[places]
        about = About(
            plays=np.array([self.plays.get(place, 0.0) for place in places.tolist()]),
            days=np.array([day - self.last.get(place, day - NEVER) for place in places.tolist()]),
            wear=np.array([self._worn(artist, day) for artist in tracks.artist.tolist()]),
            taste=plays @ all_tracks.vector[songs] if songs else np.zeros(all_tracks.vector.shape[1]),
            most=most,
            energy=float(all_tracks.energy[best].mean()) if best else USUAL_ENERGY,
            heard=np.array(heard, dtype=np.int64),
            weights=np.log1p([self.plays[place] for place in heard], dtype=np.float32),
            told=told[:, 0].astype(np.int64),
            surprise=surprises(parts, session).astype(np.float32),
            means=np.bincount(session, parts) / np.bincount(session),
            received=received[:, 0] / (received[:, 1] + 20),
            outcomes={
                **self.outcomes.columns(places, tracks.artist, day),
                "shuffled": np.broadcast_to(np.asarray(shuffled, float), places.shape),
                "picked": np.broadcast_to(np.asarray(picked, float), places.shape),
            },
        )
        return static_features(all_tracks, places, self.catalogue.popularity[places], about, hour)

    def _worn(self, artist: int, day: float) -> float:
        wear, then = self.wear.get(artist, (0.0, day))
        return wear * exp((then - day) / WEAR_DAYS)
