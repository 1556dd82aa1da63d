"""For operators: figures that Prometheus reads, and a line of JSON in the log for every request.

Neither holds a token, an address, what was asked for, or who asked: of a path its pattern is told.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow.compute as pc
import sqlalchemy as sa
import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segue.errors import SegueError
from segue.service.house import House
from segue.service.tables import STREAM_TRACKS
from segue.shelf.names import shelf_of

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
log = structlog.get_logger("segue.service")


class Watch:
    """The figures of one service."""

    def __init__(self, house: House) -> None:
        self.registry = CollectorRegistry()
        names = ("method", "route", "status")
        self.requests = Counter("segue_requests", "Requests answered.", names, registry=self.registry)
        self.seconds = Histogram(
            "segue_request_seconds",
            "Time to the first byte of an answer.",
            ("method", "route"),
            buckets=BOUNDS,
            registry=self.registry,
        )
        self.registry.register(_State(house))

    def saw(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(method, route).observe(seconds)
        if structlog.is_configured():
            log.info("request", method=method, route=route, status=status, ms=round(1000 * seconds, 2))


class Watching:
    """Middleware: tells `watch` of every request."""

    def __init__(self, app: ASGIApp, watch: Watch) -> None:
        self.app, self.watch = app, watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status, seconds = time.perf_counter(), 500, 0.0

        async def sent(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - begun
            await send(message)

        try:
            await self.app(scope, receive, sent)
        finally:
            route = _route(scope)
            # Of an unknown address the method, too, is whatever somebody sends: each would become a series of
            # its own.
            method = scope["method"] if route != "none" else "other"
            self.watch.saw(method, route, status, seconds or time.perf_counter() - begun)


def _route(scope: Scope) -> str:
    """The pattern of the path: what its own router says, behind the prefix under which that stands."""
    own = getattr(scope.get("route"), "path", None)
    if own is None:
        return "none"
    path, pattern = scope["path"].split("/"), own.split("/")[1:]
    return "/".join(path[: len(path) - len(pattern)] + pattern)


class _State(Collector):
    """What is read when it is asked for."""

    def __init__(self, house: House) -> None:
        self._house = house

    def describe(self) -> Iterator[Metric]:
        """Nothing is read when it is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The queue, the age of models, jobs that run, skips by the version that chose."""
        house = self._house
        yield GaugeMetricFamily(
            "segue_listens_waiting", "Listens and feedback not in the library yet.", house.inbox.waiting()
        )
        age = GaugeMetricFamily("segue_model_age_seconds", "Since a model was trained.", labels=["model"])
        shelf = shelf_of(house.engines.current.library)
        for name, version in house.engines.models.items():
            try:
                created = datetime.fromisoformat(shelf.manifest(name, version).created_at)
            except SegueError:  # pruned, or damaged
                continue
            age.add_metric([name], (datetime.now(UTC) - created).total_seconds())
        yield age
        coverage = GaugeMetricFamily(
            "segue_catalogue_coverage", "Share of the songs that are on somebody's newest list."
        )
        if weeks := house.stored.weeks.names():
            coverage.add_metric([], _coverage(house, weeks[-1]))
        yield coverage
        relays = GaugeMetricFamily(
            "segue_relay_waiting", "Listens that have not arrived at another server.", labels=["relay"]
        )
        for relay in house.relays.all():
            relays.add_metric([str(relay["id"])], relay["waiting"])
        yield relays
        running = GaugeMetricFamily("segue_jobs_running", "Jobs that run.", labels=["kind"])
        for job in house.jobs.latest(10):
            if job["state"] == "running":
                running.add_metric([job["kind"]], 1)
        yield running
        skips = GaugeMetricFamily(
            "segue_skip_rate",
            "Share of answered tracks of radios and sessions that were skipped.",
            labels=["model"],
        )
        share = sa.func.avg(sa.case((STREAM_TRACKS.c.skipped, 1.0), else_=0.0))
        query = sa.select(STREAM_TRACKS.c.model, share).where(STREAM_TRACKS.c.skipped.is_not(None))
        with house.database.connect() as connection:
            for model, rate in connection.execute(query.group_by(STREAM_TRACKS.c.model)):
                skips.add_metric([model], float(rate))
        yield skips


def _coverage(house: House, week: str) -> float:
    """The share of the library's songs that are on a list of a week."""
    listed = len(pc.unique(house.stored.weeks.read(week)["track_id"]))
    return listed / max(house.engines.current.library.count("tracks"), 1)


def configure_log() -> None:
    """One line of JSON on standard error for each request."""
    import sys

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
