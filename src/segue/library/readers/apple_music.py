"""Apple Music: what privacy.apple.com gives on asking for "Apple Media Services information".

    apple_activity.py   Apple Music Play Activity.csv: every event of every play, mostly without its artist
    here                the smaller files, which tell the same plays again and are read where that one is not
                        beside them: Play History Daily Tracks, Track Play History, Recently Played Tracks
                        and Apple Music Library Tracks.json; and Favorites (Likes and Dislikes)

Apple publishes no description of the fields; what is known of them is from public readers of such exports.
Columns with addresses, places and devices are not looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, ClassVar

from segue.errors import FormatError
from segue.library.exactness import Times
from segue.library.readers.apple_activity import ACTIVITY_TIMES, ACTIVITY_TITLES, activity
from segue.library.readers.apple_artists import ACTIVITY, DAILY, LIBRARY, credit, library_track, word
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.fields import (
    Malformed,
    identified,
    integer,
    mapping,
    milliseconds,
    or_none,
    required,
    text,
)
from segue.library.readers.json_stream import items, shape
from segue.library.readers.named_rows import columns, named_rows
from segue.library.readers.times import Clock
from segue.library.rows import Feedback, Listen, Reject, Row, TrackRef
from segue.library.sources import Entry

_DAILY = {"track description", "date played"}
_HISTORY = {"track name", "last played date"}
_RECENT = {"track description", "total plays"}
_FAVOURITES = {"item description", "preference"}
_MOST_PLAYS = 2_000  # of one track in one day
_LONGEST_MS = 24 * 3_600_000
_PREFERENCES = {"like": "love", "liked": "love", "love": "love", "dislike": "hate", "disliked": "hate"}


class AppleMusic(Reader):
    name = "apple-music"
    title = "Apple Music (Play Activity and the other files of Apple's data export)"
    times: ClassVar = {"apple-music": Times(1), "apple-music-daily": Times(3_600_000)}

    def source(self, name: str, head: bytes) -> str:
        return "apple-music-daily" if _kind(head) == "daily" else self.name

    def recognises(self, name: str, head: bytes) -> bool:
        return _kind(head) is not None

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        kind, listener, clock = _kind(entry.head()), options.listener, options.clock()
        if kind is None:
            raise FormatError(
                f"{entry.name} is not of Apple's export",
                expected="Play Activity, Daily Tracks, Track Play History, Favorites or Library Tracks",
            )
        better = _better(kind, entry)
        if better is not None and kind != "library":
            yield Reject("the file", f"tells the same plays as {better} beside it, which is read instead")
        elif kind == "activity":
            yield from activity(entry, listener, clock)
        elif kind == "daily":
            for line, row in named_rows(entry, _DAILY):
                yield from _several(line, row, lambda row: day(row, listener, clock))
        elif kind == "library":
            for number, item in _library(entry):
                yield from _several(number, item, lambda item: saved(item, listener, clock, better is None))
        elif kind == "favourites":
            yield from _favourites(entry, listener, clock)
        else:
            convert = played_last if kind == "history" else played_recently
            rows = named_rows(entry, _HISTORY if kind == "history" else _RECENT)
            yield from converted(rows, "line", lambda row: convert(row, listener, clock))


# Which files, the best first, tell the plays of another; what is read must not be told twice.
_TOLD_BY = {
    "daily": (ACTIVITY,),
    "history": (ACTIVITY, DAILY),
    "recent": (ACTIVITY, DAILY),
    "library": (ACTIVITY, DAILY),
}


def _better(kind: str, entry: Entry) -> str | None:
    """The file beside that tells the same plays better."""
    if f"{LIBRARY}.zip/" in entry.name:  # packed once more, in the export's folder
        return ACTIVITY
    return next((name for name in _TOLD_BY.get(kind, ()) if entry.sibling(name)), None)


def _kind(head: bytes) -> str | None:
    if head[:1] == b"[" or head.lstrip(b"\xef\xbb\xbf \r\n")[:1] == b"[" or b"\0" in head[:4]:
        found = shape(head)
        apple = {"[].Track Identifier", "[].Apple Music Track Identifier", "[].Date Added To Library"}
        if found:
            return "library" if "[].Title" in found and found & apple else None
    found = columns(head)
    if found & ACTIVITY_TITLES and found & ACTIVITY_TIMES:
        return "activity"
    kinds = (("daily", _DAILY), ("recent", _RECENT), ("history", _HISTORY), ("favourites", _FAVOURITES))
    return next((kind for kind, needed in kinds if found >= needed), None)


def _several(number: int, item: Any, convert: Callable[[Any], list[Listen] | list[Row]]) -> Iterator[Row]:
    try:
        if isinstance(item, Malformed):
            raise item
        yield from convert(item)
    except Malformed as error:
        yield Reject(f"line {number}" if isinstance(item, dict) else f"item {number}", str(error))


def day(row: dict[str, str], listener: str, clock: Clock) -> list[Listen]:
    """A line of the daily tracks: the plays of a track in a day, by hours; in an hour a second apart."""
    track = identified(credit(row["track description"]))
    date = clock.time(required(row["date played"], "Date Played"))
    if date is None:
        raise Malformed("Date Played is missing")
    if (text(row.get("ignore for recommendations"), "Ignore") or "").lower() in ("true", "1", "yes"):
        raise Malformed("Apple was asked to leave this play out of recommendations, and so is Segue")
    plays = integer(row.get("play count"), "Play Count") or 0
    skips = integer(row.get("skip count"), "Skip Count") or 0
    count = plays + skips or 1
    if count > _MOST_PLAYS:
        raise Malformed(f"{count:,} plays in a day")
    played = integer(row.get("play duration milliseconds"), "Play Duration", -(2**53)) or 0
    each = played // count if 0 < played <= _LONGEST_MS * count else None
    hours = sorted(_hours(row.get("hours")))
    listens = []
    for index in range(count):
        nth = index // len(hours)
        at = date + timedelta(hours=hours[index % len(hours)], seconds=nth)
        skipped = (index >= plays) if plays + skips else None
        listens.append(Listen(listener, track, min(at, clock.latest), each, skipped=skipped))
    return listens


def _hours(value: object) -> set[int]:
    """The hours of a list such as "18, 19"; noon where there is none."""
    written = (text(value, "Hours") or "").replace(";", ",").split(",")
    found = {
        hour
        for part in written
        if part.strip() and (hour := integer(part.strip(), "Hours", 0, 23)) is not None
    }
    return found or {12}


def played_last(row: dict[str, str], listener: str, clock: Clock) -> Listen:
    """A line of the track play history."""
    at = clock.time(row["last played date"], "Last Played Date")
    if at is None:
        raise Malformed("Last Played Date is missing")
    return Listen(listener, identified(credit(row["track name"])), at)


def played_recently(row: dict[str, str], listener: str, clock: Clock) -> Listen:
    """A line of the recently played tracks: a count."""
    plays = integer(row["total plays"], "Total plays")
    if not plays:
        raise Malformed("Total plays is missing or 0")
    length = or_none(milliseconds, row.get("media duration in millis")) or None
    track = credit(row["track description"])._replace(duration_ms=length)
    return Listen(listener, identified(track), plays=plays)


def _library(entry: Entry) -> Iterator[tuple[int, Any]]:
    for number, (path, value) in enumerate(items(entry), 1):
        if len(path) != 1 or not isinstance(path[0], int):
            raise FormatError(f"{entry.name} is not a list of tracks")
        yield number, value


def saved(item: object, listener: str, clock: Clock, with_counts: bool) -> list[Row]:
    """An item of Library Tracks: saved, perhaps liked, and played so often if no better file says it."""
    fields = mapping(item, "the item")
    track = identified(library_track(fields))
    rows: list[Row] = [
        Feedback(listener, track, "save", or_none(clock.time, fields.get("Date Added To Library")))
    ]
    status = fields.get("Favorite Status - Track") or fields.get("Track Like Rating")
    kind = _PREFERENCES.get((text(status, "the favourite status") or "").lower())
    if kind:
        rows.append(Feedback(listener, track, kind, or_none(clock.time, fields.get("Favorite Date - Track"))))
    plays = or_none(integer, fields.get("Track Play Count"))
    if with_counts and plays:
        rows.append(Listen(listener, track, plays=plays))
    return rows


def _favourites(entry: Entry, listener: str, clock: Clock) -> Iterator[Row]:
    left: Counter[str] = Counter()
    for line, row in named_rows(entry, _FAVOURITES):
        try:
            if isinstance(row, Malformed):
                raise row
            kind = (text(row.get("favorite type"), "Favorite Type") or "song").lower()
            if kind not in ("song", "track", "artist", "music_video", "music video"):
                left[word(kind)] += 1
                continue
            yield favourite(row, kind, listener, clock)
        except Malformed as error:
            yield Reject(f"line {line}", str(error))
    for kind, count in sorted(left.items()):
        yield Reject("favourites", f"{count:,} of the kind {kind}; only songs and artists are taken")


def favourite(row: dict[str, str], kind: str, listener: str, clock: Clock) -> Feedback:
    """A line of the favourites: a song or an artist, liked or disliked."""
    preference = required(row["preference"], "Preference")
    if preference.lower() not in _PREFERENCES:
        raise Malformed("Preference is neither LIKE nor DISLIKE")
    described = required(row["item description"], "Item Description")
    track = TrackRef(artists=(described,), medium="artist") if kind == "artist" else credit(described)
    given_at = or_none(clock.time, row.get("last modified") or row.get("created"))
    return Feedback(listener, identified(track), _PREFERENCES[preference.lower()], given_at)
