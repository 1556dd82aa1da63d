"""What a plain table's row is of: its track, remembered for speed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from segue.library.credits import split_credit
from segue.library.readers.columnar import Ints, together
from segue.library.readers.fields import (
    Malformed,
    identified,
    isrc,
    mbid,
    milliseconds,
    names,
    number,
    or_none,
    seconds,
    spotify_id,
    text,
)
from segue.library.rows import TrackRef

OURS = (
    "track",
    "artist",
    "album",
    "duration_ms",
    "duration",
    "spotify",
    "mbid",
    "isrc",
    "track_id",
    "medium",
)
MEDIA = ("song", "podcast", "audiobook", "artist")
REMEMBERED = 100_000
LONG_SECONDS = 10_000  # a "duration" from here on is in milliseconds: nearly three hours, or ten seconds

Fields = Sequence[Any]


class Tracks:
    """What makes a row's track, and remembers the last hundred thousand: most rows are of known tracks."""

    def __init__(self, at: dict[str, int], catalogue: str, joint: Collection[str] | None = None) -> None:
        """What is told by these columns.

        Args:
            at: where each of our columns is.
            catalogue: goes before ids that are the table's own.
            joint: names with a comma, where a cell may credit several artists (`split_credit`); None: none
                does.
        """
        self._there = [name for name in OURS if name in at]
        self._places = [at[name] for name in self._there]
        self._catalogue, self._joint = catalogue, joint
        self._known: dict[tuple[Any, ...], TrackRef | Malformed] = {}

    def __call__(self, fields: Fields) -> TrackRef:
        """The track of a row.

        Raises:
            Malformed: nothing identifies it.
        """
        raw = tuple(fields[place] for place in self._places)
        try:
            found = self._known.get(raw)
        except TypeError:  # a list of artists
            return self._made(raw)
        if found is None:
            found = self._remember(raw)
        if isinstance(found, Malformed):
            raise found
        return found

    def of_columns(self, columns: Sequence[pa.Array]) -> tuple[list[TrackRef], Ints]:
        """The tracks of rows in columns, each once, and the place in them of each row's, -1 where malformed.

        Raises:
            ArrowNotImplementedError: a column is of lists, or the like.
        """
        codes, told = together([columns[place] for place in self._places])
        found: list[TrackRef] = []
        numbers = np.full(len(told), -1)
        for at, raw in enumerate(told):
            track = self._known.get(raw) or self._remember(raw)
            if not isinstance(track, Malformed):
                numbers[at] = len(found)
                found.append(track)
        return found, numbers[codes]

    def _remember(self, raw: tuple[Any, ...]) -> TrackRef | Malformed:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        try:
            found: TrackRef | Malformed = self._made(raw)
        except Malformed as error:
            found = error
        self._known[raw] = found
        return found

    def _made(self, raw: tuple[Any, ...]) -> TrackRef:
        return _track(dict(zip(self._there, raw, strict=True)), self._catalogue, self._joint)


def _track(row: dict[str, Any], catalogue: str, joint: Collection[str] | None) -> TrackRef:
    own = text(row.get("track_id"), "track_id")
    spotify = spotify_id(row.get("spotify")) or spotify_id(own)
    title = text(row.get("track"), "track")
    medium = text(row.get("medium"), "medium") or ("song" if "track" in row or own else "artist")
    if row.keys() & {"spotify", "mbid", "isrc"} and medium == "artist" and "medium" not in row:
        medium = "song"
    if medium not in MEDIA:
        raise Malformed(f"medium is none of {', '.join(MEDIA)}")
    artists = names(row.get("artist"), "artist")
    if joint is not None and len(artists) == 1:
        artists = split_credit(artists[0], joint)
    return identified(
        TrackRef(
            title,
            artists,
            or_none(text, row.get("album")),
            or_none(milliseconds, row.get("duration_ms")) or or_none(_duration, row.get("duration")) or None,
            spotify,
            mbid(row.get("mbid")),
            isrc(row.get("isrc")),
            f"{catalogue}:{own}" if own and own != spotify else None,
            medium,
        )
    )


def _duration(value: object, what: str) -> int | None:
    if isinstance(value, str) and ":" in value:
        return seconds(value, what)
    found = number(value, what)
    if not found:
        return None
    return milliseconds(round(found), what) if found >= LONG_SECONDS else seconds(found, what)
