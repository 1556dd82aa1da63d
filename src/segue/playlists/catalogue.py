"""What playlist makers must know of the tracks of a model, as arrays by the model's own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.playlists.playlist import TrackCard

if TYPE_CHECKING:
    from segue.library.store import Library

_FACTS = ("title", "artists", "album", "duration_ms", "spotify", "mbid", "isrc", "medium")


class Catalogue:
    """Facts of `tracks`, in their order.

    Attributes:
        ids: (n_tracks,) track ids.
        works: (n_tracks,) numbers; versions of one song share theirs.
    """

    def __init__(self, library: Library, tracks: Sequence[str]) -> None:
        self.ids = np.asarray(tracks, dtype=object)
        table = library.arrow(library.table("tracks").select("track_id", "work_id", *_FACTS))
        places = pc.index_in(pa.array(list(tracks), pa.string()), value_set=table["track_id"])
        rows = table.take(places)
        self._facts = {name: rows[name].to_pylist() for name in _FACTS}
        works = pc.coalesce(rows["work_id"], pa.array(list(tracks), pa.string()))
        self.works: NDArray[np.int64] = np.unique(works.to_numpy(zero_copy_only=False), return_inverse=True)[
            1
        ]
        # Every credited artist counts, so each track has a row of numbers.
        credited = rows["artists"].combine_chunks()
        lengths = pc.fill_null(pc.list_value_length(credited), 0).to_numpy(zero_copy_only=False)
        names = pc.list_flatten(credited).to_numpy(zero_copy_only=False)
        folded = np.array([name.casefold() for name in names], dtype=object)
        self._artists = np.unique(folded, return_inverse=True)[1] if len(folded) else np.empty(0, np.int64)
        self._first = np.concatenate([[0], np.cumsum(lengths)])

    def __len__(self) -> int:
        return len(self.ids)

    def artists(self, track: int) -> NDArray[np.int64]:
        """Numbers of all artists credited on a track."""
        return self._artists[self._first[track] : self._first[track + 1]]

    def card(self, track: int) -> TrackCard:
        """What a person or a player needs to know of a track."""
        facts = {name: values[track] for name, values in self._facts.items()}
        facts["artists"] = tuple(facts["artists"] or ())
        facts["medium"] = facts["medium"] or "song"
        return TrackCard(track_id=str(self.ids[track]), **facts)

    def name(self, track: int) -> str:
        """A track in a sentence: "Hello by Adele", or an artist's name alone."""
        title, artists = self._facts["title"][track], self._facts["artists"][track]
        credit = ", ".join(artists or ())
        if title is None:
            return credit or str(self.ids[track])
        return f"{title} by {credit}" if credit else title
