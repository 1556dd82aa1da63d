"""The Monday job: a list for every listener of a library, on all cores, whatever happens on the way.

Listeners are made lists for some at a time, and their tastes are found then, too; each batch is on the disk
before the next begins. A kill loses what was in hand, and the next run makes only what is missing: nobody
gets two lists of a week, nobody none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from segue.engine.engine import Engine
from segue.engine.keeping import newest_kept, to_be_kept
from segue.engine.tastes import find_tastes, keep_tastes, kept_tastes
from segue.engine.trial import Trial
from segue.engine.weekly import prepare
from segue.errors import SegueError, UsageError
from segue.files import refuse_read_only
from segue.library import Library
from segue.library.listening import listeners_of
from segue.playlists.formats import write_all
from segue.playlists.formats.writing import HERE
from segue.playlists.memory import Weeks
from segue.playlists.placed import Places
from segue.playlists.weekly_config import WeeklyConfig
from segue.processes import workers as workers_of
from segue.progress import progress
from segue.shelf.names import FACTORS
from segue.tastes.config import ProfileConfig
from segue.tastes.profiles import Profiles, joined

AT_ONCE = 2048  # listeners of a batch: what a kill can lose
FIRST = 256  # listeners of the first batches, so that something is there soon
ALONE = 400  # listeners for whom starting other processes takes longer than they save


@dataclass(frozen=True)
class BatchConfig:
    """What the lists of a run are like, and how they are made.

    Attributes:
        weekly: what lists are like.
        tastes: how tastes are found.
        seed: of the chance in the choice.
        workers: processes; by default one a core, and this one alone for few listeners.
        engine: a Spark master whose workers make the lists instead; they reach the library's folder by the
            same path.
        out: write a file for each list here, too.
        format: of those files.
        places: how audio files are named in them.
        trial: who gets other settings.
    """

    weekly: WeeklyConfig = field(default_factory=WeeklyConfig)
    tastes: ProfileConfig = field(default_factory=ProfileConfig)
    seed: int = 0
    workers: int | None = None
    engine: str | None = None
    out: Path | None = None
    format: str = "jspf"
    places: Places = HERE
    trial: Trial = field(default_factory=Trial)


class Task(NamedTuple):
    """What all batches have in common."""

    library: Path
    week: str
    config: BatchConfig


class Done(NamedTuple):
    """A batch that is on the disk."""

    count: int  # lists
    since: float  # when the process that made it was ready to begin
    tastes: Profiles | None = None  # of its listeners, where they were found for it
    facts: Mapping[str, Any] = MappingProxyType({})  # what these depend on


class Made(NamedTuple):
    """What a run did."""

    week: str
    made: int
    already: int  # who had a list of the week before
    later: int  # who have a list of a later week, so that none of this one is kept
    seconds: float  # all of it, with reading models and catalogue
    making_seconds: float  # of making lists alone

    @property
    def a_second(self) -> float:
        """Lists made a second, once models and catalogue are read."""
        return self.made / self.making_seconds if self.making_seconds else 0.0


def make_all(
    library: Library,
    week: str,
    config: BatchConfig | None = None,
    *,
    listeners: Sequence[str] | None = None,
) -> Made:
    """Make and remember the lists of `week` for all listeners, or those named, who have none yet.

    Args:
        library: the listening, with a trained model.
        week: ISO week, "2026-W48".
        config: what lists are like, and how they are made.
        listeners: ids; None for all.

    Raises:
        NotFoundError: nothing was trained yet.
        BusyError: another process is making lists of this week.
        UsageError: the library cannot be written to, or lists of that week are not kept yet.
    """
    refuse_read_only(library.path, "library")
    if week > (newest := newest_kept()):
        raise UsageError(
            "Lists of that week are not kept yet",
            expected=f"at most the next week, {newest}",
            got=week,
            hint="look at one listener's: segue weekly LISTENER --week, which keeps none so far ahead",
        )
    begun = time.perf_counter()
    config = config or BatchConfig()
    task = Task(library.path, week, config)
    weeks = Weeks(library.path / "weeks")
    engine = Engine(library, tastes=config.tastes)
    unit = engine.factors().model.config.observations.unit
    everybody = listeners_of(library, unit) if listeners is None else listeners
    with weeks.making(week):
        have = weeks.listeners_with_list(week)
        lacking = sorted(set(everybody) - have)
        missing = to_be_kept(weeks, week, lacking)
        made, making = 0, 0.0
        if missing:
            cores = os.cpu_count() or 1
            processes = config.workers or (1 if len(missing) <= ALONE else cores)
            batches, parts = list(_batches(missing, processes)), list[Done]()
            del engine
            with progress(f"Making lists of {week}", len(missing), unit="lists") as advance:
                start = time.perf_counter()
                run = _one_by_one if processes == 1 else _side_by_side
                if config.engine is not None:
                    from segue.engine.batch_spark import on_spark as run
                for done in run(task, batches, processes):
                    if not made:
                        start = done.since
                    made += done.count
                    parts += [] if done.tastes is None else [done]
                    advance(done.count)
                making = time.perf_counter() - start
            if parts:
                with progress("Keeping tastes"):
                    _keep(Engine(library, tastes=config.tastes), week, parts)
    return Made(
        week,
        made,
        len(set(everybody) & have),
        len(lacking) - len(missing),
        time.perf_counter() - begun,
        making,
    )


def _batches(listeners: list[str], processes: int) -> Iterator[tuple[str, list[str]]]:
    """Each batch and the name of its part: after the first listener's place, so that order is kept."""
    stamp = f"{time.time_ns():020d}"  # after the parts of a run before
    start, most = 0, min(AT_ONCE, -(-len(listeners) // processes))
    while start < len(listeners):
        size = min(most, FIRST) if start < processes * FIRST else most
        yield f"{stamp}-{start:09d}", listeners[start : start + size]
        start += size


def _keep(engine: Engine, week: str, parts: list[Done]) -> None:
    """Keep the tastes that were found in batches, and those of who had a list before.

    If models or plays changed meanwhile, they are found anew when somebody looks at them.
    """
    profiles = [part.tastes for part in parts if part.tastes is not None]
    here = {who for each in profiles for who in each.place}
    everybody = listeners_of(engine.library, engine.factors().model.config.observations.unit)
    rest = find_tastes(engine, week, [who for who in everybody if who not in here])
    if all(part.facts == rest.facts for part in parts):
        everything = sorted([*profiles, rest.profiles], key=lambda each: each.listeners.tolist()[:1])
        keep_tastes(engine, rest._replace(profiles=joined(everything)))


def _one_by_one(task: Task, batches: list[tuple[str, list[str]]], _: int) -> Iterator[Done]:
    maker = _Maker(task)
    for batch in batches:
        yield maker.make(*batch)


def _side_by_side(task: Task, batches: list[tuple[str, list[str]]], processes: int) -> Iterator[Done]:
    try:
        with workers_of(processes, _begin, task, os.getpid()) as pool:
            futures: list[Future[Done]] = [pool.submit(_make, *batch) for batch in batches]
            for future in as_completed(futures):
                yield future.result()
    except BrokenProcessPool:
        raise SegueError(
            "A worker of the Monday job died",
            got="it was killed, or ran out of memory",
            hint="run it again: it goes on where it was. Fewer --workers need less memory",
        ) from None


class _Maker:
    """Makes batches of lists in one process."""

    def __init__(self, task: Task) -> None:
        self.task, weekly = task, task.config.weekly
        self.engine = engine = Engine.open(task.library, tastes=task.config.tastes)
        kept = kept_tastes(engine, task.week)
        # Other media's tastes are not kept, and are those of few.
        self.finds = kept is None and engine.factors(weekly.medium).name == FACTORS
        found = find_tastes(engine, task.week, []) if self.finds else kept
        self.ready = prepare(engine, task.week, weekly, found=found)
        self.weeks = Weeks(task.library / "weeks")
        self.since = time.perf_counter()

    def make(self, part: str, listeners: list[str]) -> Done:
        """Make a batch."""
        config = self.task.config
        found = find_tastes(self.engine, self.task.week, listeners) if self.finds else None
        tastes, facts = (None, {}) if found is None else (found.profiles, found.facts)
        lists = list(self.ready.lists(listeners, config.seed, config.trial, tastes))
        with self.ready.library.forgotten.held() as gone:
            lists = [each for each in lists if each.listener not in gone]
            if config.out is not None:
                write_all(lists, config.out, config.format, config.places)
            self.weeks.add(self.task.week, part, lists)
        return Done(len(lists), self.since, tastes, dict(facts))


_maker: _Maker | None = None
_parent = 0


def _begin(task: Task, parent: int) -> None:
    """In a worker: read models and catalogue, once. Cores are shared by processes, not by threads."""
    import numba
    from threadpoolctl import threadpool_limits

    from segue.factors.solver import limit_threads

    global _maker, _parent
    threadpool_limits(1)
    limit_threads(1)
    numba.set_num_threads(1)
    _parent = parent
    _maker = _Maker(task)


def _make(part: str, listeners: list[str]) -> Done:
    if os.getppid() != _parent:  # the job was killed; another may be at it by now
        os._exit(1)
    assert _maker is not None
    return _maker.make(part, listeners)
