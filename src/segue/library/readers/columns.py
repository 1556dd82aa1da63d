"""Which column of a plain table is which: our names for columns, and those that other people give them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from segue.errors import UsageError
from segue.library.readers.table_words import WORDS
from segue.library.readers.written_times import holds_date

# Our name -> theirs, the better one first where a table has several. Compared in lower case, with "_" for all
# that is neither letter nor digit; in other languages, `table_words.py`.
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
    "duration_ms": (
        "duration_ms",
        "durationms",
        "track_duration_ms",
        "length_ms",
        "media_duration_in_milliseconds",
    ),
    "duration": ("duration", "duration_s", "duration_seconds", "length", "track_length", "track_duration"),
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
        "unix_timestamp",
        "listened_at",
        "played_at",
        "scrobbled_at",
        "start_time",
        "time",
        "datetime",
        "date_time",
        "utc_time",
        "timems",
        "ts",
        "date",
        "date_played",
        "play_date",
        "listened_on",
        "listen_date",
        "scrobble_time",
        "scrobble_date",
        "scrobbled",
        "played_on",
        "tagtime",
    ),
    "played_ms": ("played_ms", "ms_played", "msplayed", "play_duration_ms", "play_duration_milliseconds"),
    "played": ("played_s", "seconds_played", "duration_played"),
    "plays": ("plays", "play_count", "playcount", "count", "times_played", "scrobbles", "weight"),
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
    "release_date": ("release_date", "album_release_date", "release_year", "released", "year"),
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

# Names of columns that hold several artists in one cell; the others hold one, whatever commas are in it.
JOINT_CREDITS = ("artists", "artist_name_s", "artist_names")

_OTHER = re.compile(r"[\W_]+")
# What looks like a time of play, whoever wrote it: a count since 1970, a date, a year with a clock.
_A_TIME = re.compile(
    r"1\d{9}(\.\d+)?|1\d{12}|1\d{15}|1\d{18}"
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T,].*)?|(?=.*\b(19|20)\d\d\b).*\b\d{1,2}[:.]\d\d\b.*"
    r"|(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([ T]?\d\d:?\d\d.*)?"  # ISO 8601 without signs
    r"|\d{1,2}[- ][A-Za-z]{3}[- ]\d\d([ T,].*)?",
    re.ASCII | re.S,
)
_OF_DAY = re.compile(r"([01]?\d|2[0-3])[:.][0-5]\d([:.][0-5]\d(\.\d+)?)?( ?[ap]\.?m\.?)?", re.ASCII | re.I)
_A_LENGTH = re.compile(r"(\d{1,2}:)?\d{1,3}:[0-5]\d|[1-9]\d{0,4}(\.\d+)?", re.ASCII)
# Dates of other things than plays.
_NO_PLAY = {"release", "released", "birth", "born", "modified", "updated", "added", "founded"}


def plain(name: str) -> str:
    """A column's name as it is compared: "Date#someone" is "date", "Künstlername(n)" Exportify's German."""
    name = WORDS.get(name.strip().lower(), name)
    return _OTHER.sub("_", (name.partition("#")[0] or name).lower()).strip("_")


def in_another_language(name: str) -> bool:
    """Whether a column's name is known, and not English."""
    return name.strip().lower() in WORDS


def says_utc(name: str) -> bool:
    """Whether a column's name says in what zone its times are, as "utc_time" does."""
    return not {"utc", "gmt"}.isdisjoint(plain(name).split("_"))


def places(
    columns: Sequence[str], mapping: Mapping[str, str], sample: Sequence[Sequence[Any]] = ()
) -> dict[str, int]:
    """Return where each of our columns is: by `mapping` (ours -> theirs), else by a name that is known.

    A mapping to "" says that the table has no such column. `sample` are the first rows: where a column "time"
    holds lengths, as iTunes has it, it is the duration; where it holds times of day beside a column "date",
    it is "time_of_day".

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
        if name and plain(name) not in theirs:
            raise UsageError(f"The table has no column {name!r}", expected=", ".join(columns)[:500])
        if name:
            found[ours] = theirs[plain(name)]
    if not {"time", "duration"} & set(mapping) and _are_clocks(
        _values(sample, theirs.get("date")), _values(sample, theirs.get("time"))
    ):
        found |= {"time": theirs["date"], "time_of_day": theirs.pop("time")}
    taken = set(found.values())
    lengths = theirs.get("time") if _are_lengths(_values(sample, theirs.get("time"))) else None
    for ours, names in SYNONYMS.items():
        if ours not in found and ours not in mapping:
            there = [theirs[name] for name in names if name in theirs and theirs[name] != lengths]
            if there and (there[0] not in taken or ours == "playlist_title"):
                found[ours] = there[0]
    if (
        lengths is not None
        and not found.keys() & {"duration", "duration_ms"}
        and not {"duration"} & set(mapping)
    ):
        found["duration"] = lengths
    return found


def unknown_times(
    columns: Sequence[str], found: Mapping[str, int], sample: Sequence[Sequence[Any]]
) -> list[str]:
    """Return the columns that nobody knows and that hold what looks like times of plays."""
    known = set(found.values())
    unknown = [
        name
        for place, name in enumerate(columns)
        if place not in known
        and _NO_PLAY.isdisjoint(plain(name).split("_"))
        and (values := _values(sample, place))
        and 2 * sum(isinstance(value, date) or _is_time(value) for value in values) > len(values)
    ]
    return sorted(unknown, key=lambda name: "end" in plain(name).split("_"))  # when a play began is wanted


def _is_time(value: str) -> bool:
    # A year beside something else: "Jan 5, 2023", but not "1999".
    return bool(_A_TIME.fullmatch(value)) or (len(value) > 7 and not value.isdecimal() and holds_date(value))


def _values(sample: Sequence[Sequence[Any]], place: int | None) -> list[Any]:
    """The values of a column that are not empty: dates as they are, others as text."""
    if place is None:
        return []
    values = [row[place] for row in sample if place < len(row)]
    shown = [
        value if isinstance(value, date) else str(value).strip() for value in values if value is not None
    ]
    return [value for value in shown if value != ""]


def _are_clocks(dates: Sequence[Any], times: Sequence[Any]) -> bool:
    """Whether times of day stand beside days; "3:45" alone is rather a length."""
    days = dates and not any(isinstance(value, str) and ":" in value for value in dates)
    written = [value for value in times if isinstance(value, str) and _OF_DAY.fullmatch(value)]
    sure = sum(value[:2].isdecimal() or value[-1] in "mM." for value in written)
    return bool(days) and bool(times) and len(written) == len(times) and 2 * sure >= len(times)


def _are_lengths(values: Sequence[Any]) -> bool:
    return bool(values) and all(isinstance(value, str) and _A_LENGTH.fullmatch(value) for value in values)
