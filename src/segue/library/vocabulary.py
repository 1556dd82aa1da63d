"""Ids and their numbers: the one way from a track's or listener's id to its place in a model, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MANY = 20  # of ids, one in so many is worth a table


class Vocabulary:
    """Ids in their order; an id's number is its place. Nothing in it changes, and threads may share it."""

    def __init__(self, ids: Iterable[object]) -> None:
        self.ids = [str(id_) for id_ in ids]

    @cached_property
    def place(self) -> dict[str, int]:
        """The number of each id."""
        return {id_: number for number, id_ in enumerate(self.ids)}

    @cached_property
    def arrow(self) -> pa.Array:
        """(n,) the ids."""
        return pa.array(self.ids, pa.string())

    def numbers(self, ids: pa.Array | pa.ChunkedArray | Iterable[str]) -> NDArray[np.int32]:
        """(m,) the number of each of some ids, -1 for those that are not here."""
        if not isinstance(ids, pa.Array | pa.ChunkedArray):
            ids = list(ids)
            if len(ids) < len(self) / MANY:  # Arrow makes a table of all ids each time
                return np.array([self.place.get(id_, -1) for id_ in ids], np.int32)
            ids = pa.array(ids, pa.string())
        found = pc.fill_null(pc.index_in(ids, value_set=self.arrow), -1)
        return found.to_numpy(zero_copy_only=False).astype(np.int32)

    def __getitem__(self, id_: str) -> int:
        """The number of an id; a KeyError where it is not here."""
        return self.place[id_]

    def __contains__(self, id_: object) -> bool:
        return id_ in self.place

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.ids == other.ids

    __hash__ = None  # type: ignore[assignment]
