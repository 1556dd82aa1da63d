"""Navidrome's database (navidrome.db, or a backup of it): scrobbles, counts of plays, stars and playlists.

`scrobbles` (since 0.59) has a row for each play, with the time that the client told: when it began.
`annotation` counts plays; what it has beyond the scrobbles becomes a count. A star is a `love`, of a track
or of an artist.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from segue.errors import FormatError
from segue.library.readers.base import Reader, ReadOptions
from segue.library.readers.database import MAGIC, Database, Listeners, Record, opened, picked
from segue.library.readers.fields import (
    Malformed,
    identified,
    integer,
    mbid,
    names,
    or_none,
    required,
    seconds,
    text,
)
from segue.library.readers.times import Clock
from segue.library.rows import Feedback, Listen, Playlist, PlaylistEntry, Reject, Row, TrackRef
from segue.library.sources import Entry

_FILES = {"id", "title", "artist", "album"}
_NOTES = {"user_id", "item_id", "item_type", "play_count", "starred"}
_FACTS = ("title", "artist", "album", "duration", "mbz_recording_id", "mbz_track_id", "participants")


class Navidrome(Reader):
    name = "navidrome"
    title = "Navidrome (navidrome.db)"

    def recognises(self, name: str, head: bytes) -> bool:
        known = "navidrome" in name.lower() or (b"media_file" in head and b"annotation" in head)
        return head.startswith(MAGIC) and known

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        with opened(entry) as database:
            files = database.columns("media_file")
            if not (files >= _FILES and database.columns("annotation") >= _NOTES):
                raise FormatError(
                    f"{entry.name} is not Navidrome's database", expected="tables media_file and annotation"
                )
            clock, people = options.clock(), _people(database, options.listener)
            facts = picked(files, "m", *_FACTS)
            yield from _kept(_scrobbles(database, facts), "scrobble", lambda row: play(row, people, clock))
            yield from _kept(_counts(database, facts), "count", lambda row: count(row, people))
            yield from _kept(_stars(database, facts), "star", lambda row: star(row, people, clock))
            yield from _playlists(database, facts, people, clock)


def _people(database: Database, only: str) -> Listeners:
    asked = "SELECT DISTINCT user_id FROM annotation WHERE play_count > 0 OR starred"
    if database.columns("scrobbles"):
        asked += " UNION SELECT DISTINCT user_id FROM scrobbles"
    ids = {row["user_id"] for row in database.rows(asked)}
    found: dict[object, str] = {}
    if database.columns("user") >= {"id", "user_name"}:
        for row in database.rows("SELECT id, user_name FROM user"):
            if isinstance(row["user_name"], str) and row["user_name"].isprintable():
                found[row["id"]] = row["user_name"].strip()
    return Listeners("navidrome", ids, found, only)


def _kept(rows: Iterator[Record], place: str, convert: Callable[[Record], Row]) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        try:
            yield convert(row)
        except Malformed as error:
            yield Reject(f"{place} {number}", str(error))


def _scrobbles(database: Database, facts: str) -> Iterator[Record]:
    if database.columns("scrobbles") >= {"media_file_id", "user_id", "submission_time"}:
        yield from database.rows(
            f"SELECT s.user_id, s.submission_time, {facts} FROM scrobbles s "
            "JOIN media_file m ON m.id = s.media_file_id ORDER BY s.submission_time, s.rowid"
        )


def _counts(database: Database, facts: str) -> Iterator[Record]:
    told = "0"
    if database.columns("scrobbles"):
        told = "coalesce(t.plays, 0)"
    joined = (
        "LEFT JOIN (SELECT user_id, media_file_id, count(*) AS plays FROM scrobbles GROUP BY 1, 2) t "
        "ON t.user_id = a.user_id AND t.media_file_id = a.item_id "
        if told != "0"
        else ""
    )
    yield from database.rows(
        f"SELECT a.user_id, a.play_count - {told} AS plays, {facts} FROM annotation a "
        f"JOIN media_file m ON m.id = a.item_id {joined}"
        f"WHERE a.item_type = 'media_file' AND a.play_count > {told} ORDER BY a.user_id, a.item_id"
    )


def _stars(database: Database, facts: str) -> Iterator[Record]:
    at = picked(database.columns("annotation"), "a", "starred_at")
    yield from database.rows(
        f"SELECT a.user_id, {at}, {facts} FROM annotation a JOIN media_file m ON m.id = a.item_id "
        "WHERE a.item_type = 'media_file' AND a.starred ORDER BY a.user_id, a.item_id"
    )
    if database.columns("artist") >= {"id", "name"}:
        yield from database.rows(
            f"SELECT a.user_id, {at}, r.name FROM annotation a JOIN artist r ON r.id = a.item_id "
            "WHERE a.item_type = 'artist' AND a.starred ORDER BY a.user_id, a.item_id"
        )


def track(row: Record) -> TrackRef:
    """The track of a row; its artists one by one where the database has them so."""
    return identified(
        TrackRef(
            text(row["title"], "the title"),
            _artists(row["participants"]) or names(row["artist"], "the artist"),
            or_none(text, row["album"]),
            or_none(seconds, row["duration"]) or None,
            mbid=mbid(row["mbz_recording_id"]) or mbid(row["mbz_track_id"]),
        )
    )


def _artists(participants: object) -> tuple[str, ...]:
    """The names out of {"artist": [{"name": ...}]}."""
    try:
        found = json.loads(participants)["artist"] if isinstance(participants, str) else []
        return names([each["name"] for each in found], "the artists")
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()


def play(row: Record, people: Listeners, clock: Clock) -> Listen:
    """A scrobble."""
    at = clock.time(row["submission_time"], "submission_time")
    if at is None:
        raise Malformed("submission_time is missing")
    return Listen(people.of(row["user_id"]), track(row), at)


def count(row: Record, people: Listeners) -> Listen:
    """Plays that were only counted."""
    plays = integer(row["plays"], "play_count", 1)
    assert plays is not None
    return Listen(people.of(row["user_id"]), track(row), plays=plays)


def star(row: Record, people: Listeners, clock: Clock) -> Feedback:
    """A star on a track, or on an artist."""
    at = or_none(clock.time, row["starred_at"])
    artist = row.get("name")
    if artist is not None:
        loved = TrackRef(artists=(required(artist, "the artist"),), medium="artist")
        return Feedback(people.of(row["user_id"]), loved, "love", at)
    return Feedback(people.of(row["user_id"]), track(row), "love", at)


def _playlists(database: Database, facts: str, people: Listeners, clock: Clock) -> Iterator[Row]:
    """The playlists that were put together by hand, each before its tracks."""
    there = database.columns("playlist")
    if not (there >= {"id", "name"} and database.columns("playlist_tracks") >= {"id", "playlist_id"}):
        return
    columns = picked(there, "p", "id", "name", "owner_id", "updated_at", "rules")
    for row in list(database.rows(f"SELECT {columns} FROM playlist p ORDER BY p.id")):
        if row["rules"]:
            continue
        try:
            playlist = f"navidrome:{required(row['id'], 'the id')}"
            owner = people.of(row["owner_id"]) if row["owner_id"] else None
            yield Playlist(
                playlist, text(row["name"], "the name"), owner, None, or_none(clock.time, row["updated_at"])
            )
        except Malformed as error:
            yield Reject("playlist", str(error))
            continue
        entries = database.rows(
            f"SELECT {facts} FROM playlist_tracks t JOIN media_file m ON m.id = t.media_file_id "
            "WHERE t.playlist_id = ? ORDER BY t.id",
            row["id"],
        )
        for position, each in enumerate(entries):
            try:
                yield PlaylistEntry(playlist, position, track(each))
            except Malformed as error:
                yield Reject(f"playlist entry {position + 1}", str(error))
