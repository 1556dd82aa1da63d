"""What was on earlier weeks' lists: one Parquet file a week, and parts beside it while a week is being made.

A week's own file carries a number, which grows whenever it is replaced, and its checksum in its name. A list
that is in two files, as after a kill, is that of the first: the week's own newest file, then its parts in the
order of their names.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from segue import files
from segue.errors import BusyError, ChangedError, FormatError
from segue.playlists.playlist import WEEK, Playlist

SCHEMA = pa.schema(
    [
        ("listener_id", pa.string()),
        ("position", pa.int32()),  # from 1
        ("track_id", pa.string()),
        ("score", pa.float32()),
        ("reason", pa.string()),
        ("seed", pa.int64()),
        ("model", pa.string()),  # the shelf's version
        ("notes", pa.list_(pa.string())),
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("title", pa.string()),  # none in files of earlier versions
        ("taste", pa.string()),  # likewise, and so are all that follow
        ("chosen_by", pa.string()),
        ("chance", pa.float32()),  # of coming onto the list; null where it was not measured
        ("sure", pa.bool_()),  # whether it comes without chance too; likewise
        ("arm", pa.string()),  # of a trial
        ("familiar", pa.float32()),  # share for favourites that was asked for
        ("familiar_chance", pa.float32()),  # with which that share was drawn
        # What else might have come; of the list, so at its first place alone.
        ("pool", pa.list_(pa.struct([("track_id", pa.string()), ("chance", pa.float32())]))),
    ]
)
PARTS = ".parts"  # beside a week's file, while a job is at it
ROWS_A_GROUP = 32_768  # so that one listener's list is found without reading all
WAIT = 60.0  # seconds for which a short write waits for another
REPAIR = "`segue doctor --repair` sets it aside; a week that is gone can be made anew"
# 2026-W48.000003-0123456789abcdef.parquet; files of earlier versions have neither number nor checksum.
OWN = re.compile(r"(\d{4}-W\d\d)(?:\.(\d{6})-([0-9a-f]{16}))?\.parquet")
PART = re.compile(r"[^.].*?(?:\.([0-9a-f]{16}))?\.parquet")
T = TypeVar("T")


class Weeks:
    """The weekly lists that were made, in `folder`, by ISO week."""

    def __init__(self, folder: Path, *, wait: float = WAIT) -> None:
        self.folder, self.wait = folder, wait

    def names(self) -> list[str]:
        """The weeks that are remembered, oldest first: "2026-W48"."""
        whole = {found[1] for path in self.folder.glob("*.parquet") if (found := OWN.fullmatch(path.name))}
        begun = {
            path.name.removesuffix(PARTS)
            for path in self.folder.glob(f"*{PARTS}")
            if any(path.glob("*.parquet"))
        }
        return sorted(name for name in whole | begun if WEEK.fullmatch(name))

    def files(self, week: str) -> list[Path]:
        """The files that hold the lists of a week, in the order in which they count."""
        own = sorted(path for path in self.folder.glob(f"{week}*.parquet") if OWN.fullmatch(path.name))
        return own[-1:] + sorted(p for p in self._parts(week).glob("*.parquet") if PART.fullmatch(p.name))

    def read(self, week: str, listeners: Sequence[str] | None = None) -> pa.Table:
        """The rows of one week (`SCHEMA`), of some listeners or all.

        Raises:
            FormatError: a file of the week is damaged.
        """
        return _steady(lambda: pa.concat_tables([SCHEMA.empty_table(), *self._tables(week, listeners)]))

    def unfinished(self, week: str) -> bool:
        """Whether a job is making lists of `week`, or one was killed at it."""
        return self._parts(week).exists()

    def listeners_with_list(self, week: str) -> set[str]:
        """The listeners who have a list of `week`."""

        def found() -> set[str]:
            ids = [_read(path, None, ["listener_id"])["listener_id"] for path in self.files(week)]
            return {listener for column in ids for listener in pc.unique(column).to_pylist()}

        return _steady(found)

    def earlier(self, week: str, back: int, listeners: Sequence[str] | None = None) -> dict[str, set[str]]:
        """The tracks each listener was given in the last `back` remembered weeks before `week`."""
        before = [name for name in self.names() if name < week]
        given: dict[str, set[str]] = {}
        for name in before[-back:] if back else []:
            rows = self.read(name, listeners)
            for listener, track in zip(
                rows["listener_id"].to_pylist(), rows["track_id"].to_pylist(), strict=True
            ):
                given.setdefault(listener, set()).add(track)
        return given

    def with_later(self, week: str, listeners: Sequence[str]) -> set[str]:
        """Those of the listeners who have a list of a week after `week`."""
        found: set[str] = set()
        for name in self.names():
            if name > week:
                found.update(self.read(name, listeners)["listener_id"].to_pylist())
        return found

    def remember(self, week: str, playlists: Iterable[Playlist]) -> None:
        """Keep these lists of `week`; those of other listeners stay, a listener's own is replaced.

        Raises:
            BusyError: another process is writing here.
        """
        new = _rows(playlists)
        with self._writing():
            own = [path for path in self.files(week) if path.parent == self.folder]
            old = _read(own[0]) if own else SCHEMA.empty_table()
            whole = pa.concat_tables([_without(old, new["listener_id"].combine_chunks().unique()), new])
            self._write(week, [whole.sort_by([("listener_id", "ascending"), ("position", "ascending")])])

    @contextlib.contextmanager
    def making(self, week: str) -> Generator[None]:
        """Hold `week` for a job that adds parts to it; at the end of the block they become one file.

        Raises:
            BusyError: another process is making lists of this week.
        """
        # A lock of the week's own: a job holds it for as long as it works, while short writes go on under
        # that of the folder.
        with files.locked(self._parts(week), "lists of the week in"):
            files.sweep(self._parts(week))
            yield
            with self._writing():
                self._write(week, self._tables(week))
                files.remove(self._parts(week))

    def add(self, week: str, part: str, playlists: Iterable[Playlist]) -> None:
        """Add lists to `week` as one part, all or nothing; for a job, in the block of `making`."""
        with self._writing():
            _keep(self._parts(week), part, ".", [_rows(playlists)])

    def forget(self, week: str, listeners: Collection[str]) -> None:
        """Remove the lists of `listeners` in `week`; a week that is left empty goes.

        A job that is making lists of the week goes on.

        Raises:
            BusyError: another process has been writing here for too long.
        """
        ids = pa.array(list(listeners), pa.string())
        with self._writing():
            for path in self.files(week):
                table = _read(path)
                kept = _without(table, ids)
                if len(kept) == len(table):
                    continue
                if path.parent == self.folder:
                    self._write(week, [kept])
                else:
                    _keep(path.parent, path.name.split(".")[0], ".", [kept])
                    files.remove(path)

    def sweep(self) -> None:
        """Remove what killed writers have left; lists that were made whole stay. Jobs at work are let be."""
        with self._writing():
            for parts in self.folder.glob(f"*{PARTS}"):
                with contextlib.suppress(BusyError), files.locked(parts, "lists of the week in"):
                    files.sweep(parts)
                    if not any(parts.glob("*.parquet")):
                        files.remove(parts)

    @contextlib.contextmanager
    def _writing(self) -> Generator[None]:
        with files.locked(self.folder, "memory of weekly lists", wait=self.wait):
            files.sweep(self.folder)
            for week in {
                found[1] for path in self.folder.glob("*.parquet") if (found := OWN.fullmatch(path.name))
            }:
                self._drop(week, self.files(week)[:1])  # what a kill has left of older ones
            yield

    def _write(self, week: str, tables: Iterable[pa.Table]) -> None:
        """Make `tables` the week's own file; none is left if they have no rows."""
        own = [OWN.fullmatch(path.name) for path in self.files(week) if path.parent == self.folder]
        number = int(own[0][2] or 0) + 1 if own and own[0] else 1
        # The new file is whole under its name before the old one goes. A kill between the two leaves both:
        # readers take the higher number, and the next writer drops the other.
        kept = _keep(self.folder, f"{week}.{number:06d}", "-", tables)
        self._drop(week, [kept])

    def _drop(self, week: str, but: Sequence[Path | None]) -> None:
        """Remove the week's own files but one."""
        for path in self.folder.glob(f"{week}*.parquet"):
            if OWN.fullmatch(path.name) and path not in but:
                files.remove(path)

    def _tables(self, week: str, listeners: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows of each file; a list that an earlier file has is left out."""
        paths = self.files(week)
        seen = pa.array([], pa.string())
        for path in paths:
            table = _without(_read(path, listeners), seen)
            if len(paths) > 1:
                seen = pa.concat_arrays([seen, table["listener_id"].combine_chunks().unique()])
            yield table

    def _parts(self, week: str) -> Path:
        return self.folder / f"{week}{PARTS}"


def _steady(read: Callable[[], T]) -> T:
    """Read again where a writer has put another file in a file's place meanwhile."""
    # A few times: one who is always overtaken by writers is told so at last.
    for _ in range(9):
        try:
            return read()
        except ChangedError:
            continue
    return read()


def _keep(folder: Path, name: str, mark: str, tables: Iterable[pa.Table]) -> Path | None:
    """Write a file under `name`, `mark` and its checksum, all or nothing; None if there are no rows."""
    aside = folder / f"{files.TEMPORARY}{uuid.uuid4().hex[:12]}"
    rows = 0
    try:
        with pq.ParquetWriter(aside, SCHEMA) as writer:
            for table in tables:
                rows += table.num_rows
                writer.write_table(table, row_group_size=ROWS_A_GROUP)
        if not rows:
            return None
        files.sync(aside)
        path = folder / f"{name}{mark}{files.digest(aside)}.parquet"
        aside.replace(path)
        files.sync(folder, whole=False)
        return path
    finally:
        files.remove(aside)


def _rows(playlists: Iterable[Playlist]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "listener_id": playlist.listener,
                "position": entry.position,
                "track_id": entry.track.track_id,
                "score": entry.score,
                "reason": entry.reason,
                "seed": playlist.seed,
                "model": ", ".join(playlist.models),
                "notes": list(playlist.notes),
                "created_at": playlist.created_at,
                "title": playlist.title,
                "taste": entry.taste,
                "chosen_by": entry.chosen_by,
                "chance": None if drawn.chances is None else drawn.chances[entry.position - 1],
                "sure": None if drawn.sure is None else drawn.sure[entry.position - 1],
                "arm": drawn.arm,
                "familiar": drawn.familiar,
                "familiar_chance": drawn.familiar_chance,
                "pool": [each._asdict() for each in drawn.pool] if entry.position == 1 else None,
            }
            for playlist in playlists
            for drawn in (playlist.drawn,)
            for entry in playlist.entries
        ],
        schema=SCHEMA,
    )


def _read(path: Path, listeners: Sequence[str] | None = None, columns: list[str] | None = None) -> pa.Table:
    chosen = None if listeners is None else pc.field("listener_id").isin(list(listeners))
    try:
        check(path)
        with files.reading(path, "weekly lists", REPAIR):
            return pq.read_table(path, schema=SCHEMA, filters=chosen, columns=columns)
    except FormatError:
        if path.exists():
            raise
        raise ChangedError(f"{path} was replaced meanwhile", hint="run the same again") from None


def check(path: Path, *, most: int | None = files.CHEAP) -> None:
    """Compare a file of weekly lists with the checksum in its name.

    Raises:
        FormatError: it is damaged.
    """
    found = OWN.fullmatch(path.name) or PART.fullmatch(path.name)
    if found and found[found.re.groups]:
        files.refuse_changed(path, found[found.re.groups], "weekly lists", REPAIR, most=most)


def _without(table: pa.Table, listeners: pa.Array) -> pa.Table:
    if not len(listeners) or not table.num_rows:
        return table
    return table.filter(pc.invert(pc.is_in(table["listener_id"], listeners)))
