"""The Monday job on Spark: its workers make batches of lists, each with models and catalogue read once.

They reach the library's folder by the same path as this machine: models and lists of weeks are read and
written there, as by the processes of one machine.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

from segue.engine import batch
from segue.errors import SegueError
from segue.library.spark import spark_session

EVERY = 0.5  # seconds between two looks at how far it is


def on_spark(task: batch.Task, batches: list[tuple[str, list[str]]], _: int) -> Iterator[batch.Done]:
    """Make all batches; yields how many lists are made, as they are, and their tastes in the end."""
    begun, out = time.perf_counter(), task.config.out
    config = replace(task.config, out=None if out is None else out.resolve())
    task = task._replace(library=task.library.resolve(), config=config)
    assert config.engine is not None
    with spark_session(config.engine) as session, ThreadPoolExecutor(1) as aside:
        context = session.sparkContext
        parts = context.parallelize(batches, len(batches)).map(lambda part: make(task, *part))
        job = aside.submit(parts.collect)
        told = done = 0
        while not job.done():
            time.sleep(EVERY)
            done = max(done, _finished(context))
            if done > told:
                yield batch.Done(sum(len(names) for _, names in batches[told:done]), begun)
                told = done
        try:
            made = cast("list[batch.Done]", job.result())
        except Exception as error:  # Py4J's, of whatever the workers said
            raise SegueError(
                "A worker of the Monday job failed on Spark",
                got=_last_line(error),
                hint="see that all workers reach the library's folder by the same path; lists made are kept",
            ) from None
    yield batch.Done(-sum(len(names) for _, names in batches[:told]), begun)
    yield from (each._replace(since=begun) for each in made)


def make(task: batch.Task, part: str, listeners: list[str]) -> batch.Done:
    """On a worker: make a batch."""
    if batch._maker is None or batch._maker.task != task:
        batch._begin(task, os.getppid())
    assert batch._maker is not None
    return batch._maker.make(part, listeners)


def _finished(context: Any) -> int:
    """Batches that are done."""
    tracker, done = context.statusTracker(), 0
    for stage in tracker.getActiveStageIds():
        info = tracker.getStageInfo(stage)
        done += info.numCompletedTasks if info else 0
    return done


def _last_line(error: Exception) -> str:
    """What Python said on the worker, or Spark."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    python = [line for line in lines if "Error: " in line and not line.startswith("at ")]
    return (python or lines or [type(error).__name__])[0][:300]
