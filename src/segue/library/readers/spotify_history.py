"""Spotify's streaming histories: an item as a play, and thousands of items of the extended one in columns.

    streamed         extended streaming history: Streaming_History_Audio_*, ..._Video_*, endsong_*
    short_streamed   account data: StreamingHistory_music_*, ..._podcast_*, ..._audiobook_*, StreamingHistory*

A stream's time is that at which it ended, so it began `ms_played` earlier.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from segue.library.blocks import Block
from segue.library.readers.base import converted
from segue.library.readers.columnar import Column, Moments
from segue.library.readers.fields import (
    LONGEST_MS,
    Malformed,
    identified,
    mapping,
    milliseconds,
    names,
    or_none,
    spotify_id,
    text,
    truth,
)
from segue.library.readers.items import BLOCK, ItemTracks, Unusual, as_arrow, batches, column
from segue.library.readers.times import EPOCH, Clock
from segue.library.rows import Listen, Row, TrackRef
from segue.library.tables import TIME


def streamed(item: object, listener: str, clock: Clock) -> Listen:
    """An item of the extended streaming history."""
    play = mapping(item, "the item")
    if truth(play.get("incognito_mode"), "incognito_mode"):
        raise Malformed("a private session, left out on purpose")
    played_ms = milliseconds(play.get("ms_played"), "ms_played")
    return Listen(
        listener,
        _streamed_track(play),
        _began(clock, play.get("ts"), "ts", played_ms),
        played_ms,
        skipped=or_none(truth, play.get("skipped")),
        shuffle=or_none(truth, play.get("shuffle")),
        start_reason=or_none(text, play.get("reason_start")),
        end_reason=or_none(text, play.get("reason_end")),
    )


_OF_TRACK = (  # what `_streamed_track` looks at
    "master_metadata_track_name",
    "master_metadata_album_artist_name",
    "master_metadata_album_album_name",
    "spotify_track_uri",
    "episode_name",
    "episode_show_name",
    "spotify_episode_uri",
    "audiobook_title",
    "audiobook_chapter_title",
    "audiobook_chapter_uri",
    "audiobook_uri",
)


def _streamed_track(play: dict[str, Any]) -> TrackRef:
    get = play.get
    title = text(get("master_metadata_track_name"), "the track")
    if title or get("spotify_track_uri"):
        return identified(
            TrackRef(
                title,
                names(get("master_metadata_album_artist_name"), "the artist"),
                or_none(text, get("master_metadata_album_album_name")),
                spotify=spotify_id(get("spotify_track_uri")),
            )
        )
    if get("episode_name") or get("spotify_episode_uri"):
        episode, show = text(get("episode_name"), "the episode"), names(get("episode_show_name"), "the show")
        id = spotify_id(get("spotify_episode_uri"))
        return identified(TrackRef(episode, show, spotify=id, medium="podcast"))
    book = text(get("audiobook_title"), "the book")
    chapter = text(get("audiobook_chapter_title"), "the chapter")
    id = spotify_id(get("audiobook_chapter_uri")) or spotify_id(get("audiobook_uri"))
    return identified(TrackRef(chapter or book, album=book, spotify=id, medium="audiobook"))


def short_streamed(item: object, listener: str, clock: Clock) -> Listen:
    """An item of the account data's history, whose times are to the minute."""
    play = mapping(item, "the item")
    get = play.get
    played_ms = milliseconds(get("msPlayed"), "msPlayed")
    if get("podcastName") or get("episodeName"):
        title, artists, medium = get("episodeName"), get("podcastName"), "podcast"
    elif get("audiobookName") or get("chapterName"):
        title, artists, medium = get("chapterName") or get("audiobookName"), get("authorName"), "audiobook"
    else:
        title, artists, medium = get("trackName"), get("artistName"), "song"
    if artists == "Unknown Artist":
        raise Malformed("Spotify no longer knows the artist")
    track = TrackRef(
        text(title, "the title"),
        names(artists, "the artist"),
        text(get("audiobookName"), "the book"),
        spotify=spotify_id(get("spotifyTrackUri")),
        medium=medium,
    )
    return Listen(listener, identified(track), _began(clock, get("endTime"), "endTime", played_ms), played_ms)


def _began(clock: Clock, ended: object, what: str, played_ms: int | None) -> datetime:
    end = clock.time(ended, what)
    if end is None:
        raise Malformed(f"{what} is missing")
    began = end - timedelta(milliseconds=played_ms or 0)
    if began <= EPOCH:
        raise Malformed(f"{what} is before 1970")
    return began


class Streams:
    """Turns items of the extended history into plays."""

    def __init__(self, listener: str, clock: Clock) -> None:
        self._listener, self._clock = listener, clock
        self._tracks = ItemTracks(_OF_TRACK, _streamed_track)
        self._ended = Moments(lambda value: clock.time(value, "ts"), clock)
        self._reasons = Column(lambda value: or_none(text, value), pa.string())

    def parts(self, items: Iterator[tuple[int, Any]], place: str) -> Iterator[Row | Block]:
        """The plays of numbered items, and a Reject at "`place` number" for each that cannot be taken."""
        for batch in batches(items, BLOCK):
            try:
                yield self._block(batch, place)
            except Unusual:
                yield from self._one_by_one(batch, place)

    def _one_by_one(self, items: Sequence[tuple[int, Any]], place: str) -> Iterator[Row]:
        return converted(items, place, lambda item: streamed(item, self._listener, self._clock))

    def _block(self, numbered: Sequence[tuple[int, Any]], place: str) -> Block:
        items = [item if item.__class__ is dict else {} for _, item in numbered]
        usual = np.ones(len(items), np.bool_)
        tracks, track = self._tracks(items, usual)
        private = np.array(column(items, "incognito_mode", bool, usual), np.bool_)  # null is false
        played_ms = as_arrow(column(items, "ms_played", int, usual), int)
        played = played_ms.fill_null(0).to_numpy()
        ended = self._ended(as_arrow(column(items, "ts", str, usual), str))
        began = ended.values.view(pa.int64()).fill_null(0).to_numpy() - 1_000 * played
        kept = usual & ~private & (track >= 0) & (played >= 0) & (played <= LONGEST_MS) & (began > 0)
        columns = {
            "listener": pa.repeat(self._listener, len(items)),
            "started_at": pa.array(began).view(TIME),
            "played_ms": played_ms,
            **{key: as_arrow(column(items, key, bool, usual), bool) for key in ("skipped", "shuffle")},
        }
        for field, key in (("start_reason", "reason_start"), ("end_reason", "reason_end")):
            columns[field] = self._reasons(as_arrow(column(items, key, str, usual), str)).values
        kept &= usual
        places, others = np.flatnonzero(kept), np.flatnonzero(~kept).tolist()
        if others:
            columns = {name: values.take(pa.array(places)) for name, values in columns.items()}
        odd = list(zip(others, self._one_by_one([numbered[at] for at in others], place), strict=True))
        return Block(Listen, len(items), places, tracks, track[places], columns, odd)
