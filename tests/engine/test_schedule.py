"""The schedule: whose list is due when, in every zone; nothing twice; what was missed is made up for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from segue.engine.schedule import due, lacking, next_due, read_zones, run_due, week_due, zone
from segue.errors import FormatError
from segue.library import Library
from segue.playlists.memory import Weeks
from segue.settings import ScheduleConfig
from segue.upkeep.forget import forget

OSLO, AUCKLAND, HONOLULU = map(ZoneInfo, ("Europe/Oslo", "Pacific/Auckland", "Pacific/Honolulu"))
MONDAY = datetime(2026, 7, 20, tzinfo=UTC)  # of 2026-W30


def test_a_list_is_due_at_mondays_hour_where_the_listener_lives() -> None:
    for where in (OSLO, AUCKLAND, HONOLULU):
        moment = datetime(2026, 7, 20, 6, tzinfo=where)
        assert week_due(moment, "06:00", where) == "2026-W30"
        assert week_due(moment - timedelta(seconds=1), "06:00", where) == "2026-W29"
        assert week_due(moment + timedelta(days=6, hours=23), "06:00", where) == "2026-W30"
        assert next_due(moment - timedelta(hours=1), "06:00", [where]) == moment
        assert next_due(moment, "06:00", [where]) == moment + timedelta(days=7)
    assert week_due(datetime(2027, 1, 1, tzinfo=UTC), "06:00", OSLO) == "2026-W53"
    # Auckland is first, Honolulu last.
    now = datetime(2026, 7, 19, 12, tzinfo=UTC)
    assert next_due(now, "06:00", [OSLO, HONOLULU, AUCKLAND]).astimezone(AUCKLAND).hour == 6
    # In the week in which clocks go forward, too, it is six o'clock.
    spring = next_due(datetime(2026, 3, 28, tzinfo=UTC), "06:00", [OSLO])
    assert spring.astimezone(OSLO).hour == 6 and spring.hour == 4


def test_listeners_are_sorted_by_what_they_are_due() -> None:
    zones = {"a": "Pacific/Auckland", "h": "Pacific/Honolulu"}
    now = MONDAY + timedelta(hours=7)
    config = ScheduleConfig()
    assert due(now, ["a", "b", "h"], config, zones) == {"2026-W30": ["a", "b"], "2026-W29": ["h"]}
    assert due(now, ["b"], ScheduleConfig(at="08:00"), {}) == {"2026-W29": ["b"]}


def test_due_lists_are_made_once_and_missed_ones_later(library: Library) -> None:
    (library.path / "time-zones.csv").write_text(
        "listener,zone\np00,Pacific/Auckland\np01,Pacific/Honolulu\n"
    )
    config, weeks = ScheduleConfig(), Weeks(library.path / "weeks")
    early = run_due(library, config, now=MONDAY - timedelta(hours=5))  # Monday morning in Auckland alone
    assert [(made.week, made.made) for made in early] == [("2026-W29", 39), ("2026-W30", 1)]
    assert lacking(weeks, "2026-W29", ["p00", "p01", "nobody"]) == ["nobody"]  # p00 has a later one
    assert weeks.listeners_with_list("2026-W30") == {"p00"}
    later = run_due(library, config, now=MONDAY + timedelta(hours=6))
    assert [(made.week, made.made) for made in later] == [("2026-W30", 38)]
    assert run_due(library, config, now=MONDAY + timedelta(hours=7)) == []
    last = run_due(library, config, now=MONDAY + timedelta(days=3))
    assert [(made.week, made.made) for made in last] == [("2026-W30", 1)]
    done = forget(library, "p01")
    assert done.left == [] and ("time-zones.csv", "lines", 1) in done.removed
    assert read_zones(library.path) == {"p00": "Pacific/Auckland"}


def test_zones_that_are_none_are_told(library: Library) -> None:
    with pytest.raises(FormatError, match="Europe/Oslo"):
        zone("Europe/Atlantis")
    (library.path / "time-zones.csv").write_text("p00;Europe/Oslo\n")
    with pytest.raises(FormatError, match="line 1"):
        read_zones(library.path)
    (library.path / "time-zones.csv").write_text("p00,Nowhere\n")
    with pytest.raises(FormatError, match="Nowhere"):
        read_zones(library.path)
    with pytest.raises(ValueError, match="at"):
        ScheduleConfig(at="25:00")
