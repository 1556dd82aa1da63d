"""Koito's export (koito_export_*.json), version 1.

    {"version", "exported_at", "user", "listens": [{"listened_at", "client",
      "track": {"mbid", "duration", "aliases"}, "album": {"mbid", "aliases"},
      "artists": [{"mbid", "is_primary", "aliases": [{"alias", "is_primary"}]}]}]}

Names are those of the primary aliases. `listened_at` is when a play began, `duration` the track's in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from segue.errors import FormatError
from segue.library.exactness import Times
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.fields import (
    Malformed,
    identified,
    mapping,
    mbid,
    or_none,
    seconds,
    sequence,
    text,
)
from segue.library.readers.json_stream import items, shape
from segue.library.readers.times import Clock
from segue.library.rows import Listen, Row, TrackRef
from segue.library.sources import Entry

_NO_ID = "00000000-0000-0000-0000-000000000000"


class Koito(Reader):
    name = "koito"
    title = "Koito (JSON export)"
    times: ClassVar = {"koito": Times(scrobbled=True)}

    def recognises(self, name: str, head: bytes) -> bool:
        found = shape(head)
        return "listens[].listened_at" in found and any(each.startswith("listens[].track.") for each in found)

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        if not self.recognises(entry.name, entry.head()):
            raise FormatError(
                f"{entry.name} is not from Koito", expected='{"listens": [...]} with listened_at and track'
            )
        clock = options.clock()
        yield from converted(_listens(entry), "listen", lambda each: play(each, options.listener, clock))


def _listens(entry: Entry) -> Iterator[tuple[int, Any]]:
    number = 0
    for path, value in items(entry, lambda path: path in ((), ("listens",))):
        if len(path) == 2:
            number += 1
            yield number, value


def play(item: object, listener: str, clock: Clock) -> Listen:
    """A listen."""
    get = mapping(item, "the listen").get
    track = mapping(get("track"), "the track")
    started_at = clock.time(get("listened_at"), "listened_at")
    if started_at is None:
        raise Malformed("listened_at is missing")
    artists = [mapping(each, "an artist") for each in sequence(get("artists"), "the artists")[:200]]
    artists.sort(key=lambda artist: artist.get("is_primary") is not True)
    id = mbid(track.get("mbid"))
    found = TrackRef(
        _name(track),
        tuple(name for artist in artists if (name := _name(artist))),
        or_none(_album, get("album")),
        or_none(seconds, track.get("duration")) or None,
        mbid=None if id == _NO_ID else id,
    )
    return Listen(listener, identified(found), started_at)


def _album(value: object, what: str) -> str | None:
    return _name(mapping(value, "the album"))


def _name(fields: dict[str, Any]) -> str | None:
    """The primary alias, else the first."""
    aliases = [mapping(each, "an alias") for each in sequence(fields.get("aliases"), "the aliases")]
    aliases.sort(key=lambda alias: alias.get("is_primary") is not True)
    return next((name for each in aliases if (name := text(each.get("alias"), "the alias"))), None)
