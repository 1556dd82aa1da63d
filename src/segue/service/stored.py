"""Weekly lists that were made, ready to be sent: from memory, while their files are as they were."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segue.engine import Engine
from segue.engine.named_playlist import weekly_list
from segue.playlists.formats import FORMATS
from segue.playlists.memory import Weeks
from segue.playlists.playlist import Playlist, PlaylistEntry
from segue.service.etags import etag_of
from segue.service.shapes import List

WEEKS = 3  # weeks held in memory
# What is shown of a list. How it was chosen, and what else might have come, would only take memory.
COLUMNS = [
    *("listener_id", "position", "track_id", "score", "reason", "taste"),
    *("title", "created_at", "notes", "seed", "model"),
]
LISTS = 20_000  # rendered lists held in memory
LARGEST = 64 << 20  # bytes of rendered lists held in memory


# The API's own JSON, and the files that players take.
RENDER: dict[str, Callable[[Playlist], bytes]] = {name: each.render for name, each in FORMATS.items()} | {
    "json": lambda playlist: List.of(playlist).model_dump_json().encode()
}


class Rendered(NamedTuple):
    """A list in a file format."""

    body: bytes
    etag: str


class _Week(NamedTuple):
    """The lists of one week."""

    files: tuple[str, ...]  # their names hold checksums
    rows: pa.Table
    place: dict[str, tuple[int, int]]  # first row and number of rows of each listener


class Stored:
    """The lists of a library's weeks."""

    def __init__(self, weeks: Weeks) -> None:
        self.weeks = weeks
        self._lock = threading.Lock()
        self._reading = threading.Lock()  # a week that many ask for at once is read once
        self._held: OrderedDict[str, _Week] = OrderedDict()
        self._rendered: OrderedDict[tuple[object, ...], Rendered] = OrderedDict()
        self._bytes = 0

    def warm(self) -> None:
        """Read the newest week, which most requests will be for."""
        for week in self.weeks.names()[-1:]:
            self._week(week)

    def names(self, listener: str) -> list[str]:
        """The weeks of which a listener has a list, newest first."""
        return [week for week in reversed(self.weeks.names()) if listener in self._week(week).place]

    def has(self, week: str, listener: str) -> bool:
        """Whether the listener has a list of that week."""
        return listener in self._week(week).place

    def ready(self, week: str, listener: str, format: str) -> Rendered | None:
        """A list that is rendered already; None where it has to be made with `render`."""
        held = self._held.get(week)
        if held is None:
            return None
        return self._rendered.get((week, held.files, listener, format))

    def fresh(self, week: str) -> bool:
        """Whether what is held of a week is what its files say now."""
        held = self._held.get(week)
        return held is not None and held.files == self._files(week)

    def render(self, engine: Engine, week: str, listener: str, format: str) -> Rendered:
        """A list in a format of `RENDER`.

        Raises:
            NotFoundError: the listener has no list of that week.
        """
        held = self._week(week)
        key = (week, held.files, listener, format)
        found = self._rendered.get(key)
        if found is None:
            playlist = self.playlist(engine, week, listener)
            body = RENDER[format](playlist)
            found = Rendered(body, etag_of(body))
            with self._lock:
                if key not in self._rendered:
                    self._rendered[key] = found
                    self._bytes += len(body)
                while self._rendered and (len(self._rendered) > LISTS or self._bytes > LARGEST):
                    self._bytes -= len(self._rendered.popitem(last=False)[1].body)
        return found

    def playlist(self, engine: Engine, week: str, listener: str) -> Playlist:
        """A list as it is remembered.

        Raises:
            NotFoundError: the listener has none of that week.
        """
        held = self._week(week)
        if listener not in held.place:
            return weekly_list(engine.library, week, listener)  # which says what there is
        start, count = held.place[listener]
        mine = held.rows.slice(start, count)
        rows = mine.select(["track_id", "score", "reason", "taste"]).to_pylist()
        cards = engine.cards([row["track_id"] for row in rows])
        entries = [
            PlaylistEntry(number, card, row["score"], row["reason"], taste=row["taste"])
            for number, (row, card) in enumerate(zip(rows, cards, strict=True), 1)
        ]
        first = mine.slice(0, 1).to_pylist()[0]
        return Playlist(
            first["title"] or f"Discover Weekly, {week}",
            listener,
            week,
            first["created_at"],
            tuple(entries),
            notes=tuple(first["notes"] or ()),
            seed=first["seed"],
            models=tuple(name for name in (first["model"] or "").split(", ") if name),
        )

    def _files(self, week: str) -> tuple[str, ...]:
        return tuple(path.name for path in self.weeks.files(week))

    def _week(self, week: str) -> _Week:
        held = self._held.get(week)
        if held is not None and held.files == self._files(week):
            return held
        with self._reading:
            return self._read(week)

    def _read(self, week: str) -> _Week:
        names = self._files(week)
        held = self._held.get(week)
        if held is not None and held.files == names:  # another thread has read it meanwhile
            return held
        rows = self.weeks.read(week).select(COLUMNS).combine_chunks()
        order = rows.select(["listener_id", "position"])
        rows = rows.take(pc.sort_indices(order, [("listener_id", "ascending"), ("position", "ascending")]))
        held = _Week(names, rows, _places(rows["listener_id"]))
        with self._lock:
            self._held[week] = held
            self._held.move_to_end(week)
            while len(self._held) > WEEKS:
                self._held.popitem(last=False)
            for key in [key for key in self._rendered if key[0] == week and key[1] != names]:
                self._bytes -= len(self._rendered.pop(key).body)
        return held


def _places(listeners: pa.ChunkedArray) -> dict[str, tuple[int, int]]:
    """First row and number of rows of each listener of a sorted column."""
    coded = listeners.combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy()
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    counts = np.diff(np.append(starts, len(codes)))
    names = coded.dictionary.to_pylist()
    return {
        names[codes[start]]: (int(start), int(count)) for start, count in zip(starts, counts, strict=True)
    }
