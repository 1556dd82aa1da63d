"""Which column of a plain table is which: our names for columns, and those that other people give them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from segue.errors import UsageError

# Our name -> theirs, the better one first where a table has several. Compared in lower case, with "_" for all
# that is neither letter nor digit.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "listener": ("listener", "listener_id", "user", "user_id", "userid", "user_name", "username", "person"),
    "track": (
        "track",
        "title",
        "song",
        "track_name",
        "trackname",
        "track_title",
        "song_name",
        "song_title",
        "name",
    ),
    "artist": (
        "artists",
        "artist",
        "artist_name_s",
        "artist_names",
        "artist_name",
        "artistname",
        "track_artist",
        "creator",
    ),
    "album": ("album", "album_name", "albumname", "release", "release_name"),
    "duration_ms": ("duration_ms", "durationms", "track_duration_ms", "length_ms"),
    "duration": ("duration", "duration_s", "length", "track_length"),
    "spotify": (
        "spotify",
        "spotify_id",
        "spotify_uri",
        "spotify_track_uri",
        "spotify_track_id",
        "spotify_url",
        "track_uri",
        "uri",
    ),
    "mbid": ("mbid", "recording_mbid", "track_mbid", "musicbrainz_id"),
    "isrc": ("isrc",),
    "track_id": ("track_id", "trackid", "song_id", "songid", "item_id", "itemid", "item"),
    "medium": ("medium",),
    "time": (
        "started_at",
        "uts",
        "timestamp",
        "listened_at",
        "played_at",
        "time",
        "datetime",
        "date_time",
        "utc_time",
        "timems",
        "ts",
        "date",
    ),
    "played_ms": ("played_ms", "ms_played", "msplayed"),
    "played": ("played_s", "seconds_played", "duration_played"),
    "plays": ("plays", "play_count", "playcount", "count", "weight"),
    "skipped": ("skipped", "skip", "is_skipped"),
    "shuffle": ("shuffle",),
    "start_reason": ("start_reason", "reason_start"),
    "end_reason": ("end_reason", "reason_end"),
    "context": ("context", "context_type"),
    "session": ("session_id", "session", "sessionid"),
    "session_position": ("session_position",),
    "feedback": ("feedback",),
    "playlist": ("playlist_id", "playlist", "playlist_name", "pid"),
    "playlist_title": ("playlist_title", "playlist_name"),
    "position": ("position", "pos"),
    "added_at": ("added_at", "date_added"),
    "release_date": ("release_date", "album_release_date", "release_year", "year"),
    "explicit": ("explicit",),
    "popularity": ("popularity", "track_popularity"),
}
FEATURES = (
    "acousticness",
    "danceability",
    "energy",
    "instrumentalness",
    "key",
    "liveness",
    "loudness",
    "mode",
    "speechiness",
    "tempo",
    "time_signature",
    "valence",
)

_OTHER = re.compile(r"[^a-z0-9]+")


def plain(name: str) -> str:
    """A column's name as it is compared."""
    return _OTHER.sub("_", name.lower()).strip("_")


def places(columns: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    """Return where each of our columns is: by `mapping` (ours -> theirs), else by a name that is known.

    Raises:
        UsageError: `mapping` names a column that we or they do not have.
    """
    theirs: dict[str, int] = {}
    for index, name in enumerate(columns):
        theirs.setdefault(plain(name), index)
    found: dict[str, int] = {}
    for ours, name in mapping.items():
        if ours not in SYNONYMS:
            raise UsageError(f"There is no column {ours!r} to map to", expected=", ".join(SYNONYMS))
        if plain(name) not in theirs:
            raise UsageError(f"The table has no column {name!r}", expected=", ".join(columns)[:500])
        found[ours] = theirs[plain(name)]
    taken = set(found.values())
    for ours, names in SYNONYMS.items():
        if ours not in found:
            place = next((theirs[name] for name in names if name in theirs), None)
            if place is not None and (place not in taken or ours == "playlist_title"):
                found[ours] = place
    return found
