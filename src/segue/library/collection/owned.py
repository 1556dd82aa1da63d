"""Which tracks there is a file of, and the files: what lists and players ask of a collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segue.library.store import Library


class File(NamedTuple):
    """The file that a track is played from."""

    path: str
    duration_ms: int | None
    mbid: str | None
    isrc: str | None


class Owned:
    """The collection of a library as it was when this was made."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def __bool__(self) -> bool:
        """Whether there are any files."""
        return self._library.count("files") > 0

    def tracks(self) -> pa.Array:
        """The ids of all tracks that there is a file of."""
        files = self._library.table("files")
        found = self._library.arrow(files.filter(files.track_id.notnull()).select("track_id").distinct())
        return found["track_id"].combine_chunks()

    def files(self, tracks: Sequence[str]) -> dict[str, File]:
        """The file of each of `tracks` that has one; of several the largest, which mostly sounds best."""
        import ibis

        if not self or not tracks:
            return {}
        files = self._library.table("files")
        asked = ibis.memtable(pa.table({"track_id": pa.array(list(tracks), pa.string())}))
        mine = files.semi_join(asked, "track_id").order_by(files.size, ibis.desc(files.path))
        rows: list[dict[str, Any]] = self._library.arrow(mine.select("track_id", *File._fields)).to_pylist()
        return {row.pop("track_id"): File(**row) for row in rows}
