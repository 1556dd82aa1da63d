"""Text from strangers: any encoding that is met in exports, any line ends, lines of bounded length."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from segue.library.readers.fields import Malformed

FIRST, CHUNK = 1 << 16, 1 << 20  # bytes read at first, and later
LONGEST_LINE = 1 << 20  # characters
_TOO_LONG = f"a line of more than {LONGEST_LINE:,} characters"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"+ACM-", "utf-7"),  # "#" in UTF-7, which nobody writes otherwise: exports that went through a mail
)


def _western(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are not UTF-8 as Windows-1252: old exports of Western names are in it or in Latin-1."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(_WINDOWS_1252.get(byte, chr(byte)) for byte in wrong), error.end


_WINDOWS_1252 = {byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0xA0)}
codecs.register_error("segue-western", _western)


def encoding(head: bytes) -> str:
    """Return the encoding of a text by its first bytes: by its mark, by the zeros of UTF-16, else UTF-8."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    # ASCII in UTF-16 is every other byte 0; which of the two says in what order the bytes come.
    start = head[:64]
    if len(start) >= 4 and start.count(0) >= len(start) // 3:
        return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
    return "utf-8"


def decoder(head: bytes) -> codecs.IncrementalDecoder:
    """Return a decoder for a text that begins with `head`; it never raises."""
    name = encoding(head)
    errors = "segue-western" if name.startswith(("utf-8", "utf-7")) else "replace"
    return codecs.getincrementaldecoder(name)(errors)


def decoded(data: bytes) -> str:
    """Return the whole of `data` as text; for the beginning of a file, without a last half character."""
    return decoder(data).decode(data)


def lines(stream: BinaryIO) -> Iterator[str | Malformed]:
    """Yield the lines of a text, without their ends (LF, CR LF or CR, also mixed).

    A line of more than a mebibyte of characters comes as a `Malformed` in its place.
    """
    return chain.from_iterable(map(split, texts(stream)))


def texts(stream: BinaryIO) -> Iterator[str | Malformed]:
    """Yield a text in pieces of whole lines, parted by LF; a `Malformed` for a line that is far too long."""
    data = stream.read(FIRST)
    translate = io.IncrementalNewlineDecoder(decoder(data), translate=True)
    rest, skipping = "", False
    while True:
        before, newline, after = translate.decode(data, final=not data).rpartition("\n")
        if newline and skipping:
            yield Malformed(_TOO_LONG)
            _, newline, before = before.partition("\n")
            skipping = False
        if newline:
            yield rest + before
            rest = ""
        rest += after
        # What is beyond is not kept: a file without any line end must not fill the memory.
        if skipping or len(rest) > LONGEST_LINE:
            rest, skipping = "", True
        if not data:
            break
        data = stream.read(CHUNK)
    if skipping:
        yield Malformed(_TOO_LONG)
    elif rest:
        yield rest


def split(text: str | Malformed) -> list[str | Malformed]:
    """The lines of a piece of `texts`."""
    if isinstance(text, Malformed):
        return [text]
    found = text.split("\n")
    if len(text) <= LONGEST_LINE:
        return [*found]
    return [line if len(line) <= LONGEST_LINE else Malformed(_TOO_LONG) for line in found]
