"""What the plays of a few people can tell, and what they played."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.library.listening import LibrarySubset, owners

if TYPE_CHECKING:
    from segue.library.store import Library

FEWEST_PEOPLE = 5  # of fewer nothing is told as what many listen to
MANY_PLAYLISTS = 20  # for each listener
UNKNOWN_MEDIUM = "song"  # what a track of unknown medium is
MORE = (
    "For new music, import playlists of others (such as the Million Playlist Dataset), other people's "
    "listening or an open dump (see segue formats), then segue train."
)
# Playlists hold songs.
MORE_EPISODES = "For new ones, import other people's listening, then segue train."
OWN = "segue import YOUR_EXPORT, so that there are plays of your own to make lists from"
UNLEARNED = "Nothing was learned from the playlists of this library yet: segue train."


def playlists_teach(listeners: int, playlists: int) -> bool:
    """Whether listeners are so few among playlists that nothing is learned from their plays.

    Each would be told what another of them plays; they are asked for all the same.
    """
    return listeners > 0 and playlists > MANY_PLAYLISTS * listeners


def playlists_alone(library: Any) -> bool:
    """Whether there are playlists and nobody's plays: no list is anybody's own yet."""
    return library.count("playlist_entries") > 0 and library.count("listens") == 0


def too_few(library: Any) -> int:
    """How many listeners there are, where they can't tell what else there is: under five, no playlists."""
    if library.count("playlist_entries"):
        return 0
    people = len(owners(library, "listeners")[0])
    return people if people < FEWEST_PEOPLE else 0


def plays_of(people: int) -> str:
    """ "One person's plays", "The plays of 3 people"."""
    return "One person's plays" if people == 1 else f"The plays of {people} people"


def on_others_playlists(library: Library, tracks: Sequence[str], people: Sequence[str]) -> NDArray[np.bool_]:
    """(n_tracks,) which of `tracks` are on a playlist that is none of `people`'s own."""
    lists, entries = library.table("playlists"), library.table("playlist_entries")
    own = lists.filter(lists.owner.isin(people)).select("playlist_id")
    ids = library.arrow(entries.anti_join(own, "playlist_id").select("track_id").distinct())["track_id"]
    return pc.is_in(pa.array(tracks, pa.string()), value_set=ids).to_numpy(zero_copy_only=False)


def media_played(library: Library, listeners: Sequence[str] | None = None) -> dict[str, int]:
    """Plays of each medium, by everybody or by `listeners`; most first."""
    listens = (library if listeners is None else LibrarySubset(library, listeners)).table("listens")
    tracks = library.table("tracks").select("track_id", "medium")
    joined = listens.inner_join(tracks, "track_id")
    medium = joined.medium.fill_null(UNKNOWN_MEDIUM)
    found: pa.Table = library.arrow(joined.group_by(medium=medium).aggregate(n=joined.count()))
    rows = sorted(zip(found["medium"].to_pylist(), found["n"].to_pylist(), strict=True), key=lambda r: -r[1])
    return dict(rows)
