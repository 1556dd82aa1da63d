"""Plex Media Server's database (com.plexapp.plugins.library.db): each time a track was played to its end.

`metadata_item_views` has a row for each, `viewed_at` when Plex counted it, near the track's end. Plex
publishes no description of it. There is nothing on skips. Addresses and devices are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from segue.errors import FormatError
from segue.library.exactness import Times
from segue.library.readers.base import Reader, ReadOptions
from segue.library.readers.database import MAGIC, Database, Listeners, Record, opened, picked
from segue.library.readers.fields import Malformed, identified, milliseconds, names, or_none, text
from segue.library.readers.times import Clock
from segue.library.rows import Listen, Reject, Row, TrackRef
from segue.library.sources import Entry

_TRACK = 10  # Plex's number for the kind of thing
_VIEWS = {"account_id", "metadata_type", "title", "grandparent_title", "viewed_at"}


class Plex(Reader):
    name = "plex"
    title = "Plex (com.plexapp.plugins.library.db)"
    times: ClassVar = {"plex": Times(ended=True)}

    def recognises(self, name: str, head: bytes) -> bool:
        known = "plexapp.plugins.library" in name or b"metadata_item_views" in head
        return head.startswith(MAGIC) and known

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        with opened(entry) as database:
            if not database.columns("metadata_item_views") >= _VIEWS:
                raise FormatError(
                    f"{entry.name} is not Plex's database", expected="a table metadata_item_views"
                )
            people = _people(database, options.listener)
            clock = options.clock()
            for number, row in enumerate(_views(database), 1):
                try:
                    yield play(row, people.of(row["account_id"]), clock)
                except Malformed as error:
                    yield Reject(f"view {number}", str(error))


def _people(database: Database, only: str) -> Listeners:
    ids = {
        row["account_id"]
        for row in database.rows(
            "SELECT DISTINCT account_id FROM metadata_item_views WHERE metadata_type = ?", _TRACK
        )
    }
    found: dict[object, str] = {}
    if database.columns("accounts") >= {"id", "name"}:
        for row in database.rows("SELECT id, name FROM accounts"):
            if isinstance(row["name"], str) and row["name"].isprintable():
                found[row["id"]] = row["name"].strip()
    return Listeners("plex", ids, found, only)


def _views(database: Database) -> Iterator[Record]:
    """The plays of tracks, with the artist (on a sampler) and the length that the item has, if any."""
    items = database.columns("metadata_items")
    facts = "NULL AS original_title, NULL AS duration"
    if items >= {"guid", "metadata_type", "original_title", "duration"}:
        facts = ", ".join(
            f"(SELECT {name} FROM metadata_items i WHERE i.guid = v.guid AND i.metadata_type = {_TRACK} "
            f"LIMIT 1) AS {name}"
            for name in ("original_title", "duration")
        )
    columns = picked(
        database.columns("metadata_item_views"),
        "v",
        *("account_id", "viewed_at", "title", "parent_title", "grandparent_title"),
    )
    return database.rows(
        f"SELECT {columns}, {facts} FROM metadata_item_views v "
        "WHERE v.metadata_type = ? ORDER BY v.viewed_at",
        _TRACK,
    )


def play(row: Record, listener: str, clock: Clock) -> Listen:
    """A play that was counted."""
    at = clock.time(row["viewed_at"], "viewed_at")
    if at is None:
        raise Malformed("viewed_at is missing")
    length = or_none(milliseconds, row["duration"]) or None
    artists = names(row["original_title"], "the artist") or names(row["grandparent_title"], "the artist")
    track = TrackRef(text(row["title"], "the title"), artists, or_none(text, row["parent_title"]), length)
    return Listen(listener, identified(track), at)
