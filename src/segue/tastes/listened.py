"""What listeners played, from a library, as taste profiles need it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt
from scipy.sparse import csr_matrix

from segue.library.listening import HALF_LIFE_DAYS, LibrarySubset, Unit, heard, listens
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
    month_days: PositiveFloat = Field(28.0, description="Days of a month, for trends.")
    months: PositiveInt = Field(26, description="Months that trends are told from, the last ones.")


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
    some = library if listeners is None else LibrarySubset(library, listeners)
    told = _listened(some, config.unit)
    timed = now is not None
    if now is None:
        last = last_play(library, config.unit)
        now, timed = last or datetime(1970, 1, 1, tzinfo=UTC), last is not None
    if now.tzinfo is None:
        raise ValueError("now needs a timezone")
    told = told.filter(told.started_at.isnull() | (told.started_at <= now))
    age = days_until(told.started_at, now)
    amount = told.plays.cast("float64")
    faded = amount * ibis.coalesce(ibis.literal(0.5).cast("float64") ** (age / config.half_life_days), 1.0)
    month = (age / config.month_days).floor()
    # Each day weighs 1 in a trend, however much was played on it.
    of_day = amount.sum().over(ibis.window(group_by=[told.listener_id, told.started_at.date()]))
    counted = told.select(
        "listener_id",
        "track_id",
        part=amount / of_day,
        faded=faded,
        month=((month >= 0) & (month < config.months)).ifelse(month, -1).fill_null(-1).cast("int32"),
    )
    rows = library.arrow(
        counted.group_by("listener_id", "track_id", "month").aggregate(
            faded=counted.faded.sum(), part=counted.part.sum()
        )
    )
    place = pc.index_in(rows["track_id"], value_set=pa.array(list(tracks), pa.string()))
    rows = rows.filter(pc.is_valid(place))
    column = pc.drop_null(place).to_numpy().astype(np.int64)
    who = rows["listener_id"].to_numpy()
    ids, row = np.unique(np.concatenate([who, np.array(list(listeners or ()), object)]), return_inverse=True)
    pairs, entry = np.unique(row[: len(who)] * len(tracks) + column, return_inverse=True)
    plays_of = np.bincount(entry, rows["faded"].to_numpy(), len(pairs)).astype(np.float32)
    of_listener = np.bincount(pairs // max(len(tracks), 1), minlength=len(ids))
    matrix = csr_matrix(
        (
            np.log2(1 + plays_of),
            (pairs % max(len(tracks), 1)).astype(np.int32),
            np.concatenate([[0], np.cumsum(of_listener)]),
        ),
        shape=(len(ids), len(tracks)),
    )
    months = None
    if timed:
        when = rows["month"].to_numpy()
        told = when >= 0
        parts = rows["part"].to_numpy()[told].astype(np.float32)
        months = csr_matrix((parts, (entry[told], when[told])), shape=(len(pairs), config.months))
    return Plays(
        listeners=ids.astype(object),
        tracks=np.array(list(tracks), object),
        matrix=matrix,
        faded=plays_of,
        months=months,
    )


def last_play(library: Library, unit: Unit) -> datetime | None:
    """When anything was played last in a library, or put on a playlist; None where no times are known.

    What was skipped counts, too: which plays were, takes seconds to tell of millions.
    """
    times = []
    if unit != "playlists":
        times.append(listens(library).started_at.max())
    if unit != "listeners":
        times.append(library.table("playlist_entries").added_at.max())
    last = [library.arrow(time.as_table()).column(0)[0].as_py() for time in times]
    return max((time for time in last if time is not None), default=None)


def first_played(
    library: Library, tracks: Sequence[str], listener: str, unit: Unit
) -> tuple[Ints, NDArray[np.datetime64]]:
    """What a listener played of `tracks`, and when first, UTC; not what was skipped, or has no time.

    Returns:
        (n,) numbers of the tracks, and (n,) times, in microseconds.
    """
    told = _listened(LibrarySubset(library, [listener]), unit)
    timed = told.filter(told.started_at.notnull())
    return _numbered(
        library.arrow(timed.group_by("track_id").aggregate(first=timed.started_at.min())), tracks
    )


def first_of(played: pa.Table, tracks: Sequence[str]) -> tuple[Ints, NDArray[np.datetime64]]:
    """The same as `first_played`, of a listener's plays as `Played.of` tells them."""
    timed = pc.and_(pc.is_valid(played["started_at"]), pc.is_valid(played["track_id"]))
    rows = played.filter(pc.and_(timed, pc.invert(pc.fill_null(played["skipped"], False))))
    rows = rows.set_column(0, "track_id", rows["track_id"].cast(pa.string()))
    first = rows.group_by("track_id").aggregate([("started_at", "min")])
    return _numbered(first.rename_columns({"started_at_min": "first"}), tracks)


def _numbered(rows: pa.Table, tracks: Sequence[str]) -> tuple[Ints, NDArray[np.datetime64]]:
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
