"""Who and what a plain table's row is of: its listener and its track, both remembered for speed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from operator import itemgetter
from typing import Any

from segue.library.credits import split_credit
from segue.library.readers.fields import (
    Malformed,
    identified,
    isrc,
    mbid,
    milliseconds,
    names,
    number,
    or_none,
    required,
    seconds,
    spotify_id,
    text,
)
from segue.library.rows import TrackRef

OURS = (
    "track",
    "artist",
    "album",
    "duration_ms",
    "duration",
    "spotify",
    "mbid",
    "isrc",
    "track_id",
    "medium",
)
MEDIA = ("song", "podcast", "audiobook", "artist")
REMEMBERED = 100_000
LONG_SECONDS = 10_000  # a "duration" from here on is in milliseconds: nearly three hours, or ten seconds

Fields = Sequence[Any]


def listeners(place: int | None, default: str) -> Callable[[Fields], str]:
    """What reads a row's listener, who is `default` where there is no such column."""
    if place is None:
        return lambda fields: default
    known: dict[object, str] = {}

    def listener(fields: Fields) -> str:
        raw = fields[place]
        try:
            return known[raw]
        except (KeyError, TypeError):
            found = required(raw, "listener")
        if len(known) >= REMEMBERED:
            known.clear()
        known[raw] = found
        return found

    return listener


def tracks(
    at: dict[str, int], catalogue: str, joint: Collection[str] | None = None
) -> Callable[[Fields], TrackRef]:
    """What makes a row's track, and remembers the last hundred thousand: most rows are of known tracks.

    Args:
        at: where each of our columns is.
        catalogue: goes before ids that are the table's own.
        joint: names with a comma, where a cell may credit several artists (`split_credit`); None: none does.
    """
    there = [name for name in OURS if name in at]
    pick = itemgetter(*(at[name] for name in there))
    known: dict[object, TrackRef] = {}

    def track(fields: Fields) -> TrackRef:
        raw = pick(fields)
        try:
            return known[raw]
        except KeyError:
            hashable = True
        except TypeError:  # a list of artists
            hashable = False
        found = _track(dict(zip(there, raw if len(there) > 1 else (raw,), strict=True)), catalogue, joint)
        if hashable:
            if len(known) >= REMEMBERED:
                known.clear()
            known[raw] = found
        return found

    return track


def _track(row: dict[str, Any], catalogue: str, joint: Collection[str] | None) -> TrackRef:
    own = text(row.get("track_id"), "track_id")
    spotify = spotify_id(row.get("spotify")) or spotify_id(own)
    title = text(row.get("track"), "track")
    medium = text(row.get("medium"), "medium") or ("song" if "track" in row or own else "artist")
    if row.keys() & {"spotify", "mbid", "isrc"} and medium == "artist" and "medium" not in row:
        medium = "song"
    if medium not in MEDIA:
        raise Malformed(f"medium is none of {', '.join(MEDIA)}")
    artists = names(row.get("artist"), "artist")
    if joint is not None and len(artists) == 1:
        artists = split_credit(artists[0], joint)
    return identified(
        TrackRef(
            title,
            artists,
            or_none(text, row.get("album")),
            or_none(milliseconds, row.get("duration_ms")) or or_none(_duration, row.get("duration")) or None,
            spotify,
            mbid(row.get("mbid")),
            isrc(row.get("isrc")),
            f"{catalogue}:{own}" if own and own != spotify else None,
            medium,
        )
    )


def _duration(value: object, what: str) -> int | None:
    if isinstance(value, str) and ":" in value:
        return seconds(value, what)
    found = number(value, what)
    if not found:
        return None
    return milliseconds(round(found), what) if found >= LONG_SECONDS else seconds(found, what)
