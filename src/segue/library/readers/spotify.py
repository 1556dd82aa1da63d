"""Spotify: what a person gets on asking for their data; one function for each shape of row.

    spotify_history  the streaming histories
    library_rows     account data: YourLibrary (saved, banned)
    playlist_entry   account data: Playlist*

Plays in a private session are left out on purpose, as a Reject. Short plays stay: they are what was skipped.
Address, country, platform and user name are not even looked at. All of Spotify's times are in UTC, whatever
zone the options say.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, ClassVar
from urllib.parse import unquote_plus

from segue.errors import FormatError
from segue.library.blocks import Block
from segue.library.exactness import Times
from segue.library.readers.base import BlockReader, ReadOptions, converted
from segue.library.readers.delimited import layout, table
from segue.library.readers.fields import (
    Malformed,
    identified,
    integer,
    mapping,
    names,
    or_none,
    seconds,
    sequence,
    spotify_id,
    text,
)
from segue.library.readers.json_stream import json_list, json_object, shape
from segue.library.readers.spotify_history import Streams, short_streamed
from segue.library.readers.times import Clock
from segue.library.rows import Feedback, Playlist, PlaylistEntry, Reject, Row, TrackRef
from segue.library.sources import Entry

# What the histories are known by; as a table, all of it.
_EXTENDED = ("ts", "ms_played", "master_metadata_track_name")
_SHORT = ("endTime", "msPlayed", "artistName", "trackName")
_SHORT_KEYS = (
    *_SHORT,
    "podcastName",
    "episodeName",
    "audiobookName",
    "chapterName",
    "authorName",
    "spotifyTrackUri",
)
_EMPTY_HISTORY = re.compile(r"(streaming_?history|endsong).*\.json$", re.I)
_PLAYLIST_NUMBER = re.compile(r"playlist(\d+)", re.I)


class Spotify(BlockReader):
    name = "spotify"
    title = "Spotify (extended streaming history; account data: history, library, playlists)"
    times: ClassVar = {"spotify": Times(ended=True), "spotify-account": Times(60_000, ended=True)}

    def source(self, name: str, head: bytes) -> str:
        return "spotify-account" if _kind(name, head) == "short" else self.name

    def recognises(self, name: str, head: bytes) -> bool:
        return _kind(name, head) is not None

    def parts(self, entry: Entry, options: ReadOptions) -> Iterator[Row | Block]:
        kind, listener, clock = _kind(entry.name, entry.head()), options.listener, options.clock().utc
        if kind == "extended":
            place, plays = _plays(entry)
            yield from Streams(listener, clock).parts(plays, place)
        elif kind == "short":
            place, plays = _plays(entry)
            yield from converted(plays, place, lambda item: short_streamed(item, listener, clock))
        elif kind == "library":
            yield from library_rows(json_object(entry), listener)
        elif kind == "playlists":
            yield from _playlists(entry, listener, clock)
        else:
            raise FormatError(
                f"{entry.name} is not of Spotify's export",
                expected="a history with ts and ms_played or endTime and msPlayed, a library, or playlists",
            )


def library_rows(library: dict[str, Any], listener: str) -> Iterator[Row]:
    """The rows of YourLibrary.json: what was saved or banned. Songs, episodes and artists are taken."""
    kinds = (
        ("tracks", "save", "song"),
        ("episodes", "save", "podcast"),
        ("bannedTracks", "ban", "song"),
        ("artists", "save", "artist"),
        ("bannedArtists", "ban", "artist"),
    )

    for key, kind, medium in kinds:

        def feedback(item: object, kind: str = kind, medium: str = medium) -> Feedback:
            get = mapping(item, "the item").get
            if medium == "artist":
                return Feedback(listener, _artist(get("name"), get("uri")), kind)
            track = TrackRef(
                text(get("track") or get("name"), "the title"),
                names(get("artist") or get("show"), "the artist"),
                or_none(text, get("album")),
                spotify=spotify_id(get("uri")),
                medium=medium,
            )
            return Feedback(listener, identified(track), kind)

        if not isinstance(library.get(key, []), list):
            yield Reject(key, "not a list")
        yield from converted(_numbered(library, key), key, feedback)
    for key in ("albums", "shows", "other"):
        if isinstance(found := library.get(key), list) and found:
            yield Reject(key, f"{len(found):,} in the library; albums, shows and the rest are not taken")


def _artist(name: object, uri: object) -> TrackRef:
    id = spotify_id(uri)
    other = f"spotify-artist:{id}" if id else None
    return identified(TrackRef(artists=names(name, "the artist"), other=other, medium="artist"))


def _playlists(entry: Entry, listener: str, clock: Clock) -> Iterator[Row]:
    """Playlists have no ids in this export: the name stands for it, with a number where it comes again."""
    number = _PLAYLIST_NUMBER.search(PurePosixPath(entry.name).name)
    prefix = f"spotify:{listener}/" + (f"{number[1]}/" if number and number[1] != "1" else "")
    seen: Counter[str] = Counter()
    whole = json_object(entry)
    if not isinstance(whole.get("playlists"), list):
        raise FormatError(f"{entry.name} has no list of playlists")
    for index, item in _numbered(whole, "playlists"):
        try:
            fields = mapping(item, "the playlist")
            title = text(fields.get("name"), "the name")
            name = title or ""
            seen[name] += 1
            playlist = Playlist(
                f"{prefix}{name} #{seen[name]}" if seen[name] > 1 else f"{prefix}{name}",
                title,
                listener,
                or_none(integer, fields.get("numberOfFollowers")),
                or_none(clock.time, fields.get("lastModifiedDate")),
            )
            sequence(fields.get("items"), "items")
        except Malformed as error:
            yield Reject(f"playlist {index}", str(error))
            continue
        yield playlist
        for place, each in _numbered(fields, "items"):
            try:
                yield playlist_entry(each, playlist.playlist, place - 1, clock)
            except Malformed as error:
                yield Reject(f"playlist {index} item {place}", str(error))


def playlist_entry(item: object, playlist: str, position: int, clock: Clock) -> PlaylistEntry:
    """An item of a playlist."""
    fields = mapping(item, "the item")
    if fields.get("track") is not None:
        get = mapping(fields["track"], "the track").get
        track = TrackRef(
            text(get("trackName"), "the track"),
            names(get("artistName"), "the artist"),
            or_none(text, get("albumName")),
            spotify=spotify_id(get("trackUri")),
        )
    elif fields.get("episode") is not None:
        get = mapping(fields["episode"], "the episode").get
        title, show = text(get("episodeName"), "the episode"), names(get("showName"), "the show")
        track = TrackRef(title, show, spotify=spotify_id(get("episodeUri")), medium="podcast")
    elif fields.get("localTrack") is not None:
        track = _local(mapping(fields["localTrack"], "the local track").get("uri"))
    else:
        raise Malformed("neither a track nor an episode")
    added_at = or_none(clock.time, fields.get("addedDate"))
    return PlaylistEntry(playlist, position, identified(track), added_at)


def _local(uri: object) -> TrackRef:
    """A file of the listener's own: "spotify:local:Artist:Album:Title:seconds"."""
    parts = uri.split(":") if isinstance(uri, str) else []
    if len(parts) != 6 or parts[:2] != ["spotify", "local"]:
        raise Malformed("the local track has no artist and title")
    artist, album, title, length = (unquote_plus(part) for part in parts[2:])
    return TrackRef(
        text(title, "the title"),
        names(artist, "the artist"),
        or_none(text, album),
        or_none(seconds, length) or None,
    )


def _kind(name: str, head: bytes) -> str | None:
    found = shape(head)
    for kind, wanted in (("extended", _EXTENDED), ("short", _SHORT)):
        keys = set(wanted[:2])
        if keys <= found or {f"[].{key}" for key in keys} <= found or _is_table(head, wanted):
            return kind
    if {"tracks[].track", "tracks[].artist", "tracks[].album"} <= found or "bannedTracks[].uri" in found:
        return "library"
    if found & {"playlists[].lastModifiedDate", "playlists[].items[].track.trackName"}:
        return "playlists"
    empty = head.strip() == b"[]" and _EMPTY_HISTORY.match(PurePosixPath(name).name)
    return "short" if empty else None


def _is_table(head: bytes, wanted: tuple[str, ...]) -> bool:
    return {name.lower() for name in wanted} <= set(layout(head).columns)


def _plays(entry: Entry) -> tuple[str, Iterator[tuple[int, Any]]]:
    """The history's rows and what their numbers count: a list, JSON lines, or a table made of them."""
    if any(_is_table(entry.head(), wanted) for wanted in (_EXTENDED, _SHORT)):
        return "line", _table_items(entry)
    return json_list(entry)


def _table_items(entry: Entry) -> Iterator[tuple[int, dict[str, str] | Malformed]]:
    columns, rows = table(entry, ragged=True)
    cased = {name.lower(): name for name in _SHORT_KEYS}
    keys = [cased.get(name, name) for name in columns]
    for line, fields in rows:
        yield line, fields if isinstance(fields, Malformed) else dict(zip(keys, fields, strict=True))


def _numbered(fields: dict[str, Any], key: str) -> list[tuple[int, Any]]:
    found = fields.get(key)
    return list(enumerate(found, 1)) if isinstance(found, list) else []
