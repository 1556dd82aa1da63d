"""The ASGI application: routers by subject, over one `House`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import anyio.to_thread
import sqlalchemy as sa
from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from threadpoolctl import threadpool_limits

import segue
from segue.errors import SegueError
from segue.library import Library
from segue.service import pages, problems, v1
from segue.service.asking import HouseGiven, needs
from segue.service.database import connect
from segue.service.engines import warm
from segue.service.house import House
from segue.service.limits import Limits
from segue.service.listenbrainz import api
from segue.service.listenbrainz.doors import Doors
from segue.service.watching import Watch, Watching
from segue.settings import Settings

log = logging.getLogger("segue.service")
ABOUT = """Weekly lists, radio, tastes and what is similar, for the listeners of one library.

Send a token with every request, as `Authorization: Bearer TOKEN`. What a request cannot be given is told as
`application/problem+json`: what was expected, what came, what to do."""


def create_app(
    library: Path | str,
    settings: Settings | None = None,
    *,
    config: Path | None = None,
    scheduled: bool = False,
    key: str | None = None,
) -> FastAPI:
    """The service over the library in the folder `library`.

    Args:
        library: the folder.
        settings: of the service and of what it makes.
        config: the file of the settings, for the processes of jobs.
        scheduled: whether lists are made and models trained by the clock.
        key: opens all pages, by `/enter/KEY`, to who runs the service; nobody else is to know it.

    Raises:
        NotFoundError: there is no library.
        FormatError: it is damaged.
        SegueError: the database cannot be used.
    """
    settings, path = settings or Settings(), Path(library)
    Library.open(path)  # before a database is made in its folder
    house = House.open(path, settings, connect(path, settings.service.database), config)
    app = FastAPI(
        title="Segue",
        version=segue.__version__,
        description=ABOUT,
        docs_url=None,  # a page that would load its programs from somewhere else
        redoc_url=None,
        lifespan=_scheduled if scheduled else _living,
        responses=problems.RESPONSES,
    )
    app.state.house = house
    problems.install(app)
    watch = Watch(house)
    app.include_router(api.router, prefix="/1")  # first, for nothing is asked as often as listens are sent
    app.include_router(v1.router)
    app.include_router(_health(watch))
    pages.install(app, key)
    app.add_middleware(Watching, watch=watch)
    app.add_middleware(Doors)
    app.add_middleware(Limits, config=house.settings.service, rates=house.rates, page=pages.refusal)
    return app


@contextlib.asynccontextmanager
async def _living(app: FastAPI) -> AsyncGenerator[None]:
    house: House = app.state.house
    anyio.to_thread.current_default_thread_limiter().total_tokens = house.settings.service.threads
    service = house.settings.service
    tasks = [
        asyncio.create_task(_again(service.look_every, house.engines.look)),
        asyncio.create_task(_again(service.take_in_every, house.take_in)),
        asyncio.create_task(_again(service.relay_every, house.relays.send)),
    ]
    if service.warm:
        tasks.append(asyncio.create_task(asyncio.to_thread(_warm, house)))
    # FastAPI lays out its routes at the first request, which would wait for that: better before the first.
    for route in app.routes:
        route.matches({"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []})
    # Reasons are worked out with it. Loaded later, its own BLAS would be without the limit below.
    import scipy.linalg  # noqa: F401

    try:
        # Answers share the cores; one that takes them all for a small product only waits for the others.
        with threadpool_limits(1):
            yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(house.close)


@contextlib.asynccontextmanager
async def _scheduled(app: FastAPI) -> AsyncGenerator[None]:
    from segue.service.clock import scheduler

    clock = scheduler(app.state.house)
    clock.start()
    try:
        async with _living(app):
            yield
    finally:
        clock.shutdown(wait=False)


def _warm(house: House) -> None:
    with contextlib.suppress(SegueError, OSError):  # who asks for it is told
        house.stored.warm()
    warm(house.engines.current)


async def _again(seconds: float, work: Callable[[], object]) -> None:
    """Take up what is published, or take in what came, again and again."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(work)
        except (SegueError, OSError, SQLAlchemyError) as error:
            log.warning("not now: %s", error)


def _health(watch: Watch) -> APIRouter:
    router = APIRouter(prefix="/health", tags=["health"], responses={})

    @router.get("/live", summary="Is the process alive?")
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/ready", summary="Can it answer?", responses={503: {"description": "Not now."}})
    def ready(here: HouseGiven) -> JSONResponse:
        try:
            with here.database.connect() as connection:
                connection.execute(sa.select(1))
        except SQLAlchemyError:
            return JSONResponse({"status": "the database does not answer"}, 503)
        return JSONResponse({"status": "ok", "models": here.engines.models})

    @router.get(
        "/metrics",
        summary="Figures for Prometheus",
        dependencies=[Depends(needs("admin"))],
        response_class=PlainTextResponse,
    )
    def metrics() -> Response:
        return Response(generate_latest(watch.registry), media_type=CONTENT_TYPE_LATEST)

    return router
