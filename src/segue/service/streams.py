"""Streams that play: radios, and sessions that the agent leads.

Each answer is on the disk before the next track, so a restart goes on where it was. Every track that was
served stays there with what it was chosen from, the chance of the choice and what came of it: from this
`segue evaluate served` estimates what another choice would have done.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np
import orjson
import sqlalchemy as sa

from segue.errors import NotFoundError, UsageError
from segue.playlists.playlist import TrackCard
from segue.service.engines import Engines
from segue.service.playing import Chosen, Offer, Player, open_player
from segue.service.tables import STREAM_TRACKS, STREAMS
from segue.service.writing import Writer

MOST = 200  # streams held in memory
LONGEST = 10_000  # tracks of a stream
# Of each answer; made once.
_FOUND = STREAMS.select().where(STREAMS.c.id == sa.bindparam("of_stream"))
_SERVED = STREAM_TRACKS.insert()
_HEARD = (
    STREAM_TRACKS.update()
    .where(STREAM_TRACKS.c.stream == sa.bindparam("of_stream"))
    .where(STREAM_TRACKS.c.number == sa.bindparam("of_number"))
    .values({name: sa.bindparam(name) for name in ("skipped", "stage", "answered_at")})
)


class Playing(NamedTuple):
    """The track that comes now."""

    number: int  # from 1
    track: TrackCard
    reason: str
    score: float
    model: str
    pool: tuple[Offer, ...]
    chance: float


class Moved(NamedTuple):
    """A stream, and the track that comes now; None where none is left."""

    id: str
    notes: tuple[str, ...]
    now: Playing | None
    stay: float | None = None  # of sessions: chance that the listener is still there


class _Stream:
    """A stream in memory; its lock is held while it moves."""

    def __init__(self, player: Player, arm: str) -> None:
        self.player, self.arm, self.lock = player, arm, threading.Lock()
        self.now: Playing | None = None
        self.count = 0

    def told(self, name: str) -> Moved:
        return Moved(name, tuple(self.player.notes), self.now, getattr(self.player, "stay", None))


class Streams:
    """The streams of all listeners.

    Args:
        database: where they are kept.
        writer: which writes there.
        engines: what answers.
        explore: chance that any track of the pool comes instead of the best.
    """

    def __init__(self, database: sa.Engine, writer: Writer, engines: Engines, explore: float = 0.0) -> None:
        self._database, self._writer, self._engines = database, writer, engines
        self._explore, self._draws = explore, np.random.default_rng()
        self._held: OrderedDict[str, _Stream] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, listener: str, asked: Mapping[str, Any], arm: str = "") -> Moved:
        """Open a stream of a listener.

        Args:
            listener: whose.
            asked: kind ("radio" or "session"), seeds, known (whether anything is known of the listener), and
                config of a radio, or by of a session. JSON; it is kept.
            arm: of a trial, for the log.

        Raises:
            NotFoundError: nothing was trained, or there is no such track.
            UsageError: neither seeds nor a known listener.
        """
        stream = self._opened(listener, asked, arm)
        led = getattr(stream.player, "led", None)
        if led is not None:  # the same pool after a restart, whatever is heard meanwhile
            asked = {**asked, "tracks": led.session.tracks}
        name = str(uuid.uuid4())
        row = {
            "id": name,
            "listener": listener,
            "kind": asked["kind"],
            "asked": orjson.dumps(asked).decode(),
            "arm": arm,
            "created_at": time.time(),
        }
        self._next(stream)

        def keep(connection: sa.Connection) -> None:
            connection.execute(STREAMS.insert().values(**row))
            _keep(connection, name, stream.now)

        self._writer.write(keep)
        self._hold(name, stream)
        return stream.told(name)

    def now(self, name: str, listener: str, kind: str) -> Moved:
        """Where a stream is.

        Raises:
            NotFoundError: the listener has no such stream.
        """
        stream = self._find(name, listener, kind)
        with stream.lock:
            return stream.told(name)

    def answer(
        self, name: str, listener: str, kind: str, number: int, stage: Callable[[Playing | None], int]
    ) -> Moved:
        """Track `number` was heard so far: the next one. Telling it again changes nothing.

        `stage` says how far (`library.stages`), of the track that comes now.

        Raises:
            NotFoundError: the listener has no such stream.
            UsageError: that track has not come yet, or is long past.
        """
        stream = self._find(name, listener, kind)
        with stream.lock:
            if stream.count == number + 1 or (stream.now is None and stream.count == number):
                return stream.told(name)  # told before: an answer got lost on the way
            if stream.now is None or stream.now.number != number:
                raise UsageError(
                    "That track does not come now",
                    expected=f"number {stream.count}",
                    got=f"number {number}",
                )
            if number >= LONGEST:
                raise UsageError("This has played enough", hint="begin another")
            far = stage(stream.now)
            stream.player.answer(stream.now.track.track_id, far)
            self._next(stream)
            heard = {"skipped": far <= 1, "stage": far, "answered_at": time.time()}

            def keep(connection: sa.Connection) -> None:
                connection.execute(_HEARD, {"of_stream": name, "of_number": number, **heard})
                _keep(connection, name, stream.now)

            try:
                self._writer.write(keep)
            except BaseException:
                with self._lock:
                    self._held.pop(name, None)  # it is where the database says
                raise
            return stream.told(name)

    def end(self, name: str, listener: str, kind: str) -> None:
        """End a stream; what it played stays in the log of what was served.

        Raises:
            NotFoundError: the listener has no such stream.
        """
        theirs = (
            (STREAMS.c.id == name)
            & (STREAMS.c.listener == listener)
            & (STREAMS.c.kind == kind)
            & STREAMS.c.ended_at.is_(None)
        )
        ended = STREAMS.update().where(theirs).values(ended_at=time.time())
        gone = self._writer.write(lambda connection: connection.execute(ended).rowcount)
        with self._lock:
            self._held.pop(name, None)
        if not gone:
            _absent(kind)

    def _opened(self, listener: str, asked: Mapping[str, Any], arm: str) -> _Stream:
        return _Stream(self._engines.asked(lambda engine: open_player(engine, listener, asked)), arm)

    def _next(self, stream: _Stream) -> None:
        chosen = stream.player.next(self._draws, self._explore)
        stream.now = None
        if chosen is not None:
            stream.count += 1
            stream.now = Playing(stream.count, *chosen)

    def _find(self, name: str, listener: str, kind: str) -> _Stream:
        with self._database.connect() as connection:
            row = connection.execute(_FOUND, {"of_stream": name}).one_or_none()
            if row is None or (row.listener, row.kind) != (listener, kind) or row.ended_at is not None:
                _absent(kind)
            held = self._held.get(name)
            if held is not None:
                return held
            served = STREAM_TRACKS.select().where(STREAM_TRACKS.c.stream == name)
            tracks = connection.execute(served.order_by(STREAM_TRACKS.c.number)).all()
        stream = self._opened(listener, orjson.loads(row.asked), row.arm)
        self._again(stream, tracks)
        return self._hold(name, stream)

    def _again(self, stream: _Stream, tracks: Sequence[sa.Row]) -> None:
        """Let a stream hear again what it played; the track that was told last stays the one that comes."""
        for row in tracks:
            stream.count = row.number
            if row.skipped is not None:
                stage = row.stage if row.stage is not None else (1 if row.skipped else 3)
                stream.player.answer(row.track_id, stage)
            elif (card := stream.player.now(row.track_id)) is not None:
                pool = tuple(Offer(*each) for each in orjson.loads(row.pool or "[]"))
                chosen = Chosen(card, row.reason, row.score, row.model, pool, row.chance or 1.0)
                stream.now = Playing(row.number, *chosen)
        if stream.now is None and (not tracks or tracks[-1].skipped is None):
            stream.count -= 1 if tracks else 0  # the model of today does not know it: another in its place
            self._next(stream)

    def _hold(self, name: str, stream: _Stream) -> _Stream:
        with self._lock:
            # Two requests may have opened it at the same time: they must share one, as its lock is what puts
            # answers in order.
            held = self._held.setdefault(name, stream)
            self._held.move_to_end(name)
            while len(self._held) > MOST:
                self._held.popitem(last=False)
        return held


def _keep(connection: sa.Connection, name: str, playing: Playing | None) -> None:
    if playing is not None:
        row = {
            "stream": name,
            "number": playing.number,
            "track_id": playing.track.track_id,
            "reason": playing.reason,
            "score": playing.score,
            "model": playing.model,
            "pool": orjson.dumps([list(each) for each in playing.pool]).decode(),
            "chance": playing.chance,
            "served_at": time.time(),
        }
        connection.execute(_SERVED, row)


def _absent(kind: str) -> NoReturn:
    raise NotFoundError(f"There is no such {kind}", hint=f"begin one: POST /v1/{kind}")
