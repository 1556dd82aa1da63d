"""What the rules must know of listeners, read from a library: plays, days since, bans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segue.library.listening import Some, Unit
from segue.library.listening import heard as heard_of
from segue.library.moments import DAY, seconds
from segue.library.versions.titles import artist_names
from segue.playlists.rules import Context, Listening

if TYPE_CHECKING:
    import ibis

    from segue.library.listening import Tables
    from segue.library.store import Library
    from segue.playlists.catalogue import Catalogue


@dataclass(frozen=True)
class History:
    """One listener: what the rules look at, and how much of what was heard the model does not know."""

    listening: Listening = field(default_factory=Listening)
    unknown: int = 0  # tracks heard that the model lacks, in any version


def read_histories(
    library: Library | Some,
    catalogue: Catalogue,
    context: Context,
    listeners: Sequence[str],
    moment: datetime,
    *,
    unit: Unit = "listeners",
    earlier: Mapping[str, Iterable[str]] | None = None,
) -> list[History]:
    """The history of each of `listeners`, in their order; an empty one where nothing is known.

    A track that the model lacks stands for the version of its song that the model has. Skipped plays make a
    track heard, but do not count as plays. A save or a love makes it heard too. A banned artist is a ban on a
    row of medium "artist"; a ban on a song bans that song.

    Args:
        library: the listening.
        catalogue: the model's tracks.
        context: the same as rules see them.
        listeners: ids of listeners, and of playlists where these are rows of the model.
        moment: to which days are counted; what was played later counts as today.
        unit: whose ids they may be.
        earlier: tracks of earlier weeks' lists, by listener.

    Raises:
        ValueError: `moment` has no timezone.
    """
    if moment.tzinfo is None:
        raise ValueError("the moment needs a timezone")
    places = _Places(library, catalogue)
    some = Some.of(library, listeners)
    heard = library.arrow(_heard(some, unit))
    row = pc.fill_null(pc.index_in(heard["listener_id"], value_set=pa.array(list(listeners))), -1).to_numpy()
    place = places.of(heard["track_id"])
    plays_ = heard["plays"].to_numpy().astype(np.float32)
    last = heard["last"].to_numpy().astype(np.float64)
    days = np.maximum((moment.timestamp() - last) / DAY, 0).astype(np.float32)
    order = np.lexsort((place, row))
    first = np.searchsorted(row[order], np.arange(len(listeners) + 1))
    words = _words(some) if unit != "playlists" else {}
    place_of = places.one_by_one({track for said in words.values() for track, _, _ in said})
    place_of |= places.one_by_one({track for given in (earlier or {}).values() for track in given})

    def few(ids: Iterable[str]) -> np.ndarray:
        found = (place_of[track] for track in ids)
        return np.unique([place for place in found if place >= 0]).astype(np.int32)

    key = {name: number for number, name in enumerate(context.artist_names)}
    result = []
    for at, listener in enumerate(listeners):
        mine = order[first[at] : first[at + 1]]
        known = mine[place[mine] >= 0]
        listening = _merged(place[known], days[known], plays_[known])
        said = words.get(listener, ())
        new = np.setdiff1d(few(track for track, kind, _ in said if kind in _GOOD), listening.heard)
        banned = [(track, artists) for track, kind, artists in said if kind in _BAD]
        names = {name for _, artists in banned for credit in artists or () for name in artist_names(credit)}
        result.append(
            History(
                replace(
                    listening,
                    heard=np.concatenate([listening.heard, new]).astype(np.int32),
                    plays=np.concatenate([listening.plays, np.zeros(len(new))]).astype(np.float32),
                    days_ago=np.concatenate([listening.days_ago, np.full(len(new), np.nan)]).astype(
                        np.float32
                    ),
                    earlier=few((earlier or {}).get(listener, ())),
                    banned_tracks=few(track for track, _ in banned),
                    banned_artists=np.array(sorted(key[n] for n in names if n in key), np.int32),
                ),
                unknown=len(mine) - len(known),
            )
        )
    return result


_GOOD, _BAD = ("save", "love"), ("ban", "hate")


class _Places:
    """Track ids of a library as numbers of a model: a track the model lacks by another of its versions."""

    def __init__(self, library: Library | Some, catalogue: Catalogue) -> None:
        self.library, self.catalogue = library, catalogue

    def of(self, ids: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """(n,) numbers, -1 where the model has no version of the song."""
        found = pc.index_in(ids, value_set=self.catalogue.ids)
        if found.null_count:
            work = self._works(pc.unique(ids.filter(pc.is_null(found))))
            other = pc.index_in(work["work_id"], value_set=self.catalogue.works, skip_nulls=True)
            found = pc.coalesce(found, other.take(pc.index_in(ids, value_set=work["track_id"])))
        return pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int32)

    def _works(self, ids: pa.Array) -> pa.Table:
        """(track_id, work_id) of some tracks of the library."""
        import ibis

        asked = ibis.memtable(pa.table({"track_id": ids}))
        tracks = self.library.table("tracks").select("track_id", "work_id")
        return self.library.arrow(tracks.semi_join(asked, "track_id"))

    def one_by_one(self, ids: Iterable[str]) -> dict[str, int]:
        """The same for each of `ids`, to look up."""
        some = list(ids)
        return dict(zip(some, self.of(pa.array(some, pa.string())).tolist(), strict=True))


def _merged(place: np.ndarray, days: np.ndarray, plays: np.ndarray) -> Listening:
    """Each track once: the last play, and all plays together; `place` is sorted."""
    if not len(place):
        return Listening()
    begins = np.flatnonzero(np.diff(place, prepend=-1))
    return Listening(
        heard=place[begins],
        days_ago=np.fmin.reduceat(days, begins),
        plays=np.add.reduceat(plays, begins),
    )


def _heard(library: Tables, unit: Unit) -> ibis.Table:
    """(listener_id, track_id, last, plays): seconds of the last play, and plays that were not skipped."""
    told = heard_of(library, unit)
    counted = told.mutate(amount=told.skipped.fill_null(False).ifelse(0, told.plays))
    return counted.group_by("listener_id", "track_id").aggregate(
        last=seconds(counted.started_at.max()), plays=counted.amount.sum().cast("float64")
    )


def _words(library: Some) -> dict[str, list[tuple[str, str, list[str] | None]]]:
    """Each listener's last word on a track: (track_id, kind, artists where the row is an artist)."""
    import ibis

    said = library.table("feedback")
    last = ibis.window(
        group_by=["listener_id", "track_id"], order_by=[said.given_at.desc(nulls_first=False), said.kind]
    )
    said = said.mutate(place=ibis.row_number().over(last))
    said = said.filter(said.place == 0)
    tracks = library.table("tracks").select("track_id", "artists", "medium")
    rows = library.arrow(
        said.left_join(tracks, "track_id").select("listener_id", "track_id", "kind", "artists", "medium")
    ).to_pylist()
    words: dict[str, list[tuple[str, str, list[str] | None]]] = {}
    for row in sorted(rows, key=lambda r: (r["listener_id"], r["track_id"])):
        artists = row["artists"] if row["medium"] == "artist" else None
        words.setdefault(row["listener_id"], []).append((row["track_id"], row["kind"], artists))
    return words
