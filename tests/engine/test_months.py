"""Months in review: what was skipped is no play."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from segue.engine import Engine
from segue.engine.months import Month, review, shares_by_month
from segue.library import Library
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
