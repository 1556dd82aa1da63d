"""Apple Music Play Activity.csv: one line an event, over a hundred columns, of which a dozen are looked at.

A play is a line with Event Type PLAY_END, or none (before 2016 the column was empty). Lyrics that were
shown, radio stations, clips and tracks that did not load are counted and left out. A play that was paused and
went on is one play, where the two lines follow each other. Times are UTC and exact; `UTC Offset In Seconds`
is not needed. The artist is in old exports only; else it is found in the files beside (`apple_artists.py`),
or, from an album or an artist's page, by Container Artist Name. Without an artist, a play is known by album
and title.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from segue.library.readers.apple_artists import Artists, artists_beside, word
from segue.library.readers.fields import Malformed, identified, integer, number, or_none, required, text
from segue.library.readers.named_rows import named_rows
from segue.library.readers.times import EARLIEST, Clock
from segue.library.rows import Listen, Reject, Row, TrackRef
from segue.library.sources import Entry

ACTIVITY_TITLES = {"song name", "content name"}
ACTIVITY_TIMES = {"event start timestamp", "event end timestamp"}

_PLAYS = {"", "play_end", "end"}
_NO_SONGS = {"stream", "non_song_clip", "artist_uploaded_content", "timed_metadata_ping"}
_PAUSED = "playback_manually_paused"
# Apple's words for why a play ended, where Spotify has a word for the same; and whether it was skipped.
_ENDED: dict[str, tuple[str, bool | None]] = {
    "natural_end_of_track": ("trackdone", False),
    "track_skipped_forwards": ("fwdbtn", True),
    "track_skipped_backwards": ("backbtn", None),
    "manually_selected_playback_of_a_diff_item": ("clickrow", None),
}
_SHUFFLE = {"shuffle_on": True, "shuffle_off": False}
_LONGEST_MS = 7 * 24 * 3_600_000
_CLOSE_MS = 3_000
_PAUSE = timedelta(hours=1)
_LONGEST_NAME = 1_000


class Event(NamedTuple):
    """A play as a line tells it."""

    listen: Listen
    reason: str | None  # in Apple's words
    start: int | None  # places in the track, ms
    end: int | None


def activity(entry: Entry, listener: str, clock: Clock) -> Iterator[Row]:
    """The rows of the play activity."""
    artists, left = artists_beside(entry), Counter[str]()
    pending: Event | None = None
    for line, row in named_rows(entry, frozenset()):
        try:
            if isinstance(row, Malformed):
                raise row
            if (why := no_play(row)) is not None:
                left[why] += 1
                continue
            event = play(row, artists, listener, clock)
        except Malformed as error:
            yield Reject(f"line {line}", str(error))
            continue
        if pending is not None and goes_on(pending, event):
            pending = joined(pending, event)
            continue
        if pending is not None:
            yield pending.listen
        pending = event
    if pending is not None:
        yield pending.listen
    for why, count in sorted(left.items()):
        yield Reject("events", f"{count:,} events that are no plays of songs: {why}")


def no_play(row: dict[str, str]) -> str | None:
    """Why a line is none of a play."""
    kind = row.get("event type", "").strip().lower()
    if kind not in _PLAYS:
        return f"Event Type {word(kind)}"
    item = row.get("item type", "").strip().lower()
    if item in _NO_SONGS:
        return f"Item Type {item}"
    if row.get("end reason type", "").strip().lower() == "failed_to_load":
        return "tracks that did not load"
    return None


def play(row: dict[str, str], artists: Artists, listener: str, clock: Clock) -> Event:
    """A line that tells a play."""
    length = _ms(row, "media duration in milliseconds")
    played = _ms(row, "play duration milliseconds")
    if played is not None and length and played > 2 * length:
        played = None  # sums of other things are met in this column
    reason = (or_none(text, row.get("end reason type")) or "").lower() or None
    ended, skipped = _ENDED.get(reason or "", (reason, None))
    context = (or_none(text, row.get("container type")) or "").lower() or None
    listen = Listen(
        listener,
        _track(row, artists, length or None),
        _began(row, clock, played),
        played,
        skipped=skipped,
        shuffle=_SHUFFLE.get((row.get("shuffle play") or "").strip().lower()),
        end_reason=ended,
        context=context,
    )
    return Event(
        listen, reason, _ms(row, "start position in milliseconds"), _ms(row, "end position in milliseconds")
    )


def goes_on(before: Event, after: Event) -> bool:
    """Whether a play begins where the one before it was paused."""
    if before.reason != _PAUSED or before.end is None or not after.start:
        return False
    first, second = before.listen, after.listen
    assert first.started_at is not None and second.started_at is not None
    return (
        first.track == second.track
        and abs(after.start - before.end) <= _CLOSE_MS
        and timedelta()
        <= second.started_at - first.started_at
        <= timedelta(milliseconds=first.played_ms or 0) + _PAUSE
    )


def joined(before: Event, after: Event) -> Event:
    """Two parts of one play."""
    parts = [part for part in (before.listen.played_ms, after.listen.played_ms) if part is not None]
    played = min(sum(parts), _LONGEST_MS) if parts else None
    return after._replace(listen=after.listen._replace(started_at=before.listen.started_at, played_ms=played))


def _track(row: dict[str, str], artists: Artists, length: int | None) -> TrackRef:
    title = required(row.get("song name") or row.get("content name"), "Song Name")
    album = or_none(text, row.get("album name")) or or_none(text, row.get("container album name"))
    artist = text(row.get("artist name"), "Artist Name") or artists.find(title, album)
    if artist is None and (row.get("container type") or "").strip().lower() in ("", "album", "artist"):
        artist = text(row.get("container artist name"), "Container Artist Name")
    if artist:
        return identified(TrackRef(title, (artist,), album, length))
    if album is None:
        raise Malformed("nobody is named who plays it, not in the files beside either, and no album")
    if len(title) + len(album) > _LONGEST_NAME:
        raise Malformed("the names of song and album are too long")
    return TrackRef(title, (), album, length, other=f"apple-music:{album}/{title}")


def _began(row: dict[str, str], clock: Clock, played: int | None) -> datetime:
    start = clock.time(row.get("event start timestamp"), "Event Start Timestamp")
    if start is not None:
        return start
    end = clock.time(row.get("event end timestamp"), "Event End Timestamp")
    if end is None:
        raise Malformed("Event Start Timestamp and Event End Timestamp are missing")
    began = end - timedelta(milliseconds=played or 0)
    if began < EARLIEST:
        raise Malformed("Event End Timestamp is before March 1973")
    return began


def _ms(row: dict[str, str], name: str) -> int | None:
    """Milliseconds; None where there are none, or the number makes no sense (negative ones are met)."""
    found = or_none(number, row.get(name))
    return integer(round(found), name) if found is not None and 0 <= found <= _LONGEST_MS else None
