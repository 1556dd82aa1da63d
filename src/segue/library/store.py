"""A library on disk: a folder of Parquet parts, and `library.json`, which says which of them count.

A write adds parts under names nobody reads yet and then replaces `library.json`. So a kill at any moment
leaves the old library or the new one, and the next writer sweeps away what was left over.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from segue import files
from segue.errors import ChangedError, FormatError, NotFoundError
from segue.library import duck, part_list
from segue.library.forgotten import ForgottenList
from segue.library.tables import ROWS_A_GROUP, TABLES, known
from segue.library.writing import Writer

if TYPE_CHECKING:
    import ibis

# What tells when and how something was imported is no part of the data itself.
UNCOUNTED = ("imports", "rejects", "told", "files", "folders")


class Library:
    """Listening data in the canonical tables.

    Use `Library.open(path)`. Tables are Ibis expressions, on DuckDB unless another Ibis backend is given.
    What is read is the library as it was when it was opened, or `refresh`ed, last. Threads may share one:
    their queries come one after another, each on all cores.
    """

    def __init__(self, path: Path, catalogue: dict[str, Any], backend: Any = None) -> None:
        self.path = path
        self._catalogue = catalogue
        self._backend = backend
        self._expressions: dict[str, Any] = {}
        self._views: dict[str, Any] = {}
        self._distinct: dict[tuple[str, str], set[str]] = {}
        self._lock = threading.RLock()

    @classmethod
    def open(cls, path: str | Path, *, create: bool = False, backend: Any = None) -> Library:
        """Open the library in the folder `path`.

        Args:
            path: the folder.
            create: make an empty library if there is none.
            backend: an Ibis backend to ask tables with; by default DuckDB, opened when it is first needed.

        Raises:
            NotFoundError: there is none, and `create` is false.
            FormatError: the folder holds a library of another version, or a damaged one.
        """
        path = Path(path)
        file = path / part_list.CATALOGUE
        if file.exists():
            return cls(path, part_list.read(file), backend)
        if not create:
            raise NotFoundError(
                f"There is no library in {path}",
                hint=f"make one with `segue import PATH --library {path}`, or try `segue demo`",
            )
        if path.exists() and not (path.is_dir() and all(part_list.ours(each) for each in path.iterdir())):
            raise FormatError(
                f"{path} is not a library, and not empty",
                expected="a folder made by Segue, or a new one",
                hint="name another folder",
            )
        # Looked for once more with the lock held: another process may have made the library meanwhile.
        with files.locked(path, "library"):
            files.sweep(path)  # of one who was killed while making it
            if not file.exists():
                part_list.write(file, part_list.fresh())
        return cls(path, part_list.read(file), backend)

    def refresh(self) -> None:
        """See the library as it is now."""
        self._take(part_list.read(self.path / part_list.CATALOGUE))

    @property
    def forgotten(self) -> ForgottenList:
        """Who asked to be forgotten."""
        return ForgottenList(self.path, expected=self._catalogue.get("departed", False))

    @property
    def backend(self) -> Any:
        """The Ibis backend that expressions run on; DuckDB in memory by default. No two threads at once."""
        with self._lock:
            if self._backend is None:
                self._backend = duck.ibis_backend()
            return self._backend

    def has(self, name: str) -> bool:
        """Whether a table was ever written to; one that was may have no rows."""
        known(name)
        return bool(self._catalogue["parts"].get(name))

    def parts(self, name: str) -> list[Path]:
        """The Parquet files of a table, oldest first."""
        known(name)
        return [self.path / part for part in self._catalogue["parts"].get(name, [])]

    def table(self, name: str) -> ibis.Table:
        """A canonical table as an Ibis expression; its columns are those of `tables.TABLES[name]`."""
        import ibis

        with self._lock:
            if name not in self._expressions:
                self.check(name)
                paths = [str(path) for path in self.parts(name)]
                with self.reading():
                    if not paths:
                        expression = ibis.memtable(TABLES[name].empty_table())
                    elif self.backend.name == "duckdb":
                        expression = _whole(self.backend.read_parquet(paths, union_by_name=True), name)
                    else:
                        read = (self.backend.read_parquet(path) for path in paths)
                        expression = ibis.union(*(_whole(each, name) for each in read))
                self._expressions[name] = expression
            return self._expressions[name]

    def view(self, name: str, make: Callable[[], ibis.Table]) -> ibis.Table:
        """An expression over the tables, made once; DuckDB keeps it as a view.

        Ibis translates an expression anew for each question, which takes longer than most answers if it is
        as large as `listening.plays`. A view is but a name.
        """
        import ibis

        with self._lock:
            if name not in self._views:
                made = make()
                if self.backend.name == "duckdb":
                    with self.reading():
                        made = self.backend.create_view(ibis.util.gen_name(name), made)
                self._views[name] = made
            return self._views[name]

    def arrow(self, what: str | ibis.Expr) -> pa.Table:
        """A canonical table, or any Ibis expression over them, in memory.

        Raises:
            ChangedError: parts were removed by a writer meanwhile; `refresh`, and begin again.
            FormatError: a part is damaged.
        """
        with self._lock, self.reading():
            expression = self.table(what) if isinstance(what, str) else what
            return self.backend.to_pyarrow(expression)

    def distinct(self, name: str, column: str) -> set[str]:
        """The values of a column of texts. Reads that column alone, without DuckDB, which takes long to load.

        Raises:
            ChangedError, FormatError: as `arrow`.
        """
        if (name, column) in self._distinct:
            return set(self._distinct[name, column])
        self.check(name)
        found: set[str] = set()
        with self.reading():
            for part in self.parts(name):
                with pq.ParquetFile(part, read_dictionary=[column]) as file:
                    for batch in file.iter_batches(ROWS_A_GROUP, columns=[column]):
                        values = batch.column(0)
                        # Its dictionary holds each once; `unique` would load all of Arrow's functions.
                        whole = values.dictionary if isinstance(values, pa.DictionaryArray) else values
                        found.update(whole.to_pylist())
        self._distinct[name, column] = found - {None}
        return set(self._distinct[name, column])

    def count(self, name: str) -> int:
        """How many rows a table has, from the Parquet footers alone."""
        with self.reading():
            return sum(pq.read_metadata(path).num_rows for path in self.parts(name))

    def check(self, name: str, *, most: int | None = files.CHEAP) -> None:
        """Compare the parts of a table with the checksums in their names; those over `most` bytes are not.

        Raises:
            ChangedError: a part was removed by a writer meanwhile.
            FormatError: a part is damaged.
        """
        with self.reading():
            for part in self.parts(name):
                if not part.exists():
                    raise FileNotFoundError(part)
                files.refuse_changed(
                    part, part.stem.rpartition("-")[2], "a part", part_list.RESTORE, most=most
                )

    @contextlib.contextmanager
    def reading(self) -> Generator[None]:
        """Say what is wrong with the parts where reading them fails in the block.

        Raises:
            ChangedError: they were removed by a writer meanwhile.
            FormatError: one is damaged or missing.
            SegueError: DuckDB ran out of memory.
        """
        try:
            yield
        except (OSError, pa.ArrowException, *duck.errors()) as error:
            duck.refuse_too_little_memory(error)
            part_list.read(self.path / part_list.CATALOGUE)  # says if the library itself lacks a part
            if any(not part.exists() for name in TABLES for part in self.parts(name)):
                raise ChangedError(
                    f"The library in {self.path} changed meanwhile", hint="run the same again"
                ) from error
            for name in TABLES:
                for part in self.parts(name):
                    files.refuse_changed(
                        part, part.stem.rpartition("-")[2], "a part", part_list.RESTORE, most=None
                    )
            raise

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change with the data; the same imports in order give the same."""
        counted = {name: parts for name, parts in self._catalogue["parts"].items() if name not in UNCOUNTED}
        return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()[:16]

    @contextlib.contextmanager
    def writing(self, *, wait: float = 0.0) -> Generator[Writer]:
        """Hold the library for writing: everything in the block is committed at its end, or nothing is.

        Args:
            wait: seconds for which another writer is waited for.

        Raises:
            BusyError: another process is writing.
            SegueError: DuckDB ran out of memory.
        """
        with files.locked(self.path, "library", wait=wait):
            # What another writer has committed since this library was opened must not be lost.
            self.refresh()
            self._sweep()
            writer = Writer(self)
            try:
                yield writer
            except BaseException as error:
                self._sweep()
                duck.refuse_too_little_memory(error)
                raise
            files.sweep(self.path)  # scratch
            if writer.changed:
                for name in TABLES:
                    for part in writer.fresh(name):
                        # On the disk before the catalogue names them: it is what makes them part of the
                        # library.
                        files.sync(part)
                writer.catalogue["format"] = part_list.FORMAT
                if self.forgotten.path.exists():
                    writer.catalogue["departed"] = True  # so that the list is missed where it is lost
                part_list.write(self.path / part_list.CATALOGUE, writer.catalogue)
                self._take(writer.catalogue)
                # Parts that were replaced stay for who is reading them, until the next writer sweeps. What
                # may no longer be kept goes now.
                if writer.purges:
                    self._sweep()

    def _take(self, catalogue: dict[str, Any]) -> None:
        with self._lock:
            self._catalogue = catalogue
            self._expressions.clear()
            self._views.clear()
            self._distinct.clear()

    def _sweep(self) -> None:
        """Remove parts that are not (or no longer) in the catalogue, and temporary names. Lock held."""
        files.sweep(self.path)
        for name in TABLES:
            listed = set(self.parts(name))
            for file in (self.path / name).glob("*"):
                if file not in listed:
                    files.remove(file)


def _whole(table: ibis.Table, name: str) -> ibis.Table:
    """A table of Parquet parts with all its columns: those written by earlier releases lack the newest."""
    import ibis

    schema = ibis.Schema.from_pyarrow(TABLES[name])
    missing = {column: ibis.null(schema[column]) for column in schema if column not in table.columns}
    return table.mutate(**missing).select(*schema) if missing else table
