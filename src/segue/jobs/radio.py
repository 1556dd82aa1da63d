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
from segue.jobs.tastes import tastes_of_week
from segue.jobs.train_taste import NETWORK, load_network
from segue.library import Library
from segue.library.listening import Some, Unit, owners, units
from segue.library.search import Found, find_track, find_tracks
from segue.playlists.catalogue import Catalogue
from segue.playlists.history import read_histories
from segue.playlists.playlist import Playlist, PlaylistEntry, week_of
from segue.playlists.radio import Pick, Radio, RadioConfig
from segue.playlists.rules import Listening
from segue.progress import progress
from segue.taste.reading import listening_documents
from segue.taste.tastes import profiles_of

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
    heard: frozenset[int] = frozenset()  # tracks that the listener has heard

    def entry(self, pick: Pick, position: int) -> PlaylistEntry:
        """A pick as a place of a playlist."""
        return PlaylistEntry(
            position, self.catalogue.card(pick.track), pick.score, self.reason(pick), "taste network"
        )

    def reason(self, pick: Pick) -> str:
        """What led here, in one line."""
        name = self.catalogue.name
        parts = []
        if pick.near >= 0:
            parts.append(f"{'Follows' if pick.after else 'Near'} {name(pick.near)}")
        if pick.track in self.heard:
            parts.append("heard before" if parts else "Heard before")
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
        listener: whose tastes are its home, and whose bans hold; a listener's id, or a playlist's.
        seeds: track ids, or words of artists and titles; where there are some, they and what was played
            last are its home.
        config: the settings.

    Raises:
        UsageError: neither a listener nor a seed.
        NotFoundError: no network was trained, or no such listener or track.
    """
    if listener is None and not seeds:
        raise UsageError("A radio begins with something", do="give --listener NAME or --seed-track TRACK")
    unit = units(library)
    if listener is not None:
        _known(library, listener, unit)
    for text in seeds:
        find_tracks(library, text)  # a wrong name is told before anything is loaded
    with progress("Reading the network"):
        blend, version = load_network(library)
    tracks = [str(track) for track in blend.track_ids_]
    number = {track: at for at, track in enumerate(tracks)}
    understood = [find_track(library, text, number) for text in seeds]
    with progress("Reading the catalogue"):
        context = catalogue_context(library, tracks, "listeners")
        catalogue = Catalogue.read(library, tracks)
    listening = Listening()
    if listener is not None:
        (history,) = read_histories(library, catalogue, context, [listener], datetime.now(UTC), unit=unit)
        listening = history.listening
    radio = Radio(blend, context, config, listening=listening)
    if listener is not None:
        radio.hear(*_plays(library, listener, number, listening))
    if understood:
        radio.seed(np.array([number[found.track_id] for found in understood], np.int32))
    elif listener is not None:
        with progress("Looking for tastes"):
            radio.live_in(*_tastes(library, listener, number))
    return Station(
        radio, catalogue, listener or "guest", understood, version, frozenset(listening.heard.tolist())
    )


def _known(library: Library, listener: str, unit: Unit) -> None:
    people, playlists = owners(library, unit)
    if listener not in people and listener not in playlists:
        raise NotFoundError(
            f"The library has no listener {listener!r}",
            expected=one_of(people or playlists, unit),
            do="see `segue library`, or name tracks with --seed-track",
        )


def _tastes(
    library: Library, listener: str, number: dict[str, int]
) -> tuple[list[NDArray[np.int32]], NDArray[np.float32]]:
    """Tracks of each of a listener's tastes, by the network's numbers, and shares; none if there are none."""
    try:
        found = tastes_of_week(library, week_of(datetime.now(UTC)), keep=False)
    except SegueError:  # no factors: what was played last is home
        return [], np.empty(0, np.float32)
    profiles = found.profiles
    if not len(profiles.tastes(listener)):
        unit = units(library)
        profiles = profiles_of(library, profiles.tracks.tolist(), found.space, [listener], unit)
    tastes, shares = [], []
    for taste in profiles.tastes(listener):
        here = [number.get(str(profiles.tracks[track]), -1) for track in profiles.tracks_of(taste)]
        tracks = np.array([track for track in here if track >= 0], np.int32)
        if len(tracks):
            tastes.append(tracks)
            shares.append(profiles.weights[taste])
    return tastes, np.array(shares, np.float32)


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
