"""What was on earlier weeks' lists: one Parquet file a week, replaced whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


class Weeks:
    """The weekly lists that were made, in `folder`, by ISO week."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """The weeks that are remembered, oldest first: "2026-W48"."""
        return sorted(path.stem for path in self.folder.glob("*.parquet") if WEEK.fullmatch(path.stem))

    def read(self, week: str, listeners: Sequence[str] | None = None) -> pa.Table:
        """The rows of one week (`SCHEMA`), of some listeners or all.

        Raises:
            FormatError: the week's file is damaged.
        """
        path = self._path(week)
        if not path.exists():
            return SCHEMA.empty_table()
        chosen = None if listeners is None else pc.field("listener_id").isin(list(listeners))
        try:
            return pq.read_table(path, schema=SCHEMA, filters=chosen)
        except (pa.ArrowException, OSError) as error:
            raise FormatError(
                f"{path} cannot be read ({error})", do="remove it; the week is made anew"
            ) from None

    def earlier(self, week: str, back: int, listeners: Sequence[str] | None = None) -> dict[str, set[str]]:
        """The tracks each listener was given in the last `back` remembered weeks before `week`."""
        before = [name for name in self.names() if name < week]
        given: dict[str, set[str]] = {}
        for name in before[len(before) - back :] if back else []:
            rows = self.read(name, listeners)
            for listener, track in zip(
                rows["listener_id"].to_pylist(), rows["track_id"].to_pylist(), strict=True
            ):
                given.setdefault(listener, set()).add(track)
        return given

    def remember(self, week: str, playlists: Iterable[Playlist]) -> None:
        """Keep these lists of `week`; those of other listeners stay, a listener's own is replaced."""
        rows, listeners = [], []
        for playlist in playlists:
            listeners.append(playlist.listener)
            rows.extend(
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
                for entry in playlist.entries
            )
        with files.locked(self.folder, "memory of weekly lists"):
            files.sweep(self.folder)
            old = self.read(week)
            kept = old.filter(pc.invert(pc.is_in(old["listener_id"], pa.array(listeners, pa.string()))))
            table = pa.concat_tables([kept, pa.Table.from_pylist(rows, schema=SCHEMA)])
            with files.replacing(self._path(week)) as aside:
                pq.write_table(
                    table.sort_by([("listener_id", "ascending"), ("position", "ascending")]), aside
                )

    def forget(self, week: str, listener: str) -> None:
        """Remove the list of `listener` in `week`, if there is one; a week that is left empty goes.

        Raises:
            BusyError: another process is writing here.
        """
        with files.locked(self.folder, "memory of weekly lists"):
            files.sweep(self.folder)
            old = self.read(week)
            kept = old.filter(pc.not_equal(old["listener_id"], listener))
            if not kept.num_rows:
                files.remove(self._path(week))
            elif kept.num_rows < old.num_rows:
                with files.replacing(self._path(week)) as aside:
                    pq.write_table(kept, aside)

    def _path(self, week: str) -> Path:
        return self.folder / f"{week}.parquet"
