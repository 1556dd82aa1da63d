"""A listener's listens as ListenBrainz tells them: those in the library, and those on their way there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from segue.engine import Engine
from segue.library.listening import LibrarySubset
from segue.service.listenbrainz.reading import msid
from segue.service.tables import DELETIONS, LISTENS


def listens(
    engine: Engine, database: sa.Engine, listener: str, bounds: tuple[int | None, int | None], most: int
) -> list[dict[str, Any]]:
    """Listens between two moments (both exclusive, None for no bound), newest first."""
    after, before = bounds
    found = [
        *_waiting(database, listener, after, before, most),
        *_stored(engine, listener, after, before, most),
    ]
    with database.connect() as connection:
        mine = DELETIONS.select().where(DELETIONS.c.listener == listener)
        deleted = {(row.listened_at, row.msid) for row in connection.execute(mine)}
    found = [each for each in found if (each["listened_at"], each["recording_msid"]) not in deleted]
    found.sort(key=lambda each: each["listened_at"], reverse=True)
    once = {(each["listened_at"], each["recording_msid"]): each for each in reversed(found)}
    return sorted(once.values(), key=lambda each: each["listened_at"], reverse=True)[:most]


def count(engine: Engine, database: sa.Engine, listener: str) -> int:
    """How many listens there are of a listener."""
    table = LibrarySubset(engine.library, [listener]).table("listens")
    waiting = sa.select(sa.func.count()).where(LISTENS.c.listener == listener, LISTENS.c.taken_at.is_(None))
    stored = engine.library.arrow(table.aggregate(n=table.plays.sum()))["n"][0].as_py() or 0
    with database.connect() as connection:
        return int(stored) + connection.execute(waiting).scalar_one()


def told(listener: str, at: int | None, metadata: dict[str, Any]) -> dict[str, Any]:
    """A listen in ListenBrainz' shape."""
    name = msid(metadata["artist_name"], metadata["track_name"])
    info = metadata.get("additional_info", {}) | {"recording_msid": name}
    row: dict[str, Any] = {
        "recording_msid": name,
        "user_name": listener,
        "track_metadata": metadata | {"additional_info": info},
    }
    return row if at is None else {"listened_at": at, "inserted_at": at} | row


def _waiting(
    database: sa.Engine, listener: str, after: int | None, before: int | None, most: int
) -> list[dict[str, Any]]:
    query = LISTENS.select().where(
        LISTENS.c.listener == listener, LISTENS.c.taken_at.is_(None), LISTENS.c.track_id.is_(None)
    )
    if after is not None:
        query = query.where(LISTENS.c.listened_at > after)
    if before is not None:
        query = query.where(LISTENS.c.listened_at < before)
    with database.connect() as connection:
        rows = connection.execute(query.order_by(LISTENS.c.listened_at.desc()).limit(most)).all()
    return [told(listener, row.listened_at, orjson.loads(row.track_metadata)) for row in rows]


def _stored(
    engine: Engine, listener: str, after: int | None, before: int | None, most: int
) -> list[dict[str, Any]]:
    library = engine.library
    plays = LibrarySubset(library, [listener]).table("listens").select("track_id", "started_at")
    plays = plays.filter(plays.started_at.notnull())
    if after is not None:
        plays = plays.filter(plays.started_at >= datetime.fromtimestamp(after + 1, UTC))
    if before is not None:
        plays = plays.filter(plays.started_at < datetime.fromtimestamp(before, UTC))
    newest = plays.order_by(plays.started_at.desc()).limit(most)
    facts = library.table("tracks").select(
        "track_id", "title", "artists", "album", "mbid", "isrc", "duration_ms"
    )
    rows = library.arrow(newest.left_join(facts, "track_id").drop("track_id_right")).to_pylist()
    return [_as_listen(listener, row) for row in rows if row["title"] and row["artists"]]


def _as_listen(listener: str, row: dict[str, Any]) -> dict[str, Any]:
    metadata = {"artist_name": ", ".join(row["artists"]), "track_name": row["title"]}
    if row["album"]:
        metadata["release_name"] = row["album"]
    names = {"recording_mbid": row["mbid"], "isrc": row["isrc"], "duration_ms": row["duration_ms"]}
    info = {name: value for name, value in names.items() if value}
    return told(listener, int(row["started_at"].timestamp()), metadata | {"additional_info": info})
