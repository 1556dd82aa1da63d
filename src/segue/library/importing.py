"""One import, from a path to the library: read, set aside, find the tracks, merge, commit. All or nothing.

Memory stays bounded: rows are set aside on disk in chunks (`setting_aside.py`), and DuckDB joins them within
its `MEMORY` (`workspace.py`).
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from segue.errors import FormatError, UsageError
from segue.library import merging
from segue.library.credits import artists_with_commas
from segue.library.identity import resolve
from segue.library.known_only import keep_known
from segue.library.leaving_out import LeftOut, leave_out
from segue.library.of_another import OfAnother, of_others
from segue.library.part_list import CATALOGUE
from segue.library.readers import by_name
from segue.library.readers.base import ReadOptions
from segue.library.renewing import renew_names
from segue.library.setting_aside import Job, at_once, read_all
from segue.library.sources import legible, size_on_disk
from segue.library.store import Library, Writer
from segue.library.tables import IMPORTS
from segue.library.unsure_durations import leave_out_durations
from segue.library.workspace import connect
from segue.progress import Advance, progress


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
    # Sources whose durations differ from play to play, so that they were not taken for a song's.
    without_durations: list[str] = field(default_factory=list)
    # Listeners most of whose plays here are another's already: perhaps a file under a wrong name.
    of_others: list[OfAnother] = field(default_factory=list)
    forgotten: int = 0  # rows of people who asked to be forgotten, left out; they count as rejected

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
    workers = min(workers, at_once(path))
    with library.writing() as writer:
        scratch = writer.scratch()
        options = options.model_copy(update={"artists": options.artists | artists_with_commas(library)})
        job = Job(scratch, path, format, options, keep_going, workers)
        with progress(f"Reading {path.name}", size_on_disk(path) if path.exists() else None) as advance:
            staged = read_all(job, advance)
        report = ImportReport(path)
        for one in staged:
            report.formats += [name for name in one.formats if name not in report.formats]
            report.passed_over += one.passed_over
            report.refused += one.refused
        if not report.formats:
            _nothing_taken(report)
        with progress("Storing", 5) as advance, library.reading():
            report.renamed = renew_names(library, writer)
            with closing(connect(writer, scratch, staged)) as work:
                _store(library, writer, work, report, options, advance)
    return report


def _refuse_own(library: Library, path: Path) -> None:
    own, asked = library.path.resolve(), path.resolve()
    if asked == own or own in asked.parents or asked in own.parents:
        raise UsageError(
            f"{path} is, or holds, or is inside the library itself, {library.path}",
            expected="an export, archive or log that lies outside the library",
            hint="name the files themselves, or move them elsewhere",
        )
    if (path / CATALOGUE).is_file() and (path / "listens").is_dir():
        raise UsageError(
            f"{path} is a library of Segue itself",
            expected="an export, archive or log",
            hint=f"work on it with --library {path}, or import here what was imported there",
        )


def _nothing_taken(report: ImportReport) -> None:
    from segue.library.readers import NOTHING_IN_IT, any_format

    if report.refused:
        raise FormatError(report.refused[0][1])
    empty = bool(report.passed_over) and all(why == NOTHING_IN_IT for _, why in report.passed_over)
    came = "; ".join(f"{name}: {why}" for name, why in report.passed_over[:3]) or "no files at all"
    columns = "; or name a table's columns: --column track=THEIRS --column artist=THEIRS --column time=THEIRS"
    raise FormatError(
        f"Nothing in {report.path} could be read",
        expected=any_format(),
        got=came,
        hint="export it again, as what came is empty"
        if empty
        else "segue formats, which lists them, and name one with --format"
        + (columns if "--column" in came else ""),
    )


def _store(
    library: Library,
    writer: Writer,
    work: duckdb.DuckDBPyConnection,
    report: ImportReport,
    options: ReadOptions,
    advance: Advance,
) -> None:
    """Put what was read, which `work` has as tables, into the library; `report` learns what came of it."""
    gone = leave_out(work, library.forgotten.read(), options.bring_back)
    report.forgotten = gone.rows
    if gone.rows and not gone.left:
        raise UsageError(
            f"All that {report.path.name} holds is of somebody who asked to be forgotten in this library",
            hint="if they want to come back, name them: --bring-back LISTENER",
        )
    keep_known(work)
    report.without_durations = leave_out_durations(work)
    resolve(work)
    advance(1)
    counts = report.counts
    listens, report.same_as = merging.merge_listens(work, writer)
    counts["listens"] = _count(listens)
    report.of_others = of_others(work)
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
        library.forgotten.welcome(gone.back)
    advance(1)


def _count(counts: tuple[int, int]) -> Count:
    read, stored = counts
    return Count(read, stored, read - stored)


def _remember(writer: Writer, report: ImportReport, options: ReadOptions, gone: LeftOut) -> None:
    """One row a kind in `imports`; nobody who asked to be forgotten is named in it."""
    file = legible(report.path.name)
    rows = [
        {
            "path": "(of somebody forgotten)" if gone.gone.named_in(file) else file,
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
