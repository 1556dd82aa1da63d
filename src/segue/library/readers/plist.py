"""Apple's property lists in XML, read forward: a large library never lies in memory."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any
from xml.parsers import expat

from segue.errors import FormatError
from segue.library.readers.text_stream import decoder
from segue.library.sources import Entry

CHUNK = 1 << 18
DEEPEST = 30
LONGEST = 1 << 20  # characters of one value

Path = tuple[str | int, ...]


def plist_items(entry: Entry, enter: Set[str]) -> Iterator[tuple[Path, Any]]:
    """Yield ((key, key or index), value) for what is in the collections `enter` names in the outermost dict.

    Values are text (numbers and dates too), True, False, lists and dicts. The rest is left out.

    Raises:
        FormatError: it is no property list, is cut short, nests too deeply or declares entities.
    """
    stream = entry.open()
    data = stream.read(CHUNK)
    text = decoder(data)
    parsed = _Parser(entry.name, enter)
    while True:
        parsed.feed(text.decode(data, final=not data), final=not data)
        yield from parsed.taken()
        if not data:
            return
        data = stream.read(CHUNK)


class _Parser:
    """Builds values as their ends are met."""

    def __init__(self, name: str, enter: Set[str]) -> None:
        self._name, self._enter = name, enter
        self._open: list[Any] = []  # lists and dicts around the value, the outermost first
        self._keys: list[str | None] = []  # in each of them, the key that waits for its value
        self._text: list[str] = []
        self._length = self._depth = 0
        self._ready: list[tuple[Path, Any]] = []
        self._parser = expat.ParserCreate("utf-8")  # whatever the document says: the text is decoded here
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        # Entities may swell without bound when they are put in, or name files; no export of a player has any.
        self._parser.EntityDeclHandler = self._entity

    def feed(self, text: str, final: bool) -> None:
        try:
            self._parser.Parse(text.removeprefix("\ufeff").encode("utf-8", "replace"), final)
        except expat.ExpatError as error:
            raise self._error(str(error)) from None

    def taken(self) -> list[tuple[Path, Any]]:
        ready, self._ready = self._ready, []
        return ready

    def _error(self, what: str) -> FormatError:
        return FormatError(f"{self._name} is no property list, or cut short: {what}", hint="export it again")

    def _entity(self, *declared: object) -> None:
        raise self._error("it declares entities")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error("nested too deeply")
        if tag in ("dict", "array"):
            self._open.append({} if tag == "dict" else [])
            self._keys.append(None)
        self._text.clear()
        self._length = 0

    def _characters(self, text: str) -> None:
        self._length += len(text)
        if self._length > LONGEST:
            raise self._error(f"a value of more than {LONGEST:,} characters")
        self._text.append(text)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if tag == "key":
            if self._keys:
                self._keys[-1] = "".join(self._text)
        elif tag in ("dict", "array"):
            self._keys.pop()
            self._put(self._open.pop())
        elif tag in ("true", "false"):
            self._put(tag == "true")
        elif tag != "plist":
            self._put("".join(self._text))
        self._text.clear()
        self._length = 0

    def _put(self, value: Any) -> None:
        """Give a value to what it is in; one that is asked for is handed out instead."""
        if not self._open:
            return
        place, key = self._open[-1], self._keys[-1]
        self._keys[-1] = None
        inside = len(self._open) == 2 and self._keys[0] in self._enter
        if inside:
            index = key if isinstance(place, dict) else len(place)
            self._ready.append(((str(self._keys[0]), index if index is not None else ""), value))
            # Handed out and not kept, so that a library of any size takes the memory of one item.
            value = None
        if isinstance(place, list):
            place.append(value)
        elif key is not None and len(self._open) > 1 and not inside:
            place[key] = value
