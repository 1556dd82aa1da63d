"""The columns `work_id` and `version` of the tracks table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segue.library.versions.works import Recording, group

if TYPE_CHECKING:
    import pyarrow as pa

    from segue.library.store import Library


def assign_versions(tracks: pa.Table) -> pa.Table:
    """The `tracks` table with its columns `work_id` and `version` filled anew; nothing else is touched.

    Args:
        tracks: a table of `segue.library.tables.TRACKS`.
    """
    import pyarrow as pa

    def column(name: str) -> list:
        return tracks.column(name).to_pylist()

    recordings = [
        Recording(title, tuple(a for a in artists or () if a), album, released, popularity, track, medium)
        for title, artists, album, released, popularity, track, medium in zip(
            *map(column, ("title", "artists", "album", "release_date", "popularity", "track_id", "medium")),
            strict=True,
        )
    ]
    grouped = group(recordings)
    for name, values in (
        ("work_id", [g.work_id for g in grouped]),
        ("version", [g.version for g in grouped]),
    ):
        tracks = tracks.set_column(tracks.schema.get_field_index(name), name, pa.array(values, pa.string()))
    return tracks


def group_library(library: Library) -> int:
    """Group the tracks of `library` into works, anew and as a whole, and return the number of works.

    Raises:
        BusyError: another process is writing to the library.
    """
    with library.writing() as writer:
        tracks = assign_versions(library.arrow("tracks"))
        writer.rewrite("tracks", tracks)
    return len(tracks.column("work_id").unique())
