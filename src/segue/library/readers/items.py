"""Items of a list of objects (JSON) as columns, thousands at a time, where values are of the usual types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from segue.errors import FormatError
from segue.library.readers.columnar import REMEMBERED, Ints, Mask
from segue.library.readers.fields import Malformed
from segue.library.rows import TrackRef

BLOCK = 8_192  # items

Item = TypeVar("Item")
_TYPES: dict[type, pa.DataType] = {str: pa.string(), int: pa.int64(), bool: pa.bool_()}


def batches(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of `size`, the last one shorter."""
    batch: list[Item] = []
    while True:
        try:
            batch.extend(islice(items, size))
        except FormatError:  # what came before it did come
            yield batch
            raise
        if not batch:
            return
        yield batch
        batch = []


class Unusual(ValueError):
    """Items that are to be read one by one."""


def column(items: Sequence[dict[str, Any]], key: str, kind: type, usual: Mask) -> list[Any]:
    """The values of a key; where one is not of the type `kind`, nor null, `usual` becomes false."""
    values = [item.get(key) for item in items]
    if not set(map(type, values)) <= {kind, type(None)}:
        for at, value in enumerate(values):
            if value is not None and value.__class__ is not kind:
                values[at], usual[at] = None, False
    return values


def as_arrow(values: Sequence[Any], kind: type) -> pa.Array:
    """The same in Arrow.

    Raises:
        Unusual: a number is too large, or a text holds half a letter.
    """
    try:
        return pa.array(values, _TYPES[kind])
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        raise Unusual from None


class ItemTracks:
    """The tracks of items, remembered by what items say of them."""

    def __init__(self, keys: Sequence[str], convert: Callable[[dict[str, Any]], TrackRef]) -> None:
        """`convert` makes a track of an item that has these `keys`, all of them texts or null."""
        self._keys, self._convert = keys, convert
        self._known: dict[tuple[str | None, ...], TrackRef | Malformed] = {}

    def __call__(self, items: Sequence[dict[str, Any]], usual: Mask) -> tuple[list[TrackRef], Ints]:
        """The tracks of items, each once, and the place in them of each item's, -1 where malformed."""
        told = list(zip(*(column(items, key, str, usual) for key in self._keys), strict=True))
        numbers: dict[tuple[str | None, ...], int] = dict.fromkeys(told, -1)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        found: list[TrackRef] = []
        for raw in numbers:
            track = self._known.get(raw)
            if track is None:
                try:
                    track = self._convert(dict(zip(self._keys, raw, strict=True)))
                except Malformed as error:
                    track = error
                self._known[raw] = track
            if not isinstance(track, Malformed):
                numbers[raw] = len(found)
                found.append(track)
        return found, np.fromiter(map(numbers.__getitem__, told), np.int64, len(told))
