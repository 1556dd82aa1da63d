"""What people and players read of the tracks of a model, by the model's own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

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
        # Left in Arrow: of a large catalogue a list names few tracks.
        self._facts = table.take(places).select(_FACTS).combine_chunks()

    def __len__(self) -> int:
        return len(self.ids)

    def card(self, track: int) -> TrackCard:
        """What a person or a player needs to know of a track."""
        facts: dict[str, Any] = {name: self._facts[name][track].as_py() for name in _FACTS}
        facts["artists"] = tuple(facts["artists"] or ())
        facts["medium"] = facts["medium"] or "song"
        return TrackCard(track_id=str(self.ids[track]), **facts)

    def name(self, track: int) -> str:
        """A track in a sentence, by its main artist: "Hello by Adele", or an artist's name alone."""
        title, artists = self._facts["title"][track].as_py(), self._facts["artists"][track].as_py()
        credit = artists[0] if artists else ""
        if title is None:
            return credit or str(self.ids[track])
        return f"{title} by {credit}" if credit else title
