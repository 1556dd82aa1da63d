"""TidyTuesday 2020-01-21: Spotify tracks with sound features, and the playlists they were found in.

A line is a track in a playlist; the order inside a playlist is not known. Genres are labels of playlists, not
of songs, and are not taken.
"""

from __future__ import annotations

from collections.abc import Iterator

from segue.errors import FormatError
from segue.library.readers.base import Reader, ReadOptions
from segue.library.readers.delimited import layout, table
from segue.library.readers.fields import (
    Malformed,
    milliseconds,
    names,
    number,
    release_date,
    required,
    spotify_id,
    text,
)
from segue.library.rows import Playlist, PlaylistEntry, Reject, Row, TrackFacts, TrackRef
from segue.library.sources import Entry

COLUMNS = {"track_id", "track_name", "track_artist", "playlist_id", "playlist_name", "danceability"}
FEATURES = (
    "danceability",
    "energy",
    "key",
    "loudness",
    "mode",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "liveness",
    "valence",
    "tempo",
)


class TidyTuesday(Reader):
    name = "tidytuesday"
    title = "TidyTuesday's Spotify songs (tracks with sound features, in playlists)"

    def recognises(self, name: str, head: bytes) -> bool:
        return set(layout(head).columns) >= COLUMNS

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        columns, records = table(entry)
        if not set(columns) >= COLUMNS:
            raise FormatError(
                f"{entry.name} is not TidyTuesday's table of songs",
                expected=f"columns {', '.join(sorted(COLUMNS))}",
                got=", ".join(columns)[:200],
            )
        tracks: dict[str, TrackRef] = {}
        playlists: set[str] = set()
        for line, fields in records:
            try:
                if isinstance(fields, Malformed):
                    raise fields
                row = dict(zip(columns, fields, strict=True))
                id = spotify_id(row["track_id"])
                if id is None:
                    raise Malformed("track_id is not a Spotify id")
                playlist = f"spotify:{required(row['playlist_id'], 'playlist_id')}"
                title = text(row["playlist_name"], "playlist_name")
                found = None if id in tracks else facts(row, id)
            except Malformed as error:
                yield Reject(f"line {line}", str(error))
                continue
            if found is not None:
                tracks[id] = found.track
                yield found
            if playlist not in playlists:
                playlists.add(playlist)
                yield Playlist(playlist, title)
            yield PlaylistEntry(playlist, None, tracks[id])


def facts(row: dict[str, str], id: str) -> TrackFacts:
    """What a line says of its track."""
    popularity = number(row.get("track_popularity"), "track_popularity")
    if popularity is not None and not 0 <= popularity <= 100:
        raise Malformed(f"track_popularity is out of range: {popularity}")
    artists = names(row["track_artist"], "track_artist")
    known = (row["track_name"], row["track_artist"]) != ("NA", "NA")  # R's word for a missing value
    return TrackFacts(
        TrackRef(
            text(row["track_name"], "track_name") if known else None,
            artists if known else (),
            text(row.get("track_album_name"), "track_album_name") if known else None,
            milliseconds(row.get("duration_ms"), "duration_ms") or None,
            id,
        ),
        release_date(row.get("track_album_release_date")),
        popularity=None if popularity is None else popularity / 100,
        features={name: value for name in FEATURES if (value := number(row.get(name), name)) is not None},
    )
