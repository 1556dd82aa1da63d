"""Everybody's plays as they were read at a training: good while the library is as it was.

Asking the tables for one listener's plays takes a second, nearly all of it for loading Ibis and DuckDB and
for making the query. Here a listener's plays lie together in a file that is mapped.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.files import reading, replacing
from segue.library.listening import sessions

if TYPE_CHECKING:
    from segue.library.store import Library

FILE, KIND = "played.arrow", "what listeners played"
COLUMNS = ("track_id", "started_at", "stage", "skipped", "session_id", "session_position", "context")
_TEXTS = ("track_id", "context")


@dataclass(frozen=True, eq=False)
class Played:
    """Plays of n listeners that have a time or a position in a session, in their order.

    Attributes:
        names: ids of the listeners.
        first: (n + 1,) the first row of each.
        rows: `COLUMNS`, as `listening.sessions` tells them, but that sessions have numbers for ids.
    """

    names: list[str]
    first: NDArray[np.int64]
    rows: pa.Table

    @classmethod
    def read(cls, library: Library) -> Played:
        """What a library tells by now."""
        told = sessions(library)
        order = ["listener_id", "started_at", "session_position", "track_id"]
        found = library.arrow(told.select("listener_id", *COLUMNS).order_by(order)).combine_chunks()
        runs = pc.run_end_encode(found["listener_id"].combine_chunks()) if len(found) else None
        names = [] if runs is None else runs.values.to_pylist()
        ends = [] if runs is None else runs.run_ends.to_pylist()
        session = found["session_id"].combine_chunks().dictionary_encode().indices
        rows = found.select(COLUMNS).set_column(COLUMNS.index("session_id"), "session_id", session)
        return cls(names, np.array([0, *ends], np.int64), _coded(rows))

    @cached_property
    def place(self) -> dict[str, int]:
        """The number of each listener."""
        return {name: number for number, name in enumerate(self.names)}

    def of(self, listener: str) -> pa.Table | None:
        """A listener's plays, `COLUMNS`, by time; None where there are none.

        Raises:
            FormatError: they are damaged.
        """
        if listener not in self.place:
            return None
        at = self.place[listener]
        rows = self.rows.slice(self.first[at], self.first[at + 1] - self.first[at])
        with reading(Path(FILE), KIND, "train again"):
            # Only what is asked for is looked through: the rest of the file need not be read.
            rows.validate(full=True)
        return rows

    def without(self, gone: Collection[str]) -> Played:
        """Of all but those who are gone."""
        stays = np.array([name not in gone for name in self.names], bool)
        if stays.all():
            return self
        lengths = np.diff(self.first)
        rows = self.rows.filter(pa.array(np.repeat(stays, lengths)))
        first = np.concatenate([[0], np.cumsum(lengths[stays])]).astype(np.int64)
        return Played([name for name in self.names if name not in gone], first, _coded(rows))

    def save(self, folder: Path) -> None:
        """Write it into a model's folder, all or nothing."""
        facts = {b"names": json.dumps(self.names).encode(), b"first": self.first.tobytes()}
        rows = self.rows.replace_schema_metadata(facts)
        with replacing(folder / FILE) as aside, pa.ipc.new_file(aside, rows.schema) as writer:
            writer.write_table(rows)

    @classmethod
    def load(cls, folder: Path) -> Played:
        """What `save` wrote, mapped into memory.

        Raises:
            FormatError: it is damaged, something else, or not there.
        """
        with reading(folder / FILE, KIND, "train again"):
            rows = pa.ipc.open_file(pa.memory_map(str(folder / FILE))).read_all()
            facts = rows.schema.metadata or {}
            names, first = json.loads(facts[b"names"]), np.frombuffer(facts[b"first"], np.int64)
            whole = len(first) == len(names) + 1 and first[0] == 0 and first[-1] == len(rows)
            if not whole or (np.diff(first) < 0).any() or tuple(rows.column_names) != COLUMNS:
                raise ValueError("its parts do not belong together")
            return cls(names, first, rows)


def _coded(rows: pa.Table) -> pa.Table:
    """The rows in one piece, texts as numbers among those that there are."""
    for name in _TEXTS:
        texts = rows[name].cast(pa.string()).combine_chunks().dictionary_encode()
        rows = rows.set_column(COLUMNS.index(name), name, texts)
    return rows.combine_chunks()


def kept_played(folder: Path) -> Played | None:
    """What is kept in a model's folder; None in one of an earlier version, or of podcasts.

    Raises:
        FormatError: it is damaged.
    """
    return Played.load(folder) if (folder / FILE).exists() else None
