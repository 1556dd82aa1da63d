"""Spotify's Music Streaming Sessions Dataset: session logs, and the table of track features.

Brost, Mehrotra, Jehan, "The Music Streaming Sessions Dataset", WWW 2019. Sessions have no listeners: each is
its own, "mssd:<session>". The challenge's files without the outcome (`log_input`) are read as far as they go.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from segue.errors import FormatError
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.delimited import layout, table
from segue.library.readers.fields import (
    Malformed,
    integer,
    number,
    release_date,
    required,
    seconds,
    text,
    truth,
)
from segue.library.readers.times import Clock
from segue.library.rows import Listen, Row, TrackFacts, TrackRef
from segue.library.sources import Entry

LOG = {"session_id", "session_position", "track_id_clean"}
FEATURES = {"track_id", "us_popularity_estimate", "acousticness"}
_STAGES = ("skip_1", "skip_2", "skip_3", "not_skipped")
SOUND = (
    *("acousticness", "beat_strength", "bounciness", "danceability", "dyn_range_mean", "energy", "flatness"),
    *("instrumentalness", "key", "liveness", "loudness", "mechanism", "organism", "speechiness", "tempo"),
    *("time_signature", "valence", *(f"acoustic_vector_{n}" for n in range(8))),
)
_MODES = {"major": 1.0, "minor": 0.0}


class Mssd(Reader):
    name = "mssd"
    title = "Music Streaming Sessions Dataset (session logs, track features)"

    def recognises(self, name: str, head: bytes) -> bool:
        columns = set(layout(head).columns)
        return columns >= LOG or columns >= FEATURES

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        columns, rows = table(entry)
        clock = options.clock()
        if set(columns) >= LOG:
            yield from converted(rows, "line", lambda fields: play(_row(columns, fields), clock))
        elif set(columns) >= FEATURES:
            yield from converted(rows, "line", lambda fields: facts(_row(columns, fields)))
        else:
            raise FormatError(
                f"{entry.name} is not of the Music Streaming Sessions Dataset",
                expected=f"columns {', '.join(sorted(LOG))}; or {', '.join(sorted(FEATURES))}",
                got=", ".join(columns)[:200],
            )


def play(row: dict[str, str], clock: Clock) -> Listen:
    """A line of a session log. The four skip columns are nested: the first that holds is the stage."""
    session = required(row["session_id"], "session_id")
    known = {name: truth(row.get(name), name) for name in _STAGES}
    return Listen(
        f"mssd:{session}",
        TrackRef(other=f"mssd:{required(row['track_id_clean'], 'track_id_clean')}"),
        _hour(row, clock),
        skipped=known["skip_2"],  # what the challenge asked for
        stage=next((stage for stage, name in enumerate(_STAGES) if known[name]), None),
        shuffle=truth(row.get("hist_user_behavior_is_shuffle"), "hist_user_behavior_is_shuffle"),
        start_reason=text(row.get("hist_user_behavior_reason_start"), "hist_user_behavior_reason_start"),
        end_reason=text(row.get("hist_user_behavior_reason_end"), "hist_user_behavior_reason_end"),
        context=text(row.get("context_type"), "context_type"),
        session_id=f"mssd:{session}",
        session_position=integer(row["session_position"], "session_position", 1, 10_000),
    )


def _hour(row: dict[str, str], clock: Clock) -> Any:
    date = clock.time(row.get("date"), "date")
    hour = integer(row.get("hour_of_day"), "hour_of_day", 0, 23)
    return None if date is None else date + timedelta(hours=hour or 0)


def facts(row: dict[str, str]) -> TrackFacts:
    """A line of the track features."""
    popularity = number(row["us_popularity_estimate"], "us_popularity_estimate")
    mode = _MODES.get(row.get("mode", "").strip().lower())
    features = {} if mode is None else {"mode": mode}
    for name in SOUND:
        if (value := number(row.get(name), name)) is not None:
            features[name] = value
    if popularity is not None and not 0 <= popularity <= 100:
        raise Malformed(f"us_popularity_estimate is out of range: {popularity}")
    return TrackFacts(
        TrackRef(
            duration_ms=seconds(row.get("duration"), "duration") or None,
            other=f"mssd:{required(row['track_id'], 'track_id')}",
        ),
        release_date=release_date(row.get("release_year")),
        popularity=None if popularity is None else popularity / 100,
        features=features,
    )


def _row(columns: list[str], fields: list[str]) -> dict[str, str]:
    return dict(zip(columns, fields, strict=True))
