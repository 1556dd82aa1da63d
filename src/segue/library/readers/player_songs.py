"""How songs stand on a player that keeps counts and no history: what `segue players pull` writes down.

    {"player": "subsonic", "songs": [{"title", "artists": [...], "album", "duration_ms", "mbid", "isrc",
      "plays", "played_at", "word", "said_at"}]}

`plays` are those that only a count tells, `played_at` is the time of one more; `word` is love, hate or
unlove, and `said_at` when it was said, or noticed. Times are Unix seconds. What names no title is an artist.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from segue.errors import FormatError
from segue.library.exactness import Times
from segue.library.readers.base import Reader, ReadOptions
from segue.library.readers.fields import (
    Malformed,
    identified,
    integer,
    isrc,
    mapping,
    mbid,
    milliseconds,
    names,
    or_none,
    text,
)
from segue.library.readers.json_stream import items, shape
from segue.library.readers.text_stream import decoded
from segue.library.readers.times import Clock
from segue.library.rows import Feedback, Listen, Reject, Row, TrackRef
from segue.library.sources import Entry

_PLAYER = re.compile(r'\s*\{\s*"player"\s*:\s*"([a-z]{1,30})"')
_WORDS = ("love", "hate", "unlove")


class PlayerSongs(Reader):
    name = "player-songs"
    title = "Songs of a player (counts, last plays and stars, as 'segue players pull' keeps them)"
    # Told by a player when a play was counted as one; Jellyfin counts as soon as one begins.
    times: ClassVar = {"subsonic-songs": Times(scrobbled=True), "jellyfin-songs": Times()}

    def source(self, name: str, head: bytes) -> str:
        found = _PLAYER.match(decoded(head[:200]).lstrip("\ufeff"))
        return f"{found[1]}-songs" if found else self.name

    def recognises(self, name: str, head: bytes) -> bool:
        found = shape(head)
        return "player" in found and any(each.startswith("songs[].") for each in found)

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        if not self.recognises(entry.name, entry.head()):
            raise FormatError(
                f"{entry.name} tells no songs of a player", expected='{"player", "songs": [...]}'
            )
        clock = options.clock()
        number = 0
        for path, value in items(entry, lambda path: path in ((), ("songs",))):
            if len(path) < 2:
                continue
            number += 1
            try:
                if isinstance(value, Malformed):
                    raise value
                yield from said(mapping(value, "the song"), options.listener, clock)
            except Malformed as error:
                yield Reject(f"song {number}", str(error))


def said(song: dict[str, Any], listener: str, clock: Clock) -> list[Row]:
    """What is told of a song: a count, a play, a word."""
    track, rows = _track(song), list[Row]()
    if plays := integer(song.get("plays"), "plays"):
        rows.append(Listen(listener, track, plays=plays))
    if (at := clock.time(song.get("played_at"), "played_at")) is not None:
        rows.append(Listen(listener, track, at))
    if (word := text(song.get("word"), "the word")) is not None:
        if word not in _WORDS:
            raise Malformed(f"the word is none of {', '.join(_WORDS)}")
        rows.append(Feedback(listener, track, word, or_none(clock.time, song.get("said_at"))))
    return rows


def _track(song: dict[str, Any]) -> TrackRef:
    title = text(song.get("title"), "the title")
    return identified(
        TrackRef(
            title,
            names(song.get("artists"), "the artists"),
            or_none(text, song.get("album")),
            or_none(milliseconds, song.get("duration_ms")) or None,
            mbid=mbid(song.get("mbid")),
            isrc=isrc(song.get("isrc")),
            medium="song" if title else "artist",
        )
    )
