"""Scanning folders for audio files: only what is new or changed is read, and a kill loses little.

Tags are read some thousand files at a time, and each lot is stored before the next is begun. A scan that was
stopped goes on where it was.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from segue import files
from segue.errors import NotFoundError, UsageError
from segue.library.collection.matching import compared_with, match
from segue.library.collection.sounding import give_to_tracks
from segue.library.collection.tags import Tags, read_tags
from segue.library.collection.walk import Stamp, Walk
from segue.library.credits import artists_with_commas
from segue.library.store import Library
from segue.library.tables import FILES, FOLDERS
from segue.processes import workers as workers_of
from segue.progress import progress

AT_ONCE = 2_000  # files whose tags are stored together: what a kill can lose
A_TASK = 100  # files that a process reads before it reports
ALONE = 1_000  # files for which starting other processes takes longer than they save
WAIT = 120.0  # seconds for which another writer of the library is waited for
T = TypeVar("T")
_STAMP = ("path", *Stamp._fields)


@dataclass
class ScanReport:
    """What a scan found, and what the files are."""

    folders: list[str] = field(default_factory=list)
    files: int = 0  # there now, in all folders that were ever scanned
    new: int = 0
    changed: int = 0
    moved: int = 0
    gone: int = 0
    read: int = 0  # files whose tags were read
    matched: int = 0  # files that are a track of the library
    tracks: int = 0  # tracks that there is a file of
    unmatched: dict[str, int] = field(default_factory=dict)  # by reason, most first
    unreadable: dict[str, str] = field(default_factory=dict)  # folders, and why; their files stay known
    strange: list[str] = field(default_factory=list)  # files whose names are no UTF-8
    seconds: float = 0.0


class _Difference(NamedTuple):
    """What to do about the files of some folders."""

    to_read: dict[str, Stamp]
    moved: dict[str, str]  # from where to where
    gone: set[str]  # paths that no longer hold what was read there, those that moved left out


def folders(library: Library) -> list[str]:
    """The folders that were scanned, which `scan` looks through again."""
    return sorted(library.distinct("folders", "folder"))


def scan(library: Library, asked: Sequence[str | Path] = (), *, workers: int = 1) -> ScanReport:
    """Look through folders, and find the track of every file.

    Args:
        library: where files are kept; nothing else in it changes.
        asked: folders; by default those that were scanned before.
        workers: processes that read tags.

    Raises:
        NotFoundError: there is no such folder.
        UsageError: nothing was named and nothing scanned before, or a folder is empty that held files.
        BusyError: another scan, or another writer of the library, is at work for too long.
    """
    begun = time.perf_counter()
    with files.locked(library.path, "collection of the library", name=".files.lock"):
        library.refresh()
        names = [_folder(each) for each in asked] or folders(library)
        if not names:
            raise UsageError("No folder was scanned yet", hint="name one: segue files scan /srv/music")
        report = ScanReport(names)
        difference = _compare(library, names, report)
        # Before tags are read: after a kill, a file that was changed is one that is not known, and is read by
        # the next scan.
        _settle(library, difference)
        _read(library, difference.to_read, workers)
        _match(library, names, difference)
        _tell(library, report)
    report.seconds = time.perf_counter() - begun
    return report


def forget_folder(library: Library, folder: str | Path) -> int:
    """Leave a folder out: its files are no longer known. Returns how many there were.

    Raises:
        NotFoundError: it was not scanned.
    """
    name = _absolute(folder)
    with library.writing(wait=WAIT) as writer:
        if name not in folders(library):
            raise NotFoundError(
                f"{name} was not scanned", expected=", ".join(folders(library)) or "a folder that was"
            )
        table = library.arrow("files")
        gone = _under(table["path"], name)
        writer.rewrite("files", table.filter(pc.invert(gone)))
        kept = library.arrow("folders")
        writer.rewrite("folders", kept.filter(pc.not_equal(kept["folder"], name)))
    return int(pc.sum(gone).as_py() or 0)


def _folder(named: str | Path) -> str:
    name = _absolute(named)
    if not Path(name).is_dir():
        raise NotFoundError(
            f"There is no folder {name}",
            hint=f"check the name, or mount it; to leave it out for good: segue files forget '{name}'",
        )
    return name


def _absolute(folder: str | Path) -> str:
    """The path as it was written, from the root; links stay, for players may know files by them."""
    return os.path.normpath(Path(folder).absolute())


def _compare(library: Library, names: list[str], report: ScanReport) -> _Difference:
    known = _known(library, names)
    there: dict[str, Stamp] = {}
    with progress("Looking through folders", unit="files") as advance:
        for name in names:
            walk, before = Walk(Path(_folder(name))), len(there)
            for path, stamp in walk:
                there[path] = stamp
                advance(1)
            report.unreadable |= walk.unreadable
            report.strange += walk.strange
            if len(there) == before and any(path.startswith(_inside(name)) for path in known):
                raise UsageError(
                    f"{name} holds no audio file any more",
                    got=walk.unreadable.get(name, "an empty folder, as of a disk that is not mounted"),
                    hint=f"mount it; to leave it out for good: segue files forget '{name}'",
                )
    kept = tuple(_inside(folder) for folder in report.unreadable) + tuple(report.unreadable)
    gone = {path for path in known if path not in there and not (kept and path.startswith(kept))}
    places: dict[Stamp, list[str]] = {}
    # Taken from the end below: of several files alike, each goes on as the next by name.
    for path in sorted(gone, reverse=True):
        places.setdefault(known[path], []).append(path)
    to_read, moved = {}, {}
    for path, stamp in there.items():
        if path not in known and (was := places.get(stamp)):
            moved[was.pop()] = path
        elif known.get(path) != stamp:
            to_read[path] = stamp
    changed = to_read.keys() & known.keys()
    report.new, report.changed, report.moved = len(to_read) - len(changed), len(changed), len(moved)
    report.gone, report.read = len(gone) - len(moved), len(to_read)
    return _Difference(to_read, moved, (gone - moved.keys()) | changed)


def _known(library: Library, names: list[str]) -> dict[str, Stamp]:
    """The files of these folders that are known, by path."""
    files_ = library.table("files").select(*_STAMP)
    known: dict[str, Stamp] = {}
    for batch in library.arrow(files_).to_batches(max_chunksize=AT_ONCE):
        wanted = pa.array([False] * len(batch))
        for name in names:
            wanted = pc.or_(wanted, _under(batch["path"], name))
        columns = (batch.filter(wanted)[column].to_pylist() for column in _STAMP)
        known.update((path, Stamp(*stamp)) for path, *stamp in zip(*columns, strict=True))
    return known


def _inside(folder: str) -> str:
    return folder if folder.endswith(os.sep) else folder + os.sep


def _under(paths: pa.Array | pa.ChunkedArray, folder: str) -> pa.Array | pa.ChunkedArray:
    return pc.starts_with(paths, _inside(folder))


def _settle(library: Library, difference: _Difference) -> None:
    """Drop what is gone or changed, and give what moved its new path."""
    if not difference.gone and not difference.moved:
        return
    with library.writing(wait=WAIT) as writer:
        table = library.arrow("files")
        paths = table["path"].to_pylist()
        kept = table.set_column(
            0, "path", pa.array([difference.moved.get(path, path) for path in paths], pa.string())
        )
        writer.rewrite("files", kept.filter(pa.array([path not in difference.gone for path in paths])))


def _read(library: Library, to_read: dict[str, Stamp], workers: int) -> None:
    """Read the tags of these files, and store them lot by lot."""
    if not to_read:
        return
    commas = artists_with_commas(library)
    with ExitStack() as stack:
        advance = stack.enter_context(progress("Reading tags", len(to_read)))
        alone = workers == 1 or len(to_read) < ALONE
        pool = None if alone else stack.enter_context(workers_of(workers))
        for lot in _lots(to_read.items(), AT_ONCE):
            rows = []
            for told in _tags_of([path for path, _ in lot], commas, pool):
                rows += told
                advance(len(told))
            table = pa.Table.from_pylist(
                [
                    {"path": path, **stamp._asdict(), **tags._asdict()}
                    for (path, stamp), tags in zip(lot, rows, strict=True)
                ],
                schema=FILES,
            )
            with library.writing(wait=WAIT) as writer:
                writer.append("files", table)


def _tags_of(
    paths: list[str], commas: frozenset[str], pool: ProcessPoolExecutor | None
) -> Iterable[list[Tags]]:
    tasks = list(_lots(paths, A_TASK))
    if pool is None:
        return (_some_tags(task, commas) for task in tasks)
    return pool.map(_some_tags, tasks, [commas] * len(tasks))


def _lots(values: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(values)
    while lot := list(islice(rest, size)):
        yield lot


def _some_tags(paths: list[str], commas: frozenset[str]) -> list[Tags]:
    return [read_tags(path, commas) for path in paths]


def _match(library: Library, names: list[str], difference: _Difference) -> None:
    """Find the files' tracks, unless neither they nor the library have changed since the last time."""
    library.refresh()
    before = {row["folder"]: row for row in library.arrow("folders").to_pylist()}
    now, at = compared_with(library), datetime.now(UTC)
    same = all(row["matched_with"] == now for row in before.values())
    every = before.keys() | set(names)
    rows = [
        {"folder": name, "scanned_at": at if name in names else before[name]["scanned_at"]}
        for name in sorted(every)
        if not any(name.startswith(_inside(other)) for other in every - {name})  # which holds it already
    ]
    with library.writing(wait=WAIT) as writer:
        changed = difference.to_read or difference.gone or difference.moved or not same
        if changed and library.count("files"):
            with progress("Finding the files' tracks"), library.reading():
                match(writer)
                give_to_tracks(writer)
        rows = [row | {"matched_with": now} for row in rows]
        writer.rewrite("folders", pa.Table.from_pylist(rows, schema=FOLDERS))


def _tell(library: Library, report: ScanReport) -> None:
    library.refresh()
    table = library.table("files")
    report.files = library.count("files")
    reasons = library.arrow(table.group_by("unmatched").aggregate(n=table.count())).to_pylist()
    told = {row["unmatched"]: row["n"] for row in reasons}
    report.matched = told.pop(None, 0)
    report.unmatched = dict(sorted(told.items(), key=lambda each: (-each[1], each[0])))
    report.tracks = library.arrow(table.track_id.nunique()).as_py()
