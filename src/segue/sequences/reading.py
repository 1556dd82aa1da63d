"""From the library's tables to documents: playlists in their order, listening in order of time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.errors import SegueError
from segue.library.few_listeners import playlists_teach
from segue.library.listening import heard, listeners_of_artists_only, owners, sessions
from segue.sequences.documents import (
    UNKNOWN,
    Context,
    Documents,
    Tracks,
    coded,
    first_places,
    join,
    session_documents,
)

TOLD = 0.1  # share of playlists and sessions with more than one track, below which they tell nothing

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from segue.library import Library
    from segue.library.listening import LibrarySubset


def playlist_documents(library: Library, *, unique: bool = True, by_owner: bool = False) -> Documents:
    """One document for each playlist of the library, in the playlist's order.

    Entries whose place is not known keep the order of their track ids: a document needs one, and this one
    is at least always the same.

    Args:
        library: the library to read.
        unique: keep only the first of a song's places in a playlist.
        by_owner: name a document after the playlist's owner, where one is known, so that what is made of it
            can be told to be a listener's.

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
            "The library holds no playlists", hint="import playlists, or learn song vectors from listening"
        )
    documents = _from_rows(table, table.column("playlist_id"), None)
    if by_owner:
        playlists = library.arrow(library.table("playlists").select("playlist_id", "owner"))
        owners = dict(zip(_text(playlists, "playlist_id"), _text(playlists, "owner"), strict=True))
        names = [owners.get(name) or name for name in documents.names]
        documents = replace(documents, names=np.array(names, dtype=object))
    return first_places(documents) if unique else documents


def listening_documents(library: Library | LibrarySubset) -> Documents:
    """One document for each listener: all plays in order of time, with their context.

    What is a skip, and where a session ends, `library/listening.py` says. Plays without a time (plain counts)
    have no order and are left out.

    Raises:
        SegueError: no listen of the library has a time.
    """
    told, tracks = sessions(library), _track_facts(library)
    timed = told.filter(told.started_at.notnull())
    rows = (
        timed.left_join(tracks, timed.track_id == tracks.fact_id)
        .select(
            *("listener_id", "track_id", "artist", "work_id", "started_at"),
            *("session_id", "session_position", "skipped", "context"),
        )
        .order_by(["listener_id", "started_at", "session_position", "track_id"])
    )
    return _of_plays(library.arrow(rows))


def one_listeners_document(played: pa.Table) -> Documents:
    """The only document of `listening_documents`, of a listener's plays as `Played.of` tells them.

    Of the tracks it knows the ids alone.

    Raises:
        SegueError: no play has a time.
    """
    rows = played.filter(pc.is_valid(played["started_at"]))
    for name in ("listener_id", "artist", "work_id"):
        rows = rows.append_column(name, pa.repeat("" if name == "listener_id" else None, len(rows)))
    return _of_plays(rows)


def _of_plays(table: pa.Table) -> Documents:
    """Documents of plays that have times, by listener and in their order."""
    if table.num_rows == 0:
        raise SegueError(
            "No listen of the library has a time, so there is no order to learn from",
            hint="import a history with times, or playlists",
        )
    started_us = table["started_at"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    seconds, part = np.divmod(started_us, 1_000_000)
    started_s = seconds + part / 1e6
    _, owner = _labels(_text(table, "listener_id"))
    first = np.append(True, owner[1:] != owner[:-1])
    _, session = _labels(_text(table, "session_id"))
    starts = first | np.append(True, session[1:] != session[:-1])
    sources, source = _labels(_text(table, "context"))
    context = Context(
        gap_s=np.where(first, np.nan, np.diff(started_s, prepend=np.nan)).astype(np.float32),
        hour=(seconds // 3600 % 24).astype(np.int8),
        skipped=np.nan_to_num(_numbers(table, "skipped"), nan=UNKNOWN).astype(np.int8),
        source=source,
        session=np.cumsum(starts).astype(np.int32),  # made to begin at 0 in each document below
        started_s=started_s,
        sources=sources,
    )
    return _from_rows(table, table.column("listener_id"), context)


def _track_facts(library: Library | LibrarySubset) -> ir.Table:
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
    return coded(
        offsets,
        codes,
        Tracks(
            np.array(ids, dtype=object),
            _text(table, "artist")[first_row],
            _text(table, "work_id")[first_row],
        ),
        np.array(names, dtype=object),
        context,
    )


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
    return table.column(column).cast(pa.float64()).to_numpy(zero_copy_only=False)


def library_documents(library: Library) -> Documents:
    """Songs in order: the playlists, and the sessions without what was skipped, each by its listener's name.

    Without the sessions where their listeners are few among the playlists, as for the factors.

    Raises:
        SegueError: there are neither playlists nor plays with times.
    """
    listens = library.table("listens")
    corpora = []
    if library.count("playlist_entries"):
        corpora.append(playlist_documents(library, by_owner=True))
    people, playlists = owners(library, "both")
    if corpora and playlists_teach(len(people) - len(listeners_of_artists_only(library)), len(playlists)):
        return join(*corpora)
    if not corpora or library.arrow(listens.filter(listens.started_at.notnull()).count()).as_py():
        corpora.append(session_documents(listening_documents(library)))
    return join(*corpora)


def guide_documents(library: Library, tracks: list[str]) -> Documents:
    """What neighbours of a radio learn from, in the codes of `tracks`.

    That is playlists and sessions; where these tell nothing, all that each listener played.
    """
    try:
        found = library_documents(library)
        told = bool((found.lengths > 1).mean() > TOLD)
    except SegueError:  # plain counts
        told = False
    if not told:
        found = _unordered(library)
    ids = pa.array(found.track_ids.tolist(), pa.string())
    codes = pc.fill_null(pc.index_in(ids, value_set=pa.array(tracks, pa.string())), -1).to_numpy()
    unknown = np.full(len(tracks), None, object)
    return found.recoded(codes.astype(np.int32), Tracks(np.array(tracks, object), unknown, unknown))


def _unordered(library: Library) -> Documents:
    """A document for each listener of plain counts, what was played most last."""
    told = heard(library, "listeners")
    pairs = told.group_by("listener_id", "track_id").aggregate(plays=told.plays.sum())
    table = library.arrow(pairs.order_by("listener_id", "plays", "track_id"))
    who, tracks = (table[name].to_numpy() for name in ("listener_id", "track_id"))
    names, first = np.unique(who.astype(str), return_index=True)
    return Documents.from_lists([part.tolist() for part in np.split(tracks, first[1:])], names=names.tolist())
