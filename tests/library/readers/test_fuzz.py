"""Damaged files over all readers: no traceback, no partial import that claims success, counts that add up.

Readers come from the registry, and their samples from the tests that inherit their contract, so that a reader
without a contract fails here.
"""

from __future__ import annotations

import gzip
import importlib
import io
import os
import random
import tarfile
import zipfile
from pathlib import Path

import pytest

from segue.errors import FormatError, SegueError
from segue.library import Library
from segue.library.importing import import_path
from segue.library.readers import READERS, Reader, recognise
from segue.library.rows import Row
from segue.library.sources import Broken, Entry, entries
from segue.testing.reader import (
    OPTIONS,
    STRANGE,
    ReaderContract,
    check_row,
    damaged,
    entry_of,
    misfilled,
    read,
)

# What no token of a file expects: beyond csv's limit of a field, beyond any stack, beyond any number.
MONSTERS = (
    *(b"x" * 140_000, b'"' + b"y" * 140_000 + b'"', b"[" * 100_000, b'{"a":' * 100_000, b"1e999", b"-1e999"),
    *(b"<a>" * 100_000, b"9" * 5_000, b'"' * 70_000, b"\r", b"\r" * 1_000, b"\x00" * 3_000, b"," * 70_000),
)
Sample = tuple[Reader, str, bytes, dict[str, bytes]]


def samples() -> list[Sample]:
    """A sound file of every kind that is read, by every reader of the registry."""
    for module in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"{__package__ or 'tests.library.readers'}.{module.stem}")
    waiting, found = [ReaderContract], []
    while waiting:
        each = waiting.pop()
        waiting += each.__subclasses__()
        if "samples" in vars(each):
            found += [(each.reader, name, data, each.beside) for name, data in each.samples.items()]
    return sorted(found, key=lambda sample: (sample[0].name, sample[1], sample[2]))


def spoilt(sample: Sample, draw: random.Random) -> bytes:
    """The sample with a fault or several."""
    data = sample[2]
    kind = draw.randrange(10)
    if kind < 3:
        return misfilled(data, draw)
    if kind == 3:
        return data.replace(b"\n", draw.choice((b"\r", b"\n\r", b"\r\r\n", b"\x85", b"\xe2\x80\xa8")))
    if kind == 4:
        at = draw.randrange(len(data) + 1)
        return data[:at] + draw.choice(MONSTERS) + data[at + draw.choice((0, 0, 1, 20)) :]
    if kind == 5:
        return data[: draw.randrange(len(data) + 1)]
    if kind == 6:
        return draw.choice(STRANGE) + data
    return damaged(data, draw)


def test_every_reader_has_samples() -> None:
    assert {type(reader) for reader in READERS} <= {type(sample[0]) for sample in samples()}


def survives(sample: Sample, seed: int) -> None:
    """Read a damaged file as what it was: clean rows, or a `FormatError`."""
    draw = random.Random(seed)
    reader, name, _, beside = sample
    data = spoilt(sample, draw)
    for row in read(reader, name, data, beside)[0]:
        check_row(row)
    entry = entry_of(name, data, beside)
    try:
        found = recognise(entry)
        if found is not None:
            found.passes_over(entry.name, entry.head())
    except FormatError:
        pass
    finally:
        entry.close()


def test_damaged_files_are_read_or_refused() -> None:
    for number, sample in enumerate(samples()):
        for seed in range(6):
            survives(sample, 1_000 * number + seed)


@pytest.mark.slow
def test_a_hundred_thousand_damaged_files() -> None:
    every = samples()
    for seed in range(100_000):
        survives(every[seed % len(every)], seed)


def folder_of(folder: Path, count: int, seed: int) -> Path:
    """Write damaged files of all kinds, and some sound ones."""
    draw, every = random.Random(seed), samples()
    for number in range(count):
        sample = draw.choice(every)
        here = folder / f"{number:05d}"
        here.mkdir(parents=True)
        (here / sample[1]).write_bytes(sample[2] if draw.random() < 0.1 else spoilt(sample, draw))
        for name, data in sample[3].items():
            if name != sample[1]:
                (here / name).write_bytes(data)
    return folder


def told(folder: Path) -> tuple[int, set[str]]:
    """How many rows the readers tell of a folder, and which files they refuse."""
    count, refused = 0, set()
    for entry in entries(folder, keep_going=True):
        if isinstance(entry, Broken):
            refused.add(entry.name)
        if isinstance(entry, Entry):
            try:
                count += len(_rows(entry))
            except FormatError:
                refused.add(entry.name)
    return count, refused


def _rows(entry: Entry) -> list[Row]:
    reader = recognise(entry, OPTIONS)
    if reader is None or reader.passes_over(entry.name, entry.head()) is not None:
        return []
    return list(reader.read(entry, OPTIONS))


def imports_add_up(tmp_path: Path, count: int, seed: int) -> None:
    folder = folder_of(tmp_path / f"files-{seed}", count, seed)
    rows, refused = told(folder)
    library = Library.open(tmp_path / f"library-{seed}", create=True)
    report = import_path(library, folder, options=OPTIONS, keep_going=True)
    total = report.total
    assert total.read == total.stored + total.already_there + total.rejected
    assert total.read == rows
    assert {name for name, _ in report.refused} == refused
    assert all(min(each) >= 0 for each in report.counts.values())
    again = import_path(library, folder, options=OPTIONS, keep_going=True)
    assert again.total.stored == 0
    assert again.total.read == rows


def test_an_import_of_damaged_files_adds_up(tmp_path: Path) -> None:
    imports_add_up(tmp_path, 40, seed=7)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_imports_of_many_damaged_files_add_up(tmp_path: Path, seed: int) -> None:
    imports_add_up(tmp_path, 400, seed)


def packed(draw: random.Random, kind: str) -> bytes:
    """Some sound samples in an archive, or one in a compressed file."""
    every, out = [sample for sample in samples() if not sample[3]], io.BytesIO()
    chosen = draw.sample(every, 3)
    if kind == "zip":
        with zipfile.ZipFile(out, "w", draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
            for number, (_, name, data, _) in enumerate(chosen):
                archive.writestr(f"{number}/{name}", data)
    elif kind == "gz":
        out.write(gzip.compress(chosen[0][2]))
    else:
        with tarfile.open(fileobj=out, mode="w:gz" if kind == "tgz" else "w") as archive:
            for number, (_, name, data, _) in enumerate(chosen):
                info = tarfile.TarInfo(f"{number}/{name}")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _refused(path: Path, library: Library) -> bool:
    before = library.fingerprint()
    try:
        total = import_path(library, path, options=OPTIONS).total
    except SegueError as error:
        assert str(error).count("\n") < 40
        assert Library.open(library.path).fingerprint() == before
        return True
    assert total.read == total.stored + total.already_there + total.rejected
    return False


@pytest.mark.parametrize("times", [12, pytest.param(600, marks=pytest.mark.slow)])
def test_damaged_archives_are_read_or_refused(tmp_path: Path, times: int) -> None:
    seed = int(os.environ.get("SEED", "5"))
    draw, refused = random.Random(seed), 0
    library = Library.open(tmp_path / "library", create=True)
    for turn in range(times):
        kind = ("zip", "zip", "tar", "tgz", "gz")[turn % 5]
        data = packed(draw, kind)
        if draw.random() < 0.4 and b"PK\x01\x02" in data:  # the list of what is in the archive
            at = data.index(b"PK\x01\x02") + draw.randrange(46)
            data = data[:at] + draw.randbytes(draw.randrange(1, 9)) + data[at + 1 :]
        else:
            data = damaged(data, draw)
        path = tmp_path / f"export.{kind}"
        path.write_bytes(data)
        try:
            refused += _refused(path, library)
        except BaseException as error:
            raise AssertionError(f"{kind}, seed {seed}, turn {turn}: {error!r}") from error
    assert refused


def test_an_import_that_fails_stores_nothing(tmp_path: Path) -> None:
    """Every file alone, cut in the middle: stored whole with counts that add up, or not at all."""
    draw = random.Random(3)
    for number, sample in enumerate(draw.sample(samples(), 12)):
        path = tmp_path / str(number) / sample[1]
        path.parent.mkdir()
        for name, data in sample[3].items():
            (path.parent / name).write_bytes(data)
        path.write_bytes(sample[2][: len(sample[2]) * 2 // 3])
        library = Library.open(tmp_path / f"library-{number}", create=True)
        try:
            report = import_path(library, path, options=OPTIONS)
        except SegueError:
            assert not any(library.parts(name) for name in ("listens", "playlists", "tracks", "rejects"))
        else:
            total = report.total
            assert total.read == total.stored + total.already_there + total.rejected > 0
