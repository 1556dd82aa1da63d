"""What all kinds of playlist files give: places, each with a track as far as it is known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from segue.errors import FormatError
from segue.library.readers.fields import isrc, mbid, milliseconds, or_none, seconds, spotify_id, text
from segue.library.rows import TrackRef
from segue.library.sources import Entry

LARGEST = 1 << 26  # bytes of a file that is read whole

_SPOTIFY = re.compile(
    r"spotify(?::|\.com/(?:intl-[a-z-]+/)?)(?:track|episode)[:/]([0-9A-Za-z]{22})(?![0-9A-Za-z])"
)
_RECORDING = re.compile(r"musicbrainz\.org/recording/([0-9a-f-]{36})", re.I)
_DASH = re.compile(r"\s+[-\N{EN DASH}\N{EM DASH}]\s+")


class Place(NamedTuple):
    """One place of a playlist."""

    track: TrackRef  # as far as it is known, perhaps not at all
    location: str | None = None  # a file's path or an address
    track_id: str | None = None  # the library's own id, in files that Segue wrote
    added_at: datetime | None = None


class PlaylistFile(NamedTuple):
    """A playlist as its file tells it."""

    title: str | None
    places: list[Place]
    modified_at: datetime | None = None


UNKNOWN = Place(TrackRef())


def content(entry: Entry) -> bytes:
    """Return a whole file of up to 64 MiB.

    Raises:
        FormatError: it is larger.
    """
    data = entry.open().read(LARGEST + 1)
    if len(data) > LARGEST:
        raise FormatError(f"{entry.name} is too large for a playlist", expected=f"at most {LARGEST:,} bytes")
    return data


def place(
    title: object = None,
    artists: Iterable[object] = (),
    *,
    album: object = None,
    length: object = None,
    addresses: Iterable[object] = (),
    ids: dict[str, object] | None = None,
) -> Place:
    """A place from what a file says. `length` is in milliseconds; what cannot be read is left out.

    Ids are found in the addresses too; the first other address is the location. `ids` may hold spotify, mbid,
    isrc, and track_id, the library's own.
    """
    given = ids or {}
    spotify, recording = spotify_id(given.get("spotify")), mbid(given.get("mbid"))
    location = None
    for each in addresses:
        address = or_none(text, each)
        if address is None:
            continue
        if found := _SPOTIFY.search(address):
            spotify = spotify or found[1]
        elif found := _RECORDING.search(address):
            recording = recording or mbid(found[1])
        else:
            location = location or address
    names = tuple(name for each in artists if (name := or_none(text, each)))
    track = TrackRef(
        or_none(text, title),
        names,
        or_none(text, album),
        or_none(milliseconds, length) or None,
        spotify,
        recording,
        isrc(given.get("isrc")),
    )
    return Place(track, location, or_none(text, given.get("track_id")))


def named(shown: str, *, length: object = None, addresses: Iterable[object] = ()) -> Place:
    """A place of "artist - title", with a `length` in seconds."""
    parts = _DASH.split(shown.strip(), maxsplit=1)
    both = len(parts) == 2 and all(parts)
    title, artists = (parts[1], parts[:1]) if both else (shown, [])
    return place(title, artists, length=or_none(seconds, length), addresses=addresses)
