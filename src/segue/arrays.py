"""Arrays on disk: .npz without pickle. Large arrays are laid out to be mapped, and are not read until used.

A process that makes one list touches a small part of a model; the rest of the file need never be read.
"""

from __future__ import annotations

import mmap
import os
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from segue.files import replacing

ALIGNED = 64  # bytes; every array begins at a multiple, so that kernels see an aligned one
MAPPED = 1 << 20  # bytes from which an array is mapped
_LOCAL_HEADER = struct.Struct("<26xHH")  # of a member of a zip file: the lengths of its name and extra field
_END = struct.Struct("<10xH10x")  # the last record of a zip file without a comment: the number of members
_PADDING = struct.Struct("<HH")  # an extra field: what it is, and its length
_OURS = 0x6567  # "eg"; nobody else's in the list of the zip format
_ZIP64 = 20  # bytes that a member's sizes take


def save_npz(file: Path | IO[bytes], arrays: Mapping[str, Any]) -> None:
    """Write arrays by name, to a path all or nothing.

    Raises:
        ValueError: an array holds Python objects.
    """
    if isinstance(file, Path):
        with replacing(file) as aside, aside.open("wb") as handle:
            save_npz(handle, arrays)
        return
    # Not compressed, as an array can only be mapped as it lies on the disk.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, value in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")
            # Where the array begins is known only if the header's length is: sizes are always written in the
            # longer form (`force_zip64` below).
            begins = archive.start_dir + _LOCAL_HEADER.size + len(member.filename.encode()) + _ZIP64
            room = -(begins + _PADDING.size) % ALIGNED
            member.extra = _PADDING.pack(_OURS, room) + bytes(room)
            with archive.open(member, "w", force_zip64=True) as handle:
                np.lib.format.write_array(handle, np.asarray(value), allow_pickle=False)


def load_npz(file: Path | IO[bytes]) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz by name; of a file at a path, large ones are mapped, each process its own copy.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no .npz, or damaged.
        OSError: it cannot be read.
    """
    if isinstance(file, Path):
        with file.open("rb") as handle:
            return _read(handle, may_map=os.name != "nt")  # where a mapped file could not be replaced
    return _read(file, may_map=False)


def _read(handle: IO[bytes], *, may_map: bool) -> dict[str, NDArray[Any]]:
    arrays, whole = {}, None
    try:
        with zipfile.ZipFile(handle) as archive:
            if not archive.comment and len(archive.infolist()) & 0xFFFF != _members(handle):
                raise ValueError("an array is lost")  # which zipfile passes over
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                as_it_is = member.compress_type == zipfile.ZIP_STORED
                if as_it_is and member.file_size != member.compress_size:
                    raise ValueError(f"{member.filename} has two sizes")
                if may_map and as_it_is and member.file_size >= MAPPED:
                    # Whoever writes into an array changes pages of their own: neither the file nor what other
                    # processes see.
                    whole = whole or mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_COPY)
                    arrays[name] = _mapped(handle, whole, member)
                else:
                    with archive.open(member) as packed:
                        arrays[name] = np.lib.format.read_array(packed, allow_pickle=False)
                        # zipfile looks at the checksum where a member ends, and damage may move the end.
                        if packed.read(1):
                            raise ValueError(f"{member.filename} holds more than an array")
    except (zipfile.BadZipFile, struct.error, EOFError, NotImplementedError) as error:
        raise ValueError(f"it is no .npz file, or damaged: {error}") from None
    return arrays


def _members(handle: IO[bytes]) -> int:
    """How many members a zip file has by its last record."""
    handle.seek(-_END.size, os.SEEK_END)
    return _END.unpack(handle.read(_END.size))[0]


def _mapped(handle: IO[bytes], whole: mmap.mmap, member: zipfile.ZipInfo) -> NDArray[Any]:
    """The array in a member of a zip file."""
    handle.seek(member.header_offset)
    # The header at the array itself: its extra field need not be as long as that in the list of members.
    name, extra = _LOCAL_HEADER.unpack(handle.read(_LOCAL_HEADER.size))
    if handle.read(name) not in (member.filename.encode(), member.filename.encode("cp437", "replace")):
        raise ValueError(f"{member.filename} has another name where it begins")
    begins = handle.seek(extra, os.SEEK_CUR)
    version = np.lib.format.read_magic(handle)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, dtype = read(handle)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    flat = np.frombuffer(whole, dtype, int(np.prod(shape)), handle.tell())
    if handle.tell() + flat.nbytes != begins + member.file_size:
        raise ValueError(f"{member.filename} has another size than its array")
    if not flat.flags.aligned:
        flat = flat.copy()  # written by somebody else
    return flat.reshape(shape, order="F" if by_columns else "C")
