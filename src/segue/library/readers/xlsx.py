"""Spreadsheets of Excel, read row by row: only the text of cells, no formulas and no formats."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO
from xml.etree import ElementTree

from segue.errors import FormatError
from segue.library.sources import Entry
from segue.library.streams import damage

LARGEST = 1 << 30  # bytes of one part of a spreadsheet
MOST_TEXTS = 2_000_000
MOST_COLUMNS = 1_000
DEEPEST = 50
_LONGEST_NUMBER = 9  # digits of the place of a text: Python refuses to read thousands

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_LETTERS = re.compile(r"([A-Z]{1,3})\d+")


def is_spreadsheet(head: bytes) -> bool:
    """Whether a file that begins so is a spreadsheet: a zip with Excel's folder in it."""
    return head[:4] == b"PK\x03\x04" and b"xl/" in head


def sheet(entry: Entry, wanted: Callable[[str], bool]) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, texts of the cells) for the first sheet of a `wanted` name.

    Raises:
        FormatError: it is no spreadsheet, is damaged, has no such sheet, or a part of more than a gibibyte.
    """
    with damage(entry.name):
        archive = zipfile.ZipFile(entry.seekable())
        sheets = dict(_sheets(archive, entry.name))
        path = next((sheets[name] for name in sheets if wanted(name)), None)
        if path is None:
            raise FormatError(
                f"{entry.name} has no sheet of the kind that is looked for",
                got=", ".join(ascii(name)[1:-1] for name in sheets)[:300],
            )
        texts = _texts(archive, entry.name)
        for row in _elements(archive, path, "row", entry.name):
            cells = _cells(row, texts)
            yield int(row.get("r") or 0), cells


class _Counted:
    """A part of the archive that may not swell without end."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream, self._name, self._left = stream, name, LARGEST

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(1 << 16 if size < 0 else size)
        self._left -= len(data)
        if self._left < 0:
            raise FormatError(f"{self._name} swells too far", expected=f"at most {LARGEST:,} bytes")
        return data


def _elements(archive: zipfile.ZipFile, path: str, tag: str, name: str) -> Iterator[ElementTree.Element]:
    """The elements of a tag, one at a time; what was read is forgotten."""
    with archive.open(path) as stream:
        counted: BinaryIO = _Counted(stream, name)  # ty: ignore[invalid-assignment] - read is all that is used
        around: list[ElementTree.Element] = []
        for event, element in ElementTree.iterparse(counted, ("start", "end")):
            if event == "start":
                around.append(element)
                if len(around) > DEEPEST:
                    raise FormatError(f"{name} nests too deeply")
                continue
            around.pop()
            if _plain(element) == tag:
                yield element
                if around:
                    around[-1].clear()


def _plain(element: ElementTree.Element) -> str:
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


def _sheets(archive: zipfile.ZipFile, name: str) -> Iterator[tuple[str, str]]:
    """The sheets by name, with their paths in the archive."""
    targets = {
        each.get("Id"): each.get("Target", "")
        for each in _elements(archive, "xl/_rels/workbook.xml.rels", "Relationship", name)
    }
    for each in _elements(archive, "xl/workbook.xml", "sheet", name):
        target = targets.get(each.get(_RELATION), "").replace("\\", "/").lstrip("/")
        if target:
            yield each.get("name", ""), target if target.startswith("xl/") else f"xl/{target}"


def _texts(archive: zipfile.ZipFile, name: str) -> list[str]:
    """The texts that cells share."""
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    texts: list[str] = []
    for each in _elements(archive, "xl/sharedStrings.xml", "si", name):
        texts.append(_text(each))
        if len(texts) > MOST_TEXTS:
            raise FormatError(f"{name} has more than {MOST_TEXTS:,} texts")
    return texts


def _text(element: ElementTree.Element) -> str:
    """The text in a cell or a shared text, without how Japanese is read aloud."""
    parts: list[str] = []
    for child in element:
        if _plain(child) == "t":
            parts.append(child.text or "")
        elif _plain(child) == "r":
            parts.extend(part.text or "" for part in child if _plain(part) == "t")
    return "".join(parts)


def _cells(row: ElementTree.Element, texts: list[str]) -> list[str]:
    cells: list[str] = []
    for cell in row:
        at = _LETTERS.fullmatch(cell.get("r") or "")
        column = _column(at[1]) if at else len(cells)
        if column >= MOST_COLUMNS:
            continue
        cells.extend([""] * (column + 1 - len(cells)))
        cells[column] = _value(cell, texts)
    return cells


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: ElementTree.Element, texts: list[str]) -> str:
    inline = next((child for child in cell if _plain(child) == "is"), None)
    if inline is not None:
        return _text(inline)
    value = next((child.text or "" for child in cell if _plain(child) == "v"), "")
    if cell.get("t") != "s":
        return value
    known = value.isdecimal() and len(value) <= _LONGEST_NUMBER and int(value) < len(texts)
    return texts[int(value)] if known else ""
