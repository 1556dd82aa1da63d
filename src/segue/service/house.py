"""What every part of a running service shares."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import Request

from segue.engine import Engine
from segue.engine.schedule import read_zones, zone
from segue.engine.trial import Trial
from segue.errors import NotFoundError
from segue.library import Library
from segue.library.excluding import Span, exclude, take_back
from segue.playlists.memory import Weeks
from segue.service.engines import Engines
from segue.service.inbox import Inbox, Listen
from segue.service.jobs import Jobs
from segue.service.lately import Lately
from segue.service.limits import Rates
from segue.service.relays import Relays
from segue.service.stored import Stored
from segue.service.streams import Streams
from segue.service.tables import LISTENS
from segue.service.tokens import Tokens
from segue.service.writing import Writer
from segue.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True)
class House:
    """A running service.

    Attributes:
        settings: of the service and of what it makes.
        database: what it must not lose.
        writer: writes to the database, many together.
        tokens: who may do what.
        engines: what answers.
        stored: weekly lists that were made.
        streams: radios and sessions that play.
        inbox: listens that came in and are on their way into the library.
        relays: other servers to which listens are passed on.
        jobs: what takes long, in processes of its own.
        trial: who gets which of two settings.
        playing: what each listener plays now, and until when at the latest.
        rates: how often each asks; failures: how often each address showed a wrong token.
    """

    settings: Settings
    database: sa.Engine
    writer: Writer
    tokens: Tokens
    engines: Engines
    stored: Stored
    streams: Streams
    inbox: Inbox
    relays: Relays
    jobs: Jobs
    trial: Trial
    rates: Rates
    failures: Rates
    playing: dict[str, tuple[float, Listen]] = field(default_factory=dict)
    lately: Lately = field(default_factory=Lately)

    @classmethod
    def open(
        cls, library: Path, settings: Settings, database: sa.Engine, config: Path | None = None
    ) -> House:
        """Open everything that answers are made from; `config` is the file of the settings, for jobs.

        Raises:
            NotFoundError: there is no library.
            FormatError: it is damaged.
        """
        engines = Engines(library, settings.tastes, warmed=settings.service.warm)
        writer = Writer(database)
        return cls(
            settings,
            database,
            writer,
            Tokens(database),
            engines,
            Stored(Weeks(library / "weeks")),
            Streams(database, writer, engines, settings.service.explore),
            Inbox(library, database, writer),
            Relays(database, writer),
            Jobs(library, database, writer, config),
            Trial(settings.trial),
            Rates(settings.service.rate),
            Rates(0),
        )

    def asked(self, question: Callable[[Engine], T]) -> T:
        """What the engine says; see `Engines.asked`."""
        return self.engines.asked(question)

    def take_in(self) -> int:
        """Import what came in, and answer with it; how many rows.

        Raises:
            BusyError: another process is writing to the library.
        """
        taken = self.inbox.take_in()
        if taken:
            self.engines.look()
        return taken

    def leave_out(self, listener: str, span: Span, *, back: bool = False) -> list[Span]:
        """Leave plays out of a listener's taste, or take that `back`, and answer with it; all that is out.

        Raises:
            NotFoundError: the library has no such listener, or there is nothing to take back.
            UsageError: the span ends before it begins.
            BusyError: another process is writing to the library.
        """
        library = Library.open(self.engines.path)
        spans = (take_back if back else exclude)(library, listener, span)
        self.engines.look()
        return spans

    def recording(self, listener: str, row: dict[str, Any]) -> dict[str, Any] | None:
        """Names of the recording that feedback is of: a track of the library, or one that came in lately."""
        if mbid := row.get("recording_mbid"):
            tracks = self.engines.current.library.table("tracks")
            wanted = tracks.filter(tracks.mbid == mbid).select("title", "artists").limit(1)
            for each in self.engines.current.library.arrow(wanted).to_pylist():
                if each["title"] and each["artists"]:
                    return {"artist_name": ", ".join(each["artists"]), "track_name": each["title"]}
        if msid := row.get("recording_msid"):
            theirs = (LISTENS.c.listener == listener) & (LISTENS.c.msid == msid)
            with self.database.connect() as connection:
                found = connection.execute(LISTENS.select().where(theirs).limit(1)).one_or_none()
            if found is not None:
                metadata = from_json(found.track_metadata)
                return {name: metadata[name] for name in ("artist_name", "track_name")}
        return None

    def zone(self, listener: str) -> ZoneInfo:
        """The time zone of a listener: their own, or the one of the settings."""
        return zone(read_zones(self.engines.path).get(listener, self.settings.schedule.time_zone))

    def close(self) -> None:
        """Finish what is being written, and let go."""
        self.jobs.close()
        self.writer.close()
        self.database.dispose()


def house(request: Request) -> House:
    """The service that a request came to."""
    return request.app.state.house


async def written(house: House, work: Callable[[sa.Connection], T]) -> T:
    """Write to the database, and wait until it is on the disk."""
    return await asyncio.wrap_future(house.writer.submit(work))


def refuse_unknown(engine: Engine, listener: str) -> None:
    """Say that nothing is known of a listener; unlike the engine's own words, they name nobody else.

    Raises:
        NotFoundError: nothing was heard of them yet.
    """
    try:
        engine.refuse_unknown(listener)
    except NotFoundError:
        raise NotFoundError(
            "Nothing was heard of this listener yet",
            hint="send plays from a player or scrobbler, or import an export",
        ) from None


def as_json(value: Any) -> str:
    """JSON for a column of the database."""
    import orjson

    return orjson.dumps(value).decode()


def from_json(text: str) -> Any:
    """What `as_json` wrote."""
    import orjson

    return orjson.loads(text)
