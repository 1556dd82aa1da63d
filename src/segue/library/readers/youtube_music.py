"""YouTube Music, as Google's Takeout gives it: watch-history.json or .html, and songs of the music library.

The history is one for YouTube and YouTube Music. Taken are plays in YouTube Music, and those of YouTube's own
channels for music ("Björk - Topic"); other videos are counted and left out. Titles in the JSON are sentences
("Watched Jóga") in the language of the account: `takeout_titles.py`. Times are when a play began.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

from segue.errors import FormatError
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.fields import Malformed, identified, mapping, names, or_none, sequence, text
from segue.library.readers.json_stream import items, shape
from segue.library.readers.named_rows import columns, named_rows
from segue.library.readers.takeout_page import Watched, is_page, watched
from segue.library.readers.takeout_titles import sentence, video_names
from segue.library.readers.text_stream import decoded
from segue.library.readers.times import Clock
from segue.library.readers.written_times import written_time
from segue.library.rows import Feedback, Listen, Reject, Row, TrackRef
from segue.library.sources import Entry

SAMPLE = 500  # items from which the sentence of the titles is learned

_SONGS = {"song title", "album title"}
_VIDEO = re.compile(r"(?:[?&]v=|youtu\.be/)([0-9A-Za-z_-]{11})(?![0-9A-Za-z_-])")
_NO_TITLE = re.compile(r"https?://", re.I)
# YouTube's own channels of an artist's songs, in some languages.
_TOPIC = re.compile(r"\s+[-–]\s+(Topic|Thema|Tema|Tópico|Temat|Téma|Konu|Тема|トピック|주제|主题|主題)$")


class YouTubeMusic(Reader):
    name = "youtube-music"
    title = "YouTube Music (Takeout: watch-history.json and .html, music library songs)"

    def recognises(self, name: str, head: bytes) -> bool:
        return _is_history(head) or is_page(head) or _is_songs(head)

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        head, listener, clock = entry.head(), options.listener, options.clock()
        if _is_history(head):
            yield from _plays(_history(entry), "item", listener, clock)
        elif is_page(head):
            yield from _plays(enumerate(watched(entry), 1), "cell", listener, clock)
        elif _is_songs(head):
            rows = named_rows(entry, _SONGS)
            yield from converted(rows, "line", lambda row: saved(row, listener))
        else:
            raise FormatError(
                f"{entry.name} is not from YouTube Music",
                expected="Takeout's watch-history.json or watch-history.html, or music library songs.csv",
            )


def _is_history(head: bytes) -> bool:
    found = shape(head)
    return {"[].header", "[].title", "[].time"} <= found and "youtube.com" in decoded(head)


def _is_songs(head: bytes) -> bool:
    found = columns(head)
    return found >= _SONGS and any(name.startswith("artist name") for name in found)


def _history(entry: Entry) -> Iterator[tuple[int, Watched | Malformed]]:
    """The items of the JSON, numbered."""
    found = (value for path, value in items(entry) if len(path) == 1)
    first = list(itertools.islice(found, SAMPLE))
    sentences = sentence([_title(item) for item in first], [_channel(item) for item in first])
    for number, item in enumerate(itertools.chain(first, found), 1):
        try:
            yield number, _watched(item, sentences)
        except Malformed as error:
            yield number, error


def _watched(item: object, sentences: tuple[tuple[str, str], ...]) -> Watched:
    if isinstance(item, Malformed):
        raise item
    fields = mapping(item, "the item")
    title = text(fields.get("title"), "title") or ""
    for before, after in sentences:
        if title.startswith(before) and title.endswith(after) and len(title) > len(before) + len(after):
            title = title[len(before) : len(title) - len(after)]
            break
    return Watched(
        text(fields.get("header"), "header") or "",
        title.strip(),
        text(fields.get("titleUrl"), "titleUrl") or "",
        text(_channel(fields), "the channel") or "",
        text(fields.get("time"), "time") or "",
        "google" in str(fields.get("details"))[:1_000].lower(),  # From Google Ads
    )


def _title(item: object) -> str:
    found = item.get("title") if isinstance(item, dict) else None
    return found if isinstance(found, str) else ""


def _channel(item: object) -> str:
    found = item.get("subtitles") if isinstance(item, dict) else None
    first = found[0] if isinstance(found, list) and found else None
    name = first.get("name") if isinstance(first, dict) else None
    return name if isinstance(name, str) else ""


def _plays(
    found: Iterator[tuple[int, Watched | Malformed]], place: str, listener: str, clock: Clock
) -> Iterator[Row]:
    videos = 0
    for number, each in found:
        try:
            if isinstance(each, Malformed):
                raise each
            if not is_music(each):
                videos += 1
                continue
            yield play(each, listener, clock)
        except Malformed as error:
            yield Reject(f"{place} {number}", str(error))
    if videos:
        yield Reject("videos", f"{videos:,} that were not watched in YouTube Music; only music is taken")


def is_music(each: Watched) -> bool:
    """Whether it was played in YouTube Music, or on a channel of music, and was no advertisement."""
    if each.advertisement:
        return False
    in_music = each.header.casefold() == "youtube music" or "music.youtube.com" in each.url
    return in_music or _TOPIC.search(each.channel) is not None


def play(each: Watched, listener: str, clock: Clock) -> Listen:
    """A play. One without a title (the video is gone) is known by the video's id."""
    if not each.time:
        raise Malformed("the time is missing")
    try:
        at = clock.time(each.time)
    except Malformed:
        at = written_time(each.time, clock)
    video = _VIDEO.search(each.url)
    if not each.title or not each.channel or _NO_TITLE.match(each.title):
        if video is None:
            raise Malformed("neither a title and a channel nor a video is named")
        return Listen(listener, TrackRef(other=f"youtube:{video[1]}"), at)
    artist = _TOPIC.sub("", each.channel)
    title = each.title
    if artist == each.channel:  # somebody's channel: titles of videos, perhaps with the artist
        artist, title = video_names(artist, title)
    return Listen(listener, identified(TrackRef(text(title, "the title"), names(artist, "the artist"))), at)


def saved(row: dict[str, Any], listener: str) -> Feedback:
    """A line of the songs in the music library."""
    keys = sorted(key for key in row if key.startswith("artist name"))
    artists = names(sequence([row[key] for key in keys], "the artists"), "the artist")
    track = TrackRef(text(row["song title"], "Song Title"), artists, or_none(text, row["album title"]))
    return Feedback(listener, identified(track), "save")
