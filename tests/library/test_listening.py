"""What a play counts for, in the one place where it is decided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from segue.library import Library
from segue.library.listening import plays, sessions
from segue.library.rows import Listen, TrackRef

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SONG = TrackRef("Hello", ("Adele",), duration_ms=200_000)
UNKNOWN = TrackRef("Skyfall", ("Adele",))


def _told(library: Library, store, *listens: Listen) -> list[dict]:
    store(library, listens)
    return sorted(library.arrow(plays(library)).to_pylist(), key=lambda row: str(row["started_at"]))


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        (Listen("me", SONG, NOON, 199_000), {"stage": 3, "skipped": False, "whole": True, "counts": True}),
        (Listen("me", SONG, NOON, 120_000), {"stage": 2, "skipped": False, "counts": True, "share": 0.6}),
        (Listen("me", SONG, NOON, 80_000), {"stage": 2, "skipped": False, "counts": False}),
        (Listen("me", SONG, NOON, 20_000), {"stage": 1, "skipped": True, "counts": False}),
        (Listen("me", SONG, NOON, 3_000), {"stage": 0, "skipped": True, "counts": False}),
        (Listen("me", SONG, NOON, 120_000, end_reason="fwdbtn"), {"stage": 2, "skipped": True}),
        (Listen("me", SONG, NOON, 120_000, skipped=False, end_reason="fwdbtn"), {"skipped": False}),
        (Listen("me", UNKNOWN, NOON, 31_000), {"share": None, "stage": 2, "skipped": False, "counts": True}),
        (Listen("me", UNKNOWN, NOON, 12_000), {"stage": 1, "skipped": True, "counts": False}),
        (Listen("me", UNKNOWN, NOON, 150_000, end_reason="trackdone"), {"stage": 3, "skipped": False}),
        (Listen("me", UNKNOWN, NOON, skipped=True), {"stage": 1, "skipped": True, "counts": False}),
        (Listen("me", UNKNOWN, NOON, stage=2), {"stage": 2, "skipped": False, "counts": True}),
        (Listen("me", UNKNOWN, NOON), {"stage": None, "skipped": None, "whole": None, "counts": True}),
        (Listen("me", UNKNOWN, plays=40), {"stage": None, "skipped": None, "counts": True, "plays": 40}),
    ],
)
def test_one_play(library: Library, store, listen: Listen, expected: dict) -> None:
    (row,) = _told(library, store, listen)
    assert {name: row[name] for name in expected} == pytest.approx(expected)


def test_without_milliseconds_the_next_play_tells(library: Library, store) -> None:
    first, second, third = (
        _told(
            library,
            store,
            Listen("me", SONG, NOON),
            Listen("me", UNKNOWN, NOON + timedelta(seconds=20)),
            Listen("me", SONG, NOON + timedelta(seconds=400)),
            Listen("you", UNKNOWN, NOON + timedelta(seconds=5)),
        )[:4:2]
        + _told(library, store)[3:]
    )
    assert (first["stage"], first["skipped"]) == (1, True)
    assert second["started_at"] >= first["started_at"]
    assert third["stage"] is None


def test_sessions_begin_after_a_pause(library: Library, store) -> None:
    minutes = [0, 4, 8, 20, 24]
    rows = [Listen("me", SONG, NOON + timedelta(minutes=m), 200_000) for m in minutes]
    store(library, rows)
    told = sorted(library.arrow(sessions(library)).to_pylist(), key=lambda row: row["started_at"])
    assert [row["session_position"] for row in told] == [1, 2, 3, 1, 2]
    assert len({row["session_id"] for row in told}) == 2


def test_a_source_s_own_sessions_stay(library: Library, store) -> None:
    rows = [Listen("s", SONG, NOON, stage=3, session_id="s", session_position=n) for n in (1, 2, 3)]
    store(library, [*rows, Listen("me", SONG, plays=3)])
    told = library.arrow(sessions(library)).to_pylist()
    assert sorted((row["session_id"], row["session_position"]) for row in told) == [
        ("s", 1),
        ("s", 2),
        ("s", 3),
    ]
