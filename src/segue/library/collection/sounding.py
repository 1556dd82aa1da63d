"""The sound of files, measured in processes and kept with each file, and given to the tracks that they are.

A file is listened to once: what was measured stays with it as long as it is the same (`scanning.py`),
whatever it is called. What was measured is stored every few seconds, and a run that was stopped goes on
where it was.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from segue import files
from segue.library.collection.sound import UnheardError, measure
from segue.library.store import Library
from segue.library.tables import FILES
from segue.library.workspace import connect
from segue.processes import workers as workers_of
from segue.progress import progress

if TYPE_CHECKING:
    from segue.library.store import Writer

NEEDED = ("librosa", "pyloudnorm", "soundfile")  # of the extra `sound`
SAVED = 5.0  # seconds of work that a kill can lose, and as long as storing is a small part of the work:
SAVING = 0.05  # a part of the time; storing writes the table of files anew
WAIT = 120.0  # seconds for which another writer of the library is waited for
# The path, what was measured (None where the file is not there), and why nothing was.
Heard = tuple[str, dict[str, float] | None, str]


@dataclass
class SoundReport:
    """What came of listening to files."""

    heard: int = 0  # files that were measured now
    before: int = 0  # files that had been measured before
    left: int = 0  # files that are still to be listened to
    tracks: int = 0  # tracks of the library with a sound that a file told
    unheard: dict[str, str] = field(default_factory=dict)  # files of which nothing could be measured, and why
    seconds: float = 0.0


def sounds(
    library: Library, *, workers: int = 1, most: int | None = None, again: bool = False
) -> SoundReport:
    """Measure the sound of the files that it is not known of, those that are tracks of the library first.

    Args:
        library: whose files; what is measured becomes features of the tracks that they are.
        workers: processes.
        most: files; all by default.
        again: files of which nothing could be measured the last time, too.

    Raises:
        ModuleNotFoundError: the extra `sound` is not installed.
        BusyError: another scan, or another writer of the library, is at work for too long.
    """
    begun = time.perf_counter()
    for needed in NEEDED:
        if importlib.util.find_spec(needed) is None:
            raise ModuleNotFoundError(f"No module named {needed!r}", name=needed)
    with files.locked(library.path, "collection of the library", name=".files.lock"):
        library.refresh()
        report = SoundReport()
        waiting = _waiting(library, again, report)
        chosen = waiting[:most]
        try:
            _listen(library, chosen, workers, report)
        finally:
            report.left = len(waiting) - report.heard - len(report.unheard)
        with library.writing(wait=WAIT) as writer:
            give_to_tracks(writer)
        library.refresh()
        features = library.table("files")
        told = features.filter(features.sound.length() > 0)
        report.tracks = library.arrow(told.track_id.nunique()).as_py()
    report.seconds = time.perf_counter() - begun
    return report


def _waiting(library: Library, again: bool, report: SoundReport) -> list[str]:
    """Paths that are to be listened to."""
    table = library.table("files")
    asked = table.filter(table.problem.isnull()).select("path", "track_id", n=table.sound.length())
    rows = library.arrow(asked)
    known = pc.fill_null(pc.greater(rows["n"], 0), False)
    report.before = pc.sum(known).as_py() or 0
    rest = rows.filter(
        pc.and_not(pc.invert(known), pc.is_valid(rows["n"])) if not again else pc.invert(known)
    )
    order = rest.append_column("last", pc.is_null(rest["track_id"])).sort_by(
        [("last", "ascending"), ("path", "ascending")]
    )
    return order["path"].to_pylist()


def _listen(library: Library, paths: list[str], workers: int, report: SoundReport) -> None:
    if not paths:
        return
    measured: dict[str, dict[str, float]] = {}
    saved, rest = time.monotonic(), SAVED
    with ExitStack() as stack:
        advance = stack.enter_context(progress("Listening to files", len(paths)))
        pool = None if workers == 1 else stack.enter_context(workers_of(min(workers, len(paths))))
        # Also where something fails, or Ctrl-C ends it: what was measured is kept.
        stack.callback(lambda: _save(library, measured))
        for path, sound, why in _heard(paths, pool, workers):
            advance(1)
            if sound is not None:
                measured[path] = sound
            if why:
                report.unheard[path] = why
            else:
                report.heard += 1
            if (begun := time.monotonic()) - saved > rest:
                _save(library, measured)
                saved = time.monotonic()
                rest = max(SAVED, (saved - begun) / SAVING)


def _heard(paths: list[str], pool: ProcessPoolExecutor | None, workers: int) -> Iterator[Heard]:
    """What was measured, as it comes; few files at a time wait, so that memory stays the same."""
    if pool is None:
        yield from map(_one, paths)
        return
    rest = iter(paths)
    running: set[Future[Heard]] = {pool.submit(_one, path) for path in islice(rest, 2 * workers)}
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        running |= {pool.submit(_one, path) for path in islice(rest, len(done))}
        for each in done:
            yield each.result()


def _one(path: str) -> Heard:
    if not Path(path).is_file():  # a disk that is not mounted: it is listened to the next time
        return path, None, "it is not there now: scan its folder"
    try:
        return path, measure(path), ""
    except UnheardError as error:
        return path, {}, str(error)


def _save(library: Library, measured: dict[str, dict[str, float]]) -> None:
    """Put what was measured beside its files; nothing where another scan took them out meanwhile."""
    if not measured:
        return
    with library.writing(wait=WAIT) as writer:
        library.refresh()
        table = library.arrow("files").select(FILES.names)
        mine = pc.is_in(table["path"], pa.array(list(measured), pa.string()))
        heard = table.filter(mine)
        sound = pa.array(
            [list(measured[path].items()) for path in heard["path"].to_pylist()], FILES.field("sound").type
        )
        heard = heard.set_column(FILES.get_field_index("sound"), FILES.field("sound"), sound)
        writer.rewrite("files", pa.concat_tables([table.filter(pc.invert(mine)), heard.cast(FILES)]))
    measured.clear()


def give_to_tracks(writer: Writer) -> None:
    """Give tracks the sound of the largest file that they have; what another source told of them stays.

    Where a source has told tempo, key or mode, that holds; measures of our own have names of their own.
    """
    work = connect(writer, writer.scratch(), [])
    try:
        work.execute(_GIVEN)
        if work.execute("SELECT count(*) FROM given WHERE changed").fetchall() != [(0,)]:
            columns = "SELECT * EXCLUDE (changed) FROM given ORDER BY track_id"
            writer.rewrite("tracks", work.sql(columns).to_arrow_reader(100_000))
    finally:
        work.close()


_GIVEN = """
CREATE TABLE given AS
WITH heard AS (
    SELECT track_id, arg_max(sound, (size, path)) AS sound FROM files
    WHERE track_id IS NOT NULL AND cardinality(sound) > 0 GROUP BY track_id
), told AS (
    SELECT t.*, heard.sound,
           map_from_entries(list_filter(
               map_entries(coalesce(features, MAP {}::MAP(VARCHAR, FLOAT))),
               lambda e: NOT starts_with(e.key, 'audio_'))) AS others
    FROM tracks t LEFT JOIN heard USING (track_id)
), merged AS (
    SELECT * EXCLUDE (sound, others),
           CASE WHEN sound IS NULL THEN features ELSE map_concat(sound, others) END AS new
    FROM told
)
SELECT * EXCLUDE (new) REPLACE (new AS features), new IS DISTINCT FROM features AS changed FROM merged
"""
