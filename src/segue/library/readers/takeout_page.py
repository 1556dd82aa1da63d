"""The cells of Takeout's watch-history.html, read forward.

A cell ("outer-cell") has a header, YouTube or YouTube Music, and a body ("content-cell"): a link to the
video, a link to its channel, and the time as the account's language writes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple

from segue.errors import FormatError
from segue.library.readers.text_stream import decoded, decoder
from segue.library.sources import Entry

CHUNK = 1 << 16
LONGEST = 1 << 20  # characters of one cell, or of one unfinished tag
_PLACES = ("youtube.com/watch", "youtu.be/")


class Watched(NamedTuple):
    """A video that was played, as Takeout tells it."""

    header: str  # "YouTube", "YouTube Music"
    title: str
    url: str
    channel: str
    time: str
    advertisement: bool


def is_page(head: bytes) -> bool:
    """Whether this is a history of YouTube as a page."""
    start = decoded(head)
    return "outer-cell" in start and "content-cell" in start and "youtube.com" in start


def watched(entry: Entry) -> Iterator[Watched]:
    """Yield the cells.

    Raises:
        FormatError: the page is cut short, or no page of Takeout.
    """
    stream = entry.open()
    data = stream.read(CHUNK)
    text, page = decoder(data), _Page(entry.name)
    while data:
        page.take(text.decode(data))
        yield from page.taken()
        data = stream.read(CHUNK)
    page.take(text.decode(b"", final=True))
    page.close()
    yield from page.taken()
    if not page.ended:
        raise FormatError(f"{entry.name} was cut short", hint="export it again")


class _Page(HTMLParser):
    """Finds the cells among the page's nested boxes."""

    def __init__(self, name: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ended = False
        self._name = name
        self._ready: list[Watched] = []
        self._depth = 0  # of boxes (div) around this place
        self._cell: int | None = None  # the depth of the cell that is open
        self._body: int | None = None  # and of its body
        self._has_body = self._in_header = False
        self._clear()

    def _clear(self) -> None:
        self._header = ""
        self._lines: list[str] = [""]
        self._links: list[tuple[str, str]] = []
        self._link: str | None = None
        self._length = 0
        self._details = False

    def take(self, text: str) -> None:
        if "\0" in text:
            raise FormatError(f"{self._name} is no page of text")
        self.feed(text)
        if len(self.rawdata) > LONGEST:
            raise FormatError(f"{self._name} is no page of Takeout: a tag does not end")

    def taken(self) -> list[Watched]:
        ready, self._ready = self._ready, []
        return ready

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kinds = next((value or "" for name, value in attrs if name == "class"), "")
        if tag == "div":
            self._depth += 1
            if "outer-cell" in kinds:
                self._clear()
                self._cell, self._body, self._has_body = self._depth, None, False
            elif self._cell is not None and not self._has_body and "content-cell" in kinds:
                self._body, self._has_body = self._depth, True
        elif tag == "p" and self._cell is not None and "title" in kinds:
            self._in_header = True
        elif tag == "br" and self._body is not None:
            self._lines.append("")
        elif tag == "a" and self._body is not None:
            self._link = next((value or "" for name, value in attrs if name == "href"), "")
            self._links.append((self._link, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "html":
            self.ended = True
        elif tag == "p":
            self._in_header = False
        elif tag == "a":
            self._link = None
        elif tag == "div" and self._depth:
            if self._body == self._depth:
                self._body = None
            if self._cell == self._depth:
                self._finish()
                self._cell = None
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._cell is None:
            return
        self._length += len(data)
        if self._length > LONGEST:
            raise FormatError(
                f"{self._name} is no page of Takeout: a cell of more than {LONGEST:,} characters"
            )
        if self._in_header:
            self._header += data
        elif self._body is not None:
            if self._link is not None:
                href, shown = self._links[-1]
                self._links[-1] = (href, shown + data)
            else:
                self._lines[-1] += data
        elif "Google Ads" in data:
            self._details = True

    def _finish(self) -> None:
        video = next((link for link in self._links if any(place in link[0] for place in _PLACES)), ("", ""))
        channel = next((name for href, name in self._links if "/channel/" in href or "/@" in href), "")
        dated = [line for line in self._lines if any(c.isdecimal() for c in line)]
        found = (self._header, video[1], video[0], channel, dated[-1] if dated else "")
        self._ready.append(Watched(*(" ".join(part.split())[:2_000] for part in found), self._details))
