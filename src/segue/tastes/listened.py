"""What listeners played, from a library, as taste profiles need it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat
from scipy.sparse import csr_matrix

from segue.library.listening import HALF_LIFE_DAYS, LibrarySubset, Unit, heard
from segue.library.moments import days_until
from segue.tastes.space import Ints, Plays

if TYPE_CHECKING:
    import ibis

    from segue.library.listening import Tables
    from segue.library.store import Library


class ListenedConfig(BaseModel):
    """How plays count for tastes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Unit = Field(
        "listeners", description="Whose tastes: of listeners, of playlists taken for listeners, or of both."
    )
    half_life_days: PositiveFloat = Field(HALF_LIFE_DAYS, description="Age at which a play counts half.")
    recent_days: PositiveFloat = Field(28.0, description="Days that count as recent, for trends.")
    before_days: PositiveFloat = Field(
        112.0,
        description="Days before those, to compare them with. No trend is told where plays do not "
        "reach back over half of them.",
    )


def read_plays(
    library: Library,
    tracks: Sequence[str],
    *,
    listeners: Sequence[str] | None = None,
    now: datetime | None = None,
    config: ListenedConfig | None = None,
) -> Plays:
    """Plays of `tracks`: log2(1 + plays), each play halved in `half_life_days`; skipped plays do not count.

    A place in a playlist is a play of the moment it was added, where playlists are taken for listeners.

    Args:
        library: the listening.
        tracks: ids, as the vectors have them; plays of others are left out.
        listeners: ids; None for all who listened.
        now: the moment to which ages are counted; None for the last play in the whole library.
        config: how plays count.

    Raises:
        ValueError: `now` has no timezone.
    """
    import ibis

    config = config or ListenedConfig()
    listens = _listened(library, config.unit)
    last = library.arrow(listens.aggregate(last=listens.started_at.max())).column("last")[0].as_py()
    if listeners is not None:
        listens = _listened(LibrarySubset(library, listeners), config.unit)
    if now is None:
        now = last or datetime(1970, 1, 1, tzinfo=UTC)
    if now.tzinfo is None:
        raise ValueError("now needs a timezone")
    listens = listens.filter(listens.started_at.isnull() | (listens.started_at <= now))
    age = days_until(listens.started_at, now)
    amount = listens.plays.cast("float64")
    faded = amount * ibis.coalesce(ibis.literal(0.5).cast("float64") ** (age / config.half_life_days), 1.0)
    oldest = config.recent_days + config.before_days
    counted = listens.select(
        "listener_id",
        "track_id",
        faded=faded,
        recent=(age < config.recent_days).ifelse(amount, 0.0),
        before=((age >= config.recent_days) & (age < oldest)).ifelse(amount, 0.0),
        age=age,
    )
    rows = library.arrow(
        counted.group_by("listener_id", "track_id").aggregate(
            faded=counted.faded.sum(),
            recent=counted.recent.sum(),
            before=counted.before.sum(),
            oldest=counted.age.max(),
        )
    )
    place = pc.index_in(rows["track_id"], value_set=pa.array(list(tracks), pa.string()))
    rows = rows.filter(pc.is_valid(place))
    column = pc.drop_null(place).to_numpy().astype(np.int32)
    who = rows["listener_id"].to_numpy()
    ids, row = np.unique(np.concatenate([who, np.array(list(listeners or ()), object)]), return_inverse=True)
    row = row[: len(who)]
    ages = rows["oldest"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    order = np.lexsort((column, row))
    values = {name: rows[name].to_numpy()[order].astype(np.float32) for name in ("faded", "recent", "before")}
    reaches = np.zeros(len(ids))
    np.fmax.at(reaches, row, ages)
    short = reaches[row[order]] < config.recent_days + config.before_days / 2
    values["recent"][short] = values["before"][short] = 0
    matrix = csr_matrix(
        (
            np.log2(1 + values["faded"]),
            column[order],
            np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(ids)))]),
        ),
        shape=(len(ids), len(tracks)),
    )
    timed = last is not None
    return Plays(
        listeners=ids.astype(object),
        tracks=np.array(list(tracks), object),
        matrix=matrix,
        faded=values["faded"],
        recent=values["recent"] if timed else None,
        before=values["before"] if timed else None,
    )


def first_played(
    library: Library, tracks: Sequence[str], listener: str, unit: Unit
) -> tuple[Ints, NDArray[np.datetime64]]:
    """What a listener played of `tracks`, and when first, UTC; not what was skipped, or has no time.

    Returns:
        (n,) numbers of the tracks, and (n,) times, in microseconds.
    """
    listens = _listened(LibrarySubset(library, [listener]), unit)
    timed = listens.filter(listens.started_at.notnull())
    rows = library.arrow(timed.group_by("track_id").aggregate(first=timed.started_at.min()))
    place = pc.index_in(rows["track_id"], value_set=pa.array(list(tracks), pa.string()))
    rows = rows.filter(pc.is_valid(place))
    first = rows["first"].cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us")).to_numpy()
    return pc.drop_null(place).to_numpy().astype(np.int32), first.astype("datetime64[us]")


def _listened(library: Tables, unit: Unit) -> ibis.Table:
    """(listener_id, track_id, started_at, plays) of everything that was not skipped."""
    told = heard(library, unit)
    return told.filter(~told.skipped.fill_null(False)).select(
        "listener_id", "track_id", "started_at", "plays"
    )
