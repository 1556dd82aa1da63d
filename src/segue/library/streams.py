"""Byte streams that can be trusted: counted against limits, all kinds of damage told as a FormatError."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from segue.errors import FormatError, SegueError

HEAD = 1 << 16
MEBIBYTE = 1 << 20

Advance = Callable[[float], None]


class Limits(BaseModel):
    """How far a compressed input may swell before it is taken for an attack."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    total_bytes: int = Field(4 << 40, gt=0, description="Most bytes that one import may decompress to.")
    ratio: float = Field(250.0, gt=1, description="Most bytes out for each byte in.")
    ratio_from: int = Field(
        128 * MEBIBYTE, ge=0, description="Bytes out below which the ratio is not looked at."
    )
    entries: int = Field(1_000_000, gt=0, description="Most files in one import.")
    nested_bytes: int = Field(
        8 << 30, gt=0, description="Largest file, in bytes, that is copied aside in order to seek in it."
    )


class Meter:
    """Counts the bytes that a whole import takes in and gives out, and stops a bomb."""

    def __init__(self, size: int, limits: Limits, advance: Advance) -> None:
        self.size, self.limits, self._advance = size, limits, advance
        self._taken = self._told = self._given = self._entries = 0

    def took(self, count: int) -> None:
        """Count bytes read from the disk, at most the size of the input (some parts are read twice)."""
        self._taken = min(self.size, self._taken + count)
        if self._taken - self._told >= HEAD:
            self.flush()

    def flush(self) -> None:
        """Tell the progress bar what it was not told yet."""
        if self._taken > self._told:
            self._advance(float(self._taken - self._told))
            self._told = self._taken

    def gave(self, count: int, name: str) -> None:
        """Count bytes that came out of the stream `name`."""
        self._given += count
        limits = self.limits
        swollen = self._given > limits.ratio_from and self._given > limits.ratio * self.size
        if swollen or self._given > limits.total_bytes:
            raise FormatError(
                f"{name} swells too far: {self._given:,} bytes out of {self.size:,}",
                expected=f"at most {limits.ratio:g} bytes for each byte, and {limits.total_bytes:,} in all",
                hint="if the file is sound, decompress it yourself and import the result",
            )

    def entry(self) -> None:
        """Count a file."""
        self._entries += 1
        if self._entries > self.limits.entries:
            raise FormatError(
                f"There are more than {self.limits.entries:,} files in this import",
                hint="import a part of them at a time",
            )


@contextlib.contextmanager
def damage(name: str) -> Generator[None]:
    """Tell whatever the decompressors raise on strange bytes (the kinds are many) as a FormatError."""
    try:
        yield
    except SegueError:
        raise
    except Exception as error:
        reason = str(error) or type(error).__name__
        if "password" in reason or "encrypted" in reason:
            raise FormatError(
                f"{name} is protected by a password", hint="unpack it yourself first"
            ) from error
        raise FormatError(
            f"{name} cannot be read, is damaged or was cut short ({reason})",
            hint="fetch or export the file again",
        ) from error


class Disk(io.FileIO):
    """A file on disk that tells the meter what is taken from it."""

    def __init__(self, path: Path, meter: Meter) -> None:
        super().__init__(path)
        self._meter = meter

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer) or 0
        self._meter.took(count)
        return count

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(-1 if size is None else size) or b""
        self._meter.took(len(data))
        return data


class _Guarded(io.RawIOBase):
    def __init__(self, stream: BinaryIO, name: str, meter: Meter, own: tuple[BinaryIO, ...]) -> None:
        self._stream, self._name, self._meter, self._own = stream, name, meter, own

    def readable(self) -> bool:
        return True

    def _take(self, size: int) -> bytes:
        with damage(self._name):
            data = self._stream.read(size)
        self._meter.gave(len(data), self._name)
        return data

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer unless the stream ends, so that a `peek` shows a whole head."""
        view, filled = memoryview(buffer), 0
        while filled < len(view) and (data := self._take(len(view) - filled)):
            view[filled : filled + len(data)] = data
            filled += len(data)
        return filled

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self._take(MEBIBYTE), b""))

    def close(self) -> None:
        if not self.closed:
            for stream in (self._stream, *self._own):
                with contextlib.suppress(Exception):
                    stream.close()
        super().close()


def guarded(stream: BinaryIO, name: str, meter: Meter, own: tuple[BinaryIO, ...] = ()) -> io.BufferedReader:
    """Wrap a stream of `name`; closing it closes `stream` and `own` too."""
    return io.BufferedReader(_Guarded(stream, name, meter, own), HEAD)


def _zstandard(stream: BinaryIO) -> BinaryIO:
    """Zstandard frames one after another. Arrow notices a missing end, and gives what was asked for."""
    return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd"))


class Compression(NamedTuple):
    """What a compressed file begins with, the end of its name, and what reads it."""

    magic: bytes
    suffix: str
    inflate: Callable[[BinaryIO], BinaryIO]


COMPRESSIONS = (
    Compression(b"\x1f\x8b", ".gz", lambda stream: cast(BinaryIO, gzip.GzipFile(fileobj=stream))),
    Compression(b"\x28\xb5\x2f\xfd", ".zst", _zstandard),
    Compression(b"BZh", ".bz2", lambda stream: cast(BinaryIO, bz2.BZ2File(stream))),
    Compression(b"\xfd7zXZ\x00", ".xz", lambda stream: cast(BinaryIO, lzma.LZMAFile(stream))),  # noqa: SIM115
)
