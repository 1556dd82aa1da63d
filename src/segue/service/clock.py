"""What a service does by the clock: lists when they are due, training at night if enough is new.

Nothing is done twice and nothing is left out: whether lists are due is asked of the weeks that are kept, and
whether to train of the last training that was done. So a service that was down makes up for it at its start.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as clock

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from segue.engine.schedule import zone
from segue.errors import SegueError
from segue.library import Library
from segue.library.listening import listeners_of
from segue.playlists.memory import Weeks
from segue.service.house import House
from segue.shelf.names import FACTORS, shelf_of

log = logging.getLogger("segue.service")
LOOK = timedelta(minutes=5)  # how often it is asked whether lists are due


def scheduler(house: House) -> BackgroundScheduler:
    """What is to be started with the service, and shut down with it."""
    config = house.settings.schedule
    where = zone(config.time_zone)
    hour, minute = house.settings.service.train_at.split(":")
    made = BackgroundScheduler(timezone=where)
    soon = datetime.now(where) + timedelta(seconds=1)
    every = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    made.add_job(
        lists, IntervalTrigger(seconds=int(LOOK.total_seconds())), [house], next_run_time=soon, **every
    )
    made.add_job(players, IntervalTrigger(hours=1), [house], next_run_time=soon + LOOK, **every)
    at_night = CronTrigger(hour=int(hour), minute=int(minute), timezone=where)
    made.add_job(train, at_night, [house], **every)
    if missed(house, datetime.now(UTC)):
        made.add_job(train, None, [house], **every)
    return made


def _job(kind: str) -> Callable[[Callable[[House], bool]], Callable[[House], bool]]:
    """Begins a job of that kind where a function says that it is time; whether it did."""

    def of(due: Callable[[House], bool]) -> Callable[[House], bool]:
        @functools.wraps(due)
        def begun(house: House) -> bool:
            try:
                if not due(house):
                    return False
                house.jobs.begin(kind)
            except SegueError as error:
                log.info("no %s now: %s", kind, error)
                return False
            return True

        return begun

    return of


@_job("lists")
def lists(house: House) -> bool:
    """Make the lists that are due, if there are any."""
    from segue.engine.schedule import due, lacking, read_zones

    library = Library.open(house.engines.path)
    if FACTORS not in shelf_of(library).names():
        return False
    unit = house.engines.current.factors().model.config.observations.unit
    everybody, weeks = listeners_of(library, unit), Weeks(library.path / "weeks")
    wanted = due(datetime.now(UTC), everybody, house.settings.schedule, read_zones(library.path))
    return any(lacking(weeks, week, who) for week, who in wanted.items())


@_job("players")
def players(house: House) -> bool:
    """Pull from and push to players, if there are any."""
    from segue.players import accounts

    return bool(accounts.read(house.engines.path))


@_job("train")
def train(house: House) -> bool:
    """Train, if enough came in since the last training."""
    house.take_in()
    library = Library.open(house.engines.path)
    done = house.jobs.last_done("train")
    if FACTORS not in shelf_of(library).names():
        return True
    if shelf_of(library).manifest(FACTORS).data == library.fingerprint():
        return False  # it knows all there is
    new = library.count("listens") - (done["listens"] if done else 0)
    return new >= house.settings.service.train_after


def missed(house: House, now: datetime) -> bool:
    """Whether a night went by since the last training that was done by the clock."""
    done = house.jobs.last_done("train")
    if done is None:
        return False  # the first night comes
    where = zone(house.settings.schedule.time_zone)
    local = now.astimezone(where)
    at = datetime.combine(local.date(), clock.fromisoformat(house.settings.service.train_at), where)
    last = at if at <= local else at - timedelta(days=1)
    return done["started_at"] < last.timestamp()
