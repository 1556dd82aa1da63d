"""Looking through files for what is left of somebody: every text in Parquet, NumPy, JSON and other files."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from segue.errors import FormatError
from segue.files import TEMPORARY, reading
from segue.library.forgotten import as_file_name, as_word
from segue.library.tables import TABLES
from segue.shelf.arrays import FACTS
from segue.shelf.names import AGENTS, FACTORS, NETWORK, VECTORS, WORLD
from segue.tastes.changes import FILE as TASTE_CHANGES

# In other files a shorter id would be met by chance among numbers.
LEAST_BYTES = 6
# Facts of songs, in tables and beside a model: an artist or a title may be called like a listener.
SONGS = re.compile(
    r"(?:.*/)?(?:(?:tracks|track_keys)/[^/]+\.parquet|tracks\.arrow|search/names\.arrow"
    r"|(?:catalogue|titles|songs)\.npz)"
)
# What holds words of ours, and names of songs, playlists and tastes, which somebody may be called like
# ("song", "love", "adele"): columns of tables, arrays, settings. In the table `rejects`, `source` is a file.
WORDS = frozenset(
    {
        "kind",
        "medium",
        "source",
        "sources",
        "format",
        "context",
        "start_reason",
        "end_reason",
        "version",
        "state",
    }
    | {"scopes", "chosen_by", "taste", "title", FACTS, "config", "artists", "artist_names"}
)
SETTINGS = ("library.json", "manifest.json", "config.json")
# The words, besides numbers, times and checksums, of which Segue makes names of files.
NAMES = frozenset(
    {*TABLES, "shelf", FACTORS, VECTORS, NETWORK, WORLD, AGENTS, "factors-podcast", "factors-audiobook"}
    | {
        "library",
        "weeks",
        "tastes",
        "search",
        "names",
        "played",
        "current",
        "lock",
        "departed",
        "files",
        "refs",
    }
    | {"agent", "alive", "blend", "catalogue", "changes", "config", "documents", "ids", "index", "listeners"}
    | {
        "manifest",
        "models",
        "offsets",
        "songs",
        "titles",
        "vectors",
        "time-zones",
        "service",
        "inbox",
        "players",
    }
    | {"parquet", "arrow", "npz", "npy", "json", "jsonl", "csv", "sqlite", "toml", "faiss", "shm", "wal"}
)
COUNTED = re.compile(r"\d+(?:-[0-9a-f]{8,})?|\d{4}-W\d\d|\d{8}T\d{6}|\d{3}Z-[0-9a-f]{8}")


class Trace(NamedTuple):
    """Something that still names the listener."""

    file: str  # relative to the folder that was searched
    where: str  # the column, array or key
    count: int


def search(folder: Path, listener: str) -> tuple[int, list[Trace]]:
    """How many files were looked through, and what in them names `listener`.

    In tables, arrays and JSON a text that is the id counts; in what is kept of rejected rows and in names of
    files also the id as a word of its own; in other files its bytes, if there are at least six. Files of
    songs' facts are passed over, for names of songs and artists are nobody's, and so is what holds words
    of ours. Temporary files of writers at work are passed over: they leave out who is gone, and a kill leaves
    none for long.

    Raises:
        FormatError: a file is damaged.
    """
    looked, found = 0, []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or any(part.startswith(TEMPORARY) for part in name.split("/")):
            continue
        if SONGS.fullmatch(name):
            continue
        kind = _KINDS.get(path.suffix, _bytes)
        try:
            with reading(path, "what its name says", "`segue doctor` says what is damaged"):
                hits = list(kind(path, listener))
        except FormatError:
            if path.exists():
                raise
            continue  # a writer has put another in its place, which leaves out who is gone
        looked += 1
        found += [Trace(name, where, count) for where, count in hits if count]
        if re.search(as_word(listener), name) and not is_ours(name):
            found.append(Trace(name, "its name", 1))
    return looked, found


def is_ours(name: str) -> bool:
    """Whether a file's name is one that Segue gives."""
    parts = [part for folder in name.split("/") for part in folder.split(".") if part]
    return all(part in NAMES or COUNTED.fullmatch(part) for part in parts)


def _parquet(path: Path, listener: str) -> Iterator[tuple[str, int]]:
    file = pq.ParquetFile(path)
    ours = frozenset() if path.parent.name == "rejects" else WORDS
    names = [field.name for field in file.schema_arrow if _holds_text(field.type)]
    texts = [name for name in names if name not in ours]
    counts = dict.fromkeys(texts, 0)
    for batch in file.iter_batches(columns=texts):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            flat = pc.list_flatten(column) if pa.types.is_list(column.type) else column
            hits = pc.equal(flat, listener)
            if path.parent.name == "rejects":
                hits = pc.match_substring_regex(flat, as_word(listener))
            elif path.parent.name == "imports" and name == "path":
                hits = pc.match_substring_regex(flat, as_file_name(listener))
            counts[name] += pc.sum(hits).as_py() or 0
    yield from counts.items()


def _holds_text(kind: pa.DataType) -> bool:
    if pa.types.is_list(kind):
        return _holds_text(kind.value_type)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _numpy(path: Path, listener: str) -> Iterator[tuple[str, int]]:
    # JSON may have letters as they are, or as escapes.
    quoted = json.dumps(listener, ensure_ascii=False).encode(), json.dumps(listener).encode()
    with path.open("rb") as handle, np.load(handle, allow_pickle=False) as stored:
        for name in stored.files if hasattr(stored, "files") else ():
            if name in WORDS or (name == "names" and path.parent.name == "tastes"):
                continue
            array = stored[name]
            if array.dtype.kind == "U":
                texts = array.ravel().tolist()
                yield name, sum(text == listener or quoted[0].decode() in text for text in texts)
            elif array.dtype == np.uint8:  # texts as the bytes of JSON
                data = array.tobytes()
                yield name, max(data.count(each) for each in quoted)


def _json(path: Path, listener: str) -> Iterator[tuple[str, int]]:
    def walk(value: Any) -> int:
        if isinstance(value, dict):
            return sum((key == listener and key not in NAMES) + walk(inner) for key, inner in value.items())
        if isinstance(value, list):
            return sum(map(walk, value))
        return int(value == listener)

    told = json.loads(path.read_bytes())
    if path.name == TASTE_CHANGES and isinstance(told, dict):  # by listener; the rest are names of tastes
        told = list(told)
    if path.name not in SETTINGS:
        yield "texts", walk(told)


def _bytes(path: Path, listener: str) -> Iterator[tuple[str, int]]:
    name = listener.encode("utf-8", "surrogatepass")
    data = path.read_bytes()
    if len(name) >= LEAST_BYTES or b"\0" not in data:
        yield "bytes", len(re.findall(rb"(?<!\w)" + re.escape(name) + rb"(?!\w)", data))


def _array(path: Path, listener: str) -> Iterator[tuple[str, int]]:
    array = np.load(path, allow_pickle=False, mmap_mode="r")
    if array.dtype.kind == "U":
        yield "texts", int((array == listener).sum())


def _sqlite(path: Path, listener: str) -> Iterator[tuple[str, int]]:
    address = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=10.0)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                for _, column, *_ in connection.execute(f'PRAGMA table_info("{table}")').fetchall():
                    if column in WORDS:
                        continue
                    query = f'SELECT count(*) FROM "{table}" WHERE "{column}" = ?'
                    yield f"{table}.{column}", connection.execute(query, [listener]).fetchone()[0]
    except sqlite3.OperationalError as error:  # it is locked, or cannot be opened
        raise FormatError(f"{path} cannot be looked through", got=str(error)) from None
    except sqlite3.DatabaseError:  # damaged, or no database at all
        yield from _bytes(path, listener)


_KINDS = {".parquet": _parquet, ".npz": _numpy, ".npy": _array, ".json": _json, ".sqlite": _sqlite}
