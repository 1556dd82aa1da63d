"""Playlists and listening as ordered documents of songs: what the song vectors and the taste network read.

A document is a list of track codes in order. A code is a track's place in `Documents.track_ids`, and
tracks are coded from the most to the least popular, so the N most popular songs are the codes below N.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.errors import SegueError

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    from segue.library import Library

UNKNOWN = -1
"""A song that has no code, a skip or hour or source that was not said."""


@dataclass(frozen=True, eq=False)
class Context:
    """What surrounds each place of the documents, each `(n_places,)`."""

    gap_s: NDArray[np.float32]  # seconds since the play before; NaN where there is none or no time is known
    hour: NDArray[np.int8]  # 0 to 23, UTC; UNKNOWN
    skipped: NDArray[np.int8]  # 1 skipped, 0 not, UNKNOWN
    source: NDArray[np.int32]  # where it was played from, a place in `sources`; UNKNOWN
    session: NDArray[np.int32]  # running number within the document
    started_s: NDArray[np.float64]  # seconds since 1970, UTC; NaN
    sources: tuple[str, ...]

    def take(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Context:
        """The context of some places."""
        return replace(
            self,
            **{
                name: getattr(self, name)[keep]
                for name in ("gap_s", "hour", "skipped", "source", "session", "started_s")
            },
        )


@dataclass(frozen=True, eq=False)
class Documents:
    """Ordered documents in compressed rows: document d is `codes[offsets[d]:offsets[d + 1]]`."""

    offsets: NDArray[np.int64]  # (n_documents + 1,)
    codes: NDArray[np.int32]  # (n_places,)
    track_ids: NDArray[np.object_]  # (n_tracks,) str
    counts: NDArray[np.int64]  # (n_tracks,) documents that hold the track
    artists: NDArray[np.object_]  # (n_tracks,) main artist; None if not known
    works: NDArray[np.object_]  # (n_tracks,) the work of which it is a version; None
    names: NDArray[np.object_]  # (n_documents,) str: the playlist or the listener
    context: Context | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, document: int) -> NDArray[np.int32]:
        return self.codes[self.offsets[document] : self.offsets[document + 1]]

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        return (self[document] for document in range(len(self)))

    @property
    def n_tracks(self) -> int:
        """How many tracks there are codes for."""
        return len(self.track_ids)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Places in each document, `(n_documents,)`."""
        return np.diff(self.offsets)

    def select(self, documents: NDArray[np.bool_] | NDArray[np.intp]) -> Documents:
        """Some documents, in the order asked for, with the same codes; `counts` are of these documents."""
        rows = np.flatnonzero(documents) if np.asarray(documents).dtype == bool else np.asarray(documents)
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        places = np.repeat(self.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
        codes = self.codes[places]
        return replace(
            self,
            offsets=offsets,
            codes=codes,
            counts=_document_counts(offsets, codes, self.n_tracks),
            names=self.names[rows],
            context=None if self.context is None else self.context.take(places),
        )

    def vocabulary(self, *, min_count: int = 1, max_songs: int | None = None) -> NDArray[np.int32]:
        """Codes of the tracks in at least `min_count` documents, the `max_songs` most popular first."""
        order = np.argsort(-self.counts, kind="stable").astype(np.int32)
        return order[self.counts[order] >= min_count][:max_songs]

    def restrict(self, vocabulary: NDArray[np.int32]) -> Documents:
        """Only the tracks of `vocabulary`, coded by their place in it; the rest are left out of the order."""
        place = np.full(self.n_tracks, UNKNOWN, np.int32)
        place[vocabulary] = np.arange(len(vocabulary), dtype=np.int32)
        codes = place[self.codes]
        keep = codes >= 0
        before = np.concatenate([[0], np.cumsum(keep)])
        return Documents(
            offsets=before[self.offsets],
            codes=codes[keep],
            track_ids=self.track_ids[vocabulary],
            counts=self.counts[vocabulary],
            artists=self.artists[vocabulary],
            works=self.works[vocabulary],
            names=self.names,
            context=None if self.context is None else self.context.take(keep),
        )

    @classmethod
    def from_lists(
        cls,
        documents: Sequence[Sequence[str]],
        *,
        names: Sequence[str] | None = None,
        artists: dict[str, str] | None = None,
        works: dict[str, str] | None = None,
    ) -> Documents:
        """Documents from lists of track ids; `artists` and `works` say what is known of a track."""
        ids, codes = np.unique(
            np.array([track for document in documents for track in document], dtype=object).astype(str),
            return_inverse=True,
        )
        return _coded(
            np.concatenate([[0], np.cumsum([len(document) for document in documents])]).astype(np.int64),
            codes.astype(np.int32),
            ids.astype(object),
            np.array([(artists or {}).get(track) for track in ids], dtype=object),
            np.array([(works or {}).get(track) for track in ids], dtype=object),
            np.array(names or [str(number) for number in range(len(documents))], dtype=object),
            None,
        )


def playlist_documents(library: Library, *, unique: bool = True) -> Documents:
    """One document for each playlist of the library, in the playlist's order.

    Entries whose place is not known keep the order of their track ids: a document needs one, and this one
    is at least always the same.

    Args:
        library: the library to read.
        unique: keep only the first of a song's places in a playlist.

    Raises:
        SegueError: the library has no playlists.
    """
    entries = library.table("playlist_entries")
    tracks = _track_facts(library)
    rows = (
        entries.left_join(tracks, entries.track_id == tracks.fact_id)
        .select("playlist_id", "track_id", "position", "artist", "work_id")
        .order_by(["playlist_id", entries.position.asc(nulls_first=False), "track_id"])
    )
    table = library.arrow(rows)
    if table.num_rows == 0:
        raise SegueError(
            "The library holds no playlists", do="import playlists, or learn song vectors from listening"
        )
    documents = _from_rows(table, table.column("playlist_id"), None)
    return first_places(documents) if unique else documents


def listening_documents(library: Library, *, session_gap_s: float = 1800.0) -> Documents:
    """One document for each listener: all plays in order of time, with their context.

    Plays without a time (plain counts) have no order and are left out. A session ends where the source
    says so, or after `session_gap_s` without a play.

    Raises:
        SegueError: no listen of the library has a time.
    """
    import ibis

    listens = library.table("listens")
    tracks = _track_facts(library)
    timed = listens.filter(listens.started_at.notnull())
    order = ibis.window(group_by="listener_id", order_by=["started_at", "session_position", "track_id"])
    rows = (
        timed.mutate(
            started_s=timed.started_at.epoch_seconds(),
            hour=timed.started_at.hour(),
            before=timed.started_at.epoch_seconds().lag(1).over(order),
            session_before=timed.session_id.lag(1).over(order),
        )
        .left_join(tracks, timed.track_id == tracks.fact_id)
        .select(
            *("listener_id", "track_id", "artist", "work_id", "started_s", "before", "hour"),
            *("session_id", "session_before", "session_position", "skipped", "context", "started_at"),
        )
        .order_by(["listener_id", "started_at", "session_position", "track_id"])
    )
    table = library.arrow(rows)
    if table.num_rows == 0:
        raise SegueError(
            "No listen of the library has a time, so there is no order to learn from",
            do="import a history with times, or playlists",
        )
    gap = _numbers(table, "started_s") - _numbers(table, "before")
    said = _text(table, "session_id")
    said_before = _text(table, "session_before")
    starts = np.isnan(gap) | (gap > session_gap_s)
    both = np.array([a is not None and b is not None for a, b in zip(said, said_before, strict=True)])
    starts = np.where(both, np.isnan(gap) | (said != said_before), starts)
    sources, source = _labels(_text(table, "context"))
    skipped = _numbers(table, "skipped")
    context = Context(
        gap_s=gap.astype(np.float32),
        hour=np.nan_to_num(_numbers(table, "hour"), nan=UNKNOWN).astype(np.int8),
        skipped=np.nan_to_num(skipped, nan=UNKNOWN).astype(np.int8),
        source=source,
        session=np.cumsum(starts).astype(np.int32),  # made to begin at 0 in each document below
        started_s=_numbers(table, "started_s"),
        sources=sources,
    )
    return _from_rows(table, table.column("listener_id"), context)


def session_documents(listening: Documents, *, keep_skipped: bool = False) -> Documents:
    """Each session of listening as a document of its own, as word2vec wants it; without skipped songs."""
    if listening.context is None:
        raise SegueError("These documents have no sessions", expected="documents of listening")
    context = listening.context
    owner = np.repeat(np.arange(len(listening)), listening.lengths)
    new = np.ones(len(owner), bool)
    new[1:] = (owner[1:] != owner[:-1]) | (context.session[1:] != context.session[:-1])
    keep = np.ones(len(owner), bool) if keep_skipped else context.skipped != 1
    starts = np.flatnonzero(new)
    before = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)
    offsets = before[np.append(starts, len(owner))]
    codes = listening.codes[keep]
    return replace(
        listening,
        offsets=offsets,
        codes=codes,
        counts=_document_counts(offsets, codes, listening.n_tracks),
        names=listening.names[owner[starts]],
        context=context.take(keep),
    )


def first_places(documents: Documents) -> Documents:
    """The documents without repeats: only the first place of a track in a document is kept."""
    owner = np.repeat(np.arange(len(documents), dtype=np.int64), documents.lengths)
    _, first = np.unique(owner * documents.n_tracks + documents.codes, return_index=True)
    keep = np.zeros(len(owner), bool)
    keep[first] = True
    before = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)
    return replace(
        documents,
        offsets=before[documents.offsets],
        codes=documents.codes[keep],
        context=None if documents.context is None else documents.context.take(keep),
    )


def _track_facts(library: Library) -> ir.Table:
    """track_id as `fact_id`, main artist and work of every track."""
    tracks = library.table("tracks")
    return tracks.select(fact_id=tracks.track_id, artist=tracks.artists[0], work_id=tracks.work_id)


def _from_rows(table: pa.Table, owners: pa.ChunkedArray, context: Context | None) -> Documents:
    """Documents from rows that are sorted by owner and place."""
    names, owner = _labels(_text_of(owners))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(names)))]).astype(np.int64)
    if context is not None:
        first = context.session[offsets[:-1]]
        context = replace(context, session=context.session - np.repeat(first, np.diff(offsets)))
    ids, codes = _labels(_text(table, "track_id"))
    first_row = np.empty(len(ids), np.int64)
    first_row[codes[::-1]] = np.arange(len(codes))[::-1]
    return _coded(
        offsets,
        codes,
        np.array(ids, dtype=object),
        _text(table, "artist")[first_row],
        _text(table, "work_id")[first_row],
        np.array(names, dtype=object),
        context,
    )


def _coded(
    offsets: NDArray[np.int64],
    codes: NDArray[np.int32],
    ids: NDArray[np.object_],
    artists: NDArray[np.object_],
    works: NDArray[np.object_],
    names: NDArray[np.object_],
    context: Context | None,
) -> Documents:
    """Documents with tracks coded from the most to the least popular, equals by id."""
    counts = _document_counts(offsets, codes, len(ids))
    order = np.lexsort((ids.astype(str), -counts))
    place = np.empty(len(ids), np.int32)
    place[order] = np.arange(len(ids), dtype=np.int32)
    return Documents(
        offsets=offsets,
        codes=place[codes],
        track_ids=ids[order],
        counts=counts[order],
        artists=artists[order],
        works=works[order],
        names=names,
        context=context,
    )


def _document_counts(
    offsets: NDArray[np.int64], codes: NDArray[np.int32], n_tracks: int
) -> NDArray[np.int64]:
    """In how many documents each track is, `(n_tracks,)`."""
    owner = np.repeat(np.arange(len(offsets) - 1, dtype=np.int64), np.diff(offsets))
    once = np.unique(owner * n_tracks + codes)
    return np.bincount(once % n_tracks, minlength=n_tracks) if n_tracks else np.zeros(0, np.int64)


def _labels(values: NDArray[np.object_]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The different labels in order of their first place, and each value's place among them."""
    known: dict[str, int] = {}
    codes = np.fromiter(
        (UNKNOWN if value is None else known.setdefault(value, len(known)) for value in values),
        np.int32,
        len(values),
    )
    return tuple(known), codes


def _text(table: pa.Table, column: str) -> NDArray[np.object_]:
    return _text_of(table.column(column))


def _text_of(column: pa.ChunkedArray) -> NDArray[np.object_]:
    return np.array(column.to_pylist(), dtype=object)


def _numbers(table: pa.Table, column: str) -> NDArray[np.float64]:
    """A numeric or boolean column as floats; NaN for null."""
    import pyarrow as pa

    return table.column(column).cast(pa.float64()).to_numpy(zero_copy_only=False)
