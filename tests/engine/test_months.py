"""Months in review: what was skipped is no play."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from segue.engine import Engine
from segue.engine.months import Month, review, shares_by_month
from segue.engine.past import past_sessions
from segue.library import Library
from segue.library.overview import overview
from segue.library.tables import LISTENS, TRACKS

LOVED, SKIPPED, NEW = "loved", "skipped", "new"
FULL = 200_000


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """January and February: a song that is heard out, and one that is always skipped; then a new one."""
    tracks = [
        {"track_id": name, "title": name, "artists": [f"by {name}"], "medium": "song", "duration_ms": FULL}
        for name in (LOVED, SKIPPED, NEW)
    ]
    listens = []
    for month, heard in ((1, LOVED), (2, NEW)):
        for n in range(25):
            start = datetime(2026, month, 1 + n, 12, tzinfo=UTC)
            for name, skipped in ((heard, False), (SKIPPED, True)):
                listens.append(
                    {"listener_id": "me", "track_id": name, "source": "test", "plays": 1}
                    | {"started_at": start + timedelta(hours=skipped), "skipped": skipped}
                    | {"played_ms": 5_000 if skipped else FULL}
                )
    made = Library.open(tmp_path / "library", create=True)
    with made.writing() as writer:
        writer.append("tracks", pa.Table.from_pylist(tracks, schema=TRACKS))
        writer.append("listens", pa.Table.from_pylist(listens, schema=LISTENS))
    return made


def _played(month: Month) -> dict[str, int]:
    return {each.track.track_id: each.plays for each in month.top}


def test_skips_are_no_plays(library: Library) -> None:
    found = review(Engine(library), "me")
    february, january = found.months
    assert (january.plays, february.plays, sum(february.days)) == (25, 25, 25)
    assert _played(january) == {LOVED: 25} and _played(february) == {NEW: 25}
    assert january.skipped == february.skipped == 0.5  # of what was begun
    assert january.artists == [(f"by {LOVED}", 25)]
    assert (february.new, [each.track.track_id for each in february.discovered]) == (1, [NEW])
    (year,) = found.years
    assert (year.plays, year.tracks, year.months[:3]) == (50, 2, [25, 25, 0])
    assert not found.left and not found.back  # what was skipped again and again was never loved


def test_shares_by_month_are_of_what_was_heard(library: Library) -> None:
    months, shares = shares_by_month(Engine(library), "me", [[LOVED], [SKIPPED, NEW]])
    assert months == ["2026-01", "2026-02"]
    np.testing.assert_allclose(shares, [[1, 0], [0, 1]])


def _library(tmp_path: Path, listens: list[dict[str, object]]) -> Library:
    """Of "me": rows of (track, day, ...), a song but for tracks that are called episode."""
    names = sorted({str(each["track_id"]) for each in listens})
    tracks = [
        {"track_id": name, "title": name, "artists": [f"by {name}"], "duration_ms": FULL}
        | {"medium": "podcast" if name.startswith("episode") else "song"}
        for name in names
    ]
    usual = {"listener_id": "me", "source": "test", "plays": 1, "skipped": False}
    made = Library.open(tmp_path / "library", create=True)
    with made.writing() as writer:
        writer.append("tracks", pa.Table.from_pylist(tracks, schema=TRACKS))
        writer.append("listens", pa.Table.from_pylist([usual | each for each in listens], schema=LISTENS))
    return made


def _at(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def test_one_count_everywhere(tmp_path: Path) -> None:
    """Months, sessions and the figures of a library tell the same plays; skips and episodes stand apart."""
    listens: list[dict[str, object]] = []
    for day in (1, 2, 3, 9):
        listens.append({"track_id": "song", "started_at": _at(day, 8)})
        listens.append({"track_id": "episode 1", "started_at": _at(day, 8) + timedelta(minutes=4)})
        listens.append({"track_id": "other", "started_at": _at(day, 20), "skipped": True, "played_ms": 4_000})
    library = _library(tmp_path, listens)
    (month,) = (found := review(Engine(library), "me")).months
    sessions = past_sessions(library, "me")
    figures = overview(library)
    assert (
        month.plays == sum(each.heard for each in sessions) == figures.plays == figures.people[0].plays == 8
    )
    assert sum(each.skipped for each in sessions) == figures.skips == 4
    assert figures.skipped == month.skipped == pytest.approx(1 / 3)
    assert (found.medium, month.others, month.tracks, month.new) == ("song", 4, 1, 1)
    assert _played(month) == {"song": 4} and month.artists == [("by song", 4)]
    assert (found.years[0].plays, found.years[0].others, found.years[0].tracks) == (8, 4, 1)


def test_who_plays_podcasts_alone_sees_their_shows(tmp_path: Path) -> None:
    library = _library(tmp_path, [{"track_id": "episode 1", "started_at": _at(day, 8)} for day in (1, 2)])
    found = review(Engine(library), "me")
    assert found.medium == "podcast" and found.months[0].others == 0
    assert _played(found.months[0]) == {"episode 1": 2}


def test_what_is_new_is_kept_after_some_plays_on_some_days(tmp_path: Path) -> None:
    days = {"kept": (1, 2, 9), "twice": (1, 9), "a day": (1, 1, 1), "once": (1,)}
    listens: list[dict[str, object]] = [
        {"track_id": name, "started_at": _at(day, hour)}
        for name, on in days.items()
        for hour, day in enumerate(on)
    ]
    (month,) = review(Engine(_library(tmp_path, listens)), "me").months
    assert month.new == 4
    assert [(each.track.track_id, each.plays) for each in month.discovered] == [("kept", 3)]
