"""The catalogue of a library as the rules of lists see it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segue.library.listening import listens
from segue.playlists import newcomers
from segue.playlists.rules import Context, seasons
from segue.playlists.rules.children import flag, playlist_share
from segue.playlists.rules.played import played

if TYPE_CHECKING:
    import ibis

    from segue.library import Library
    from segue.library.listening import Unit


class _Listened(NamedTuple):
    """Who has which track of the model, each pair once."""

    owners: pa.Array
    tracks: np.ndarray


def catalogue_context(library: Library, tracks: list[str], unit: Unit) -> Context:
    """The catalogue as rules see it, with what playlists and plays tell of it."""
    columns = (
        "track_id",
        "title",
        "artists",
        "album",
        "medium",
        "explicit",
        "popularity",
        "work_id",
        "version",
    )
    table = library.arrow(library.table("tracks").select(*columns))
    rows = table.take(pc.index_in(pa.array(tracks, pa.string()), value_set=table["track_id"]))
    words = [rows[name].to_pylist() for name in ("title", "artists", "album")]
    children, named = None, None
    on_lists = _pairs(library, library.table("playlist_entries"), "playlist_id", tracks)
    if len(on_lists.tracks):
        titles = library.arrow(library.table("playlists").select("playlist_id", "title"))
        owner = pc.index_in(on_lists.owners, value_set=titles["playlist_id"])
        here = pc.is_valid(owner).to_numpy(zero_copy_only=False)
        told = titles["title"].to_pylist()
        entries = pc.drop_null(owner).to_numpy().astype(np.int32), on_lists.tracks[here]
        children = flag(*words, playlist_share(told, *entries, len(tracks)))
        works = pc.coalesce(rows["work_id"].combine_chunks(), pa.array(tracks, pa.string()))
        named = seasons.by_playlists(told, *entries, works.dictionary_encode().indices.to_numpy())
    season = seasons.flag(seasons.words(*words), named, played(library, tracks))
    context = Context.build(rows, tracks, children, season)
    counts = np.zeros(len(tracks), np.int64)
    if unit != "listeners":
        counts += np.bincount(on_lists.tracks, minlength=len(tracks))
    if unit != "playlists":
        met = _pairs(library, listens(library), "listener_id", tracks)
        counts += np.bincount(met.tracks, minlength=len(tracks))
    return replace(context, popularity=newcomers.shared_popularity(counts))


def _pairs(library: Library, told: ibis.Table, owner: str, tracks: list[str]) -> _Listened:
    table = library.arrow(told.select(owner, "track_id").distinct())
    place = pc.index_in(table["track_id"], value_set=pa.array(tracks, pa.string()))
    here = pc.is_valid(place)
    return _Listened(
        table[owner].filter(here).combine_chunks(), pc.drop_null(place).to_numpy().astype(np.int32)
    )
