"""Which plays of the library a listen is that somebody deletes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from segue.library import Library
from segue.library.listening import LibrarySubset
from segue.library.moments import seconds
from segue.service.listenbrainz.reading import msid


def plays_of(library: Library, wanted: Collection[tuple[str, int, str]]) -> list[tuple[str, str, datetime]]:
    """Plays (listener, track, start) that are told as these listens (listener, second, MSID).

    The MSID is of the names that the library tells, or, where one play alone began in that second, of those
    under which it was sent.
    """
    listeners, wanted_seconds = sorted({each[0] for each in wanted}), sorted({each[1] for each in wanted})
    plays = LibrarySubset(library, listeners).table("listens").select("listener_id", "track_id", "started_at")
    plays = plays.filter(seconds(plays.started_at).floor().isin(wanted_seconds))
    names = library.table("tracks").select("track_id", "title", "artists")
    rows = library.arrow(plays.left_join(names, "track_id").drop("track_id_right")).to_pylist()
    at: dict[tuple[str, int], list[dict]] = {}
    for row in rows:
        at.setdefault((row["listener_id"], int(row["started_at"].timestamp())), []).append(row)
    found = []
    for listener, second, name in wanted:
        here = at.get((listener, second), [])
        same = [row for row in here if msid(", ".join(row["artists"] or ()), row["title"] or "") == name]
        found += same or (here if len(here) == 1 else [])
    return [(row["listener_id"], row["track_id"], row["started_at"]) for row in found]
