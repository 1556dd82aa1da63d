"""What a service does by the clock: lists when they are due, training at night if enough is new.

Nothing is done twice and nothing is left out: whether lists are due is asked of the weeks that are kept, and
whether to train of the last training that was done. So a service that was down makes up for it at its start.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from datetime import time as clock

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from segue.engine.schedule import zone
from segue.engine.weekly import listeners_of
from segue.errors import SegueError
from segue.library import Library
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


def lists(house: House) -> bool:
    """Begin making the lists that are due, if there are any; whether it did."""
    from segue.engine.schedule import due, read_zones

    try:
        library = Library.open(house.engines.path)
        if FACTORS not in shelf_of(library).names():
            return False
        unit = house.engines.current.factors().model.config.observations.unit
        everybody, weeks = listeners_of(library, unit), Weeks(library.path / "weeks")
        zones = read_zones(library.path)
        wanted = due(datetime.now(UTC), everybody, house.settings.schedule, zones)
        if not any(set(who) - weeks.listeners_with_list(week) for week, who in wanted.items()):
            return False
        house.jobs.begin("lists")
    except SegueError as error:
        log.info("no lists now: %s", error)
        return False
    return True


def players(house: House) -> bool:
    """Begin to pull from and push to players, if there are any; whether it did."""
    from segue.players import accounts

    try:
        if not accounts.read(house.engines.path):
            return False
        house.jobs.begin("players")
    except SegueError as error:
        log.info("no players now: %s", error)
        return False
    return True


def train(house: House) -> bool:
    """Begin a training, if enough came in since the last one; whether it did."""
    try:
        house.take_in()
        library = Library.open(house.engines.path)
        done = house.jobs.last_done("train")
        trained = FACTORS in shelf_of(library).names()
        if trained and shelf_of(library).manifest(FACTORS).data == library.fingerprint():
            return False  # it knows all there is
        new = library.count("listens") - (done["listens"] if done else 0)
        if trained and new < house.settings.service.train_after:
            return False
        house.jobs.begin("train")
    except SegueError as error:
        log.info("no training now: %s", error)
        return False
    return True


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
