"""For who runs the service: models and their versions, jobs, tokens, how much is covered; roll back."""

# No `from __future__ import annotations`: FastAPI reads annotations.

from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import func, select

from segue.service.asking import HouseGiven
from segue.service.house import House
from segue.service.pages import frame
from segue.service.pages.doorkeeper import Sent, Signed, may
from segue.service.tables import STREAM_TRACKS
from segue.service.v1 import administration, work
from segue.shelf.names import shelf_of

router = frame.router()
JOBS = 12
LISTENERS = 20  # that are named


@router.get("/operator")
def operator(request: Request, here: HouseGiven, who: Signed) -> Response:
    """All of it."""
    may(who, "admin")
    return frame.page(request, "operator", who, **_state(here), made=None)


@router.post("/operator/job")
def job(here: HouseGiven, who: Signed, fields: Sent) -> Response:
    """Begin a job."""
    may(who, "admin")
    work.begin(here, work.Asked.model_validate({"kind": fields.get("kind", "")}))
    return frame.back("/operator")


@router.post("/operator/rollback")
def rollback(here: HouseGiven, who: Signed, fields: Sent) -> Response:
    """Go back to another version."""
    may(who, "admin")
    asked = administration.Rollback(version=fields.get("version") or None)
    administration.rollback(here, fields.get("name", ""), asked)
    return frame.back("/operator")


@router.post("/operator/token")
def token(request: Request, here: HouseGiven, who: Signed, fields: Sent) -> Response:
    """Make a token, which is shown once."""
    may(who, "admin")
    asked = administration.NewToken(listener=fields.get("listener", "").strip(), note=fields.get("note", ""))
    made = administration.create(here, asked)
    return frame.page(request, "operator", who, **_state(here), made=(asked.listener, made.token))


@router.post("/operator/revoke")
def revoke(here: HouseGiven, who: Signed, fields: Sent) -> Response:
    """Revoke one."""
    may(who, "admin")
    administration.revoke(here, int(fields.get("number", "0") or 0))
    return frame.back("/operator")


def _state(here: House) -> dict[str, Any]:
    library, shelf = here.engines.current.library, shelf_of(here.engines.current.library)
    models = [(each, _versions(shelf, each)) for each in administration.models(here)]
    weeks = here.stored.weeks.names()
    coverage = None
    if weeks:
        rows = here.stored.weeks.read(weeks[-1], None)
        given = len(set(rows["track_id"].to_pylist()))
        coverage = (
            weeks[-1],
            len(here.stored.weeks.listeners_with_list(weeks[-1])),
            given,
            library.count("tracks"),
        )
    with here.database.connect() as connection:
        answered = STREAM_TRACKS.c.skipped.is_not(None)
        asked = select(STREAM_TRACKS.c.model, func.count(), func.sum(STREAM_TRACKS.c.skipped)).where(answered)
        skips = [tuple(row) for row in connection.execute(asked.group_by(STREAM_TRACKS.c.model)).all()]
    return {
        "models": models,
        "jobs": [work.Job.of(row) for row in here.jobs.latest(JOBS)],
        "tokens": administration.tokens(here),
        "coverage": coverage,
        "skips": skips,
        "waiting": here.inbox.waiting(),
        "listeners": _listeners(here, weeks[-1] if weeks else None),
        "plays": library.count("listens"),
        "tracks": library.count("tracks"),
    }


def _listeners(here: House, week: str | None) -> tuple[int, list[tuple[str, str | None, bool]]]:
    """How many there are; and of those heard last (name, day, whether they have a list of the week).

    Nothing of what they play is told.
    """
    library = here.engines.current.library
    table = library.table("listens")
    last = table.group_by("listener_id").aggregate(last=table.started_at.max())
    rows = library.arrow(last.order_by(last.last.desc(nulls_first=False), last.listener_id).limit(LISTENERS))
    has = set(here.stored.weeks.listeners_with_list(week)) if week else set()
    shown = [
        (
            row["listener_id"],
            None if row["last"] is None else f"{row['last']:%Y-%m-%d}",
            row["listener_id"] in has,
        )
        for row in rows.to_pylist()
    ]
    return library.arrow(table.aggregate(n=table.listener_id.nunique()))["n"][0].as_py(), shown


def _versions(shelf: Any, model: administration.Model) -> list[tuple[str, datetime, bool, str]]:
    """(version, made at, whether it is the current one, its figures) of each, the newest first."""
    found = []
    for version in reversed(model.versions):
        manifest = shelf.manifest(model.name, version)
        found.append((version, made_at(version), version == model.current, _figures(manifest.metrics)))
    return found


def made_at(version: str) -> datetime:
    """When a version of a model was published."""
    return datetime.strptime(version[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)


def _figures(metrics: dict[str, Any]) -> str:
    plain = [(name, value) for name, value in metrics.items() if isinstance(value, int | float)]
    return ", ".join(f"{name} {value:.3g}" for name, value in plain[:3])
