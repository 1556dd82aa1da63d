"""JSON from strangers: large documents item by item, small ones whole, JSON lines line by line."""

from __future__ import annotations

import codecs
import contextlib
import functools
import itertools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import orjson

from segue.errors import FormatError
from segue.library.readers.fields import Malformed, mapping, shown
from segue.library.readers.text_stream import decoded, decoder, lines
from segue.library.sources import Entry

CHUNK = 1 << 18
LONGEST_ITEM = 1 << 24  # characters
LARGEST_DOCUMENT = 1 << 27  # bytes

Path = tuple[str | int, ...]

_BLANK = re.compile(r"[ \t\n\r]*")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def document(entry: Entry) -> Any:
    """Return a whole JSON document of up to 128 MiB.

    Raises:
        FormatError: it is larger, or not JSON.
    """
    data = entry.open().read(LARGEST_DOCUMENT + 1)
    if len(data) > LARGEST_DOCUMENT:
        raise FormatError(f"{entry.name} is too large", expected=f"at most {LARGEST_DOCUMENT:,} bytes")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass  # perhaps in another encoding
    try:
        return orjson.loads(decoded(data))
    except orjson.JSONDecodeError as error:
        raise FormatError(f"{entry.name} is not JSON, or cut short: {error}") from None


def json_object(entry: Entry) -> dict[str, Any]:
    """Return a whole JSON document that is an object, of up to 128 MiB.

    Raises:
        FormatError: it is something else, or larger.
    """
    whole = document(entry)
    if not isinstance(whole, dict):
        raise FormatError(f"{entry.name} is not a JSON object", came=shown(whole))
    return whole


def items(entry: Entry, enter: Callable[[Path], bool] = lambda path: not path) -> Iterator[tuple[Path, Any]]:
    """Yield (path, value) for the values of a JSON document, one at a time, in bounded memory.

    Arrays and objects whose path `enter` accepts are gone into, by default only the outermost one; others
    come whole. A path holds keys and indexes: `("recenttracks", "track", 17)`.

    Raises:
        FormatError: where the document is not JSON, is cut short, or has an item of more than 16 MiB.
    """
    window = _Window(entry.open(), entry.name)
    yield from _walk(window, (), enter)
    if window.peek():
        raise window.error("something follows the end of the JSON document")


def json_lines(entry: Entry) -> Iterator[tuple[int, dict[str, Any] | Malformed]]:
    """Yield (line number, object) for the lines of a JSON-lines file; blank lines are passed over."""
    for number, line in enumerate(lines(entry.open()), 1):
        if isinstance(line, Malformed):
            yield number, line
        elif line and not line.isspace():
            try:
                yield number, mapping(orjson.loads(line), "the line")
            except ValueError as error:
                yield number, error if isinstance(error, Malformed) else Malformed(f"not JSON: {error}")


@functools.lru_cache(maxsize=8)
def shape(head: bytes) -> frozenset[str]:
    """Return the paths of the first values in a JSON document's first bytes, such as "[].ts".

    Up to a hundred, or until twenty have repeated earlier ones. Empty for what is not JSON. A file of JSON
    lines has the shape of its first line.
    """
    found: set[str] = set()
    repeated = 0
    window = _Window(None, "", decoded(head))
    with contextlib.suppress(FormatError):
        for path, _ in _walk(window, (), lambda path: len(path) < 8):
            name = "".join("[]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")
            repeated += name in found
            found.add(name)
            if repeated == 20 or len(found) == 100:
                break
    return frozenset(found)


class _Window:
    """The part of a JSON text that is in memory, and a place in it."""

    def __init__(self, stream: BinaryIO | None, name: str, text: str = "") -> None:
        self._stream, self._name, self._text = stream, name, text
        self._at = self._before = 0
        self._decoder: codecs.IncrementalDecoder | None = None

    def error(self, what: str) -> FormatError:
        return FormatError(
            f"{self._name} is not JSON, or cut short: {what}, at character {self._before + self._at:,}",
            do="export or fetch the file again",
        )

    def _fill(self) -> bool:
        """Read on, at least as much as is pending, so that a long item costs linear time."""
        if self._stream is None:
            return False
        pending = len(self._text) - self._at
        if pending > LONGEST_ITEM:
            raise self.error(f"an item of more than {LONGEST_ITEM:,} characters")
        data = self._stream.read(max(CHUNK, pending))
        if self._decoder is None:
            self._decoder = decoder(data)
        self._before += self._at
        self._text, self._at = self._text[self._at :] + self._decoder.decode(data, final=not data), 0
        if not data:
            self._stream = None
        return True

    def peek(self) -> str:
        """Return the next character that is not blank, without taking it; nothing at the end."""
        while True:
            match = _BLANK.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def take(self, expected: str) -> str:
        """Take one of the expected characters."""
        found = self.peek()
        if not found or found not in expected:
            raise self.error(f"expected {' or '.join(expected)}, came {found or 'the end'}")
        self._at += 1
        return found

    def value(self) -> Any:
        """Take a whole value."""
        if not self.peek():
            raise self.error("the text ends where a value should be")
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                raise self.error("nested too deeply") from None
            except ValueError as error:
                if self._fill():
                    continue
                raise self.error(str(error).split(":")[0]) from None
            if end == len(self._text) and self._fill():
                continue  # a number may go on
            self._at = end
            return value


def _walk(window: _Window, path: Path, enter: Callable[[Path], bool]) -> Iterator[tuple[Path, Any]]:
    opening = window.peek()
    if opening not in ("[", "{") or not enter(path):
        yield path, window.value()
        return
    window.take(opening)
    closing = "]" if opening == "[" else "}"
    if window.peek() == closing:
        window.take(closing)
        return
    for index in itertools.count():
        key: str | int = index
        if opening == "{":
            if window.peek() != '"':
                raise window.error("a key is not text")
            key = window.value()
            window.take(":")
        yield from _walk(window, (*path, key), enter)
        if window.take("," + closing) == closing:
            return
