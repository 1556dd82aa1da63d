"""Yambda, Yandex Music's open data set: `listens.parquet`, `likes.parquet`, ..., `multi_event.parquet`.

Listeners and tracks are numbers without names. Times are seconds, in steps of five, from a beginning that
the data set does not tell: it is taken for the start of 2024, so that only differences of times are true. A
listen says how much of the track was played, and whether the listener came to it by themselves ("organic") or
it was recommended. Only the flat files are read; the sequential ones hold the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import PurePosixPath
from typing import Any

from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.fields import Malformed, integer, number, truth
from segue.library.readers.parquet import MAGIC, parquet
from segue.library.readers.pieces import rows_of
from segue.library.rows import Feedback, Listen, Row, TrackRef
from segue.library.sources import Entry

BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
LONGEST = 10 * 366 * 86_400  # seconds from it that are believed
KINDS = {"like": "love", "dislike": "hate", "unlike": "unlove", "undislike": "unlove"}
FILES = {"listens": "listen", "multi_event": None} | {f"{name}s": name for name in KINDS}
COMMON = {"uid", "timestamp", "item_id", "is_organic"}
OF_LISTENS = {"played_ratio_pct", "track_length_seconds"}


class Yambda(Reader):
    name = "yambda"
    title = "Yambda (listens, likes and dislikes as flat Parquet)"

    def recognises(self, name: str, head: bytes) -> bool:
        # Parquet names its columns at its end: another's table of such a name is read as the table it is.
        path = PurePosixPath(name)
        return head.startswith(MAGIC) and path.suffix == ".parquet" and path.stem in FILES

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        columns, pieces = parquet(entry)
        kind = FILES.get(PurePosixPath(entry.name).stem)
        needed = COMMON | (OF_LISTENS if kind in ("listen", None) else set())
        if not needed <= set(columns) or (kind is None and "event_type" not in columns):
            from segue.library.readers.table import Table

            yield from Table().read(entry, options)
            return
        yield from converted(chain.from_iterable(map(rows_of, pieces)), "row", _converter(columns, kind))


def _converter(columns: list[str], kind: str | None) -> Callable[[tuple[Any, ...]], Row]:
    at = {name: place for place, name in enumerate(columns)}

    def convert(fields: tuple[Any, ...]) -> Row:
        row = {name: fields[place] for name, place in at.items()}
        event = kind or row["event_type"]
        if event == "listen":
            return _listen(row)
        if event not in KINDS:
            raise Malformed(f"there is no event {str(event)[:50]!r}")
        return Feedback(_id(row, "uid"), TrackRef(other=_id(row, "item_id")), KINDS[event], _time(row))

    return convert


def _listen(row: dict[str, Any]) -> Listen:
    seconds = integer(row["track_length_seconds"], "track_length_seconds", 0, 1_000_000)
    ratio = number(row["played_ratio_pct"], "played_ratio_pct")
    if ratio is not None and not 0 <= ratio <= 10_000:
        raise Malformed(f"played_ratio_pct is out of range: {ratio}")
    organic = truth(row["is_organic"], "is_organic")
    return Listen(
        _id(row, "uid"),
        TrackRef(duration_ms=1000 * seconds if seconds else None, other=_id(row, "item_id")),
        _time(row),
        played_ms=None if ratio is None or not seconds else round(10 * ratio * seconds),
        context=None if organic is None else "organic" if organic else "recommended",
    )


def _id(row: dict[str, Any], name: str) -> str:
    value = integer(row[name], name)
    if value is None:
        raise Malformed(f"{name} is missing")
    return f"yambda:{value}"


def _time(row: dict[str, Any]) -> datetime:
    seconds = integer(row["timestamp"], "timestamp", 0, LONGEST)
    if seconds is None:
        raise Malformed("timestamp is missing")
    return BEGINNING + timedelta(seconds=seconds)
