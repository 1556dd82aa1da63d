"""Group commit: one thread writes for all, and many small writes share one transaction and one flush."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa

T = TypeVar("T")
MOST = 2_000  # writes of one transaction


class _Write(NamedTuple):
    work: Callable[[sa.Connection], Any]
    done: Future[Any]


class Writer:
    """Writes to the database in turn. A write's future is done once it is on the disk.

    Writes that wait are committed together; if one of them fails they are done again, each alone, so that
    it fails alone.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._waiting: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="segue-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[sa.Connection], T]) -> Future[T]:
        """Do `work` with a connection that is in a transaction; if cancelled before that, nothing is done."""
        done: Future[T] = Future()
        self._waiting.put(_Write(work, done))
        return done

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Do `work` and wait until it is on the disk; not from the writer's own thread."""
        return self.submit(work).result()

    @property
    def waiting(self) -> int:
        """Writes that have not begun."""
        return self._waiting.qsize()

    def close(self) -> None:
        """Finish what was submitted, and stop."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        more = True
        while more:
            writes = [self._waiting.get()]
            # What waits by now, and no longer: a write that is alone is not held up for others to come.
            while len(writes) < MOST and not self._waiting.empty():
                writes.append(self._waiting.get())
            more = None not in writes
            # Who gave up waiting has cancelled; from here on it is too late for that.
            taken = [each for each in writes if each is not None and each.done.set_running_or_notify_cancel()]
            if taken:
                self._together(taken)

    def _together(self, writes: list[_Write]) -> None:
        try:
            with self.engine.begin() as connection:
                results = [write.work(connection) for write in writes]
        except Exception as error:
            if len(writes) == 1:
                writes[0].done.set_exception(error)
                return
            for write in writes:
                self._together([write])
            return
        for write, result in zip(writes, results, strict=True):
            write.done.set_result(result)
