"""Which tracks there is a file of, and the files: what lists and players ask of a collection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.library.versions.words import ORIGINAL

if TYPE_CHECKING:
    from segue.library.store import Library

LENT = (ORIGINAL, "remaster")  # versions of a work of which one stands for another


class File(NamedTuple):
    """The file that a track is played from."""

    path: str
    title: str | None  # as its tags spell it
    duration_ms: int | None
    mbid: str | None
    isrc: str | None


class Owned:
    """The collection of a library as it was when this was made.

    A song comes under several ids, as of a single and an album: a file of one original recording, or of a
    remaster of it, stands for the others of the same work. A file of a remix or a live recording stands for
    that one alone.
    """

    def __init__(self, library: Library) -> None:
        self._library = library

    def __bool__(self) -> bool:
        """Whether there are any files."""
        return self._library.count("files") > 0

    def files(self, tracks: Iterable[str]) -> dict[str, File]:
        """The file of each of `tracks` that has one; of several the largest, which mostly sounds best.

        An id that files or the library have of another track, too, is left out: one of the two is wrong.
        """
        found = {track: self._all[track] for track in tracks if track in self._all}
        for kind in ("mbid", "isrc"):
            shared = self._shared(kind, {value for file in found.values() if (value := getattr(file, kind))})
            for track, file in found.items():
                if getattr(file, kind) in shared:
                    found[track] = file._replace(mbid=None) if kind == "mbid" else file._replace(isrc=None)
        return found

    def mask(self, tracks: Sequence[str]) -> NDArray[np.bool_]:
        """(n,) which of `tracks` there is a file of."""
        return np.fromiter((track in self._all for track in tracks), bool, len(tracks))

    def _shared(self, kind: str, ids: set[str]) -> set[str]:
        """Which of these ids more than one track has, by its files or in the library."""
        if not ids:
            return set()
        import ibis

        library, prefix = self._library, f"{kind}:"
        files, keys = library.table("files"), library.table("track_keys")
        told = files.filter(files[kind].isin(ids) & files.track_id.notnull())
        told = told.select("track_id", id=told[kind])
        known = keys.select("track_id", id=keys.key)
        known = known.filter(known.id.isin([prefix + each for each in ids]))
        both = told.union(known.mutate(id=known.id.substr(len(prefix))))
        several = both.group_by("id").aggregate(n=both.track_id.nunique())
        return set(library.arrow(several.filter(several.n > ibis.literal(1)))["id"].to_pylist())

    @cached_property
    def _all(self) -> dict[str, File]:
        if not self:
            return {}
        import ibis

        library = self._library
        files, tracks = library.table("files"), library.table("tracks")
        mine = files.filter(files.track_id.notnull()).select("track_id", "size", *File._fields)
        known = tracks.select("track_id", "work_id", "version")
        known = known.mutate(version=known.version.fill_null(ORIGINAL))
        known = known.filter(known.version.isin(LENT) & known.work_id.notnull())
        own = mine.mutate(near=ibis.literal(2))
        works = mine.inner_join(known, "track_id").drop("track_id").rename(of="version")
        lent = works.inner_join(known, "work_id")
        lent = lent.mutate(near=(lent.version == lent.of).cast("int8"))
        both = own.mutate(near=own.near.cast("int8")).union(lent.select(*own.columns))
        rows: list[dict[str, Any]] = library.arrow(
            both.order_by(both.near, both.size, both.path.desc()).select("track_id", *File._fields)
        ).to_pylist()
        return {row.pop("track_id"): File(**row) for row in rows}  # the last of a track counts
