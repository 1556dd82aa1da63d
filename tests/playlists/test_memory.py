"""Lists of weeks on disk: replaced, added in parts, found again, forgotten."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from segue.errors import BusyError, FormatError
from segue.playlists.memory import Weeks
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard

WEEK, NEXT = "2026-W30", "2026-W31"


def playlist(listener: str, *tracks: str) -> Playlist:
    entries = [
        PlaylistEntry(n + 1, TrackCard(track), score=0.5, reason="why") for n, track in enumerate(tracks)
    ]
    return Playlist(
        "Weekly", listener, WEEK, datetime(2026, 7, 20, tzinfo=UTC), tuple(entries), ("note",), 3, ("m",)
    )


def lists(weeks: Weeks, week: str = WEEK) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in weeks.read(week).to_pylist():
        found.setdefault(row["listener_id"], []).append(row["track_id"])
    return found


def test_a_list_is_remembered_and_replaced(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path)
    weeks.remember(WEEK, [playlist("b", "x", "y"), playlist("a", "z")])
    weeks.remember(WEEK, [playlist("b", "q")])
    assert lists(weeks) == {"a": ["z"], "b": ["q"]}
    assert weeks.names() == [WEEK] and weeks.listeners_with_list(WEEK) == {"a", "b"}
    weeks.remember(NEXT, [playlist("a", "w")])
    assert weeks.earlier(NEXT, 4) == {"a": {"z"}, "b": {"q"}}
    assert weeks.earlier(NEXT, 4, ["b"]) == {"b": {"q"}} and weeks.earlier(NEXT, 0) == {}
    row = weeks.read(WEEK, ["a"]).to_pylist()[0]
    assert (row["notes"], row["seed"], row["model"], row["reason"]) == (["note"], 3, "m", "why")


def test_parts_count_at_once_and_become_one_file(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path)
    weeks.remember(WEEK, [playlist("a", "own")])
    with pytest.raises(RuntimeError), weeks.making(WEEK):
        weeks.add(WEEK, "000002", [playlist("c", "second"), playlist("b", "late")])
        weeks.add(WEEK, "000001", [playlist("b", "first"), playlist("a", "no")])
        raise RuntimeError("killed")
    expected = {"a": ["own"], "b": ["first"], "c": ["second"]}
    assert lists(weeks) == expected, "of two lists the first file's counts"
    assert weeks.listeners_with_list(WEEK) == {"a", "b", "c"} and weeks.names() == [WEEK]
    weeks.remember(WEEK, [playlist("c", "asked for")])
    with weeks.making(WEEK):
        weeks.add(WEEK, "000003", [playlist("d", "more")])
        with pytest.raises(BusyError), weeks.making(WEEK):
            pass
        weeks.forget(WEEK, ["a"])  # a job at work does not keep anybody from being forgotten
    del expected["a"]
    assert lists(weeks) == expected | {"c": ["asked for"], "d": ["more"]}
    assert not (tmp_path / f"{WEEK}.parts").exists()


def test_a_listener_is_forgotten(tmp_path: Path) -> None:
    weeks = Weeks(tmp_path)
    with pytest.raises(RuntimeError), weeks.making(WEEK):
        weeks.add(WEEK, "000001", [playlist("b", "x"), playlist("a", "y")])
        raise RuntimeError("killed")
    weeks.forget(WEEK, ["b"])
    assert lists(weeks) == {"a": ["y"]}
    weeks.forget(WEEK, ["a"])
    assert weeks.names() == [] and not list(tmp_path.rglob("*.parquet"))


def test_a_damaged_week_is_told(tmp_path: Path) -> None:
    (tmp_path / f"{WEEK}.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(FormatError, match="made anew"):
        Weeks(tmp_path).read(WEEK)
