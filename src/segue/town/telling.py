"""A town as services tell it: the town's own tables hold everything, an export never does.

| who | what is told of their plays |
| --- | --- |
| most | time and milliseconds played, skip flag, shuffle, reasons, as in Spotify's history; now and then a field lacks |
| a fifth: scrobblers | the time, to the second, of songs heard for half a minute or more; nothing else |
| a fifth of the others | the first, and the same plays once more by a scrobbler: one play, two sources |
| one in twenty: newcomers | their last three plays alone |

Stages and sessions are told by nobody: `library/listening.py` has to find them. Of a tenth of the songs the
catalogue knows artists and title, and no more. What is true of the town is not touched.
"""  # noqa: E501 - a table

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.draws import Draws
from segue.library.tables import LISTENS, TIME, TOLD, TRACKS
from segue.town.listeners import Listeners

if TYPE_CHECKING:
    from segue.town.town import Town

SCROBBLERS, TWICE, NEWCOMERS = 0.2, 0.2, 0.05  # shares of the listeners
UNSAID = 0.02  # share of the plays of which a field lacks, for each field
UNKNOWN = 0.1  # share of the songs of which only artists and title are known
SCROBBLED_MS = 30_000  # Last.fm takes nothing shorter
LAST_PLAYS = 3
SECOND = "town-scrobbles"
_INFERRED = ("stage", "session_id", "session_position")
_LACKING = ("skipped", "shuffle", "start_reason", "end_reason")
_UNSCROBBLED = ("played_ms", "context", *_LACKING)
_KNOWN = ("track_id", "title", "artists", "medium")


def as_told(town: Town, listeners: Listeners, listens: pa.Table) -> tuple[pa.Table, pa.Table]:
    """What a library holds of these plays: rows of `listens`, and of `told` where two sources tell one.

    Args:
        town: whose plays they are.
        listeners: at hand.
        listens: all of their plays with everything that is known, as `tables.listens` gives them.
    """
    draws = Draws(town.seed, "telling")
    chance = [draws.uniform(listeners.number, column) for column in range(3)]
    scrobbler = chance[0] < SCROBBLERS
    twice, newcomer = ~scrobbler & (chance[1] < TWICE), chance[2] < NEWCOMERS
    who = pc.index_in(listens["listener_id"], value_set=_ids(listeners)).to_numpy()
    before, after = _around(who)
    kept = ~newcomer[who] | (after < LAST_PLAYS)
    song = pc.starts_with(listens["track_id"], "town:t").to_numpy()
    scrobbled = song & (listens["played_ms"].to_numpy() >= SCROBBLED_MS)
    listens = _without(listens, {name: np.ones(len(who), bool) for name in _INFERRED})
    lacking = {
        name: draws.uniform(listeners.number[who].astype(np.int64), 3 + column, before) < UNSAID
        for column, name in enumerate(_LACKING)
    }
    exported = _without(listens, lacking)
    scrobbles = _scrobbles(listens)
    own, other = kept & ~scrobbler[who], kept & scrobbler[who] & scrobbled
    both = own & twice[who] & scrobbled
    sources = pa.array([["town", SECOND] if each else None for each in both], LISTENS.field("sources").type)
    exported = exported.set_column(LISTENS.get_field_index("sources"), LISTENS.field("sources"), sources)
    rows = pa.concat_tables([exported.filter(pa.array(own)), scrobbles.filter(pa.array(other))])
    told = pa.concat_tables([each.filter(pa.array(both)) for each in (exported, scrobbles)])
    by = [("listener_id", "ascending"), ("started_at", "ascending"), ("track_id", "ascending")]
    return rows.sort_by(by), told.select(TOLD.names).sort_by(by)


def half_known(town: Town, tracks: pa.Table) -> pa.Table:
    """The catalogue with nothing but artists and title for some of the songs."""
    number = np.array([int(track[6:]) for track in tracks["track_id"].to_pylist()], dtype=np.int64)
    song = pc.equal(tracks["medium"], "song").to_numpy()
    unknown = song & (Draws(town.seed, "half known").uniform(number, 0) < UNKNOWN)
    return _without(tracks, {name: unknown for name in TRACKS.names if name not in _KNOWN})


def _ids(listeners: Listeners) -> pa.Array:
    from segue.town.tables import listener_ids

    return listener_ids(listeners.number)


def _around(who: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each row how many rows of the same listener come before it, and after it; they stand together."""
    last = np.append(np.flatnonzero(who[1:] != who[:-1]), len(who) - 1)
    first, row = np.append(0, last[:-1] + 1), np.arange(len(who))
    run = np.searchsorted(last, row)
    return row - first[run], last[run] - row


def _scrobbles(listens: pa.Table) -> pa.Table:
    bare = _without(listens, {name: np.ones(len(listens), bool) for name in _UNSCROBBLED})
    seconds = pc.floor_temporal(bare["started_at"], unit="second").cast(TIME)
    bare = bare.set_column(bare.schema.get_field_index("started_at"), LISTENS.field("started_at"), seconds)
    source = pa.array([SECOND] * len(bare), pa.string())
    return bare.set_column(bare.schema.get_field_index("source"), LISTENS.field("source"), source)


def _without(table: pa.Table, lacking: dict[str, NDArray[np.bool_]]) -> pa.Table:
    """The table with null in place of what lacks."""
    for name, rows in lacking.items():
        place, field = table.schema.get_field_index(name), table.schema.field(name)
        if field.type.num_fields:  # maps and lists: `if_else` knows none of them
            values = table[name].combine_chunks()
            column = values.take(pa.array(np.where(rows, 0, np.arange(len(rows))), mask=rows))
        else:
            column = pc.if_else(pa.array(rows), pa.scalar(None, field.type), table[name])
        table = table.set_column(place, field, column)
    return table
