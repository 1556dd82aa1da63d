"""The canonical tables: the one shape that all listening data takes (Parquet, times UTC, durations ms)."""

from __future__ import annotations

import pyarrow as pa

TIME = pa.timestamp("us", tz="UTC")

LISTENS = pa.schema(
    [
        ("listener_id", pa.string()),
        ("track_id", pa.string()),
        ("started_at", TIME),  # null for plain counts
        ("played_ms", pa.int64()),
        ("plays", pa.int64()),  # 1, or a count
        ("stage", pa.int8()),  # 0 very brief, 1 brief, 2 most, 3 whole (listening.py); null if unknown
        ("skipped", pa.bool_()),  # listening.py; null if unknown
        ("shuffle", pa.bool_()),
        ("start_reason", pa.string()),
        ("end_reason", pa.string()),
        ("context", pa.string()),
        ("session_id", pa.string()),
        ("session_position", pa.int32()),  # from 1
        ("turn", pa.int32()),  # from 1, of plays that a source tells at one time, to the minute; else null
        ("source", pa.string()),  # the one that tells most; exactness.py says how exact its times are
        ("sources", pa.list_(pa.string())),  # all that told of it, where there are several; see TOLD
    ]
)
# What each source told of the plays that several told: from these the plays can be made anew.
TOLD = pa.schema([field for field in LISTENS if field.name != "sources"])
FEEDBACK = pa.schema(
    [
        ("listener_id", pa.string()),
        ("track_id", pa.string()),
        ("kind", pa.string()),  # save, love, ban, hate, unlove
        ("given_at", TIME),
        ("source", pa.string()),
    ]
)
PLAYLISTS = pa.schema(
    [
        ("playlist_id", pa.string()),
        ("title", pa.string()),
        ("owner", pa.string()),
        ("followers", pa.int64()),
        ("modified_at", TIME),
        ("source", pa.string()),
    ]
)
PLAYLIST_ENTRIES = pa.schema(
    [
        ("playlist_id", pa.string()),
        ("position", pa.int32()),  # from 0; null where the order is not known
        ("track_id", pa.string()),
        ("added_at", TIME),
        ("source", pa.string()),
    ]
)
TRACKS = pa.schema(
    [
        ("track_id", pa.string()),
        ("title", pa.string()),
        ("artists", pa.list_(pa.string())),  # as credited, main artist first
        ("album", pa.string()),
        ("duration_ms", pa.int64()),
        ("release_date", pa.string()),  # ISO 8601, to the year, month or day
        ("medium", pa.string()),  # song, podcast, audiobook, artist
        ("explicit", pa.bool_()),
        ("isrc", pa.string()),
        ("mbid", pa.string()),
        ("spotify", pa.string()),
        ("popularity", pa.float32()),  # 0 to 1
        ("features", pa.map_(pa.string(), pa.float32())),  # sound features by name
        ("work_id", pa.string()),  # one work, many versions; null until grouped
        ("version", pa.string()),  # original, live, remix, ...; null until grouped
        ("canonical_id", pa.string()),  # of the same recording, the track whose plays these are (copies.py)
    ]
)
TRACK_KEYS = pa.schema(
    [
        ("key", pa.string()),  # "spotify:...", "mbid:...", "isrc:...", "name:...": identity.py
        ("track_id", pa.string()),
        ("duration_ms", pa.int64()),  # of the recording that brought a name key; null if unknown
        ("source", pa.string()),  # the format that told an id; null for names, and where it is not known
    ]
)
# What was split off by hand: what `source` tells of `track_id` is of the track `own` (splitting.py).
SPLITS = pa.schema([("track_id", pa.string()), ("source", pa.string()), ("own", pa.string())])
# What a listener plays in these spans (both ends are in them) counts for no taste (excluding.py).
EXCLUSIONS = pa.schema([("listener_id", pa.string()), ("begins", TIME), ("ends", TIME)])
REJECTS = pa.schema(
    [
        ("source", pa.string()),  # the file, inside its archive
        ("place", pa.string()),  # line, row or item
        ("reason", pa.string()),
        ("imported_at", TIME),
    ]
)
IMPORTS = pa.schema(
    [
        ("path", pa.string()),
        ("format", pa.string()),
        ("listener_id", pa.string()),
        ("imported_at", TIME),
        ("kind", pa.string()),  # which table the counts are of
        ("read", pa.int64()),
        ("stored", pa.int64()),
        ("already_there", pa.int64()),
        ("rejected", pa.int64()),
    ]
)
# Audio files at home, one row each (collection/); what the tags say, and the track that the file is.
FILES = pa.schema(
    [
        ("path", pa.string()),  # absolute
        ("size", pa.int64()),  # bytes; with mtime_ns and inode: whether the file is the one that was read
        ("mtime_ns", pa.int64()),
        ("inode", pa.uint64()),
        ("title", pa.string()),
        ("artists", pa.list_(pa.string())),
        ("album", pa.string()),
        ("album_artist", pa.string()),
        ("duration_ms", pa.int64()),
        ("mbid", pa.string()),
        ("isrc", pa.string()),
        ("gain_db", pa.float32()),  # ReplayGain of the track, to a reference of -18 LUFS
        ("problem", pa.string()),  # why nothing could be read of it
        ("track_id", pa.string()),  # null where it is no track of the library
        ("unmatched", pa.string()),  # why not
        ("sound", pa.map_(pa.string(), pa.float32())),  # sound features of the audio; null until worked out
    ]
)
FOLDERS = pa.schema(
    [
        ("folder", pa.string()),  # absolute
        ("scanned_at", TIME),
        ("matched_with", pa.string()),  # the tracks and keys that its files were compared with last
    ]
)

TABLES: dict[str, pa.Schema] = {
    "listens": LISTENS,
    "told": TOLD,
    "feedback": FEEDBACK,
    "playlists": PLAYLISTS,
    "playlist_entries": PLAYLIST_ENTRIES,
    "tracks": TRACKS,
    "track_keys": TRACK_KEYS,
    "splits": SPLITS,
    "exclusions": EXCLUSIONS,
    "rejects": REJECTS,
    "imports": IMPORTS,
    "files": FILES,
    "folders": FOLDERS,
}

ROWS_A_GROUP = 131_072  # of a Parquet part


def known(name: str) -> None:
    """Refuse what is no table.

    Raises:
        KeyError: there is none of that name.
    """
    if name not in TABLES:
        raise KeyError(f"no table {name!r}; there are {', '.join(TABLES)}")
