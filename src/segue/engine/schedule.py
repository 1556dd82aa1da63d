"""The Monday job by the clock: each listener's list at Monday's hour of their own time zone.

Listening is kept in UTC and says nothing of where a listener is, and hours of listening tell an early riser
from somebody further east badly: so zones are told, never guessed. `time-zones.csv` in the library's folder
holds lines of "listener,Europe/Oslo"; everybody else lives in the zone of the settings.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from zoneinfo import ZoneInfo

from segue import files
from segue.engine.batch import BatchConfig, Made, make_all
from segue.engine.engine import Engine
from segue.errors import BusyError, FormatError
from segue.events import get_logger
from segue.library import Library
from segue.library.listening import listeners_of
from segue.playlists.memory import Weeks
from segue.settings import ScheduleConfig

FILE = "time-zones.csv"
log = get_logger(__name__)
LONGEST_SLEEP = 900.0  # seconds: so that a clock that is set, or a machine that slept, is noticed


def read_zones(library: Path) -> dict[str, str]:
    """The zones of listeners who have their own, by listener.

    Raises:
        FormatError: a line that is not "listener,zone", or no such zone; says which.
    """
    path = library / FILE
    if not path.exists():
        return {}
    zones = {}
    with files.reading(path, "time zones", "write lines of listener,Europe/Oslo in UTF-8, or remove it"):
        rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
        for number, row in enumerate(rows, 1):
            if not row or row == ["listener", "zone"]:
                continue
            if len(row) != 2:
                raise FormatError(
                    f"{path}, line {number}, cannot be read",
                    expected="listener,Europe/Oslo",
                    got=",".join(row),
                )
            zone(row[1], f"{path}, line {number}")
            zones[row[0]] = row[1]
    return zones


def forget_zone(library: Path, listener: str, *, dry_run: bool = False) -> bool:
    """Remove a listener's line; whether there was one."""
    path = library / FILE
    if not path.exists():
        return False
    with files.reading(path, "time zones", "write lines of listener,Europe/Oslo in UTF-8, or remove it"):
        rows = [row for row in csv.reader(path.read_text(encoding="utf-8").splitlines()) if row]
    kept = [row for row in rows if row[0] != listener]
    if len(kept) < len(rows) and not dry_run:
        with files.replacing(path) as aside, aside.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows(kept)
    return len(kept) < len(rows)


def zone(name: str, where: str = "The settings") -> ZoneInfo:
    """The time zone of that name.

    Raises:
        FormatError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise FormatError(
            f"{where} name a time zone that is not known",
            expected="a name like Europe/Oslo or UTC",
            got=repr(name),
            hint="if no zone is known, install the package tzdata",
        ) from None


def week_due(now: datetime, at: str, where: ZoneInfo) -> str:
    """The ISO week whose list a listener should have by `now`: it is due on Monday at `at`, local time."""
    local = now.astimezone(where)
    year, week, weekday = local.isocalendar()
    if weekday == 1 and local.time() < clock.fromisoformat(at):
        year, week, _ = (local.date() - timedelta(days=1)).isocalendar()
    return f"{year:04}-W{week:02}"


def next_due(now: datetime, at: str, zones: Iterable[ZoneInfo]) -> datetime:
    """The next moment, in UTC, at which a list is due in one of `zones`."""
    moments = []
    for where in zones:
        local = now.astimezone(where)
        monday = local.date() - timedelta(days=local.weekday())
        for start in (monday, monday + timedelta(days=7)):
            moment = datetime.combine(start, clock.fromisoformat(at), where).astimezone(UTC)
            if moment > now:
                moments.append(moment)
    return min(moments)


def due(
    now: datetime, everybody: Iterable[str], config: ScheduleConfig, zones: Mapping[str, str]
) -> dict[str, list[str]]:
    """The listeners who should have a list by `now`, by week."""
    usual = week_due(now, config.at, zone(config.time_zone))
    weeks = {name: week_due(now, config.at, zone(name)) for name in set(zones.values())}
    found: dict[str, list[str]] = {}
    for listener in everybody:
        week = weeks[zones[listener]] if listener in zones else usual
        found.setdefault(week, []).append(listener)
    return found


def lacking(weeks: Weeks, week: str, listeners: Iterable[str]) -> list[str]:
    """Those who have no list of a week, nor of a later one that was made before it was due."""
    left = set(listeners)
    for later in reversed(weeks.names()):
        if later >= week:
            left -= weeks.listeners_with_list(later)
    return sorted(left)


def run_due(
    library: Library,
    config: ScheduleConfig,
    batch: BatchConfig | None = None,
    *,
    now: datetime | None = None,
) -> list[Made]:
    """Make the lists that are due and not made yet; what was missed while the machine slept comes now.

    Raises:
        NotFoundError: nothing was trained yet.
        BusyError: another process is making them.
        UsageError: the library cannot be written to.
    """
    files.refuse_read_only(library.path, "library")
    everybody = listeners_of(library, Engine(library).factors().model.config.observations.unit)
    weeks, done = Weeks(library.path / "weeks"), []
    for week, listeners in sorted(
        due(now or datetime.now(UTC), everybody, config, read_zones(library.path)).items()
    ):
        missing = lacking(weeks, week, listeners)
        if missing or weeks.unfinished(week):
            made = make_all(library, week, batch, listeners=missing)
            done += [made] if missing else []
    return done


def run_forever(
    path: Path,
    config: ScheduleConfig,
    batch: BatchConfig | None = None,
    *,
    first: Callable[[], None] = lambda: None,
    then: Callable[[], None] = lambda: None,
) -> None:
    """Make lists whenever they are due, until the process is stopped; opens the library anew each time.

    Each run, and when the next is due, are events. `first` is called before each look, `then` after it, some
    times an hour: what else is to be done by the clock.
    """
    while True:
        first()
        now = datetime.now(UTC)
        try:
            for made in run_due(Library.open(path), config, batch, now=now):
                log.info("Made lists", lists=made.made, week=made.week, seconds=round(made.seconds))
        except BusyError as error:  # somebody is training, or making lists by hand: later, then
            log.info("Not now", reason=str(error))
            time.sleep(60)
            continue
        names = {config.time_zone, *read_zones(path).values()}
        moment = next_due(now, config.at, map(zone, names))
        log.info("Next lists", on=f"{moment.astimezone(zone(config.time_zone)):%A %Y-%m-%d %H:%M %Z}")
        then()
        while (left := (moment - datetime.now(UTC)).total_seconds()) > 0:
            time.sleep(min(left, LONGEST_SLEEP))
            if left > LONGEST_SLEEP:
                first()
                then()
