"""JSPF (https://wiki.xiph.org/JSPF), with MusicBrainz' extensions; and Segue's own JSON."""

from __future__ import annotations

from typing import Any

from segue.errors import FormatError
from segue.library.readers.fields import mapping, or_none, text
from segue.library.readers.json_stream import json_object, shape
from segue.library.readers.playlist_files.places import UNKNOWN, Place, PlaylistFile, place
from segue.library.readers.times import Clock
from segue.library.sources import Entry

TRACK_EXTENSION = "https://musicbrainz.org/doc/jspf#track"
PLAYLIST_EXTENSION = "https://musicbrainz.org/doc/jspf#playlist"


def recognises(head: bytes) -> bool:
    """Whether a file that begins so is a JSPF playlist."""
    found = shape(head)
    return any(path.startswith(("playlist.track[]", "playlist.entries[].track")) for path in found) or (
        "playlist.title" in found and "playlist.track" in found  # an empty list
    )


def parse(entry: Entry, clock: Clock) -> PlaylistFile:
    """Return the playlist of a JSPF file, or of one that Segue wrote.

    Raises:
        FormatError: it is not JSON, or something else.
    """
    playlist = json_object(entry).get("playlist")
    if not isinstance(playlist, dict) or not isinstance(playlist.get("track", playlist.get("entries")), list):
        raise FormatError(
            f"{entry.name} is no JSPF playlist", expected='{"playlist": {"title": ..., "track": [...]}}'
        )
    more = _inside(playlist.get("extension"), PLAYLIST_EXTENSION)
    changed = or_none(clock.time, more.get("last_modified_at")) or or_none(clock.time, playlist.get("date"))
    if "track" in playlist:
        places = [_track(each, clock) for each in playlist["track"]]
    else:
        places = [_own(each) for each in playlist["entries"]]
        changed = or_none(clock.time, playlist.get("created_at"))
    return PlaylistFile(or_none(text, playlist.get("title")), places, changed)


def _track(track: Any, clock: Clock) -> Place:
    if not isinstance(track, dict):
        return UNKNOWN
    extension = _inside(track.get("extension"), TRACK_EXTENSION)
    more = or_none(mapping, extension.get("additional_metadata")) or {}
    credits = [
        each.get("artist_credit_name") for each in _listed(more.get("artists")) if isinstance(each, dict)
    ]
    found = place(
        track.get("title"),
        credits if credits and all(isinstance(name, str) for name in credits) else [track.get("creator")],
        album=track.get("album"),
        length=track.get("duration"),
        addresses=[
            *_listed(track.get("location")),
            *_listed(track.get("identifier")),
            more.get("spotify_uri"),
        ],
        ids={"track_id": more.get("segue_track_id"), "isrc": more.get("isrc")},
    )
    return found._replace(added_at=or_none(clock.time, extension.get("added_at")))


def _own(entry: Any) -> Place:
    track = entry.get("track") if isinstance(entry, dict) else None
    if not isinstance(track, dict):
        return UNKNOWN
    found = place(
        track.get("title"),
        _listed(track.get("artists")),
        album=track.get("album"),
        length=track.get("duration_ms"),
        addresses=[track.get("location")],
        ids={name: track.get(name) for name in ("spotify", "mbid", "isrc", "track_id")},
    )
    medium = track.get("medium")
    known = medium if medium in ("podcast", "audiobook") else "song"
    return found._replace(track=found.track._replace(medium=known))


def _inside(extension: Any, name: str) -> dict[str, Any]:
    """An extension's fields: an object as MusicBrainz writes it, the first of a list as XSPF's authors do."""
    inside = extension.get(name) if isinstance(extension, dict) else None
    inside = inside[0] if isinstance(inside, list) and inside else inside
    return inside if isinstance(inside, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
