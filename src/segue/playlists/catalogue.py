"""What people and players read of the tracks of a model, by the model's own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segue.playlists.playlist import TrackCard

if TYPE_CHECKING:
    from segue.library.store import Library

_FACTS = ("title", "artists", "album", "duration_ms", "spotify", "mbid", "isrc", "medium")


class Catalogue:
    """Facts of `tracks`, in their order.

    Attributes:
        ids: (n_tracks,) track ids.
    """

    def __init__(self, library: Library, tracks: Sequence[str]) -> None:
        self.ids = np.asarray(tracks, dtype=object)
        table = library.arrow(library.table("tracks").select("track_id", *_FACTS))
        places = pc.index_in(pa.array(list(tracks), pa.string()), value_set=table["track_id"])
        rows = table.take(places)
        self._facts = {name: rows[name].to_pylist() for name in _FACTS}

    def __len__(self) -> int:
        return len(self.ids)

    def card(self, track: int) -> TrackCard:
        """What a person or a player needs to know of a track."""
        facts = {name: values[track] for name, values in self._facts.items()}
        facts["artists"] = tuple(facts["artists"] or ())
        facts["medium"] = facts["medium"] or "song"
        return TrackCard(track_id=str(self.ids[track]), **facts)

    def name(self, track: int) -> str:
        """A track in a sentence, by its main artist: "Hello by Adele", or an artist's name alone."""
        title, artists = self._facts["title"][track], self._facts["artists"][track]
        credit = artists[0] if artists else ""
        if title is None:
            return credit or str(self.ids[track])
        return f"{title} by {credit}" if credit else title
