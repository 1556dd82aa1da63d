"""Kill a job with SIGKILL before its n-th step on the disk, then let it go on and look. Run by the tests.

    killing.py forget|weekly LIBRARY WORK EVERY

A step is a rename, a replacement, a removal or a flush. Each n (every EVERY-th) gets a fresh copy of LIBRARY
in WORK, until one comes through unkilled. Prints how many were killed. This process only forks: it stays free
of threads.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

WEEK = "2026-W30"


def kill_at(step: int) -> None:
    """Make the `step`-th write from now on the last moment of this process."""
    left = step

    def counted(function: Callable) -> Callable:
        def wrapped(*arguments, **named):
            nonlocal left
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return function(*arguments, **named)

        return wrapped

    for name in ("replace", "rename", "unlink"):
        setattr(Path, name, counted(getattr(Path, name)))
    shutil.rmtree = counted(shutil.rmtree)
    os.fsync = counted(os.fsync)


def in_child(work: Callable[[], None]) -> int:
    """Run `work` in a process of its own; its exit status, negative for a signal."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def forget_all(path: Path) -> None:
    from segue.jobs.forget import forget
    from segue.library import Library

    done = forget(Library.open(path), "p02")
    assert done.left == [], done.left


def forgotten(path: Path) -> None:
    """After a kill: the library opens, the models are whole, and the next call finishes."""
    from segue.jobs.train import load_factors, shelf_of
    from segue.library import Library

    load_factors(Library.open(path))
    forget_all(path)
    library = Library.open(path)
    model, _ = load_factors(library)
    assert not {"p02", "mine2"} & set(model.listeners_)
    assert len(shelf_of(library).versions("factors")) == 2
    assert not [p for p in path.rglob("*") if p.name.startswith(".tmp-")]


def make(path: Path) -> None:
    import segue.jobs.monday
    from segue.library import Library

    segue.jobs.monday.AT_ONCE = 9
    segue.jobs.monday.make_all(Library.open(path), WEEK, workers=1)


def made(path: Path) -> None:
    """After a kill: what is there is whole; after the next run everybody has exactly one list."""
    from collections import Counter

    from segue.playlists.memory import Weeks

    weeks = Weeks(path / "weeks")

    def lists() -> dict[str, tuple[str, ...]]:
        rows = weeks.read(WEEK)
        pairs = list(zip(rows["listener_id"].to_pylist(), rows["position"].to_pylist(), strict=True))
        assert set(Counter(pairs).values()) <= {1}, "nobody has two lists"
        tracks: dict[str, tuple[str, ...]] = {}
        for (who, _), track in zip(pairs, rows["track_id"].to_pylist(), strict=True):
            tracks[who] = (*tracks.get(who, ()), track)
        assert {len(each) for each in tracks.values()} <= {30}, "no list is cut short"
        return tracks

    before = lists()
    make(path)
    after = lists()
    assert len(after) == 40
    assert {who: after[who] for who in before} == before, "a list that is there stays"
    files = [p for p in (path / "weeks").iterdir() if p.name != ".lock"]
    assert files == weeks.files(WEEK) and len(files) == 1, files


JOBS = {"forget": (forget_all, forgotten), "weekly": (make, made)}


def main(job: str, library: Path, work: Path, every: int) -> None:
    import ibis.backends.duckdb  # noqa: F401 - once for all children

    import segue.jobs.forget
    import segue.jobs.monday  # noqa: F401

    run, check = JOBS[job]
    kills = 0
    while True:
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(library, work)

        def killed(step: int = kills * every) -> None:
            kill_at(step)
            run(work)

        status = in_child(killed)
        assert status in (0, -signal.SIGKILL), status
        assert in_child(lambda: check(work)) == 0, f"after {kills * every} steps"
        if status == 0:
            break
        kills += 1
    print(kills)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
