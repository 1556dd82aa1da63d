"""What is known of a listener: to take away, and to delete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import orjson
import sqlalchemy as sa
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from segue.errors import UsageError
from segue.library import Library
from segue.library.excluding import exclusions
from segue.library.listening import LibrarySubset
from segue.service.asking import Changer, HouseGiven, Reader
from segue.service.database import FILE
from segue.service.erasing import erase
from segue.service.house import House, from_json
from segue.service.shapes import Shape, example
from segue.service.tables import LISTENS, STREAM_TRACKS, STREAMS

router = APIRouter(tags=["own data"])


class Deleted(Shape):
    """What was removed."""

    model_config = example(removed={"listens": 9120, "factors/20261129T105719.162Z-f7b806b0": 1})

    removed: dict[str, int] = Field(description="How much, by place.")


@router.get(
    "/export",
    summary="All that is known of me",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {}}}},
)
def export(here: HouseGiven, listener: Reader) -> StreamingResponse:
    """JSON lines: plays, feedback, lists of every week, radios, sessions, and plays that are on their way."""
    lines = (orjson.dumps(each) + b"\n" for each in _everything(here, listener))
    named = {"Content-Disposition": 'attachment; filename="segue-export.jsonl"'}
    return StreamingResponse(lines, headers=named, media_type="application/x-ndjson")


@router.delete("/listener", summary="Forget me")
def delete(
    here: HouseGiven,
    listener: Changer,
    confirm: Annotated[str, Query(max_length=200, description="The listener's id again, to be sure.")],
) -> Deleted:
    """Out of library, models, tastes, lists and the service's own tables; it cannot be undone.

    Their tokens hold no longer, and what they still send is not taken in.
    """
    from segue.upkeep.forget import forget

    if confirm != listener:
        raise UsageError("Forgetting cannot be undone", expected="?confirm= with the listener's own id")
    done = forget(Library.open(here.engines.path), listener, known=True)
    removed = {each.place: each.count for each in done.removed}
    removed |= {f"service: {table}": count for table, count in erase(here.database, listener).items()}
    here.playing.pop(listener, None)
    here.tokens.forget()
    here.engines.look()
    if left := [each.file for each in done.left if not each.file.startswith(FILE)]:
        raise UsageError("Something still names this listener", got=left[0], hint="tell who runs the service")
    return Deleted(removed=removed)


def _everything(here: House, listener: str) -> Iterator[dict[str, Any]]:
    library = here.engines.current.library
    some = LibrarySubset(library, [listener])
    tracks = library.table("tracks").select("track_id", "title", "artists", "album")
    for kind in ("listens", "feedback"):
        rows = library.arrow(some.table(kind).left_join(tracks, "track_id").drop("track_id_right"))
        yield from ({"what": kind, **row} for row in rows.to_pylist())
    for span in exclusions(library, listener):
        yield {"what": "left out of my taste", **span._asdict()}
    for week in here.stored.names(listener):
        for row in here.stored.weeks.read(week, [listener]).to_pylist():
            yield {"what": "weekly list", "week": week, **row}
    played = STREAMS.join(STREAM_TRACKS, STREAMS.c.id == STREAM_TRACKS.c.stream)
    with here.database.connect() as connection:
        for row in connection.execute(
            sa.select(STREAMS.c.kind, *STREAM_TRACKS.c)
            .select_from(played)
            .where(STREAMS.c.listener == listener)
        ):
            yield {"what": row.kind} | {str(n): value for n, value in row._mapping.items() if n != "kind"}
        waiting = LISTENS.select().where(LISTENS.c.listener == listener, LISTENS.c.taken_at.is_(None))
        for row in connection.execute(waiting):
            sent = {"listened_at": row.listened_at, "track_metadata": from_json(row.track_metadata)}
            yield {"what": "on its way", **sent}
