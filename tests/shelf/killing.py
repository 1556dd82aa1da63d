"""Kill publishers with SIGKILL, again and again, and look at what they leave. Run by test_shelf.py.

`lines`: the n-th child kills itself before the n-th line of Segue's code that it runs, for every n until one
comes through. `times`: children publish without end and are killed after random times, 80 of them.
Prints how many were killed, and how many of those left the old version current and how many a new one.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from segue.shelf import Shelf

ROOM = str(Path(sys.modules["segue.files"].__file__ or "").parent)


def publish(shelf: Shelf, number: int) -> None:
    """A version of two files that belong together."""

    def build(folder: Path) -> None:
        for name in ("a", "b"):
            (folder / name).write_text(str(number) * 20_000, "utf-8")

    shelf.publish("model", build, {"config": {"number": number}})
    shelf.prune("model", 2)


def number_of_current(shelf: Shelf) -> int:
    """The number that was published last, after looking whether everything is whole."""
    for version in shelf.versions("model"):
        shelf.verify("model", version)
    number = shelf.manifest("model").config["number"]
    assert (shelf.path("model") / "a").read_text("utf-8") == str(number) * 20_000
    assert (shelf.path("model") / "b").read_text("utf-8") == str(number) * 20_000
    return number


def child_by_lines(shelf: Shelf, number: int, line: int) -> None:
    left = line

    def trace(frame: FrameType, event: str, argument: object):
        nonlocal left
        if not frame.f_code.co_filename.startswith(ROOM):
            return None
        if event == "line":
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    publish(shelf, number)


def child_by_times(shelf: Shelf, number: int) -> None:
    while True:
        publish(shelf, number)
        number += 1


def main(mode: str, folder: Path) -> None:
    shelf = Shelf(folder)
    start = time.perf_counter()
    publish(shelf, 0)
    once = time.perf_counter() - start
    chance = random.Random(5)
    kills = kept = turned = attempt = 0
    while True:
        before = number_of_current(shelf)
        pid = os.fork()
        if pid == 0:
            if mode == "lines":
                child_by_lines(shelf, before + 1, attempt)
            else:
                child_by_times(shelf, before + 1)
            os._exit(0)
        if mode == "times":
            time.sleep(chance.uniform(0, 4 * once))
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        attempt += 1
        assert attempt < 2000, "no child came through"
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert killed or (mode == "lines" and status == 0), status
        after = number_of_current(shelf)
        assert before <= after and (mode == "times" or after <= before + 1), (before, after)
        kills += killed
        kept += killed and after == before
        turned += killed and after > before
        shelf.prune("model", 2)  # else every orphan would give the next child more lines to run
        if not killed or (mode == "times" and attempt == 80):
            break
    publish(shelf, 10**6)  # the next run goes on, and clears up
    assert number_of_current(shelf) == 10**6
    left = [path for path in folder.rglob("*") if path.name.startswith(".tmp-")]
    assert not left and len(shelf.versions("model")) == 2, left
    print(kills, kept, turned)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
