"""The first half of an import: every file is recognised and read, and its rows are set aside on disk."""

from __future__ import annotations

import contextlib
import gc
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from segue.errors import FormatError
from segue.library.blocks import Block
from segue.library.readers import by_name, recognise, unrecognised
from segue.library.readers.base import ReadOptions
from segue.library.rows import Reject
from segue.library.sources import Broken, entries
from segue.library.staging import Staging
from segue.processes import workers
from segue.progress import Advance


class Job(NamedTuple):
    """One import, as every worker is told of it."""

    scratch: Path
    path: Path
    format: str | None
    options: ReadOptions
    keep_going: bool
    workers: int


@dataclass
class Staged:
    """What one worker set aside."""

    entries: dict[int, tuple[str, str]] = field(default_factory=dict)  # name and source, by number
    broken: set[int] = field(default_factory=set)  # numbers of entries whose rows do not count
    formats: list[str] = field(default_factory=list)
    passed_over: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def at_once(path: Path) -> int:
    """How many processes can share the reading: files that can be reached one by one, some for each."""
    files = 1
    if path.is_dir():
        files = sum(1 for _ in path.rglob("*"))
    elif zipfile.is_zipfile(path):
        # What is damaged fails in more ways than are documented; `entries` says so.
        with contextlib.suppress(Exception), zipfile.ZipFile(path) as archive:
            files = len(archive.infolist())
    return max(1, files // 16)


def read_all(job: Job, advance: Advance) -> list[Staged]:
    """Read with all workers; this process is the first of them."""
    if job.workers == 1:
        return [_read(job, 0, advance)]
    with workers(job.workers - 1) as pool:
        others = [pool.submit(_read, job, number) for number in range(1, job.workers)]
        mine = _read(job, 0, advance)
        return [mine, *(other.result() for other in others)]


def _read(job: Job, worker: int, advance: Advance = lambda amount: None) -> Staged:
    """Set aside every entry whose turn it is."""
    collecting = gc.isenabled()
    gc.disable()  # many tuples are held and none is in a cycle: looking for one takes a third of the time
    try:
        return _read_turns(job, worker, advance)
    finally:
        if collecting:
            gc.enable()


def _read_turns(job: Job, worker: int, advance: Advance) -> Staged:
    staging, staged = Staging(job.scratch / f"worker-{worker}", worker), Staged()
    for number, entry in enumerate(entries(job.path, advance=advance, keep_going=job.keep_going)):
        # Every worker goes through all entries and reads those of its turn: nobody has to hand them out.
        if number % job.workers != worker:
            continue
        if isinstance(entry, Reject):
            staged.passed_over.append((entry.place, entry.reason))
            continue
        if isinstance(entry, Broken):
            staged.refused.append((entry.name, str(entry.error)))
            continue
        reader = by_name(job.format) if job.format else recognise(entry, job.options)
        why = unrecognised(entry) if reader is None else reader.passes_over(entry.name, entry.head())
        if reader is None or why is not None:
            staged.passed_over.append((entry.name, why or ""))
            continue
        staging.begin(number, entry.name, reader.source(entry.name, entry.head()))
        try:
            for part in reader.parts(entry, job.options):
                if isinstance(part, Block):
                    staging.add_block(part)
                else:
                    staging.add(part)
        except FormatError as error:
            if not job.keep_going:
                raise
            staging.refuse()
            staged.refused.append((entry.name, str(error)))
        else:
            if reader.name not in staged.formats:
                staged.formats.append(reader.name)
    staging.flush()
    pa.default_memory_pool().release_unused()  # what Arrow keeps for later, DuckDB could not have
    staged.entries, staged.broken = staging.entries, staging.refused
    return staged
