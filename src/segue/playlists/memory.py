"""What was on earlier weeks' lists: one Parquet file a week, and parts beside it while a week is being made.

A list that is in two files, as after a kill, is that of the first: the week's own file, then its parts in the
order of their names.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from segue import files
from segue.errors import FormatError
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
    ]
)
PARTS = ".parts"  # beside a week's file, while a job is at it
ROWS_A_GROUP = 32_768  # so that one listener's list is found without reading all


class Weeks:
    """The weekly lists that were made, in `folder`, by ISO week."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """The weeks that are remembered, oldest first: "2026-W48"."""
        whole = {path.stem for path in self.folder.glob("*.parquet")}
        begun = {
            path.name.removesuffix(PARTS)
            for path in self.folder.glob(f"*{PARTS}")
            if any(path.glob("*.parquet"))
        }
        return sorted(name for name in whole | begun if WEEK.fullmatch(name))

    def read(self, week: str, listeners: Sequence[str] | None = None) -> pa.Table:
        """The rows of one week (`SCHEMA`), of some listeners or all.

        Raises:
            FormatError: the week's file is damaged.
        """
        return pa.concat_tables([SCHEMA.empty_table(), *self._tables(week, listeners)])

    def made(self, week: str) -> set[str]:
        """The listeners who have a list of `week`."""
        ids = [_read(path, None, ["listener_id"])["listener_id"] for path in self._files(week)]
        return {listener for column in ids for listener in pc.unique(column).to_pylist()}

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

    def remember(self, week: str, playlists: Iterable[Playlist]) -> None:
        """Keep these lists of `week`; those of other listeners stay, a listener's own is replaced.

        Raises:
            BusyError: another process is writing here.
        """
        new = _rows(playlists)
        with self._writing():
            path = self._path(week)
            old = _read(path) if path.exists() else SCHEMA.empty_table()
            whole = pa.concat_tables([_without(old, new["listener_id"].combine_chunks().unique()), new])
            self._write(week, [whole.sort_by([("listener_id", "ascending"), ("position", "ascending")])])

    @contextlib.contextmanager
    def making(self, week: str) -> Generator[None]:
        """Hold `week` for a job that adds parts to it; at the end of the block they become one file.

        Raises:
            BusyError: another process is making lists of this week.
        """
        with files.locked(self._parts(week), "lists of the week in"):
            files.sweep(self._parts(week))
            yield
            with self._writing():
                self._write(week, self._tables(week))
                files.remove(self._parts(week))

    def add(self, week: str, part: str, playlists: Iterable[Playlist]) -> None:
        """Add lists to `week` as one part, all or nothing; for a job, in the block of `making`."""
        with files.replacing(self._parts(week) / f"{part}.parquet") as aside:
            pq.write_table(_rows(playlists), aside, row_group_size=ROWS_A_GROUP)

    def forget(self, week: str, listener: str) -> None:
        """Remove the list of `listener` in `week`, if there is one; a week that is left empty goes.

        Raises:
            BusyError: another process is writing here.
        """
        ids = pa.array([listener], pa.string())
        with self._writing(), files.locked(self._parts(week), "lists of the week in"):
            self._write(week, (_without(table, ids) for table in self._tables(week)))
            files.remove(self._parts(week))

    def sweep(self) -> None:
        """Remove what killed writers have left; lists that were made whole stay.

        Raises:
            BusyError: another process is writing here.
        """
        with self._writing():
            for parts in self.folder.glob(f"*{PARTS}"):
                with files.locked(parts, "lists of the week in"):
                    files.sweep(parts)

    @contextlib.contextmanager
    def _writing(self) -> Generator[None]:
        with files.locked(self.folder, "memory of weekly lists"):
            files.sweep(self.folder)
            yield

    def _write(self, week: str, tables: Iterable[pa.Table]) -> None:
        """Make `tables` the week's own file; none is left if they have no rows."""
        rows = 0
        with files.replacing(self._path(week)) as aside, pq.ParquetWriter(aside, SCHEMA) as writer:
            for table in tables:
                rows += table.num_rows
                writer.write_table(table, row_group_size=ROWS_A_GROUP)
        if not rows:
            files.remove(self._path(week))

    def _tables(self, week: str, listeners: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows of each file; a list that an earlier file has is left out."""
        paths = self._files(week)
        seen = pa.array([], pa.string())
        for path in paths:
            table = _without(_read(path, listeners), seen)
            if len(paths) > 1:
                seen = pa.concat_arrays([seen, table["listener_id"].combine_chunks().unique()])
            yield table

    def _files(self, week: str) -> list[Path]:
        whole = [self._path(week)] if self._path(week).exists() else []
        return whole + sorted(self._parts(week).glob("[!.]*.parquet"))

    def _path(self, week: str) -> Path:
        return self.folder / f"{week}.parquet"

    def _parts(self, week: str) -> Path:
        return self.folder / f"{week}{PARTS}"


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
            }
            for playlist in playlists
            for entry in playlist.entries
        ],
        schema=SCHEMA,
    )


def _read(path: Path, listeners: Sequence[str] | None = None, columns: list[str] | None = None) -> pa.Table:
    chosen = None if listeners is None else pc.field("listener_id").isin(list(listeners))
    try:
        return pq.read_table(path, schema=SCHEMA, filters=chosen, columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise FormatError(f"{path} cannot be read ({error})", do="remove it; the week is made anew") from None


def _without(table: pa.Table, listeners: pa.Array) -> pa.Table:
    if not len(listeners) or not table.num_rows:
        return table
    return table.filter(pc.invert(pc.is_in(table["listener_id"], listeners)))
