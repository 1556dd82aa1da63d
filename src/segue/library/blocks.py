"""Rows of one kind side by side, in columns: what a reader yields where it can, for millions of rows.

A block means what its rows mean, one by one and in its order (`rows`). Ordinary rows are in the columns;
those that need a closer look, and those that can't be taken, stand beside them as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from segue.library.rows import Listen, PlaylistEntry, Row, TrackRef


@dataclass(frozen=True)
class Block:
    """Rows of a file that follow one another."""

    kind: type[Listen] | type[PlaylistEntry]  # of the rows in columns
    size: int  # rows, with the odd ones
    places: NDArray[np.int64]  # (n,) which of the rows are in columns, ascending, from 0
    tracks: Sequence[TrackRef]  # of the rows in columns, each once or more
    track: NDArray[np.int64]  # (n,) the place in `tracks` of each
    columns: dict[str, pa.Array]  # (n,) fields of `kind` by name, but for the track; others have the default
    odd: list[tuple[int, Row]] = field(default_factory=list)  # the other rows with their places, ascending

    def rows(self) -> Iterator[Row]:
        """The rows one by one."""
        ordinary: list[Row | None] = [None] * self.size
        columns = {name: array.to_pylist() for name, array in self.columns.items()}
        for at, place in enumerate(self.places.tolist()):
            fields = {name: values[at] for name, values in columns.items()}
            ordinary[place] = self.kind(track=self.tracks[self.track[at]], **fields)
        for place, row in self.odd:
            ordinary[place] = row
        return (row for row in ordinary if row is not None)


def one_by_one(parts: Iterator[Row | Block]) -> Iterator[Row]:
    """Rows and blocks as rows."""
    for part in parts:
        if isinstance(part, Block):
            yield from part.rows()
        else:
            yield part
