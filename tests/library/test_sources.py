"""Files, folders and archives as entries: sound ones, broken ones, hostile ones."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.errors import FormatError, NotFoundError
from segue.library.rows import Reject
from segue.library.sources import Entry, Limits, entries, size_on_disk

FILES = {"a.csv": b"artist,track\nAir,Alpha\n", "deep/er/b.json": b"[" + b"1," * 50_000 + b"1]", "c.txt": b""}


def zipped(files: dict[str, bytes] = FILES, **options: int) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", options.get("method", zipfile.ZIP_DEFLATED)) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return sink.getvalue()


def tarred(files: dict[str, bytes] = FILES) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return sink.getvalue()


def zst(data: bytes) -> bytes:
    half = len(data) // 2
    pack = partial(pa.compress, codec="zstd", asbytes=True)
    return pack(data[:half]) + pack(data[half:])  # two frames, as parallel compressors write them


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".zst": zst,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


def contents(path: Path, limits: Limits | None = None) -> dict[str, bytes | str]:
    """What comes out of a path: data by name, or the reason of a refusal."""
    seen: dict[str, bytes | str] = {}
    for found in entries(path, limits):
        if isinstance(found, Reject):
            seen[found.place] = found.reason
        else:
            seen[found.name] = found.open().read()
    return seen


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def run(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return run


Write = Callable[[str, bytes], Path]


def test_a_file_and_a_folder(write: Write, tmp_path: Path) -> None:
    for name, data in FILES.items():
        write(f"export/{name}", data)
    assert contents(tmp_path / "export" / "a.csv") == {"a.csv": FILES["a.csv"]}
    assert contents(tmp_path / "export") == FILES
    assert size_on_disk(tmp_path / "export") == sum(map(len, FILES.values()))


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_zip(write: Write, method: int) -> None:
    assert contents(write("x.zip", zipped(method=method))) == FILES


def test_tar(write: Write) -> None:
    assert contents(write("x.tar", tarred())) == FILES


@pytest.mark.parametrize("suffix", COMPRESS)
def test_compressed_files_and_tars(write: Write, suffix: str) -> None:
    compress = COMPRESS[suffix]
    assert contents(write(f"b.json{suffix}", compress(FILES["deep/er/b.json"]))) == {
        "b.json": FILES["deep/er/b.json"]
    }
    assert contents(write(f"x.tar{suffix}", compress(tarred()))) == FILES
    assert contents(write("no-suffix", compress(b"abc" * 100))) == {"no-suffix": b"abc" * 100}


def test_archives_inside_archives_go_two_levels(write: Write) -> None:
    inner = {"in.zip": zipped(), "in.tar.gz": gzip.compress(tarred()), "one.csv.gz": gzip.compress(b"1")}
    expected = {f"{name}/{file}": data for name in ("in.zip", "in.tar") for file, data in FILES.items()}
    for outer in (zipped(inner), tarred(inner)):
        assert contents(write("outer", outer)) == expected | {"one.csv": b"1"}
    deeper = zipped({"outer.zip": zipped({"inner.zip": zipped(inner)})})
    found = contents(write("deeper.zip", deeper))
    assert found["outer.zip/inner.zip/one.csv"] == b"1"
    refused = {name: reason for name, reason in found.items() if isinstance(reason, str)}
    assert refused.keys() == {"outer.zip/inner.zip/in.zip", "outer.zip/inner.zip/in.tar"}


def test_an_entry_can_be_looked_at_first_and_read_again(write: Write) -> None:
    for name, data in (("x.zip", zipped()), ("x.tgz", gzip.compress(tarred())), ("x.tar", tarred())):
        for entry in entries(write(name, data)):
            assert isinstance(entry, Entry)
            expected = FILES[entry.name]
            assert entry.size == len(expected)
            assert entry.head() == expected[:65_536]
            assert entry.open().read(10) == expected[:10]
            assert entry.open().read() == expected
            assert entry.seekable().read() == expected


def test_siblings(write: Write, tmp_path: Path) -> None:
    files = {"d/one": b"1", "d/two": b"2", "two": b"3"}
    for name, data in files.items():
        write(f"folder/{name}", data)
    places = [
        tmp_path / "folder",
        write("x.zip", zipped(files)),
        write("x.tar.zst", zst(tarred(files))),
        write("y.zip", zipped({"x.tar": tarred(files)})),
        tmp_path / "folder" / "d" / "one",
    ]
    for place in places:
        found = {e.name: e.sibling("two") for e in entries(place) if isinstance(e, Entry)}
        first = next(name for name in found if name.endswith("one"))
        for entry in entries(place):
            if isinstance(entry, Entry) and entry.name == first:
                sibling = entry.sibling("two")
                assert sibling is not None
                assert sibling.open().read() == b"2"
                assert entry.sibling("three") is None
                sibling.close()


def test_progress_adds_up_to_the_size_on_disk(write: Write, tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(500_000)
    for name, data in (("x.zip", zipped({"n": noise})), ("x.gz", gzip.compress(noise)), ("plain", noise)):
        write(f"all/{name}", data)
    told: list[float] = []
    for entry in entries(tmp_path / "all", advance=told.append):
        assert isinstance(entry, Entry)
        entry.open().read()
    assert 0.95 * size_on_disk(tmp_path / "all") < sum(told) <= size_on_disk(tmp_path / "all")
    assert len(told) > 5


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        list(entries(tmp_path / "missing"))
    assert list(entries(tmp_path)) == []


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/passwd", "a/../../b", "C:\\evil", "..\\evil", "a\x1b[31m", "a\nb"]
)
def test_paths_that_lead_out_are_refused_and_nothing_is_written(
    write: Write, tmp_path: Path, name: str
) -> None:
    inside = tmp_path / "in" / "side"
    for archive in (zipped({name: b"x", "good": b"y"}), tarred({name: b"x", "good": b"y"})):
        before = sorted(tmp_path.rglob("*"))
        seen = contents(write("in/side/x", archive))
        assert seen.pop("good") == b"y"
        assert [type(reason) for reason in seen.values()] == [str]
        assert not any("\x1b" in place or "\n" in place for place in seen)
        assert set(tmp_path.rglob("*")) - set(before) <= {inside / "x", inside, inside.parent}


def test_links_and_devices_are_refused(write: Write, tmp_path: Path) -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            info = tarfile.TarInfo(f"link{kind.decode()}")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    seen = contents(write("x.tar", sink.getvalue()))
    assert len(seen) == 4
    assert all("not a plain file" in str(reason) for reason in seen.values())
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "loop").symlink_to(folder)
    (folder / "gone").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "pipe")
    assert contents(folder) == {"gone": "not a regular file", "pipe": "not a regular file"}


@pytest.mark.parametrize(
    "wrap", [gzip.compress, zst, bz2.compress, lzma.compress, lambda data: zipped({"x": data})]
)
def test_bombs_are_stopped(write: Write, wrap: Callable[[bytes], bytes]) -> None:
    path = write("bomb", wrap(bytes(20 << 20)))
    with pytest.raises(FormatError, match="swells too far"):
        contents(path, Limits(ratio_from=1 << 20))
    with pytest.raises(FormatError, match="swells too far"):
        contents(path, Limits(total_bytes=10 << 20))
    assert len(contents(path)) == 1  # small enough to be let through by default


def test_a_zip_bomb_in_a_zip_is_stopped(write: Write) -> None:
    path = write("bomb.zip", zipped({"in.zip": zipped({"zeros": bytes(8 << 20)})}))
    with pytest.raises(FormatError, match="swells too far"):
        contents(path, Limits(ratio_from=1 << 20))
    with pytest.raises(FormatError, match="too large to be copied aside"):
        contents(path, Limits(nested_bytes=1000))


def test_too_many_files_are_refused(write: Write) -> None:
    path = write("x.zip", zipped({str(n): b"" for n in range(20)}))
    with pytest.raises(FormatError, match="more than 10 files"):
        contents(path, Limits(entries=10))


def test_a_tar_header_that_would_fill_the_memory_is_refused(write: Write) -> None:
    info = tarfile.TarInfo("./@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 1 << 33
    with pytest.raises(FormatError, match="tar header"):
        contents(write("x.tar", info.tobuf(tarfile.GNU_FORMAT) + bytes(10_000)))


@pytest.mark.parametrize("kind", ["zip", "tar", *COMPRESS, *(f".tar{suffix}" for suffix in COMPRESS)])
def test_an_archive_cut_short_is_never_taken_for_whole(write: Write, kind: str) -> None:
    noise = {"a": random.Random(2).randbytes(3_000), "b": random.Random(3).randbytes(3_000)}
    if kind == "zip":
        whole = zipped(noise)
    elif kind == "tar":
        whole = tarred(noise)[:8_192]  # without the padding that tar adds
    else:
        compress = COMPRESS[kind.removeprefix(".tar")]
        whole = compress(tarred(noise) if kind.startswith(".tar") else noise["a"])
    step = 1 if len(whole) < 1_000 else 97
    for cut in [*range(600, len(whole) - 1, step), len(whole) - 1]:
        if kind == "tar" and whole[:cut][-512:].count(0) == 512:
            continue  # that is a whole tar with less padding
        path = write("cut", whole[:cut])
        try:
            seen = contents(path)
        except FormatError as error:
            assert "cut" in str(error)
        else:
            raise AssertionError(f"{kind} cut at {cut} of {len(whole)} gave {list(seen)}")


def test_passwords_are_told(write: Write) -> None:
    data = bytearray(zipped({"secret.csv": b"abc"}))
    data[6] |= 1  # the flag of encryption, in the member's header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    with pytest.raises(FormatError, match="password"):
        contents(write("x.zip", bytes(data)))


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_damaged_archives_give_entries_or_an_error(tmp_path: Path, seed: int) -> None:
    damage(tmp_path, seed)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_much_damaged_archives_give_entries_or_an_error(tmp_path: Path, seed: int) -> None:
    damage(tmp_path, seed)


SMALL = {"a.csv": b"artist,track\n" * 5, "d/b.json": b"[1, 2]"}
SOUND = [
    zipped(SMALL),
    tarred(SMALL),
    *(compress(tarred(SMALL)) for compress in COMPRESS.values()),
    zipped({"in.zip": zipped(SMALL), "in.tar": tarred(SMALL), "x.gz": gzip.compress(b"abc")}),
]


def damage(folder: Path, seed: int) -> None:
    draw = random.Random(seed)
    data = bytearray(draw.choice(SOUND))
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(max(1, len(data)))
        kind = draw.randrange(4)
        if kind == 0:
            data[at : at + 1] = bytes([draw.randrange(256)])
        elif kind == 1:
            del data[at : at + draw.randint(1, 30)]
        elif kind == 2:
            data[at:at] = draw.randbytes(draw.randint(1, 30))
        else:
            data[at : at + 4] = draw.choice(
                [b"\xff" * 4, bytes(4), b"PK\x03\x04", b"PK\x01\x02", b"\x1f\x8b\x08\x00"]
            )
    path = folder / "damaged"
    path.write_bytes(data)
    try:
        for name in contents(path, Limits(total_bytes=50 << 20)):
            assert isinstance(name, str)
    except FormatError:
        pass
