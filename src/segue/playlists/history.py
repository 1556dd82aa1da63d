"""What the rules must know of listeners, read from a library: plays, days since, bans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.library.listening import LibrarySubset, Unit, feedback
from segue.library.listening import heard as heard_of
from segue.library.moments import DAY, seconds
from segue.library.versions.text import main_artist
from segue.library.versions.titles import artist_names
from segue.playlists.rules import Context, Listening

if TYPE_CHECKING:
    import ibis

    from segue.library.listening import Tables
    from segue.library.store import Library
    from segue.playlists.catalogue import Catalogue

NOTHING = np.empty(0, np.int32)


@dataclass(frozen=True)
class History:
    """One listener: what the rules look at, and how much of what was heard the model does not know."""

    listening: Listening = field(default_factory=Listening)
    unknown: int = 0  # tracks heard that the model lacks, in any version


@dataclass(frozen=True, eq=False)
class Heard:
    """What n listeners have heard and said, in the numbers of a model; of it come histories at any moment.

    Attributes:
        first: (n + 1,) where each listener's tracks begin.
        tracks: (k,) tracks heard, saved or loved.
        plays: (k,) that were not skipped.
        last: (k,) seconds since 1970 of the last play that was not skipped; NaN where the time is not known.
        unknown: (n,) tracks heard that the model lacks, in any version.
        bans_first, banned_tracks: tracks that must never come, likewise.
        artists_first, banned_artists: artists that must never come.
    """

    first: NDArray[np.int64]
    tracks: NDArray[np.int32]
    plays: NDArray[np.float32]
    last: NDArray[np.float64]
    unknown: NDArray[np.int32]
    bans_first: NDArray[np.int64]
    banned_tracks: NDArray[np.int32]
    artists_first: NDArray[np.int64]
    banned_artists: NDArray[np.int32]

    def history(self, row: int, moment: datetime, earlier: NDArray[np.int32] = NOTHING) -> History:
        """The history of the listener in a row; days since a play after `moment` are below 0.

        `earlier` are tracks of earlier weeks' lists.

        Raises:
            ValueError: `moment` has no timezone.
        """
        if moment.tzinfo is None:
            raise ValueError("the moment needs a timezone")
        mine = slice(self.first[row], self.first[row + 1])
        return History(
            Listening(
                heard=self.tracks[mine],
                days_ago=((moment.timestamp() - self.last[mine]) / DAY).astype(np.float32),
                plays=self.plays[mine],
                earlier=earlier,
                banned_tracks=self.banned_tracks[self.bans_first[row] : self.bans_first[row + 1]],
                banned_artists=self.banned_artists[self.artists_first[row] : self.artists_first[row + 1]],
            ),
            int(self.unknown[row]),
        )

    def take(self, rows: NDArray[np.integer]) -> Heard:
        """Of some listeners alone."""
        first, mine = _of_rows(self.first, rows)
        bans_first, bans = _of_rows(self.bans_first, rows)
        artists_first, artists = _of_rows(self.artists_first, rows)
        return Heard(
            first,
            self.tracks[mine],
            self.plays[mine],
            self.last[mine],
            self.unknown[rows],
            bans_first,
            self.banned_tracks[bans],
            artists_first,
            self.banned_artists[artists],
        )


def read_heard(
    library: Library | LibrarySubset,
    catalogue: Catalogue,
    context: Context,
    listeners: Sequence[str],
    *,
    unit: Unit = "listeners",
) -> Heard:
    """What `listeners` have heard and said, in their order; nothing of who is not known.

    A track that the model lacks stands for the version of its song that the model has. Skipped plays make a
    track heard, but do not count as plays. A save or a love makes it heard too. A banned artist is a ban on a
    row of medium "artist"; a ban on a song bans that song.

    Args:
        library: the listening.
        catalogue: the model's tracks.
        context: the same as rules see them.
        listeners: ids of listeners, and of playlists where these are rows of the model.
        unit: whose ids they may be.
    """
    places = _Places(library, catalogue)
    some = LibrarySubset.of(library, listeners)
    heard = library.arrow(_heard(some, unit))
    row = pc.fill_null(pc.index_in(heard["listener_id"], value_set=pa.array(list(listeners))), -1).to_numpy()
    place = places.of(heard["track_id"])
    unknown = np.bincount(row[place < 0], minlength=len(listeners)).astype(np.int32)
    known = place >= 0
    first, tracks, plays, last = _merged(
        row[known],
        place[known],
        heard["plays"].to_numpy().astype(np.float32)[known],
        heard["last"].to_numpy().astype(np.float64)[known],
        len(listeners),
    )
    words = _words(some) if unit != "playlists" else {}
    if words:
        place_of = places.one_by_one({track for said in words.values() for track, _, _ in said})
        key = {name: number for number, name in enumerate(context.artist_names)}
    bans: list[list[int]] = [[] for _ in listeners]
    artists: list[list[int]] = [[] for _ in listeners]
    liked: list[tuple[int, int]] = []
    number = {listener: at for at, listener in enumerate(listeners)}
    for listener, said in words.items():
        at = number[listener]
        mine = set(tracks[first[at] : first[at + 1]].tolist())
        good = {place_of[track] for track, kind, _ in said if kind in _GOOD}
        liked += [(at, track) for track in sorted(good - mine) if track >= 0]
        bad = [(place_of[track], names) for track, kind, names in said if kind in _BAD]
        bans[at] = sorted({track for track, _ in bad if track >= 0})
        names = {name for _, credits in bad for credit in credits or () for name in artist_names(credit)}
        artists[at] = sorted(key[name] for name in names if name in key)
    if liked:
        more = np.array(liked, np.int64)
        rows = np.concatenate([np.repeat(np.arange(len(listeners)), np.diff(first)), more[:, 0]])
        order = np.argsort(rows, kind="stable")
        first = np.searchsorted(rows[order], np.arange(len(listeners) + 1))
        tracks = np.concatenate([tracks, more[:, 1]])[order].astype(np.int32)
        plays = np.concatenate([plays, np.zeros(len(more), np.float32)])[order]
        last = np.concatenate([last, np.full(len(more), np.nan)])[order]
    return Heard(first, tracks, plays, last, unknown, *_joined(bans), *_joined(artists))


def read_histories(
    library: Library | LibrarySubset,
    catalogue: Catalogue,
    context: Context,
    listeners: Sequence[str],
    moment: datetime,
    *,
    unit: Unit = "listeners",
) -> list[History]:
    """The history of each of `listeners` at a moment, in their order; see `read_heard`."""
    heard = read_heard(library, catalogue, context, listeners, unit=unit)
    return [heard.history(row, moment) for row in range(len(listeners))]


def places_of(
    library: Library | LibrarySubset, catalogue: Catalogue, tracks: Mapping[str, Iterable[str]]
) -> dict[str, NDArray[np.int32]]:
    """Each listener's `tracks` as numbers of a model, each once; songs that it lacks are left out."""
    place = _Places(library, catalogue).one_by_one({track for ids in tracks.values() for track in ids})
    return {
        listener: np.array(sorted({place[track] for track in ids} - {-1}), np.int32)
        for listener, ids in tracks.items()
    }


_GOOD, _BAD = ("save", "love"), ("ban", "hate")


class _Places:
    """Track ids of a library as numbers of a model: a track the model lacks by another of its versions."""

    def __init__(self, library: Library | LibrarySubset, catalogue: Catalogue) -> None:
        self.library, self.catalogue = library, catalogue

    def of(self, ids: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """(n,) numbers, -1 where the model has no version of the song by its artist."""
        found = pc.index_in(ids, value_set=self.catalogue.ids)
        if found.null_count:
            other = self._others(pc.unique(ids.filter(pc.is_null(found))))
            found = pc.coalesce(found, other["place"].take(pc.index_in(ids, value_set=other["track_id"])))
        return pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int32)

    def _others(self, ids: pa.Array) -> pa.Table:
        """(track_id, place) of the model's first version of each by its artist: a cover is no version."""
        import ibis

        asked = ibis.memtable(pa.table({"track_id": ids}))
        tracks = self.library.table("tracks").select("track_id", "work_id", "artists")
        unknown = self.library.arrow(tracks.semi_join(asked, "track_id"))
        places = pc.indices_nonzero(
            pc.is_in(self.catalogue.works, value_set=unknown["work_id"], skip_nulls=True)
        )
        works, artists = self.catalogue.works.take(places).to_pylist(), self.catalogue.artists.take(places)
        first: dict[tuple[str, str], int] = {}
        for place, work, credits in zip(places.to_pylist(), works, artists.to_pylist(), strict=True):
            first.setdefault((work, main_artist(credits)), place)
        found = [
            first.get((row["work_id"], main_artist(row["artists"]))) if row["work_id"] else None
            for row in unknown.to_pylist()
        ]
        return pa.table({"track_id": unknown["track_id"], "place": pa.array(found, pa.int32())})

    def one_by_one(self, ids: Iterable[str]) -> dict[str, int]:
        """The same for each of `ids`, to look up."""
        some = list(ids)
        if not some:
            return {}
        return dict(zip(some, self.of(pa.array(some, pa.string())).tolist(), strict=True))


def _merged(
    row: NDArray[np.integer],
    place: NDArray[np.int32],
    plays: NDArray[np.float32],
    last: NDArray[np.float64],
    n: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], NDArray[np.float64]]:
    """Each of n listeners' tracks once: all plays together, and the last; and where each listener begins."""
    order = np.lexsort((place, row))
    row, place = row[order], place[order]
    begins = np.flatnonzero((np.diff(row, prepend=-1) != 0) | (np.diff(place, prepend=-1) != 0))
    first = np.searchsorted(row[begins], np.arange(n + 1))
    if not len(begins):
        return first, place, plays, last
    # `fmax` passes over NaN: a play whose time is not known hides no other's.
    added, latest = np.add.reduceat(plays[order], begins), np.fmax.reduceat(last[order], begins)
    return first, place[begins], added, latest


def _of_rows(first: NDArray[np.int64], rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray]:
    """Where the entries of some rows begin when they stand alone, and their places."""
    counts = np.diff(first)[rows]
    begins = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return begins, np.repeat(first[:-1][rows] - begins[:-1], counts) + np.arange(begins[-1])


def _joined(lists: list[list[int]]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Lists one after another: where each begins, and all."""
    first = np.concatenate([[0], np.cumsum([len(each) for each in lists])]).astype(np.int64)
    return first, np.array([value for each in lists for value in each], np.int32)


def _heard(library: Tables, unit: Unit) -> ibis.Table:
    """(listener_id, track_id, last, plays): plays that were not skipped, and seconds of the last of them."""
    told = heard_of(library, unit)
    played = ~told.skipped.fill_null(False)
    return told.group_by("listener_id", "track_id").aggregate(
        last=seconds(told.started_at.max(where=played)),
        plays=played.ifelse(told.plays, 0).sum().cast("float64"),
    )


def _words(library: LibrarySubset) -> dict[str, list[tuple[str, str, list[str] | None]]]:
    """Each listener's last word on a track: (track_id, kind, artists where the row is an artist)."""
    import ibis

    said = feedback(library)
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
