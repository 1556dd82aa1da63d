"""Files as people look through them, and what they play and do not have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from segue.library.listening import LibrarySubset

if TYPE_CHECKING:
    from segue.library.store import Library

Rows = list[dict[str, Any]]
_SHOWN = ("path", "title", "artists", "album", "duration_ms", "mbid", "isrc", "track_id", "unmatched")


def listed(library: Library, words: Sequence[str], *, unmatched: bool, most: int) -> tuple[Rows, int]:
    """Files whose path or tags hold all of `words`, by path: at most so many, and how many there are.

    Args:
        library: whose files.
        words: case does not matter.
        unmatched: only those that are no track of the library.
        most: rows.
    """
    files = library.table("files")
    asked = files.filter(files.track_id.isnull()) if unmatched else files
    said = (
        files.path.fill_null("")
        + " "
        + files.title.fill_null("")
        + " "
        + files.artists.join(" ").fill_null("")
    ).lower()
    for word in words:
        asked = asked.filter(said.contains(word.lower()))
    total = library.arrow(asked.count()).as_py()
    rows = library.arrow(asked.order_by("path").limit(most).select(*_SHOWN)).to_pylist()
    return [row | {"artists": ", ".join(row["artists"] or ())} for row in rows], total


def played_without_file(library: Library, listener: str | None, most: int) -> tuple[Rows, int]:
    """Songs that are played and of which no version has a file, most played first; and how many there are."""
    import ibis

    told = (library if listener is None else LibrarySubset(library, [listener])).table("listens")
    tracks, files = library.table("tracks"), library.table("files")
    tracks = tracks.filter(tracks.medium.fill_null("song") == "song").mutate(
        song=ibis.coalesce(tracks.work_id, tracks.track_id)
    )
    owned = tracks.semi_join(files.filter(files.track_id.notnull()), "track_id").select("song").distinct()
    counted = told.group_by("track_id").aggregate(plays=told.plays.sum())
    joined = counted.inner_join(tracks, "track_id").anti_join(owned, "song")
    songs = joined.group_by("song").aggregate(
        plays=joined.plays.sum(),
        title=joined.title.argmax(joined.plays),
        artists=joined.artists.argmax(joined.plays),
        track_id=joined.track_id.argmax(joined.plays),
    )
    total = library.arrow(songs.count()).as_py()
    best = songs.order_by(ibis.desc("plays"), "track_id").limit(most)
    rows = library.arrow(best.select("track_id", "title", "artists", "plays")).to_pylist()
    return [
        row | {"artists": ", ".join(row["artists"] or ()), "plays": int(row["plays"])} for row in rows
    ], total
