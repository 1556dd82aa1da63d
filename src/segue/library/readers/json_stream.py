"""JSON from strangers: large documents item by item, small ones whole, JSON lines line by line."""

from __future__ import annotations

import codecs
import contextlib
import functools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import orjson

from segue.errors import FormatError
from segue.library.readers.fields import Malformed, mapping, shown
from segue.library.readers.text_stream import decoded, decoder, lines
from segue.library.sources import Entry

CHUNK = 1 << 20  # bytes
LONGEST_ITEM = 1 << 24  # characters
LARGEST_DOCUMENT = 1 << 27  # bytes

Path = tuple[str | int, ...]

_BLANK = re.compile(r"[ \t\n\r]*")
# What counts on the way over a broken item. A string ends at the end of its line: no writer breaks one.
_SKIPPED = re.compile(r'"(?:[^"\\\n]|\\.)*(?:"|(?=\n))|(?P<open>")|[\[\]{},]')
# Between the items of a list of objects, up to the first key of the next: a border to look for from behind.
_BORDER = re.compile(r',[ \t\n\r]*\{[ \t\n\r]*"[^"\\\n]{1,100}"')
_PATIENCE = 1_000  # items read one by one after several at once could not be
_AN_END = 16  # characters: an error as near to the end of what is in memory may only be for want of more

# NaN and Infinity are read as numbers, which no field takes: they cost the field, not the document.
_DECODER = json.JSONDecoder(strict=False)


class _Broken(FormatError):
    """A value that is not JSON, in a text that goes on after it."""


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
        pass  # perhaps in another encoding, or with a NaN in it
    try:
        return _DECODER.decode(decoded(data))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{entry.name} is not JSON, or cut short: {error}") from None


def json_object(entry: Entry) -> dict[str, Any]:
    """Return a whole JSON document that is an object, of up to 128 MiB.

    Raises:
        FormatError: it is something else, or larger.
    """
    whole = document(entry)
    if not isinstance(whole, dict):
        raise FormatError(f"{entry.name} is not a JSON object", got=shown(whole))
    return whole


def items(entry: Entry, enter: Callable[[Path], bool] = lambda path: not path) -> Iterator[tuple[Path, Any]]:
    """Yield (path, value) for the values of a JSON document, one at a time, in bounded memory.

    Arrays and objects whose path `enter` accepts are gone into, by default only the outermost one; others
    come whole. Of an array it accepts all items after the first, or none of these. A path holds keys and
    indexes: `("recenttracks", "track", 17)`. An item of an array that is broken, but ends, comes as a
    `Malformed`.

    Raises:
        FormatError: where the document is not JSON, is cut short, or has an item of more than 16 MiB.
    """
    window = Window(entry.open(), entry.name)
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
                yield number, mapping(_line(line), "the line")
            except (ValueError, RecursionError) as error:
                yield number, error if isinstance(error, Malformed) else Malformed(f"not JSON: {error}")


def _line(line: str) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return _DECODER.decode(line)  # which is slower, and takes NaN


def json_list(entry: Entry) -> tuple[str, Iterator[tuple[int, Any]]]:
    """Return what numbers count, "item" or "line", and (number, value) for a JSON array or JSON lines.

    Raises:
        FormatError: while reading, where it is neither.
    """
    if decoded(entry.head()[:64]).lstrip()[:1] != "[":
        return "line", json_lines(entry)
    return "item", ((number, value) for number, (_, value) in enumerate(items(entry), 1))


@functools.lru_cache(maxsize=8)
def shape(head: bytes) -> frozenset[str]:
    """Return the paths of the first values in a JSON document's first bytes, such as "[].ts".

    Up to a hundred, or until twenty have repeated earlier ones. Empty for what is not JSON. A file of JSON
    lines has the shape of its first sound line.
    """
    text = decoded(head)
    start = text[: 1 << 15].lstrip().splitlines()[:20]
    if len(start) > 1 and (start[0][:1] not in "[{" or (start[0][0] == "{" and start[0].rstrip()[-1] == "}")):
        sound = next((line for line in start if line.startswith("{") and _is_json(line)), None)
        text = sound or text
    found: set[str] = set()
    repeated = 0
    with contextlib.suppress(FormatError):
        for path, _ in _walk(Window(None, "", text), (), lambda path: len(path) < 8):
            name = "".join("[]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")
            repeated += name in found
            found.add(name)
            if repeated == 20 or len(found) == 100:
                break
    return frozenset(found)


def _is_json(line: str) -> bool:
    try:
        _line(line)
    except (ValueError, RecursionError):
        return False
    return True


class Window:
    """The part of a JSON text that is in memory, and a place in it."""

    def __init__(self, stream: BinaryIO | None, name: str, text: str = "") -> None:
        self._stream, self._name, self._text = stream, name, text
        self._whole = stream is None
        self._at = self._before = 0
        self._decoder: codecs.IncrementalDecoder | None = None
        self._border = ""
        self._waits, self._patience = 0, _PATIENCE

    def error(self, what: str, kind: type[FormatError] = FormatError) -> FormatError:
        return kind(
            f"{self._name} is not JSON, or cut short: {what}, at character {self._before + self._at:,}",
            hint="export or fetch the file again",
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
        """Take a whole value; a broken one is not taken."""
        if not self.peek():
            raise self.error("the text ends where a value should be")
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                raise self.error("nested too deeply", _Broken) from None
            except ValueError as error:
                # Most errors at the end of what is in memory mean that the rest is still to come.
                if not self._is_certain(error) and self._fill():
                    continue
                raise self.error(str(error).split(":")[0], _Broken) from None
            if end == len(self._text) and self._fill():
                continue  # a number may go on
            self._at = end
            return value

    def several(self) -> list[Any]:
        """Take as many items of a list of objects as are whole in memory; none where that is not sure.

        From one item's beginning to another's end there is one way to read a text. So if what lies before a
        border is a list of values, they are items of this list, and a border in a text or deeper inside of an
        item gives no list.
        """
        if self._waits:
            self._waits -= 1
            return []
        end = self._text.rfind(self._border, self._at) if self._border else -1
        if end <= self._at:
            return []
        try:
            values = orjson.loads(f"[{self._text[self._at : end]}]")
        except orjson.JSONDecodeError:
            self._waits = self._patience
            # Where borders mislead, trying costs as much as reading: it is tried ever more seldom.
            self._patience *= 2
            return []
        self._at, self._patience = end, _PATIENCE
        return values

    def learn(self, border_after: object) -> None:
        """Remember what parts an item, which was just read, from the next one."""
        self.peek()
        if not self._border and isinstance(border_after, dict):
            found = _BORDER.match(self._text, self._at)
            self._border = found[0] if found else ""

    def _is_certain(self, error: ValueError) -> bool:
        """Whether more text could not mend what is wrong."""
        if not isinstance(error, json.JSONDecodeError):
            return True  # a number of thousands of digits
        return not error.msg.startswith("Unterminated") and error.pos + _AN_END < len(self._text)

    def mark(self) -> int | None:
        """The place, where one can come back to it: in a text that is whole in memory."""
        return self._at if self._whole else None

    def skip(self, mark: int | None) -> None:
        """Pass over a broken item, from `mark` or from here, to the comma or bracket after it."""
        self._at = self._at if mark is None else mark
        while True:
            depth = 0
            for match in _SKIPPED.finditer(self._text, self._at):
                if match["open"]:
                    break
                if match[0] in ("[", "{"):
                    depth += 1
                elif depth == 0 and match[0] in (",", "]", "}"):
                    self._at = match.start()
                    return
                elif match[0] in ("]", "}"):
                    depth -= 1
            if not self._fill():
                raise self.error("the text ends in a broken item")


def _walk(window: Window, path: Path, enter: Callable[[Path], bool]) -> Iterator[tuple[Path, Any]]:
    opening = window.peek()
    if opening not in ("[", "{") or not enter(path):
        yield path, window.value()
        return
    window.take(opening)
    closing = "]" if opening == "[" else "}"
    index = 0
    while window.peek() != closing:  # of an empty one, or after a comma too many
        if opening == "[":
            value: Any = None
            # The first item is read by itself, to learn how items are parted here.
            several = window.several() if index and not enter((*path, index)) else []
            for value in several:
                yield (*path, index), value
                index += 1
            if not several:
                for place, value in _item(window, (*path, index), enter):
                    yield place, value
                index += 1
                window.learn(value)
        else:
            if window.peek() != '"':
                raise window.error("a key is not text")
            key = window.value()
            window.take(":")
            yield from _walk(window, (*path, key), enter)
        if window.take("," + closing) == closing:
            return
    window.take(closing)


def _item(window: Window, path: Path, enter: Callable[[Path], bool]) -> Iterator[tuple[Path, Any]]:
    """An item of an array; a broken one costs itself alone, unless half of it has been given out."""
    mark, opening = window.mark(), window.peek()
    entered = opening in ("[", "{") and enter(path)
    if opening == ",":
        yield path, Malformed("not JSON: an item is missing")
        return
    try:
        yield from _walk(window, path, enter)
    except FormatError as error:
        if mark is None and (entered or not isinstance(error, _Broken)):
            raise
        window.skip(mark)
        yield path, Malformed(f"not JSON: {error.what.rpartition('cut short: ')[2]}")
