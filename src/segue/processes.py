"""Worker processes that end with the job: at Ctrl-C, at SIGTERM, and at an error."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from typing import Any


@contextlib.contextmanager
def workers(
    count: int, begin: Callable[..., None] | None = None, *told: Any
) -> Generator[ProcessPoolExecutor]:
    """A pool of `count` processes, each started anew: a fork of a process with threads may hang.

    Args:
        count: processes.
        begin: called with `told` in each of them, first.
    """
    # Others may have processes of their own: only those of this pool are ended below.
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _begin, (begin, told))
    try:
        yield pool
    except BaseException:
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(begin: Callable[..., None] | None, told: tuple[Any, ...]) -> None:
    """In a worker. Ctrl-C goes to all processes of a terminal; the job's own decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if begin is not None:
        begin(*told)
