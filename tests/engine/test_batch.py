"""The Monday job: everybody has exactly one list, whatever happens on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from segue.engine import Engine
from segue.engine import batch as monday
from segue.engine.batch import BatchConfig, make_all
from segue.engine.tastes import stored_tastes, tastes_of_week
from segue.engine.weekly import weekly
from segue.errors import BusyError
from segue.library import Library
from segue.playlists.memory import Weeks

WEEK = "2026-W30"


def _lists(library: Library) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in Weeks(library.path / "weeks").read(WEEK).to_pylist():
        found.setdefault(row["listener_id"], []).append(row["track_id"])
    return found


def test_everybody_gets_a_list_once(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monday, "AT_ONCE", 15)
    (asked,) = weekly(Engine(library), WEEK, listeners=["p03"])
    done = make_all(library, WEEK, BatchConfig(workers=1, out=tmp_path / "lists", format="json"))
    assert (done.made, done.already) == (39, 1) and done.a_second > 0
    lists = _lists(library)
    assert len(lists) == 40 and {len(tracks) for tracks in lists.values()} == {30}
    assert lists["p03"] == [entry.track.track_id for entry in asked.entries]
    assert len(list((tmp_path / "lists").iterdir())) == 39
    again = make_all(library, WEEK, BatchConfig(workers=1))
    assert (again.made, again.already) == (0, 40) and _lists(library) == lists
    assert {e.track.track_id for e in weekly(Engine(library), WEEK, listeners=["p05"])[0].entries} == set(
        lists["p05"]
    )


def test_a_week_gone_by_is_looked_at_and_changes_no_later_list(library: Library) -> None:
    weeks = Weeks(library.path / "weeks")
    (now,) = weekly(Engine(library), WEEK, listeners=["p07"])
    (earlier,) = weekly(Engine(library), "2026-W25", listeners=["p07"])
    assert earlier.week == "2026-W25" and "p07" not in weeks.listeners_with_list("2026-W25")
    (again,) = weekly(Engine(library), WEEK, listeners=["p07"])
    assert [e.track.track_id for e in again.entries] == [e.track.track_id for e in now.entries]


def test_several_processes_make_the_same_lists(library: Library, tmp_path: Path) -> None:
    one = weekly(Engine(library), WEEK, listeners=["p00", "p39"])
    Weeks(library.path / "weeks").files(WEEK)[0].unlink()
    done = make_all(library, WEEK, BatchConfig(workers=2))
    assert done.made == 40
    lists = _lists(library)
    for playlist in one:
        assert lists[playlist.listener] == [entry.track.track_id for entry in playlist.entries]
    with Weeks(library.path / "weeks").making(WEEK), pytest.raises(BusyError):
        make_all(library, WEEK)


def test_tastes_found_for_batches_are_those_found_for_everybody(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monday, "AT_ONCE", 15)
    stored = stored_tastes(library)
    tastes_of_week(Engine(library), "2026-W29")  # whose numbers and names carry on
    expected = tastes_of_week(Engine(library), WEEK).profiles
    facts = stored.read(WEEK)[0]
    lists = {
        who: [e.track.track_id for e in Engine(library).weekly(who, WEEK).entries] for who in ("p03", "p31")
    }
    (stored.folder / f"{WEEK}.npz").unlink()
    make_all(library, WEEK, BatchConfig(workers=1), listeners=["p01", "p31"])  # and a kill then
    (stored.folder / f"{WEEK}.npz").unlink()
    assert make_all(library, WEEK, BatchConfig(workers=1)).made == 38
    kept = stored.read(WEEK)
    assert kept is not None and kept[0] == facts
    whole = kept[1].of(expected.listeners.tolist())
    for who in expected.listeners.tolist():
        mine, theirs = whole.tastes(who), expected.tastes(who)
        assert len(mine) == len(theirs)
        for one, other in zip(mine, theirs, strict=True):
            assert whole.ids[one] == expected.ids[other] and whole.names[one] == expected.names[other]
            np.testing.assert_array_equal(whole.centres[one], expected.centres[other])
            np.testing.assert_array_equal(whole.tracks_of(one), expected.tracks_of(other))
    assert {who: tracks for who, tracks in _lists(library).items() if who in lists} == lists


@pytest.mark.slow
def test_the_real_command_killed_with_its_workers_goes_on(library: Library) -> None:
    command = [sys.executable, "-m", "segue", "weekly", "--all", "--workers", "2", "--week", WEEK]
    command += ["--library", str(library.path)]
    for wait in (1.0, 3.0, 5.0, 7.0):
        process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
        time.sleep(wait)
        os.killpg(process.pid, signal.SIGKILL) if wait > 4 else process.kill()
        process.wait()
    for _ in range(30):  # workers that outlived their job find that out, and stop
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            break
        time.sleep(1)
    assert done.returncode == 0, done.stderr
    lists = _lists(library)
    assert len(lists) == 40 and {len(tracks) for tracks in lists.values()} == {30}
