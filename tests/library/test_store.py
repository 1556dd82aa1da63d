"""The folder of Parquet parts: what is committed stays, what is not never shows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from segue.errors import BusyError, FormatError, NotFoundError, SegueError, UsageError
from segue.library import Library
from segue.library.tables import TABLES
from segue.library.withdrawing import withdraw


def _tracks(*ids: str) -> pa.Table:
    return pa.Table.from_pylist([{"track_id": one} for one in ids], schema=TABLES["tracks"])


def test_every_table_is_there_and_empty(library: Library) -> None:
    for name, schema in TABLES.items():
        assert library.arrow(name).num_rows == 0
        assert library.table(name).columns == tuple(schema.names)


def test_what_is_written_is_read_again(library: Library) -> None:
    with library.writing() as writer:
        assert writer.append("tracks", _tracks("a", "b")) == 2
        assert writer.append("tracks", _tracks()) == 0
    assert Library.open(library.path).arrow("tracks").column("track_id").to_pylist() == ["a", "b"]
    with library.writing() as writer:
        writer.rewrite("tracks", _tracks("c"))
    assert library.arrow("tracks").column("track_id").to_pylist() == ["c"]
    assert library.count("tracks") == 1


def test_an_error_in_the_block_leaves_all_as_it_was(library: Library) -> None:
    before = library.fingerprint()
    with pytest.raises(RuntimeError), library.writing() as writer:
        writer.append("tracks", _tracks("a"))
        raise RuntimeError
    assert library.fingerprint() == before
    assert Library.open(library.path).count("tracks") == 0
    assert not list((library.path / "tracks").iterdir())


def test_the_fingerprint_follows_the_data(tmp_path: Path) -> None:
    prints = []
    for number in range(2):
        library = Library.open(tmp_path / str(number), create=True)
        with library.writing() as writer:
            writer.append("tracks", _tracks("a"))
        prints.append(library.fingerprint())
    assert prints[0] == prints[1]
    with library.writing() as writer:
        writer.append("tracks", _tracks("b"))
    assert library.fingerprint() != prints[0]


def test_purging_removes_the_old_rows_from_the_disk(library: Library) -> None:
    with library.writing() as writer:
        writer.append("tracks", _tracks("a"))
    with library.writing() as writer:
        writer.rewrite("tracks", _tracks("b"), purge=True)
    assert len(list((library.path / "tracks").iterdir())) == 1


def test_two_writers_do_not_meet(library: Library) -> None:
    other = Library.open(library.path)
    with library.writing(), pytest.raises(BusyError), other.writing():
        pass


def test_a_folder_of_other_things_is_no_library(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="segue import"):
        Library.open(tmp_path / "none")
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(FormatError, match="not empty"):
        Library.open(tmp_path, create=True)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 99, "parts": {}}', "\x00"])
def test_a_damaged_catalogue_is_told(library: Library, text: str) -> None:
    (library.path / "library.json").write_text(text)
    with pytest.raises(FormatError):
        Library.open(library.path)


def test_a_missing_part_is_told(library: Library) -> None:
    with library.writing() as writer:
        writer.append("tracks", _tracks("a"))
    library.parts("tracks")[0].unlink()
    with pytest.raises(FormatError, match="lacks a part"):
        Library.open(library.path)


def test_expressions_of_two_tables_join(library: Library) -> None:
    with library.writing() as writer:
        writer.append("tracks", _tracks("a"))
        entry = {"playlist_id": "p", "position": 0, "track_id": "a"}
        writer.append("playlist_entries", pa.Table.from_pylist([entry], schema=TABLES["playlist_entries"]))
    joined = library.table("playlist_entries").inner_join(library.table("tracks"), "track_id")
    assert library.arrow(joined.aggregate(n=ibis._.count())).to_pylist() == [{"n": 1}]


_WRITER = """
import sys
import pyarrow as pa
from segue.library import Library
from segue.library.withdrawing import withdraw
from segue.library.tables import TABLES
library = Library.open(sys.argv[1])
print("ready", flush=True)
number = 0
while True:
    rows = [{"track_id": f"{number}-{i}"} for i in range(50)]
    with library.writing() as writer:
        writer.rewrite("tracks", pa.Table.from_pylist(rows, schema=TABLES["tracks"]))
        lists = [{"playlist_id": str(number)}]
        writer.append("playlists", pa.Table.from_pylist(lists, schema=TABLES["playlists"]))
    number += 1
"""


def test_a_kill_at_any_moment_leaves_a_library_that_opens_and_goes_on(library: Library) -> None:
    for attempt in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(library.path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.02 + attempt * 0.013)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        opened = Library.open(library.path)
        ids = opened.arrow("tracks").column("track_id").to_pylist()
        assert len(ids) in (0, 50)
        assert len({one.split("-")[0] for one in ids}) <= 1
        with opened.writing() as writer:
            writer.append(
                "playlists", pa.Table.from_pylist([{"playlist_id": "mine"}], schema=TABLES["playlists"])
            )
        listed = {
            Path(p)
            for parts in json.loads((library.path / "library.json").read_text())["parts"].values()
            for p in parts
        }
        assert all((library.path / part).exists() for part in listed)


@pytest.mark.parametrize("calls", [25, pytest.param(2_000, marks=pytest.mark.slow)])
def test_threads_share_a_library(library: Library, calls: int) -> None:
    with library.writing() as writer:
        writer.append("tracks", _tracks(*map(str, range(1000))))

    def ask(number: int) -> int:
        tracks = library.table("tracks")
        return sum(
            library.arrow(tracks.filter(tracks.track_id == str(number + k)).count()).as_py()
            for k in range(calls)
        )

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [min(calls, 1000 - number) for number in range(8)]


def test_a_changed_part_is_told(library: Library) -> None:
    with library.writing() as writer:
        writer.append("tracks", _tracks(*map(str, range(1000))))
    part = library.parts("tracks")[0]
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 4
    part.write_bytes(bytes(data))
    with pytest.raises(FormatError, match="damaged"):
        Library.open(library.path).arrow("tracks")


def test_who_was_killed_while_making_a_library_does_not_keep_others_from_it(tmp_path: Path) -> None:
    for left in (".lock", ".departed.lock", ".tmp-123-library.json"):
        (tmp_path / left).write_text("")
    library = Library.open(tmp_path, create=True)
    assert library.count("tracks") == 0 and not list(tmp_path.glob(".tmp-*"))


def test_too_little_memory_is_told(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    with library.writing() as writer:
        writer.append("tracks", _tracks(*map(str, range(60_000))))
    monkeypatch.setenv("SEGUE_MEMORY", "much")
    with pytest.raises(UsageError, match="SEGUE_MEMORY"):
        Library.open(library.path).arrow("tracks")
    monkeypatch.setenv("SEGUE_MEMORY", "1MB")
    opened = Library.open(library.path)
    with pytest.raises(SegueError, match="too little memory"):
        opened.arrow(opened.table("tracks").order_by("title", "track_id"))
    with pytest.raises(SegueError, match="too little memory"):
        withdraw(library, "lastfm")
