"""Which lists are kept, however they are made."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from segue.engine import Engine
from segue.engine.batch import BatchConfig, make_all
from segue.engine.keeping import newest_kept, refuse_before_first_play, to_be_kept
from segue.engine.weekly import weekly
from segue.errors import UsageError
from segue.library import Library
from segue.playlists.memory import Weeks
from segue.playlists.playlist import week_of
from segue.service.v1 import lists as served

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)  # Monday of 2026-W49
FAR = "2999-W05"


def test_this_week_s_lists_and_the_next_are_kept_and_none_further_ahead(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path)
    assert newest_kept(NOW) == "2026-W50"
    for week, kept in (("2026-W48", True), ("2026-W49", True), ("2026-W50", True), ("2026-W51", False)):
        assert to_be_kept(weeks, week, ["b", "a"], NOW) == (["b", "a"] if kept else []), week


def test_every_way_to_make_lists_keeps_to_it(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, weeks, this = Engine(library), Weeks(library.path / "weeks"), week_of(datetime.now(UTC))
    assert weekly(engine, this, listeners=["p00"])
    (ahead,) = weekly(engine, FAR, listeners=["p00"])
    assert ahead.entries and FAR not in weeks.names()
    with pytest.raises(UsageError, match="not kept yet"):
        make_all(library, FAR, BatchConfig(workers=1))
    early = make_all(library, "2026-W30", BatchConfig(workers=1), listeners=["p00", "p01"])
    assert (early.made, early.already, early.later) == (1, 0, 1)
    assert weeks.listeners_with_list("2026-W30") == {"p01"}


def test_the_service_keeps_to_it_for_somebody_new(library: Library) -> None:
    from segue.service.app import create_app

    house = create_app(library.path).state.house
    for week, kept in ((FAR, False), (week_of(datetime.now(UTC)), True), ("2026-W30", False)):
        assert served.make(house.engines.current, house, "somebody", week).entries
        assert ("somebody" in house.stored.weeks.listeners_with_list(week)) == kept, week
    house.close()


def test_nothing_is_told_of_a_week_before_the_first_play(library: Library) -> None:
    with pytest.raises(UsageError, match="who had played nothing by then"):
        weekly(Engine(library), "1999-W10", listeners=["p00"])
    refuse_before_first_play(library, week_of(datetime.now(UTC)), ["p00"])
