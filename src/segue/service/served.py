"""The log of what was served: every track of a radio or a session, with what it was chosen from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import sqlalchemy as sa

from segue.service.tables import STREAM_TRACKS, STREAMS


def answered(database: sa.Engine, kind: str | None = None) -> Iterator[dict[str, Any]]:
    """Tracks that were answered, in the order of streams and places: session, listener, arm, model, pool, ...

    `pool` is a list of [track, score, expected, whole], the best first; what an earlier release served
    without telling it is left out.
    """
    whole = STREAM_TRACKS.join(STREAMS, STREAMS.c.id == STREAM_TRACKS.c.stream)
    columns = (STREAMS.c.kind, STREAMS.c.listener, STREAMS.c.arm, *STREAM_TRACKS.c)
    query = sa.select(*columns).select_from(whole)
    query = query.where(STREAM_TRACKS.c.stage.is_not(None), STREAM_TRACKS.c.pool.is_not(None))
    if kind is not None:
        query = query.where(STREAMS.c.kind == kind)
    with database.connect() as connection:
        for row in connection.execute(query.order_by(STREAM_TRACKS.c.stream, STREAM_TRACKS.c.number)):
            yield {
                "session": row.stream,
                "listener": row.listener,
                "arm": row.arm,
                "model": row.model,
                "pool": orjson.loads(row.pool),
                "track": row.track_id,
                "chance": row.chance,
                "stage": row.stage,
            }
