"""Rows set aside as Parquet until the whole import is known to be good; memory stays at one chunk.

A track reference that comes again soon is written once; rows carry its number. Several processes may set
aside the entries of one import, each in a folder of its own: numbers of rows and references never meet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from segue.library.blocks import Block
from segue.library.identity import credit_key, name_key
from segue.library.rows import Feedback, Listen, Playlist, PlaylistEntry, Reject, Row, TrackFacts, TrackRef
from segue.library.tables import TIME

CHUNK = 50_000  # rows in memory
REFS = 150_000  # distinct references in memory

# The staged kinds; all but refs are counted under these names. Columns follow the fields of the rows.
_COLUMNS: dict[str, list[tuple[str, pa.DataType]]] = {
    "listens": [
        ("listener_id", pa.string()),
        ("ref", pa.int64()),
        ("started_at", TIME),
        ("played_ms", pa.int64()),
        ("plays", pa.int64()),
        ("skipped", pa.bool_()),
        ("stage", pa.int8()),
        ("shuffle", pa.bool_()),
        ("start_reason", pa.string()),
        ("end_reason", pa.string()),
        ("context", pa.string()),
        ("session_id", pa.string()),
        ("session_position", pa.int32()),
    ],
    "feedback": [
        ("listener_id", pa.string()),
        ("ref", pa.int64()),
        ("kind", pa.string()),
        ("given_at", TIME),
    ],
    "playlists": [
        ("playlist_id", pa.string()),
        ("title", pa.string()),
        ("owner", pa.string()),
        ("followers", pa.int64()),
        ("modified_at", TIME),
    ],
    "playlist_entries": [
        ("playlist_id", pa.string()),
        ("position", pa.int32()),
        ("ref", pa.int64()),
        ("added_at", TIME),
    ],
    "track_facts": [
        ("ref", pa.int64()),
        ("release_date", pa.string()),
        ("explicit", pa.bool_()),
        ("popularity", pa.float32()),
        ("features", pa.map_(pa.string(), pa.float32())),
    ],
    "rejects": [("place", pa.string()), ("reason", pa.string())],
    "refs": [
        ("ref", pa.int64()),
        ("catalogue", pa.bool_()),
        ("title", pa.string()),
        ("artists", pa.list_(pa.string())),
        ("album", pa.string()),
        ("duration_ms", pa.int64()),
        ("spotify", pa.string()),
        ("mbid", pa.string()),
        ("isrc", pa.string()),
        ("other", pa.string()),
        ("medium", pa.string()),
        ("name_key", pa.string()),
        ("credit_key", pa.string()),
    ],
}
# What the fields of a row in a block are called there, where not as the columns.
_FIELDS = {"listener_id": "listener", "playlist_id": "playlist"}
# Every staged row also says which entry it is from, and its number in the import.
SCHEMAS = {
    kind: pa.schema([*columns, ("entry", pa.int32()), ("n", pa.int64())])
    for kind, columns in _COLUMNS.items()
}


class Staging:
    """Set aside rows of one import under `folder`; `worker` tells apart those who share the import."""

    def __init__(self, folder: Path, worker: int = 0) -> None:
        self.folder = folder
        self.entries: dict[int, tuple[str, str]] = {}  # name and source, by number
        self.refused: set[int] = set()  # numbers of entries whose rows do not count
        self._entry = 0
        self._source = ""
        self._rows: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in SCHEMAS}
        self._tables: dict[str, list[pa.Table]] = {kind: [] for kind in SCHEMAS}  # out of blocks
        # The same reference from a catalogue and from a listener is resolved differently (identity.py).
        self._refs: tuple[dict[TrackRef, int], dict[TrackRef, int]] = ({}, {})
        self._refs_before = self._refs  # those met some time ago, until they are met again or forgotten
        self._n = 0  # of the row, in the order of the import
        self._held = 0  # rows in memory
        # Ranges that cannot meet: workers number references without asking each other.
        self._next_ref = worker << 40
        self._files = 0
        self._add: dict[type, Callable[[Any], None]] = {
            Listen: self._listen,
            Feedback: self._feedback,
            Playlist: self._playlist,
            PlaylistEntry: self._playlist_entry,
            TrackFacts: self._facts,
            Reject: self._reject,
        }
        for kind in SCHEMAS:
            (folder / kind).mkdir(parents=True)

    def begin(self, number: int, name: str, source: str) -> None:
        """The rows that follow are from the entry `name`, the `number`-th of the import, told by `source`."""
        if source != self._source:
            self._forget_refs()  # a reference belongs to the source that tells it
            self._source = source
        self.entries[number] = (name, source)
        # Each entry has a range of row numbers of its own, so that they are the same whichever worker reads
        # it.
        self._entry, self._n = number, number << 32

    def refuse(self) -> None:
        """The rows since `begin` do not count."""
        self.refused.add(self._entry)
        self._forget_refs()  # so that later entries do not lean on references of this one

    def add(self, row: Row) -> None:
        """Set one row aside."""
        self._n += 1
        self._held += 1
        self._add[type(row)](row)
        if self._held >= CHUNK:
            self.flush()

    def add_block(self, block: Block) -> None:
        """Set aside the rows of a block, numbered as if they came one by one."""
        before = self._n + 1
        kind, by_source = ("listens", False) if block.kind is Listen else ("playlist_entries", True)
        if len(block.places):
            known = {"ref": self._block_refs(block, by_source), "n": before + block.places}
            self._tables[kind].append(_block_table(kind, block, known, self._entry))
        for place, row in block.odd:
            self._n = before + place
            self._add[type(row)](row)
        self._n = before + block.size - 1
        self._held += block.size
        if self._held >= CHUNK:
            self.flush()

    def _block_refs(self, block: Block, catalogue: bool) -> NDArray[np.int64]:
        before, refs = self._n + 1, np.empty(len(block.tracks), np.int64)
        _, firsts = np.unique(block.track, return_index=True)
        for at, place in zip(block.track[firsts].tolist(), block.places[firsts].tolist(), strict=True):
            track = block.tracks[at]
            by_source = catalogue or track.other is not None
            number = self._refs[by_source].get(track)
            if number is None:
                self._n = before + place
                number = self._ref(track, by_source)
            refs[at] = number
        return refs[block.track]

    def reference(self, track: TrackRef) -> int:
        """Set aside what somebody's own collection says of a track, without a row; its number.

        One that comes again gets another number, and the same track: nothing of it is kept in memory.
        """
        self._n += 1
        self._held += 1
        number = self._number(track, False)
        if self._held >= CHUNK:
            self.flush()
        return number

    def _listen(self, row: Listen) -> None:
        ref = self._ref(row.track, row.track.other is not None)
        self._put("listens", (row[0], ref, *row[2:]))

    def _feedback(self, row: Feedback) -> None:
        ref = self._ref(row.track, row.track.other is not None)
        self._put("feedback", (row[0], ref, *row[2:]))

    def _playlist(self, row: Playlist) -> None:
        self._put("playlists", row)

    def _playlist_entry(self, row: PlaylistEntry) -> None:
        playlist, position, track, added = row  # written out: archives have millions of these
        ref = self._refs[True].get(track)
        if ref is None:
            ref = self._ref(track, True)
        self._rows["playlist_entries"].append((playlist, position, ref, added, self._entry, self._n))

    def _facts(self, row: TrackFacts) -> None:
        features = None if row.features is None else list(row.features.items())
        self._put("track_facts", (self._ref(row.track, True), *row[1:4], features))

    def _reject(self, row: Reject) -> None:
        self._put("rejects", row)

    def _put(self, kind: str, values: tuple[Any, ...]) -> None:
        self._rows[kind].append((*values, self._entry, self._n))

    def _ref(self, track: TrackRef, catalogue: bool) -> int:
        refs = self._refs[catalogue]
        number = refs.get(track)
        if number is None and (number := self._refs_before[catalogue].get(track)) is not None:
            refs[track] = number
        elif number is None:
            number = refs[track] = self._number(track, catalogue)
        return number

    def _number(self, track: TrackRef, catalogue: bool) -> int:
        number = self._next_ref
        self._next_ref += 1
        title, artists, album, duration, spotify, mbid, isrc, other, medium = track
        ids = (spotify, mbid, isrc, other, medium, name_key(track), credit_key(track))
        self._put("refs", (number, catalogue, title, list(artists), album, duration, *ids))
        return number

    def flush(self) -> None:
        """Write out what is in memory."""
        for kind, rows in self._rows.items():
            tables = self._tables[kind]
            if rows:
                tables.append(self._table(kind, rows))
            if tables:
                table = pa.concat_tables(tables)
                self._files += 1
                pq.write_table(
                    table,
                    self.folder / kind / f"{self._files:06d}.parquet",
                    compression="none",
                    use_dictionary=False,
                    write_statistics=False,
                )
                rows.clear()
                tables.clear()
        self._held = 0
        # Two generations instead of a list of the last used: what is met again is taken over, the rest goes
        # with the older.
        if sum(map(len, self._refs)) > REFS // 2:
            self._refs, self._refs_before = ({}, {}), self._refs

    def _forget_refs(self) -> None:
        self._refs = self._refs_before = ({}, {})

    def _table(self, kind: str, rows: list[tuple[Any, ...]]) -> pa.Table:
        schema = SCHEMAS[kind]
        try:
            return _columns(schema, rows)
        except (pa.ArrowException, OverflowError, ValueError, TypeError):
            # Row by row only where the whole did not fit: one bad value must not cost the rows around it, nor
            # good ones the time.
            good, bad = _sift(schema, rows)
            for row, why in bad:
                place = f"row {row[-1] & 0xFFFFFFFF}"
                self._rows["rejects"].append(
                    (place, f"a value that no column takes: {why}", row[-2], row[-1])
                )
            return _columns(schema, good)


def _columns(schema: pa.Schema, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [[]] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _block_table(kind: str, block: Block, known: dict[str, Any], entry: int) -> pa.Table:
    schema, rows = SCHEMAS[kind], len(block.places)
    arrays = []
    for column in schema:
        given = block.columns.get(_FIELDS.get(column.name, column.name))
        if column.name in known:
            given = pa.array(known[column.name], column.type)
        elif column.name == "entry":
            given = pa.repeat(pa.scalar(entry, column.type), rows)
        elif given is None:
            default = block.kind._field_defaults[column.name]
            given = pa.repeat(pa.scalar(default, column.type), rows)
        arrays.append(given)
    return pa.Table.from_arrays(arrays, schema=schema)


def _sift(
    schema: pa.Schema, rows: Sequence[tuple[Any, ...]]
) -> tuple[list[tuple[Any, ...]], list[tuple[tuple[Any, ...], str]]]:
    """Part the rows into those that fit the schema and those that do not, with the reason."""
    good, bad = [], []
    for row in rows:
        try:
            _columns(schema, [row])
        except (pa.ArrowException, OverflowError, ValueError, TypeError) as error:
            bad.append((row, str(error)[:200]))
        else:
            good.append(row)
    return good, bad
