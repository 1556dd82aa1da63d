"""Parquet from strangers, by batches of rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from segue.errors import FormatError
from segue.library.readers.fields import Malformed
from segue.library.readers.text_stream import decoded
from segue.library.sources import Entry
from segue.library.streams import damage

MAGIC = b"PAR1"
BATCH = 16_384  # rows

_EPOCH = datetime(1970, 1, 1)


def parquet(entry: Entry) -> tuple[list[str], Iterator[tuple[int, tuple[Any, ...] | Malformed]]]:
    """Return the columns' names, and (row number, values) for each row.

    Raises:
        FormatError: it is not Parquet, is damaged, or has two columns of one name.
    """
    import pyarrow.parquet as pq

    with damage(entry.name):
        file = pq.ParquetFile(entry.seekable(), pre_buffer=False, buffer_size=1 << 20)
        names = list(file.schema_arrow.names)
    if len({name.lower() for name in names}) < len(names):
        raise FormatError(f"{entry.name} names a column twice", got=", ".join(names)[:500])
    return names, _rows(entry, file)


def _rows(entry: Entry, file: Any) -> Iterator[tuple[int, tuple[Any, ...] | Malformed]]:
    batches, row = file.iter_batches(BATCH), 0
    while True:
        with damage(entry.name):
            batch = next(batches, None)
            if batch is None:
                return
            values = [_values(column) for column in batch.columns]
        for fields in zip(*values, strict=True):
            row += 1
            yield row, fields


def _values(column: Any) -> list[Any]:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind):
        whole = column.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.int64()).to_pylist()
        return [None if count is None else _moment(count, kind.tz is not None) for count in whole]
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [None if value is None else decoded(value) for value in column.to_pylist()]
    return column.to_pylist()


def _moment(microseconds: int, aware: bool) -> datetime | int:
    """The time; the bare count where it is outside of Python's calendar, to be refused as a time."""
    try:
        time = _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return microseconds
    return time.replace(tzinfo=UTC) if aware else time
