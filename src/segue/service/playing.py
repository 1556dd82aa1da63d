"""What plays in a stream: a radio, or a session that the agent leads. Both choose, and are told what came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from segue.errors import ChangedError
from segue.playlists.catalogue import Catalogue
from segue.playlists.playlist import TrackCard
from segue.playlists.radio_config import RadioConfig

if TYPE_CHECKING:
    from segue.engine import Engine
    from segue.engine.radio import Station
    from segue.engine.session import Led

POOL = 20  # tracks of a radio among which chance may choose


class Offer(NamedTuple):
    """A track that may come."""

    track: str
    score: float  # what decides
    expected: float | None = None  # reward that the user model expects at once
    whole: float | None = None  # chance that it is heard whole


class Chosen(NamedTuple):
    """The track that comes now."""

    track: TrackCard
    reason: str
    score: float
    model: str
    pool: tuple[Offer, ...]  # what it was chosen from, the best first
    chance: float  # with which it was chosen


class Player(Protocol):
    """Chooses track after track."""

    notes: tuple[str, ...]

    def next(self, draws: np.random.Generator, explore: float) -> Chosen | None:
        """The track that comes; None where none is left. With the chance `explore`, any of its pool."""

    def answer(self, track: str, stage: int) -> None:
        """A track was heard so far (`library.stages`). One that is not known any more is passed over."""

    def now(self, track: str) -> TrackCard | None:
        """A track that was chosen before a restart; None where it is not known any more."""


class RadioPlayer:
    """A radio (`playlists.radio`)."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self.notes: tuple[str, ...] = station.notes
        self._places = {track: place for place, track in enumerate(station.catalogue.ids.to_pylist())}

    def next(self, draws: np.random.Generator, explore: float) -> Chosen | None:
        """See `Player`."""
        station = self.station
        offered = station.radio.choices(POOL)
        if not offered:
            return None
        ids = station.catalogue.ids
        pool = tuple(Offer(ids[place].as_py(), float(score)) for place, score in offered)
        at, chance = drawn(len(pool), draws, explore)
        pick = station.radio.take(*offered[at])
        card = station.catalogue.card(pick.track)
        return Chosen(card, station.reason(pick), float(pick.score), station.model, pool, chance)

    def answer(self, track: str, stage: int) -> None:
        """See `Player`."""
        if track in self._places:
            self.station.radio.answer(self._places[track], skipped=stage <= 1)

    def now(self, track: str) -> TrackCard | None:
        """See `Player`."""
        return self.station.catalogue.card(self._places[track]) if track in self._places else None


class SessionPlayer:
    """A session that the agent, or greed, leads (`agents.leading`)."""

    def __init__(self, engine: Engine, led: Led) -> None:
        self.led = led
        self.notes: tuple[str, ...] = (led.why,)
        self._cards = Catalogue.read(engine.library, led.session.tracks)
        self._places = {track: place for place, track in enumerate(led.session.tracks)}

    def next(self, draws: np.random.Generator, explore: float) -> Chosen | None:
        """See `Player`."""
        candidates = self.led.session.candidates()
        if not candidates:
            return None
        at, chance = drawn(len(candidates), draws, explore)
        pool = tuple(Offer(each.track, each.q, each.expected, each.whole) for each in candidates)
        one = candidates[at]
        reason = self.led.reasons.get(one.track, "")
        return Chosen(self.now(one.track), reason, one.q, self.led.version, pool, chance)

    def answer(self, track: str, stage: int) -> None:
        """See `Player`."""
        self.led.session.answer(track, stage)

    def now(self, track: str) -> TrackCard:
        """See `Player`."""
        return self._cards.card(self._places[track])

    @property
    def stay(self) -> float:
        """The chance that the listener is still there after the last track."""
        return self.led.session.stay


def drawn(count: int, draws: np.random.Generator, explore: float) -> tuple[int, float]:
    """A place among `count`, the best first, and its chance: the first, or with `explore` any."""
    at = int(draws.integers(count)) if explore and draws.random() < explore else 0
    return at, (1 - explore) * (at == 0) + explore / count


def open_player(engine: Engine, listener: str, asked: Mapping[str, Any]) -> Player:
    """The player of a stream; `asked` is what it was begun with, or what an earlier release kept of it.

    Raises:
        NotFoundError: nothing was trained, or there is no such track.
        ChangedError: its tracks are not the agent's any more.
    """
    whom = listener if asked["known"] else None
    if asked.get("kind", "radio") == "radio":
        config = RadioConfig.model_validate(asked["config"])
        return RadioPlayer(engine.radio(whom, asked["seeds"], config=config))
    led = engine.session(whom, asked.get("tracks", ()), likes=asked["seeds"], by=asked["by"])
    if asked.get("tracks") and set(led.session.tracks) != set(asked["tracks"]):
        raise ChangedError("The tracks of this session are not all known any more", hint="begin another")
    return SessionPlayer(engine, led)
