"""A radio of a library: its network, the listener's history, the tracks that somebody named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.errors import NotFoundError, SegueError, UsageError, one_of
from segue.jobs.catalogue import catalogue_context
from segue.jobs.train_taste import NETWORK, load_network
from segue.jobs.weekly import listeners_of
from segue.library import Library
from segue.library.listening import Some
from segue.library.search import Found, find_track
from segue.playlists.catalogue import Catalogue
from segue.playlists.history import read_histories
from segue.playlists.playlist import Playlist, PlaylistEntry
from segue.playlists.radio import Pick, Radio, RadioConfig
from segue.playlists.rules import Listening
from segue.progress import progress
from segue.taste.reading import listening_documents

if TYPE_CHECKING:
    from segue.taste.documents import Context as PlayContext


@dataclass(frozen=True)
class Station:
    """A radio that is ready to play, and what people read of its tracks."""

    radio: Radio
    catalogue: Catalogue
    listener: str
    understood: list[Found]  # the seeds
    model: str  # the shelf's version

    def entry(self, pick: Pick, position: int) -> PlaylistEntry:
        """A pick as a place of a playlist."""
        return PlaylistEntry(
            position, self.catalogue.card(pick.track), pick.score, self.reason(pick), "taste network"
        )

    def reason(self, pick: Pick) -> str:
        """What led here, in one line."""
        name = self.catalogue.name
        parts = []
        if pick.near == pick.track:
            parts.append("Heard before")
        elif pick.near >= 0:
            parts.append(f"{'Follows' if pick.after else 'Near'} {name(pick.near)}")
        if pick.away >= 0:
            parts.append(f"away from {name(pick.away)}, which was skipped")
        return ", ".join(parts) or "What many begin with"

    def playlist(self, picks: Sequence[Pick]) -> Playlist:
        """What came, as a playlist."""
        entries = tuple(self.entry(pick, number) for number, pick in enumerate(picks, 1))
        return Playlist(
            "Radio", self.listener, None, datetime.now(UTC), entries, models=(f"{NETWORK}/{self.model}",)
        )


def open_radio(
    library: Library,
    *,
    listener: str | None = None,
    seeds: Sequence[str] = (),
    config: RadioConfig | None = None,
) -> Station:
    """A radio for a listener, from tracks that are named, or from both.

    Args:
        library: with a trained network.
        listener: whose plays it begins with, and whose bans hold.
        seeds: track ids, or words of artists and titles; they come last, so they weigh most.
        config: the settings.

    Raises:
        UsageError: neither a listener nor a seed.
        NotFoundError: no network was trained, or no such listener or track.
    """
    if listener is None and not seeds:
        raise UsageError("A radio begins with something", do="give --listener NAME or --seed-track TRACK")
    if listener is not None and listener not in (everybody := listeners_of(library)):
        raise NotFoundError(
            f"The library has no listener {listener!r}",
            expected=one_of(everybody),
            do="see `segue library`, or name tracks with --seed-track",
        )
    with progress("Reading the network"):
        blend, version = load_network(library)
    tracks = [str(track) for track in blend.track_ids_]
    number = {track: at for at, track in enumerate(tracks)}
    understood = [find_track(library, text, number) for text in seeds]
    with progress("Reading the catalogue"):
        context = catalogue_context(library, tracks, "listeners")
        catalogue = Catalogue(library, tracks)
    listening = Listening()
    if listener is not None:
        (history,) = read_histories(library, tracks, context, [listener], datetime.now(UTC))
        listening = history.listening
    radio = Radio(blend, context, config, listening=listening)
    if listener is not None:
        radio.hear(*_plays(library, listener, number, listening))
    radio.seed(np.array([number[found.track_id] for found in understood], np.int32))
    return Station(radio, catalogue, listener or "guest", understood, version)


def _plays(
    library: Library, listener: str, number: dict[str, int], listening: Listening
) -> tuple[NDArray[np.int32], PlayContext | None]:
    """The listener's plays in order of time; where no time is known, what was heard most comes last."""
    try:
        documents = listening_documents(Some(library, [listener]))
    except SegueError:
        return listening.heard[np.argsort(listening.plays, kind="stable")], None
    place = np.array([number.get(str(track), -1) for track in documents.track_ids], np.int32)
    return place[documents.codes], documents.context
