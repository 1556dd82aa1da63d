"""Listening that is told by artists, and listening that is told by songs, in one matrix.

Some sources count plays of artists (HetRec 2011, Last.fm's 360K listeners), others tell songs. Side by side
they have no column in common, and teach each other nothing. So who played songs of an artist is taken to have
played the artist too, wherever the artist is a column: listeners who are told by artists then lie near those
who play their songs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from segue.library.versions.titles import artist_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segue.library.listening import Tables


def with_artists(library: Tables, matrix: csr_matrix, tracks: NDArray[np.object_]) -> csr_matrix | None:
    """The matrix with each row's artists: an artist is worth what the row's best song of theirs is.

    What a row tells of an artist itself stays where it is more, or a dislike.

    Args:
        library: what is known of tracks.
        matrix: (n_rows, n_tracks) float32, confidences.
        tracks: (n_tracks,) ids; those of medium "artist" are artists.

    Returns:
        None if no column is an artist.
    """
    columns = _columns(library, tracks)
    if not columns:
        return None
    artist = _artist_of(library, tracks, np.unique(matrix.indices), columns)
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    theirs = artist[matrix.indices]
    by_artist = (theirs >= 0) & (matrix.data > 0)
    songs = (row[by_artist], theirs[by_artist])
    best = _largest(matrix.data[by_artist], *songs, matrix.shape)
    # An artist who was disliked by name stays so, however much their songs are played.
    disliked = matrix.copy()
    disliked.data = (matrix.data < 0).astype(np.float32)
    best = best - best.multiply(disliked)
    whole = csr_matrix(matrix.maximum(best) + matrix.minimum(0), dtype=np.float32)
    whole.eliminate_zeros()
    whole.sort_indices()
    return whole


def _largest(
    values: NDArray[np.float32], row: NDArray[np.int64], column: NDArray[np.int64], shape: tuple[int, int]
) -> csr_matrix:
    """The largest value of each place, as a matrix."""
    pairs, at = np.unique(row * shape[1] + column, return_inverse=True)
    largest = np.zeros(len(pairs), np.float32)
    np.maximum.at(largest, at, values)
    return csr_matrix((largest, (pairs // shape[1], pairs % shape[1])), shape=shape, dtype=np.float32)


def _columns(library: Tables, tracks: NDArray[np.object_]) -> dict[str, int]:
    """The column of each artist who is one, by the key of the name."""
    facts = library.table("tracks")
    artists = library.arrow(facts.filter(facts.medium == "artist").select("track_id", name=facts.artists[0]))
    place = pc.index_in(artists["track_id"], value_set=pa.array(tracks.tolist(), pa.string()))
    named = zip(artists["name"].to_pylist(), place.to_pylist(), strict=True)
    return {artist_names(name)[0]: at for name, at in named if name and at is not None}


def _artist_of(
    library: Tables, tracks: NDArray[np.object_], used: NDArray[np.int32], columns: dict[str, int]
) -> NDArray[np.int64]:
    """(n_tracks,) the column of the main artist of each of the `used` songs; -1 where there is none."""
    import ibis

    ids = pa.array(tracks[used].tolist(), pa.string())
    facts = library.table("tracks")
    facts = facts.filter(facts.medium.fill_null("song") != "artist")
    asked = facts.semi_join(ibis.memtable(pa.table({"track_id": ids})), "track_id")
    songs = library.arrow(asked.select("track_id", name=asked.artists[0]))
    names = songs["name"].combine_chunks().dictionary_encode()
    of = [columns.get(artist_names(name)[0], -1) if name else -1 for name in names.dictionary.to_pylist()]
    codes = pc.fill_null(names.indices, len(of)).to_numpy(zero_copy_only=False)
    artist = np.full(len(tracks), -1, np.int64)
    place = pc.index_in(songs["track_id"], value_set=ids).to_numpy(zero_copy_only=False)
    artist[used[place]] = np.array([*of, -1], np.int64)[codes]
    return artist
