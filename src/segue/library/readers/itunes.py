"""iTunes and Music on a Mac: the library as XML (File, Library, Export Library) and lists of songs as text.

The XML has, for each track, a count of plays, when it was added, and whether it is loved; and the playlists.
It keeps only the last time of a play, so plays are counts. The text (File, Library, Export Playlist) has the
columns of the window in the language of the program: `Time` is the track's length in seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from segue.errors import FormatError
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.fields import (
    Malformed,
    identified,
    integer,
    mapping,
    milliseconds,
    names,
    or_none,
    release_date,
    seconds,
    sequence,
    shown,
    text,
)
from segue.library.readers.itunes_words import COLUMNS
from segue.library.readers.named_rows import columns, named_rows
from segue.library.readers.plist import plist_items
from segue.library.readers.text_stream import decoded
from segue.library.readers.times import Clock
from segue.library.rows import Feedback, Listen, Playlist, PlaylistEntry, Reject, Row, TrackFacts, TrackRef
from segue.library.sources import Entry

_NEEDED = {"name", "artist", "time"}
_TELLING = {"plays", "size", "bit rate", "kind", "date added"}
# Playlists that the program made: the whole library, what is bought, films.
_ITS_OWN = ("Master", "Distinguished Kind", "Folder", "Smart Info", "Smart Criteria")
_NO_MUSIC = ("Movie", "TV Show")


class ITunes(Reader):
    name = "itunes"
    title = "iTunes and Apple's Music program (Library.xml, lists of songs as text)"

    def recognises(self, name: str, head: bytes) -> bool:
        return _is_library(head) or _is_list(head)

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        if _is_library(entry.head()):
            yield from _library(entry, options.listener, options.clock())
        elif _is_list(entry.head()):
            rows = named_rows(entry, _NEEDED, COLUMNS)
            yield from converted(rows, "line", lambda row: listed(row, options.listener))
        else:
            raise FormatError(
                f"{entry.name} is not from iTunes",
                expected="Library.xml, or a list of songs with the columns Name, Artist, Time, Plays",
            )


def _is_library(head: bytes) -> bool:
    start = decoded(head)
    return "<plist" in start and "<key>Tracks</key>" in start


def _is_list(head: bytes) -> bool:
    found = columns(head, COLUMNS)
    return found >= _NEEDED and bool(found & _TELLING)


def _library(entry: Entry, listener: str, clock: Clock) -> Iterator[Row]:
    tracks: dict[str, TrackRef] = {}
    left: Counter[str] = Counter()
    for (collection, key), value in plist_items(entry, {"Tracks", "Playlists"}):
        place = f"{'track' if collection == 'Tracks' else 'playlist'} {shown(key)[:40]}"
        try:
            fields = mapping(value, "the item")
            if collection == "Playlists":
                yield from _playlist(fields, tracks, listener, place)
            elif any(fields.get(kind) is True for kind in _NO_MUSIC):
                left["films and television"] += 1
            else:
                tracks[str(key)] = library_track(fields)
                yield from track_rows(fields, tracks[str(key)], listener, clock)
        except Malformed as error:
            yield Reject(place, str(error))
    for kind, count in left.items():
        yield Reject("tracks", f"{count:,} are {kind}")


def library_track(fields: dict[str, Any]) -> TrackRef:
    """A track of the library."""
    genre = (or_none(text, fields.get("Genre")) or "").lower()
    medium = "podcast" if fields.get("Podcast") is True else "audiobook" if "audiobook" in genre else "song"
    artists = names(fields.get("Artist"), "Artist") or names(fields.get("Album Artist"), "Album Artist")
    length = or_none(milliseconds, fields.get("Total Time")) or None
    title, album = text(fields.get("Name"), "Name"), or_none(text, fields.get("Album"))
    return identified(TrackRef(title, artists, album, length, medium=medium))


def track_rows(fields: dict[str, Any], track: TrackRef, listener: str, clock: Clock) -> Iterator[Row]:
    """What the library says of a track: that it is there, how often it was played, whether it is loved."""
    yield Feedback(listener, track, "save", or_none(clock.time, fields.get("Date Added")))
    if fields.get("Loved") is True or fields.get("Favorited") is True:
        yield Feedback(listener, track, "love")
    if fields.get("Disliked") is True:
        yield Feedback(listener, track, "hate")
    if plays := integer(fields.get("Play Count"), "Play Count"):
        yield Listen(listener, track, plays=plays)


def _playlist(
    fields: dict[str, Any], tracks: dict[str, TrackRef], listener: str, place: str
) -> Iterator[Row]:
    """A playlist that somebody made, and its tracks."""
    if any(fields.get(kind) not in (None, False) for kind in _ITS_OWN):
        return
    title = text(fields.get("Name"), "Name")
    id = text(fields.get("Playlist Persistent ID"), "the id") or title
    found = sequence(fields.get("Playlist Items"), "Playlist Items")
    if id is None or not found:
        return
    playlist = f"itunes:{listener}/{id}"
    yield Playlist(playlist, title, listener)
    for position, item in enumerate(found):
        track = tracks.get(str(mapping(item, "the item").get("Track ID")))
        if track is None:
            yield Reject(f"{place} item {position + 1}", "no such track is in the library")
        else:
            yield PlaylistEntry(playlist, position, track)


def listed(row: dict[str, str], listener: str) -> Row:
    """A line of a list of songs: a count of plays, or, of what was never played, what the list says of it."""
    track = identified(
        TrackRef(
            text(row["name"], "Name"),
            names(row["artist"], "Artist") or names(row.get("album artist"), "Album Artist"),
            or_none(text, row.get("album")),
            or_none(seconds, row["time"]) or None,
        )
    )
    plays = integer(row.get("plays"), "Plays")
    return Listen(listener, track, plays=plays) if plays else TrackFacts(track, release_date(row.get("year")))
