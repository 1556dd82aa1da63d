"""The columns `work_id`, `version` and `canonical_id` of the tracks table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segue.library.versions.copies import canonical_ids
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


def group_library(library: Library) -> None:
    """Group the tracks of `library` into works where some are not, and find which are copies of others.

    Nothing is written where nothing has changed.

    Raises:
        BusyError: another process is writing to the library.
    """
    with library.writing() as writer:
        before = library.arrow("tracks")
        tracks = assign_versions(before) if before["work_id"].null_count else before
        support, least = _support(library)
        canonical = canonical_ids(tracks, support, least=least)
        if tracks is before and canonical.equals(before["canonical_id"].combine_chunks()):
            return
        column = tracks.schema.get_field_index("canonical_id")
        writer.rewrite("tracks", tracks.set_column(column, "canonical_id", canonical))


def _support(library: Library) -> tuple[pa.Table, int]:
    """(track_id, support): the playlists that hold each track, else its listeners; and what is too little."""
    if library.count("playlist_entries"):
        table, least = library.table("playlist_entries").select("track_id", owner="playlist_id"), 0
    else:
        table, least = library.table("listens").select("track_id", owner="listener_id"), 1
    return library.arrow(table.group_by("track_id").aggregate(support=table.owner.nunique())), least
