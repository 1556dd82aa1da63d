"""Which tracks of a library are music of a season: by words, by playlists, by when they are played."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.library.listening import listens
from segue.playlists.rules.seasons import SEASONS, Played

if TYPE_CHECKING:
    from segue.library import Library


def played(library: Library, tracks: Sequence[str]) -> Played | None:
    """When songs, in any version, were played; None where no play has a time.

    The library's backend counts: what comes back is a row for each song with plays in two years.

    Args:
        library: the library.
        tracks: (n,) track ids; the result is in their order.
    """
    told, known = listens(library), library.table("tracks")
    works = known.select("track_id", work=known.work_id.fill_null(known.track_id))
    timed = told.filter(told.started_at.notnull() & told.started_at.year().notnull())
    at = timed.started_at
    halves = timed.select(
        "listener_id",
        "track_id",
        year=at.year(),
        half=(at.month() - 1) * 2 + (at.day() > 15).cast("int32"),
    )
    halves = halves.join(works, "track_id").select("listener_id", "work", "year", "half").distinct()
    inside = {f"in{s}": halves.half.isin(season.halves).cast("int64") for s, season in enumerate(SEASONS)}
    halves = halves.mutate(
        **inside,
        # A season that lasts over New Year's Eve is one of the year in which it began.
        season_year=halves.year - (halves.half < 2).cast("int32"),
    )
    usual = halves.group_by("listener_id").aggregate(
        **{f"usual{s}": halves[f"in{s}"].mean() for s in range(len(SEASONS))}
    )
    rows = halves.join(usual, "listener_id")
    counted: dict[str, Any] = {"n": rows.count()}
    for s, season in enumerate(SEASONS):
        here = rows[f"in{s}"] == 1
        year = rows.season_year if 0 in season.halves else rows.year
        counted[f"inside{s}"] = rows[f"in{s}"].sum()
        counted[f"expected{s}"] = rows[f"usual{s}"].sum()
        counted[f"years{s}"] = year.nunique(where=here)
        counted[f"listeners{s}"] = rows.listener_id.nunique(where=~here)
    found = library.arrow(rows.group_by("work").aggregate(**counted))
    if not found.num_rows:
        return None
    wanted = library.arrow(works)
    place = pc.index_in(pa.array(list(tracks), pa.string()), value_set=wanted["track_id"])
    place = pc.index_in(wanted["work"].take(place), value_set=found["work"])
    return Played(
        _column(found, "n", place).astype(np.int64),
        *(
            np.stack([_column(found, f"{kind}{s}", place) for s in range(len(SEASONS))], axis=1)
            for kind in ("inside", "expected", "years", "listeners")
        ),
    )


def _column(found: pa.Table, name: str, place: pa.ChunkedArray) -> NDArray:
    """A column in the order of the tracks, 0 where a track was not played."""
    return pc.fill_null(found[name].take(place), 0).to_numpy()
