"""Where in a playlist a track stands: what was put last tells most of what comes next."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis

    from segue.library.listening import Tables

LEAST = 1e-6  # of a place, so that a long playlist's first tracks are still known to be in it


def by_place(pairs: ibis.Table, library: Tables, decay: float) -> ibis.Table:
    """The same with the values of places in playlists times `decay` for each place behind them.

    A track that stands in several places has the last. A playlist whose places are not known stays as it is.

    Args:
        pairs: listener_id (a playlist's id for places), track_id, placed, value.
        library: whose playlists these are.
        decay: above 0, at most 1.
    """
    import ibis

    entries = library.table("playlist_entries").select("playlist_id", "track_id", "position")
    end = entries.group_by("playlist_id").aggregate(end=entries.position.max())
    last = entries.group_by("playlist_id", "track_id").aggregate(last=entries.position.max())
    both = last.join(end, "playlist_id")
    places = both.select(whose=both.playlist_id, which=both.track_id, behind=both.end - both["last"])
    joined = pairs.left_join(places, [pairs.listener_id == places.whose, pairs.track_id == places.which])
    behind: Any = joined.behind.fill_null(0).cast("float64")
    # Bounded before it is raised: far back in a long playlist the power itself would be 0, which reads as not
    # there.
    power: Any = ibis.greatest(behind * math.log(decay), math.log(LEAST))
    value: Any = joined.value * ibis.ifelse(joined.placed, power.exp(), 1.0)
    return joined.select("listener_id", "track_id", "placed", value=value)
