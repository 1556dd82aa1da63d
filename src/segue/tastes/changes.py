"""What listeners change about their tastes: merged, called otherwise, left out; each can be undone.

Tastes are found anew every week, and these changes are laid over them: by a taste's number, which it keeps
(`matching.py`). What was found is never changed, so taking a change back gives what was there before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from segue import files
from segue.errors import NotFoundError, UsageError
from segue.tastes.profiles import Profiles

FILE = "changes.json"
LONGEST = 80  # letters of a name
WAIT = 10.0  # seconds for which a write waits for another
REPAIR = "remove the file; tastes are then as they are found"


@dataclass(frozen=True)
class Changes:
    """What one listener has changed.

    Attributes:
        names: of tastes, by number.
        into: the taste that another is part of, by the number of that other.
        out: numbers of the tastes that no list and no radio draws on.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    into: Mapping[int, int] = field(default_factory=dict)
    out: frozenset[int] = frozenset()

    def root(self, number: int) -> int:
        """The taste that `number` is shown as."""
        while number in self.into:
            number = self.into[number]
        return number

    def renamed(self, number: int, name: str) -> Changes:
        """With a name for a taste; an empty one gives it its own again.

        Raises:
            UsageError: the name is too long, or has no letters to show.
        """
        name = " ".join(name.split())
        if len(name) > LONGEST or not name.isprintable():
            raise UsageError("That is no name for a taste", expected=f"{LONGEST} letters at most", got=name)
        number, names = self.root(number), dict(self.names)
        if name:
            names[number] = name
        else:
            names.pop(number, None)
        return replace(self, names=names)

    def merged(self, number: int, into: int) -> Changes:
        """With one taste as part of another.

        Raises:
            UsageError: they are the same.
        """
        one, other = self.root(number), self.root(into)
        if one == other:
            raise UsageError("A taste cannot be merged with itself", expected="another taste")
        return replace(self, into={**self.into, one: other})

    def split(self, number: int) -> Changes:
        """With a part of another taste by itself again; of a whole one, with all of its parts."""
        if number in self.into:
            return replace(self, into={one: other for one, other in self.into.items() if one != number})
        root = self.root(number)
        return replace(self, into={one: other for one, other in self.into.items() if self.root(one) != root})

    def left_out(self, number: int) -> Changes:
        """With a taste that no list draws on."""
        return replace(self, out=self.out | {self.root(number)})

    def brought_back(self, number: int) -> Changes:
        """With a taste that lists draw on again."""
        return replace(self, out=self.out - {self.root(number)})


NONE = Changes()


class Side(NamedTuple):
    """A taste as its listener wants to see it."""

    number: int
    name: str
    parts: tuple[int, ...]  # places in `Profiles`, heaviest first; several where tastes were merged
    left_out: bool
    renamed: bool


def sides(profiles: Profiles, listener: str, changes: Changes = NONE) -> list[Side]:
    """A listener's tastes as they are shown, heaviest first."""
    parts: dict[int, list[int]] = {}
    for place in profiles.tastes(listener):
        parts.setdefault(changes.root(int(profiles.ids[place])), []).append(place)
    found = []
    for number, places in parts.items():
        own = next((place for place in places if int(profiles.ids[place]) == number), places[0])
        name = changes.names.get(number) or (profiles.names[own] if profiles.names else "")
        found.append(Side(number, name, tuple(places), number in changes.out, number in changes.names))
    return sorted(found, key=lambda side: -sum(float(profiles.weights[place]) for place in side.parts))


class TasteChanges:
    """What all listeners of a library have changed, in a file of the folder of its tastes."""

    def __init__(self, folder: Path, *, wait: float = WAIT) -> None:
        self.folder, self.wait = folder, wait
        self.path = folder / FILE

    def of(self, listener: str) -> Changes:
        """What a listener has changed.

        Raises:
            FormatError: the file is damaged.
        """
        row = self._read().get(listener)
        return NONE if row is None else _changes(row)

    def every(self) -> dict[str, Changes]:
        """What everybody who changed something has changed.

        Raises:
            FormatError: the file is damaged.
        """
        return {who: _changes(row) for who, row in self._read().items()}

    def change(self, listener: str, how: Callable[[Changes], Changes]) -> Changes:
        """Change what a listener has changed, all or nothing; what it is by then.

        Raises:
            BusyError: another process is writing here.
            FormatError: the file is damaged.
        """
        with files.locked(self.folder, "tastes", wait=self.wait):
            rows = self._read()
            after = how(_changes(rows[listener]) if listener in rows else NONE)
            # Who has changed everything back is in the file no more.
            rows.pop(listener, None)
            if after != NONE:
                rows[listener] = _row(after)
            self._write(rows)
        return after

    def forget(self, listeners: Collection[str], *, dry_run: bool = False) -> int:
        """Take out what `listeners` have changed; of how many of them there was something.

        Raises:
            BusyError: another process is writing here.
            FormatError: the file is damaged.
        """
        there = set(listeners) & self._read().keys()
        if there and not dry_run:
            with files.locked(self.folder, "tastes", wait=self.wait):
                self._write({who: row for who, row in self._read().items() if who not in there})
        return len(there)

    def _read(self) -> dict[str, Any]:
        if not files.there(self.path):
            return {}
        with files.reading(self.path, "changes of tastes", REPAIR):
            rows = orjson.loads(self.path.read_bytes())
            for row in rows.values():
                _changes(row)
            return rows

    def _write(self, rows: dict[str, Any]) -> None:
        if rows:
            files.write_bytes(self.path, orjson.dumps(rows))
        else:
            files.remove(self.path)


def _changes(row: dict[str, Any]) -> Changes:
    names = {int(number): str(name) for number, name in row["names"].items()}
    into = {int(one): int(other) for one, other in row["into"].items()}
    return Changes(names, into, frozenset(int(number) for number in row["out"]))


def _row(changes: Changes) -> dict[str, Any]:
    return {
        "names": {str(number): name for number, name in changes.names.items()},
        "into": {str(one): other for one, other in changes.into.items()},
        "out": sorted(changes.out),
    }


def number_of(told: list[Side], asked: str) -> int:
    """The number of the taste that is meant, by its number as people count, from 1, or by its name.

    Raises:
        NotFoundError: there is none, or several are called so.
    """
    wanted = asked.strip().casefold()
    found = [side for side in told if wanted in (str(side.number + 1), side.name.casefold())]
    found = found or [side for side in told if side.name.casefold().startswith(wanted)]
    if len(found) != 1:
        names = "; ".join(f"{side.number + 1} ({side.name})" for side in told)
        raise NotFoundError(f"There is no taste {asked!r}", expected=f"one of {names}")
    return found[0].number
