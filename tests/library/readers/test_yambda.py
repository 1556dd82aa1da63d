"""Yambda: flat Parquet of listens and likes, as numbers."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from segue.library.readers.yambda import Yambda
from segue.library.rows import Feedback, Listen, Reject, TrackRef
from segue.testing.reader import ReaderContract, read


def parquet(**columns: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def numbers(*values: int, kind: pa.DataType | None = None) -> pa.Array:
    return pa.array(values, kind or pa.uint32())


COMMON = {
    "uid": numbers(100, 100, 200),
    "timestamp": numbers(0, 39420, 25913600),
    "item_id": numbers(7, 9, 7),
    "is_organic": numbers(0, 1, 1, kind=pa.uint8()),
}
LENGTHS = {
    "played_ratio_pct": numbers(95, 50, 120, kind=pa.uint16()),
    "track_length_seconds": numbers(200, 0, 210),
}
EVENTS = pa.array(["listen", "like", "undislike"]).dictionary_encode()
LISTENS = parquet(**COMMON, **LENGTHS)


class TestYambda(ReaderContract):
    reader = Yambda()
    text = False
    document = True
    samples: ClassVar = {
        "listens.parquet": LISTENS,
        "likes.parquet": parquet(**COMMON),
        "multi_event.parquet": parquet(**COMMON, **LENGTHS, event_type=EVENTS),
    }


def taken(name: str, content: bytes) -> list[Any]:
    rows, error = read(Yambda(), name, content)
    assert error is None
    return rows


def test_a_listen_says_how_much_was_heard_and_who_chose_it():
    first, second, third = taken("listens.parquet", LISTENS)
    assert first == Listen(
        "yambda:100",
        TrackRef(duration_ms=200_000, other="yambda:7"),
        datetime(2024, 1, 1, tzinfo=UTC),
        played_ms=190_000,
        context="recommended",
    )
    assert second.played_ms is None and second.context == "organic"  # of a track of unknown length
    assert third.played_ms == 252_000  # wound back
    assert (third.started_at - first.started_at).total_seconds() == 25_913_600


def test_likes_are_words_of_the_listener():
    kinds = {"likes": "love", "dislikes": "hate", "unlikes": "unlove", "undislikes": "unlove"}
    for file, kind in kinds.items():
        row = taken(f"{file}.parquet", parquet(**COMMON))[1]
        when = datetime(2024, 1, 1, 10, 57, tzinfo=UTC)
        assert row == Feedback("yambda:100", TrackRef(other="yambda:9"), kind, when)


def test_events_of_all_kinds_in_one_file():
    rows = taken("multi_event.parquet", parquet(**COMMON, **LENGTHS, event_type=EVENTS))
    assert [type(row) for row in rows] == [Listen, Feedback, Feedback]
    assert rows[2].kind == "unlove"
    strange = taken("multi_event.parquet", parquet(**COMMON, **LENGTHS, event_type=["listen", "hum", None]))
    assert [type(row) for row in strange] == [Listen, Reject, Reject]


def test_anothers_table_of_that_name_is_a_table():
    content = parquet(user=["ann"], artist=["Bowie"], track=["Heroes"], played_at=["2024-05-01T10:00:00Z"])
    (row,) = taken("listens.parquet", content)
    assert isinstance(row, Listen) and row.listener == "ann" and row.track.title == "Heroes"
