"""Parquet from strangers, by batches of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segue.errors import FormatError
from segue.library.readers.pieces import Piece
from segue.library.sources import Entry
from segue.library.streams import damage

MAGIC = b"PAR1"
BATCH = 16_384  # rows


def parquet(entry: Entry) -> tuple[list[str], Iterator[Piece]]:
    """Return the columns' names, and the rows in pieces.

    Raises:
        FormatError: it is not Parquet, is damaged, or has two columns of one name.
    """
    import pyarrow.parquet as pq

    with damage(entry.name):
        file = pq.ParquetFile(entry.seekable(), pre_buffer=False, buffer_size=1 << 20)
        names = list(file.schema_arrow.names)
    if len({name.lower() for name in names}) < len(names):
        raise FormatError(f"{entry.name} names a column twice", got=", ".join(names)[:500])
    return names, _pieces(entry, file)


def _pieces(entry: Entry, file: Any) -> Iterator[Piece]:
    batches, row = file.iter_batches(BATCH), 1
    while True:
        with damage(entry.name):
            batch = next(batches, None)
            if batch is None:
                return
            piece = Piece(batch.columns, row)
            piece.check()
        yield piece
        row += batch.num_rows
