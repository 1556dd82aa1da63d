"""Files, folders, archives and compressed files as one stream of entries, in bounded memory.

Nothing is ever written under a name that an archive chose: members are streamed, and what must be seekable
(a zip inside another archive, Parquet) goes through an unnamed temporary file. What is refused (a path that
climbs out, a link, a fourth level of archives) is yielded as a `Reject`, so that the importer counts it.
"""

from __future__ import annotations

import io
import os
import re
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple, cast

from segue.errors import FormatError, NotFoundError
from segue.library.rows import Reject
from segue.library.streams import COMPRESSIONS, HEAD, MEBIBYTE, Advance, Disk, Limits, Meter, damage, guarded

__all__ = ["Entry", "Limits", "entries", "size_on_disk"]


class Entry:
    """One file, on disk or inside an archive, decompressed. Valid until the next entry is drawn.

    `name` is its path inside the archive or folder, without the suffix of a compression; `size` its length in
    bytes, decompressed, where that is known beforehand.
    """

    def __init__(
        self,
        name: str,
        open_stream: Callable[[], io.BufferedReader],
        meter: Meter,
        *,
        size: int | None = None,
        path: Path | None = None,
        find: Callable[[str], Entry | None] = lambda name: None,
    ) -> None:
        self.name, self.size = legible(name), size
        self._open, self._meter, self._path, self._find = open_stream, meter, path, find
        self._waiting: io.BufferedReader | None = None
        self._given: list[BinaryIO] = []

    def __repr__(self) -> str:
        return f"Entry({self.name!r})"

    def head(self) -> bytes:
        """Return the first 64 KiB (fewer if the file is shorter); `open` still starts at the first byte.

        Raises:
            FormatError: the file is damaged or cut short here.
        """
        if self._waiting is None:
            self._waiting = self._open()
        return self._waiting.peek(HEAD)[:HEAD]

    def open(self) -> BinaryIO:
        """Return the decompressed stream from its first byte on.

        Raises:
            FormatError: here, or while reading, where the file is damaged or cut short.
        """
        stream, self._waiting = self._waiting or self._open(), None
        self._given.append(stream)
        return stream

    def seekable(self) -> BinaryIO:
        """Return the content as a stream that can seek: the file on disk, or an unnamed temporary copy."""
        if self._path is not None:
            stream: BinaryIO = io.BufferedReader(Disk(self._path, self._meter), HEAD)
            self._given.append(stream)
            return stream
        copy = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - closed by close()
        self._given.append(copy)
        source, limit = self.open(), self._meter.limits.nested_bytes
        while data := source.read(MEBIBYTE):
            copy.write(data)
            if copy.tell() > limit:
                raise FormatError(
                    f"{self.name} is too large to be copied aside",
                    expected=f"at most {limit:,} bytes",
                    hint="unpack the archive around it yourself",
                )
        copy.seek(0)
        return copy

    def sibling(self, filename: str) -> Entry | None:
        """Return the file of that name in the same folder of the same archive, if there is one."""
        return self._find(str(PurePosixPath(self.name).with_name(filename)))

    def part(self, name: str, open_stream: Callable[[], BinaryIO]) -> Entry:
        """Return a file inside this one as an entry whose stream is watched as this one's is."""
        return Entry(name, lambda: guarded(open_stream(), name, self._meter), self._meter)

    def decompressed(self) -> Entry:
        """Return this entry, or what is in it if it is one compressed file."""
        head = self.head()
        compression = next((each for each in COMPRESSIONS if head.startswith(each.magic)), None)
        if compression is None:
            return self

        def open_stream() -> io.BufferedReader:
            raw = self.open()
            return guarded(compression.inflate(raw), self.name, self._meter, own=(raw,))

        return Entry(_without(self.name, compression.suffix), open_stream, self._meter, find=self._find)

    def close(self) -> None:
        """Close the streams that were handed out; `entries` does it when the next entry is drawn."""
        for stream in (*self._given, self._waiting):
            if stream is not None:
                stream.close()
        self._given, self._waiting = [], None


class Broken(NamedTuple):
    """An archive, or a file in one, that can't be read; what was before it in the same archive could be."""

    name: str
    error: FormatError


def entries(
    path: Path,
    limits: Limits | None = None,
    advance: Advance = lambda amount: None,
    *,
    keep_going: bool = False,
) -> Iterator[Entry | Reject | Broken]:
    """Yield the files of `path`: a file, a folder (sorted, to the bottom), zip, tar, gz, zst, bz2 or xz.

    `advance` is called with the bytes taken from the disk; they add up to at most `size_on_disk(path)`.
    With `keep_going`, archives that are damaged come as `Broken`, and the rest after them.

    Raises:
        NotFoundError: there is nothing at `path`.
        FormatError: an archive is damaged, encrypted, or swells beyond `limits`.
    """
    if not path.exists():
        raise NotFoundError(
            f"There is nothing at {path}", hint="give the path of a file, a folder or an archive"
        )
    meter = Meter(size_on_disk(path), limits or Limits(), advance)
    for found in _on_disk(path, meter):
        yield from _expanded(found, meter, 0, keep_going)
    meter.flush()


def size_on_disk(path: Path) -> int:
    """Bytes of a file, or of all files in a folder: the total for a progress bar."""
    if path.is_dir():
        return sum(file.stat().st_size for file in _walk(path) if file.is_file())
    return path.stat().st_size


def _walk(folder: Path) -> Iterator[Path]:
    """All that is not a folder, sorted; links to folders are not followed, so there are no loops."""
    for here, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(here, name) for name in sorted(names))


def _on_disk(path: Path, meter: Meter) -> Iterator[Entry | Reject]:
    root, files = (path, _walk(path)) if path.is_dir() else (path.parent, iter([path]))
    for file in files:
        name = file.relative_to(root).as_posix()
        yield _disk_entry(root, name, meter) if file.is_file() else Reject(_label(name), "not a regular file")


def _disk_entry(root: Path, name: str, meter: Meter) -> Entry:
    path = root / name

    def open_stream() -> io.BufferedReader:
        with damage(str(path)):
            return guarded(cast(BinaryIO, Disk(path, meter)), name, meter)

    def find(other: str) -> Entry | None:
        return _disk_entry(root, other, meter) if (root / other).is_file() else None

    return Entry(name, open_stream, meter, size=path.stat().st_size, path=path, find=find)


def _expanded(
    found: Entry | Reject, meter: Meter, depth: int, keep_going: bool
) -> Iterator[Entry | Reject | Broken]:
    """Yield what was found, or if it is an archive what is inside it."""
    if isinstance(found, Reject):
        yield found
        return
    entry = found
    try:
        entry = found.decompressed()
        members = _archive(entry.head())
        if members is None:
            meter.entry()
            yield entry
        elif depth > 2:  # Apple packs its large files three times
            yield Reject(_label(entry.name), "four archives inside one another are not opened")
        else:
            for member in members(entry, meter, f"{entry.name}/" if depth else ""):
                yield from _expanded(member, meter, depth + 1, keep_going)
    except FormatError as error:
        if not keep_going:
            raise
        yield Broken(entry.name, error)
    finally:
        entry.close()
        found.close()


def _archive(head: bytes) -> Callable[[Entry, Meter, str], Iterator[Entry | Reject]] | None:
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return None if b"[Content_Types].xml" in head or b"xl/" in head else _zip_members  # a spreadsheet
    return _tar_members if head[257:262] == b"ustar" else None


def _zip_members(entry: Entry, meter: Meter, prefix: str) -> Iterator[Entry | Reject]:
    with damage(entry.name):
        archive = zipfile.ZipFile(entry.seekable())
    infos = {prefix + info.filename: info for info in archive.infolist()}

    def member(name: str, info: zipfile.ZipInfo) -> Entry:
        def open_stream() -> io.BufferedReader:
            with damage(name):
                return guarded(cast(BinaryIO, archive.open(info)), name, meter)

        return Entry(name, open_stream, meter, size=info.file_size, find=find)

    def find(name: str) -> Entry | None:
        return member(name, infos[name]) if name in infos else None

    for info in archive.infolist():
        if info.filename.endswith("/"):
            continue
        if reason := _unsafe(info.filename):
            yield Reject(_label(info.filename), reason)
        else:
            yield member(prefix + info.filename, info)


class _TarInfo(tarfile.TarInfo):
    """A tar header whose long-name extensions, which are read into memory, are kept to a mebibyte."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _TarInfo:
        info = super().frombuf(buf, encoding, errors)
        if info.type in (b"x", b"g", b"X", b"L", b"K") and not 0 <= info.size <= MEBIBYTE:
            raise FormatError(f"A tar header is {info.size:,} bytes long", expected=f"at most {MEBIBYTE:,}")
        return info


class _Tail(io.RawIOBase):
    """Passes a stream on and remembers its last block: a whole tar ends in zeros."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.last = stream, b""

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.last = (self.last + data)[-512:] if len(data) < 512 else data[-512:]
        return data


def _tar_members(entry: Entry, meter: Meter, prefix: str) -> Iterator[Entry | Reject]:
    """Members as they come: a tar is read forward, and one asked for again is found by reading it anew."""
    for index, (archive, info) in enumerate(_tar_infos(entry)):
        if info.isdir():
            continue
        if reason := _unsafe(info.name):
            yield Reject(_label(info.name), reason)
        elif not info.isreg() or info.issparse():
            yield Reject(_label(info.name), "a link, a device or a sparse file, not a plain file")
        else:
            yield _tar_member(entry, meter, prefix, index, info, archive)


def _tar_infos(entry: Entry) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    tail = _Tail(entry.open())
    with damage(entry.name):
        archive = tarfile.open(fileobj=cast(BinaryIO, tail), mode="r|", tarinfo=_TarInfo)  # noqa: SIM115
    while True:
        with damage(entry.name):
            info = archive.next()
        if info is None:
            break
        archive.members = []  # ty: ignore[missing-attribute] - millions of files must not fill the memory
        yield archive, info
    if tail.last.strip(b"\0"):
        raise FormatError(f"{entry.name} was cut short", hint="fetch or export the file again")


def _tar_member(
    entry: Entry, meter: Meter, prefix: str, index: int, info: tarfile.TarInfo, archive: tarfile.TarFile
) -> Entry:
    name, fresh = prefix + info.name, True

    def open_stream() -> io.BufferedReader:
        nonlocal fresh, archive, info
        if not fresh:
            archive, info = next(pair for at, pair in enumerate(_tar_infos(entry)) if at == index)
        fresh = False
        with damage(name):
            return guarded(cast(BinaryIO, archive.extractfile(info)), name, meter)

    def find(other: str) -> Entry | None:
        for at, (again, found) in enumerate(_tar_infos(entry)):
            if prefix + found.name == other and found.isreg() and not found.issparse():
                return _tar_member(entry, meter, prefix, at, found, again)
        return None

    return Entry(name, open_stream, meter, size=info.size, find=find)


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SHORT = {".tgz": ".tar", ".tzst": ".tar", ".tbz2": ".tar", ".txz": ".tar"}


def _unsafe(name: str) -> str | None:
    """Why a member's name is refused: it would leave the folder it was unpacked to, or spoil a terminal."""
    path = name.replace("\\", "/")
    if path.startswith("/") or re.match(r"[A-Za-z]:", path) or ".." in path.split("/"):
        return "its path leads out of the archive"
    if not path or len(path) > 1000 or _CONTROL.search(path):
        return "its path is empty, too long or has control characters"
    return None


def legible(name: str) -> str:
    """A file's name as tables can hold it: bytes in it that are no UTF-8 are shown as such."""
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", name)


def _label(name: str) -> str:
    """A name that is safe to print."""
    return _CONTROL.sub("?", legible(name))[:200] or "(no name)"


def _without(name: str, suffix: str) -> str:
    for end in (suffix, *_SHORT):
        if name.lower().endswith(end):
            return name[: -len(end)] + _SHORT.get(end, "")
    return name
