"""One import, from a path to the library: read, set aside, find the tracks, merge, commit. All or nothing.

Memory stays bounded: rows are set aside on disk in chunks, and DuckDB joins them within `MEMORY`.
"""

from __future__ import annotations

import contextlib
import gc
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from segue.errors import FormatError, UsageError
from segue.library import duck, merging
from segue.library.credits import artists_with_commas
from segue.library.identity import resolve
from segue.library.known_only import keep_known
from segue.library.leaving_out import LeftOut, leave_out
from segue.library.readers import by_name, recognise, unrecognised
from segue.library.readers.base import ReadOptions
from segue.library.renewing import renew_names
from segue.library.rows import Reject
from segue.library.sources import Limits, entries, size_on_disk
from segue.library.staging import SCHEMAS, Staging
from segue.library.store import Library, Writer
from segue.library.tables import IMPORTS, TABLES
from segue.processes import workers
from segue.progress import Advance, progress

if TYPE_CHECKING:
    import duckdb

MEMORY = "350MB"
SMALL = 1 << 20  # bytes of a table's parts, below which it is held in memory
LARGE = 150 << 20  # bytes set aside from which DuckDB works on disk, compressed, instead of in memory


class Count(NamedTuple):
    """What became of the rows of one kind; read = stored + already_there + rejected."""

    read: int = 0
    stored: int = 0
    already_there: int = 0
    rejected: int = 0


@dataclass
class ImportReport:
    """What an import did."""

    path: Path
    formats: list[str] = field(default_factory=list)
    counts: dict[str, Count] = field(default_factory=dict)  # by kind; "rejects" holds what fits no kind
    passed_over: list[tuple[str, str]] = field(default_factory=list)  # files with nothing to read, and why
    refused: list[tuple[str, str]] = field(default_factory=list)  # broken files left out on request
    tracks: int = 0  # tracks that are new to the library
    renamed: int = 0  # tracks of a library of an earlier release whose names are compared otherwise now
    # Of the listens already there: how many are the same as a play that another source told, by that source;
    # the others were imported before.
    same_as: dict[str, int] = field(default_factory=dict)
    departed: int = 0  # rows of people who asked to be forgotten, left out; they count as rejected

    @property
    def total(self) -> Count:
        """All kinds together."""
        return Count(*(sum(column) for column in zip(*self.counts.values(), strict=True)))


def import_path(
    library: Library,
    path: str | Path,
    *,
    format: str | None = None,
    options: ReadOptions | None = None,
    limits: Limits | None = None,
    keep_going: bool = False,
    workers: int = 1,
) -> ImportReport:
    """Import a file, a folder or an archive into `library`.

    `format` names a reader for every file; by default each file is recognised. With `keep_going`, files that
    turn out to be broken are left out whole and the rest is stored; by default they stop the import. More
    `workers` read folders and zip archives of many files faster, each in a process of its own (so the
    caller's script needs the usual `if __name__ == "__main__"`).

    Rows of people who asked to be forgotten are left out, but for those in `options.bring_back`.

    Raises:
        FormatError: nothing in `path` is of a known format, or a file is not of the format it was taken for;
            then nothing is stored.
        NotFoundError: there is nothing at `path`.
        UsageError: there is no format of that name, or `path` is the library itself, or all that it holds is
            of people who asked to be forgotten.
        BusyError: another process is writing to the library.
    """
    path, options = Path(path), options or ReadOptions()
    if format is not None:
        by_name(format)
    _refuse_own(library, path)
    workers = min(workers, _at_once(path))
    with library.writing() as writer:
        scratch = writer.scratch()
        options = options.model_copy(update={"artists": options.artists | artists_with_commas(library)})
        job = _Job(scratch, path, format, options, limits, keep_going, workers)
        with progress(f"Reading {path.name}", size_on_disk(path) if path.exists() else None) as advance:
            staged = _read_all(job, advance)
        report = ImportReport(path)
        for one in staged:
            report.formats += [name for name in one.formats if name not in report.formats]
            report.passed_over += one.passed_over
            report.refused += one.refused
        if not report.formats:
            _nothing_taken(report)
        with progress("Storing", 5) as advance, library.reading():
            _store(library, writer, scratch, staged, report, options, advance)
    return report


def _refuse_own(library: Library, path: Path) -> None:
    own, asked = library.path.resolve(), path.resolve()
    if asked == own or own in asked.parents or asked in own.parents:
        raise UsageError(
            f"{path} is, or holds, or is inside the library {library.path} itself",
            expected="an export, archive or log that lies outside the library",
            do="name the files themselves, or move them elsewhere",
        )


class _Job(NamedTuple):
    """One import, as every worker is told of it."""

    scratch: Path
    path: Path
    format: str | None
    options: ReadOptions
    limits: Limits | None
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


def _at_once(path: Path) -> int:
    """How many processes can share the reading: files that can be reached one by one, some for each."""
    if path.is_dir():
        files = sum(1 for _ in path.rglob("*"))
    elif zipfile.is_zipfile(path):
        with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
            files = len(archive.infolist())
    else:
        files = 1
    return max(1, files // 16)


def _read_all(job: _Job, advance: Advance) -> list[Staged]:
    """Read with all workers; this process is the first of them."""
    if job.workers == 1:
        return [_read(job, 0, advance)]
    with workers(job.workers - 1) as pool:
        others = [pool.submit(_read, job, number) for number in range(1, job.workers)]
        mine = _read(job, 0, advance)
        return [mine, *(other.result() for other in others)]


def _read(job: _Job, worker: int, advance: Advance = lambda amount: None) -> Staged:
    """Set aside every entry whose turn it is."""
    collecting = gc.isenabled()
    gc.disable()  # many tuples are held and none is in a cycle: looking for one takes a third of the time
    try:
        return _read_turns(job, worker, advance)
    finally:
        if collecting:
            gc.enable()


def _read_turns(job: _Job, worker: int, advance: Advance) -> Staged:
    staging, staged = Staging(job.scratch / f"worker-{worker}", worker), Staged()
    for number, entry in enumerate(entries(job.path, job.limits, advance)):
        if number % job.workers != worker:
            continue
        if isinstance(entry, Reject):
            staged.passed_over.append((entry.place, entry.reason))
            continue
        reader = by_name(job.format) if job.format else recognise(entry, job.options)
        why = unrecognised(entry) if reader is None else reader.passes_over(entry.name, entry.head())
        if reader is None or why is not None:
            staged.passed_over.append((entry.name, why or ""))
            continue
        staging.begin(number, entry.name, reader.source(entry.name, entry.head()))
        try:
            for row in reader.read(entry, job.options):
                staging.add(row)
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


def _nothing_taken(report: ImportReport) -> None:
    from segue.library.readers import READERS

    if report.refused:
        raise FormatError(report.refused[0][1])
    came = "; ".join(f"{name}: {why}" for name, why in report.passed_over[:3]) or "no files at all"
    raise FormatError(
        f"Nothing in {report.path} could be read",
        expected="one of the formats " + ", ".join(reader.name for reader in READERS),
        came=came,
        do="name the format with --format, or a table's columns: "
        "--column track=THEIRS --column artist=THEIRS --column time=THEIRS",
    )


def _store(
    library: Library,
    writer: Writer,
    scratch: Path,
    staged: list[Staged],
    report: ImportReport,
    options: ReadOptions,
    advance: Advance,
) -> None:
    report.renamed = renew_names(library, writer)
    work = connect(writer, scratch, staged)
    try:
        gone = leave_out(work, library.departed.read(), options.bring_back)
        report.departed = gone.rows
        if gone.rows and not gone.left:
            raise UsageError(
                f"All that {report.path.name} holds is of somebody who asked to be forgotten in this library",
                do="if they want to come back, name them: --bring-back LISTENER",
            )
        keep_known(work)
        resolve(work)
        advance(1)
        counts = report.counts
        listens, report.same_as = merging.merge_listens(work, writer)
        counts["listens"] = _count(listens)
        advance(1)
        counts["feedback"] = _count(merging.merge_feedback(work, writer))
        playlists, playlist_entries = merging.merge_playlists(work, writer)
        counts["playlists"], counts["playlist_entries"] = _count(playlists), _count(playlist_entries)
        advance(1)
        facts, report.tracks = merging.merge_tracks(work, writer)
        counts["track_facts"] = _count(facts)
        merging.merge_keys(work, writer)
        advance(1)
        rejected = merging.merge_rejects(work, writer) + gone.rows
        counts["rejects"] = Count(read=rejected, rejected=rejected)
        _remember(writer, report, options, gone)
        if gone.back:
            library.departed.welcome(gone.back)
        advance(1)
    finally:
        work.close()


def _count(counts: tuple[int, int]) -> Count:
    read, stored = counts
    return Count(read, stored, read - stored)


def connect(writer: Writer, scratch: Path, staged: list[Staged]) -> duckdb.DuckDBPyConnection:
    """A DuckDB beside the staged rows: `staged_*` and the library's tables as views, `entries` as a table."""
    import duckdb

    large = sum(part.stat().st_size for part in scratch.glob("*/*/*.parquet")) > LARGE
    work = duckdb.connect(str(scratch / "work.duckdb") if large else ":memory:")
    work.execute(f"SET memory_limit='{duck.memory_limit() or MEMORY}'")
    work.execute(f"SET temp_directory='{duck.quoted(scratch / 'spill')}'")
    work.execute("SET enable_progress_bar=false")  # ours is the only one
    work.execute("SET preserve_insertion_order=false")  # every table is ordered where it is stored
    work.execute("SET TimeZone='UTC'")
    entries = pa.table(
        {
            "entry": pa.array([number for one in staged for number in one.entries], pa.int32()),
            "name": pa.array([name for one in staged for name, _ in one.entries.values()], pa.string()),
            "source": pa.array([source for one in staged for _, source in one.entries.values()], pa.string()),
        }
    )
    work.register("entries", entries)
    refused = ", ".join(str(number) for one in staged for number in sorted(one.broken)) or "-1"
    for kind, schema in SCHEMAS.items():
        _view(work, f"every_{kind}", sorted(scratch.glob(f"*/{kind}/*.parquet")), schema, scratch)
        work.execute(f"CREATE VIEW staged_{kind} AS FROM every_{kind} WHERE entry NOT IN ({refused})")
    work.execute(f"""
        CREATE OR REPLACE VIEW staged_refs AS
        SELECT *,
               concat_ws(chr(31), catalogue, source, coalesce(spotify, ''), coalesce(mbid, ''),
                         coalesce(isrc, ''), coalesce(other, ''), coalesce(duration_ms::VARCHAR, ''), medium,
                         coalesce(name_key, ''), coalesce(credit_key, '')) AS identity
        FROM every_refs JOIN entries USING (entry) WHERE entry NOT IN ({refused})
    """)
    for name, schema in TABLES.items():
        writer.library.check(name)
        _view(work, name, writer.parts(name), schema, scratch)
    return work


def _view(
    work: duckdb.DuckDBPyConnection, name: str, parts: list[Path], schema: pa.Schema, scratch: Path
) -> None:
    stored, numbered = name in TABLES, name in NUMBERED
    if stored or not parts:
        # DuckDB reads no empty list of files, and parts of earlier releases lack columns: this has them all.
        empty = scratch / f"empty-{name}.parquet"
        pq.write_table(schema.empty_table(), empty)
        parts = [*parts, empty]
    listed = ", ".join(f"'{duck.quoted(part)}'" for part in parts)
    more = ", union_by_name=true" * stored + ", filename=true, file_row_number=true" * numbered
    files = f"read_parquet([{listed}]{more})"
    # What is small is held in memory: every query over a view would open the files again.
    kind = "TABLE" if sum(part.stat().st_size for part in parts) < SMALL else "VIEW"
    columns = ", ".join(schema.names) + (_UID if numbered else "")
    work.execute(f"CREATE {kind} {name} AS SELECT {columns} FROM {files}")


# A number below 0 for each stored row: parts are numbered through all tables (`store.py`).
NUMBERED = ("listens", "told")
_UID = r""",
    -((regexp_extract(filename, '([0-9]+)-[0-9a-f]+\.parquet$', 1)::BIGINT << 33) + file_row_number + 1)
    AS uid
"""


def _remember(writer: Writer, report: ImportReport, options: ReadOptions, gone: LeftOut) -> None:
    """One row a kind in `imports`; nobody who asked to be forgotten is named in it."""
    rows = [
        {
            "path": "(of somebody forgotten)" if gone.gone.named_in(report.path.name) else report.path.name,
            "format": ", ".join(report.formats),
            "listener_id": None if options.listener in gone.gone else options.listener,
            "imported_at": datetime.now(UTC),
            "kind": kind,
            **count._asdict(),
        }
        for kind, count in report.counts.items()
        if count.read
    ]
    if rows:
        writer.append("imports", pa.Table.from_pylist(rows, schema=IMPORTS))
