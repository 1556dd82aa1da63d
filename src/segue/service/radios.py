"""Radios that play. Each answer is on the disk before the next track, so a restart goes on where it was."""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import orjson
import sqlalchemy as sa

from segue.engine.radio import Station
from segue.errors import NotFoundError, UsageError
from segue.playlists.playlist import TrackCard
from segue.playlists.radio import Pick
from segue.playlists.radio_config import RadioConfig
from segue.service.engines import Engines
from segue.service.tables import RADIO_TRACKS, RADIOS
from segue.service.writing import Writer

MOST = 200  # radios held in memory
LONGEST = 10_000  # tracks of a radio


class Playing(NamedTuple):
    """The track that comes now."""

    number: int  # from 1
    track: TrackCard
    reason: str
    score: float
    model: str


class Begun(NamedTuple):
    """A radio that was opened."""

    id: str
    notes: tuple[str, ...]
    now: Playing | None


class _Radio:
    """A radio in memory; its lock is held while it moves."""

    def __init__(self, station: Station) -> None:
        self.station, self.lock = station, threading.Lock()
        self.now: Playing | None = None
        self.pick: int = -1  # the track's number in the catalogue
        self.count = 0


class Radios:
    """The radios of all listeners."""

    def __init__(self, database: sa.Engine, writer: Writer, engines: Engines) -> None:
        self._database, self._writer, self._engines = database, writer, engines
        self._held: OrderedDict[str, _Radio] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, listener: str, seeds: Sequence[str], known: bool, config: RadioConfig) -> Begun:
        """Open a radio of a listener; of the seeds alone where nothing is `known` of the listener.

        Raises:
            NotFoundError: nothing was trained, or there is no such track.
            UsageError: neither seeds nor a known listener.
        """
        asked = {"seeds": list(seeds), "known": known, "config": config.model_dump(mode="json")}
        radio = self._opened(listener, asked)
        name = str(uuid.uuid4())
        row = {
            "id": name,
            "listener": listener,
            "asked": orjson.dumps(asked).decode(),
            "created_at": time.time(),
        }
        first = self._next(radio)

        def keep(connection: sa.Connection) -> None:
            connection.execute(RADIOS.insert().values(**row))
            _keep(connection, name, first)

        self._writer.write(keep)
        self._hold(name, radio)
        return Begun(name, radio.station.notes, first)

    def now(self, name: str, listener: str) -> Playing | None:
        """The track that comes now; None where none is left.

        Raises:
            NotFoundError: the listener has no such radio.
        """
        radio = self._find(name, listener)
        with radio.lock:
            return radio.now

    def answer(self, name: str, listener: str, number: int, *, skipped: bool) -> Playing | None:
        """Track `number` was played, or skipped: the next one. Telling it again changes nothing.

        Raises:
            NotFoundError: the listener has no such radio.
            UsageError: that track has not come yet, or is long past.
        """
        radio = self._find(name, listener)
        with radio.lock:
            if radio.count == number + 1 or (radio.now is None and radio.count == number):
                return radio.now  # told before: an answer got lost on the way
            if radio.now is None or radio.now.number != number:
                raise UsageError(
                    "That track does not come now", expected=f"number {radio.count}", came=f"number {number}"
                )
            if number >= LONGEST:
                raise UsageError("This radio has played enough", do="begin another")
            radio.station.radio.answer(radio.pick, skipped=skipped)
            coming = self._next(radio)
            told = {"skipped": skipped, "answered_at": time.time()}

            def keep(connection: sa.Connection) -> None:
                mine = (RADIO_TRACKS.c.radio == name) & (RADIO_TRACKS.c.number == number)
                connection.execute(RADIO_TRACKS.update().where(mine).values(**told))
                _keep(connection, name, coming)

            try:
                self._writer.write(keep)
            except BaseException:
                with self._lock:
                    self._held.pop(name, None)  # it is where the database says
                raise
            return coming

    def end(self, name: str, listener: str) -> None:
        """Forget a radio.

        Raises:
            NotFoundError: the listener has no such radio.
        """
        theirs = (RADIOS.c.id == name) & (RADIOS.c.listener == listener)
        gone = self._writer.write(
            lambda connection: connection.execute(RADIOS.delete().where(theirs)).rowcount
        )
        with self._lock:
            self._held.pop(name, None)
        if not gone:
            _absent()

    def _opened(self, listener: str, asked: dict[str, Any]) -> _Radio:
        config = RadioConfig.model_validate(asked["config"])
        whom = listener if asked["known"] else None
        return _Radio(self._engines.asked(lambda engine: engine.radio(whom, asked["seeds"], config=config)))

    def _next(self, radio: _Radio) -> Playing | None:
        pick = radio.station.radio.next()
        radio.now = None
        if pick is not None:
            radio.count += 1
            radio.now, radio.pick = _told(radio.station, pick, radio.count), pick.track
        return radio.now

    def _find(self, name: str, listener: str) -> _Radio:
        with self._database.connect() as connection:
            row = connection.execute(RADIOS.select().where(RADIOS.c.id == name)).one_or_none()
            if row is None or row.listener != listener:
                _absent()
            held = self._held.get(name)
            if held is not None:
                return held
            tracks = connection.execute(
                RADIO_TRACKS.select().where(RADIO_TRACKS.c.radio == name).order_by(RADIO_TRACKS.c.number)
            ).all()
        radio = self._opened(listener, orjson.loads(row.asked))
        self._again(radio, tracks)
        return self._hold(name, radio)

    def _again(self, radio: _Radio, tracks: Sequence[sa.Row]) -> None:
        """Let a radio hear again what it played; the track that was told last stays the one that comes."""
        station = radio.station
        places = {track: number for number, track in enumerate(station.catalogue.ids.to_pylist())}
        for row in tracks:
            radio.count = row.number
            place = places.get(row.track_id)
            if row.skipped is not None and place is not None:
                station.radio.answer(place, skipped=row.skipped)
            elif place is not None:
                card = station.catalogue.card(place)
                radio.now = Playing(row.number, card, row.reason, row.score, row.model)
                radio.pick = place
        if radio.now is None and (not tracks or tracks[-1].skipped is None):
            radio.count -= 1 if tracks else 0  # the model of today does not know it: another in its place
            self._next(radio)

    def _hold(self, name: str, radio: _Radio) -> _Radio:
        with self._lock:
            held = self._held.setdefault(name, radio)
            self._held.move_to_end(name)
            while len(self._held) > MOST:
                self._held.popitem(last=False)
        return held


def _told(station: Station, pick: Pick, number: int) -> Playing:
    card = station.catalogue.card(pick.track)
    return Playing(number, card, station.reason(pick), float(pick.score), station.model)


def _keep(connection: sa.Connection, name: str, playing: Playing | None) -> None:
    if playing is not None:
        row = {
            "radio": name,
            "number": playing.number,
            "track_id": playing.track.track_id,
            "reason": playing.reason,
            "score": playing.score,
            "model": playing.model,
            "served_at": time.time(),
        }
        connection.execute(RADIO_TRACKS.insert().values(**row))


def _absent() -> NoReturn:
    raise NotFoundError("There is no such radio", do="begin one: POST /v1/radio")
